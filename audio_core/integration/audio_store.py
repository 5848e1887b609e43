"""A folder of recordings, each named by its hash, so that messages can hold references instead of audio."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pybase64

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.audio.formats import find_format
from audio_core.audio.hashing import compute_sha256
from audio_core.errors import AudioError, InvalidAudio, StoreError
from audio_core.http.access import Access, open_authorized
from audio_core.operations.upload import encode_for_upload, measure_seconds

__all__ = ["AudioStore", "StoredAudio", "open_stored"]

_BLOCK_BYTES = 2**20
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredAudio:
    """A recording in the folder.

    Attributes:
        url: its `file:` URL, with the clip as a media fragment.
        mime: its MIME type.
        seconds: how long the recording, or its clip, lasts.
    """

    url: str
    mime: str
    seconds: float


class AudioStore:
    """A folder that holds each recording once, named by the SHA-256 of its bytes and readable by its owner alone.

    The constructor does not touch the disk. The folder is created at its first use. Threads and processes may share it.

    Args:
        folder: path of the folder.

    Example:
        >>> AudioStore("recordings")
        AudioStore('recordings')
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def save(self, audio: Audio) -> StoredAudio:
        """Save a recording in the folder.

        Args:
            audio: a recording that is not remote. Raw PCM becomes a WAV file. Of a clip in any other format, the whole
                recording is saved.

        Raises:
            InvalidAudio: if it is not audio, or is damaged.
            StoreError: if the folder cannot be used.
        """
        seconds = measure_seconds(audio)
        if audio.detect_format().raw:
            audio = Audio.of(encode_for_upload(audio, ("wav",)).content)
        row = audio.detect_format()
        path = self._save_content(audio.open_content(), row.suffix)
        url = Audio.of(path, start=audio.start, end=audio.end).reference or ""
        return StoredAudio(url, row.mime, round(seconds, 3))

    def has(self, url: str) -> bool:
        """Return whether a URL names a file of this folder, whether or not that file exists."""
        try:
            path = Audio.of(url).path
        except AudioError:
            return False
        return path is not None and path.resolve().parent == self.folder.resolve()

    def read_base64(self, url: str) -> tuple[str, str]:
        """Read a recording of this folder, or the clip that the URL names.

        Returns:
            The audio in base64, and its MIME type.

        Raises:
            InvalidAudio: if the recording is no longer there.
            AccessDenied: if it is outside this folder.
        """
        audio = open_authorized(Audio.of(url), Access(roots=(self.folder,)))
        encoded = encode_for_upload(audio, (audio.format, "wav", "mp3"))
        with encoded.content.open_reader() as reader:
            return pybase64.b64encode_as_string(reader.read()), find_format(encoded.format).mime

    def _save_content(self, content: Content, suffix: str) -> Path:
        try:
            self._create_folder()
            path = self.folder / (compute_sha256(content) + suffix)
            if not path.exists():
                self._write(content, path)
        except OSError as error:
            raise StoreError(
                f"The folder {self.folder.name} cannot store recordings: {error.strerror or error}."
            ) from None
        return path

    def _create_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and self.folder.stat().st_uid != os.getuid():
            raise PermissionError(None, "it belongs to another user")

    def _write(self, content: Content, path: Path) -> None:
        """Write a temporary file and rename it, so that no reader ever sees an incomplete file."""
        fd, temporary = tempfile.mkstemp(dir=self.folder)  # 0600
        try:
            with open(fd, "wb") as file, content.open_reader() as reader:  # noqa: PTH123 - a descriptor has no path
                while block := reader.read(_BLOCK_BYTES):
                    file.write(block)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def __repr__(self) -> str:
        return f"AudioStore({self.folder.name!r})"


def open_stored(url: str) -> Audio | None:
    """Open a recording that an `AudioStore` has saved, in whichever folder.

    Its name is the digest of its bytes, which is checked. So a URL that anyone may have written opens nothing else.

    Args:
        url: of the recording.

    Returns:
        The recording; None if the URL names no file with such a name.

    Raises:
        AudioNotFound: if the file is no longer there.
        InvalidAudio: if its bytes are not those that its name tells.
    """
    try:
        audio = Audio.of(url)
    except AudioError:
        return None
    if audio.path is None or not _DIGEST.fullmatch(audio.path.stem):
        return None
    opened = open_authorized(audio, Access(roots=(audio.path.parent,)))
    if compute_sha256(opened.open_content()) != audio.path.stem:
        raise InvalidAudio(f"{audio.label} does not hold the recording that was saved under this name.")
    return opened
