"""Bytes that are open: a size that is known and readers that do not disturb each other.

A request may read its audio twice (a retry) or from several threads, so a content hands out a new reader each time.
Files are held by descriptor: what was checked when it was opened is what is sent.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

import pybase64

from audio_core.errors import AudioError, AudioNotFound, InvalidAudio

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = [
    "Base64Content",
    "BytesContent",
    "Content",
    "EncodedAudio",
    "FileContent",
    "Spool",
    "compute_sha256",
    "open_regular_file",
]

_COPY_BYTES = 256 * 1024
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


class Content(Protocol):
    """Open bytes: what every room below the doors works on."""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def open_reader(self) -> BinaryIO:
        """A new seekable reader that stands at the first byte."""
        ...

    def read_at(self, position: int, length: int) -> bytes:
        """`length` bytes from `position`, fewer only at the end, whatever other readers do meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """A recording in a format that a gateway takes.

    Attributes:
        content: its bytes.
        format: the canonical name of their true format.
        seconds: how long it lasts.
    """

    content: Content
    format: str
    seconds: float


class BytesContent:
    """Bytes that the caller holds in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def open_reader(self) -> BinaryIO:
        """A new reader; `BytesIO` shares the bytes until somebody writes."""
        return io.BytesIO(self._data)

    def read_at(self, position: int, length: int) -> bytes:
        """`length` bytes from `position`, fewer only at the end."""
        return self._data[position : position + length]


class Base64Content:
    """Bytes that the caller holds as base64 text; the text goes out as it came, and is decoded only to be read.

    Line breaks and the URL-safe alphabet are put right.

    Raises:
        InvalidAudio: if the text is not base64.
    """

    def __init__(self, text: str) -> None:
        self.text = _normalize_base64(text)
        self.size = len(self.text) // 4 * 3 - self.text[-2:].count("=")

    def open_reader(self) -> BinaryIO:
        """A new reader that decodes what it reads, and no more."""
        return _open_buffered(self)

    def read_at(self, position: int, length: int) -> bytes:
        """`length` bytes from `position`, fewer only at the end."""
        first = position // 3
        data = pybase64.b64decode(self.text[first * 4 : -(-(position + length) // 3) * 4])
        return data[position - first * 3 :][:length]


def _normalize_base64(text: str) -> str:
    clean = text if text.isalnum() else "".join(text.split()).replace("-", "+").replace("_", "/")
    if not _BASE64.fullmatch(clean):
        raise InvalidAudio("The audio is not base64: it holds characters outside the base64 alphabet.")
    if len(clean) % 4 and not clean.endswith("="):
        clean += "=" * (-len(clean) % 4)
    if len(clean) % 4 or clean.endswith("==="):
        raise InvalidAudio(f"The base64 of the audio is cut: {len(clean)} characters are not a multiple of 4.")
    return clean


class FileContent:
    """A regular file, held open by its descriptor; closed when nobody holds this object any more."""

    def __init__(self, fd: int) -> None:
        self.size = os.fstat(fd).st_size
        self._fd = fd
        self._lock = threading.Lock()
        weakref.finalize(self, os.close, fd)

    @classmethod
    def write_temporary(cls, write: Callable[[BinaryIO], None]) -> FileContent:
        """A nameless temporary file with what `write` put into it."""
        with tempfile.TemporaryFile() as file:
            write(file)
            file.flush()
            return cls(os.dup(file.fileno()))

    @classmethod
    def copy_from(cls, handle: BinaryIO) -> FileContent:
        """A nameless copy of what `handle` still has to read, so that it can be read again."""
        return cls.write_temporary(lambda file: shutil.copyfileobj(handle, file, _COPY_BYTES))

    @property
    def descriptor(self) -> int:
        """The open descriptor, for checks on what was really opened."""
        return self._fd

    def open_reader(self) -> BinaryIO:
        """A new buffered reader with a position of its own."""
        return _open_buffered(self)

    def read_at(self, position: int, length: int) -> bytes:
        """`length` bytes from `position`, fewer only at the end, whatever other readers do meanwhile."""
        data = self._read_some(position, length)
        while 0 < len(data) < length and (more := self._read_some(position + len(data), length - len(data))):
            data += more
        return data

    def _read_some(self, position: int, length: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._fd, length, position)
        with self._lock:  # Windows has no pread
            os.lseek(self._fd, position, os.SEEK_SET)
            return os.read(self._fd, length)


def _open_buffered(content: FileContent | Base64Content) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Reader(content), _COPY_BYTES))


class _Reader(io.RawIOBase):
    """A position in a content that can be read anywhere."""

    def __init__(self, content: FileContent | Base64Content) -> None:
        self._content = content
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._content.size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._content.read_at(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


class Spool:
    """A nameless temporary file that fills up with what comes from the network.

    Args:
        check: is told the size so far after each piece, and may raise.
    """

    def __init__(self, check: Callable[[int], None]) -> None:
        self._check = check
        self._size = 0
        with tempfile.TemporaryFile() as file:
            self._fd = os.dup(file.fileno())
        self._content = FileContent(self._fd)

    def restart(self) -> Callable[[bytes], None]:
        """Forget what has come, and take a new body."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._size = 0
        return self._take

    def get_content(self) -> FileContent:
        """What has come, to be read."""
        return FileContent(os.dup(self._fd))

    def _take(self, data: bytes) -> None:
        self._size += len(data)
        self._check(self._size)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]


def open_regular_file(path: Path, label: str) -> FileContent:
    """Open a file that must be a regular one: a pipe or a device would hang or never end.

    Args:
        path: the file.
        label: what messages call it; the path itself is not shown.

    Raises:
        AudioNotFound: if there is no such file.
        InvalidAudio: if it is a folder, a pipe or a device, or may not be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise _explain_open_error(label, error) from None
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return FileContent(fd)
    is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
    os.close(fd)
    if is_folder:
        raise InvalidAudio(f"{label} is a folder, not a recording. A loader or reader takes folders.")
    raise InvalidAudio(f"{label} is a pipe or a device, not a regular file. Open it yourself and pass the file object.")


def _explain_open_error(label: str, error: OSError | ValueError) -> AudioError:
    if isinstance(error, FileNotFoundError):
        return AudioNotFound(f"There is no file {label}. Is the path right, seen from the working directory?")
    if isinstance(error, IsADirectoryError):
        return InvalidAudio(f"{label} is a folder, not a recording. A loader or reader takes folders.")
    reason = getattr(error, "strerror", None) or "not a path"
    return InvalidAudio(f"{label} cannot be opened: {reason}.")


def compute_sha256(content: Content) -> str:
    """The SHA-256 of the bytes, in hex, read piece by piece."""
    digest, position = hashlib.sha256(), 0
    while piece := content.read_at(position, _COPY_BYTES):
        digest.update(piece)
        position += len(piece)
    return digest.hexdigest()
