"""Write speech to a file as it comes."""

from __future__ import annotations

import wave
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from audio_core.errors import InvalidOption
from audio_core.transcript.speech import check_suffix, is_headerless, open_wav
from audio_core.transcript.unfinished_file import open_atomically

__all__ = ["SpeechFile"]


class SpeechFile:
    """A file that is written piece by piece, as a context manager. It has its name once it is whole, or not at all.

    Args:
        path: path of the file; its suffix must be that of the format, or `.wav` for headerless PCM.

    Example:
        >>> with SpeechFile("/tmp/hello.wav") as file:
        ...     file.write(bytes(48_000), "pcm16", 24_000)
        >>> Path("/tmp/hello.wav").stat().st_size
        48044
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._file: BinaryIO | None = None
        self._wav: wave.Wave_write | None = None
        self._opened = ExitStack()

    def write(self, data: bytes, format: str | None = None, sample_rate: int | None = None) -> None:
        """Write a piece.

        Args:
            data: its bytes.
            format: canonical name of the format; needed for the first piece.
            sample_rate: in Hz, of headerless PCM; of the first piece.

        Raises:
            UnsupportedFormat: if the file's suffix is that of another format.
        """
        if not data:
            return
        file = self._file or self._open(format or "", sample_rate)
        if self._wav is None:
            file.write(data)
        else:
            self._wav.writeframesraw(data)

    def _open(self, format: str, sample_rate: int | None) -> BinaryIO:
        check_suffix(self._path, format)
        self._file = self._opened.enter_context(open_atomically(self._path))
        if is_headerless(format):
            self._wav = open_wav(self._file, format, sample_rate)
            self._opened.callback(self._wav.close)
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None and error is None:
            raise InvalidOption(f"Nothing was said, as there is no word in the text. {self._path.name} was not made.")
        self._opened.__exit__(kind, error, trace)
