"""A folder that keeps sounds by what they are, so that messages need only name them."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pybase64

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content, compute_sha256
from audio_core.audio.formats import find_format
from audio_core.errors import AudioError, StoreError
from audio_core.http.access import Access, open_authorized
from audio_core.operations.upload import encode_for_upload, measure_seconds

__all__ = ["AudioStore", "StoredAudio"]

_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class StoredAudio:
    """A sound in the folder: its URL, with the clip that was meant; its MIME type; and how many seconds that lasts."""

    url: str
    mime: str
    seconds: float


class AudioStore:
    """Keeps sounds under the SHA-256 of their bytes, each once, readable by their owner alone.

    Making one touches nothing; the folder is made when it is first needed. It may be shared by threads and processes.

    Args:
        folder: where.

    Example:
        >>> AudioStore("sounds")
        AudioStore('sounds')
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def save(self, audio: Audio) -> StoredAudio:
        """Put a sound into the folder.

        Args:
            audio: a recording that is not remote. Raw PCM becomes a WAV file.

        Raises:
            InvalidAudio: if it is no audio, or is damaged.
            StoreError: if the folder cannot be used.
        """
        seconds = measure_seconds(audio)
        if audio.detect_format().raw:
            audio = Audio.of(encode_for_upload(audio, ("wav",)).content)
        row = audio.detect_format()
        path = self._put(audio.open_content(), row.suffix)
        url = Audio.of(path, start=audio.start, end=audio.end).reference or ""
        return StoredAudio(url, row.mime, round(seconds, 3))

    def has(self, url: str) -> bool:
        """Whether a URL names a sound of this folder."""
        try:
            path = Audio.of(url).path
        except AudioError:
            return False
        return path is not None and path.resolve().parent == self.folder.resolve()

    def read_base64(self, url: str) -> tuple[str, str]:
        """One of its sounds, cut if the URL says so, as base64 and its MIME type.

        Raises:
            InvalidAudio: if it is not there any more.
        """
        audio = open_authorized(Audio.of(url), Access(roots=(self.folder,)))
        encoded = encode_for_upload(audio, ("wav", "mp3") if audio.is_clip else (audio.format,))
        with encoded.content.open_reader() as reader:
            return pybase64.b64encode_as_string(reader.read()), find_format(encoded.format).mime

    def _put(self, content: Content, suffix: str) -> Path:
        try:
            self._create_folder()
            path = self.folder / (compute_sha256(content) + suffix)
            if not path.exists():
                self._write(content, path)
        except OSError as error:
            raise StoreError(f"The folder {self.folder.name} cannot keep sounds: {error.strerror or error}.") from None
        return path

    def _create_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and self.folder.stat().st_uid != os.getuid():
            raise PermissionError(None, "it belongs to somebody else")

    def _write(self, content: Content, path: Path) -> None:
        """Write it aside and rename it, so that nobody ever sees half of it."""
        fd, aside = tempfile.mkstemp(dir=self.folder)  # 0600
        try:
            with open(fd, "wb") as file, content.open_reader() as reader:  # noqa: PTH123 - a descriptor has no path
                while piece := reader.read(_PIECE):
                    file.write(piece)
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise

    def __repr__(self) -> str:
        return f"AudioStore({self.folder.name!r})"
