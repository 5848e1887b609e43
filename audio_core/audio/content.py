"""Open audio data of known size, with readers that are independent of each other.

A request may read its audio twice (a retry) or from several threads, so `open_reader` returns a new reader each time.
A file is held by its descriptor, not its path: what was checked when it was opened is what is sent.
"""

from __future__ import annotations

import io
import os
import shutil
import string
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, cast

import pybase64

from audio_core.audio.temporary_files import convert_full_disk
from audio_core.errors import InvalidAudio

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = [
    "Base64Content",
    "BytesContent",
    "Content",
    "EncodedAudio",
    "FileContent",
    "FileVersion",
    "open_buffered",
]

_CHUNK_BYTES = 256 * 1024
_SETTLING_NANOSECONDS = 2_000_000_000
_BASE64 = f"{string.ascii_letters}{string.digits}+/".encode()
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")


class Content(Protocol):
    """Open audio data: what is decoded, encoded, hashed and sent."""

    @property
    def size(self) -> int:
        """Number of bytes."""
        ...

    @property
    def has_changed(self) -> bool:
        """Whether the bytes may be others than when this object was made."""
        ...

    def open_reader(self) -> BinaryIO:
        """Open a new seekable reader, positioned at the first byte."""
        ...

    def read_at(self, position: int, length: int) -> bytes:
        """Read bytes at an offset, independently of all readers.

        Args:
            position: offset of the first byte.
            length: number of bytes; fewer are returned only at the end.
        """
        ...


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """A recording in a format that a gateway accepts.

    Attributes:
        content: its bytes.
        format: canonical name of the format that the bytes are in.
        seconds: duration in seconds.
        warnings: what a user must know about it.
    """

    content: Content
    format: str
    seconds: float
    warnings: tuple[str, ...] = ()


class BytesContent:
    """Bytes in memory."""

    has_changed = False

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def open_reader(self) -> BinaryIO:
        """Open a new reader; `BytesIO` does not copy the bytes unless it is written to."""
        return io.BytesIO(self._data)

    def read_at(self, position: int, length: int) -> bytes:
        """Read `length` bytes at offset `position`, fewer only at the end."""
        return self._data[position : position + length]


class Base64Content:
    """Bytes held as base64 text, which is sent unchanged and decoded only where bytes are read.

    Line breaks are removed, the URL-safe alphabet is replaced and missing padding is added.

    Args:
        text: the base64 text, as a string or as ASCII bytes.

    Raises:
        InvalidAudio: if the text is not base64.
    """

    has_changed = False

    def __init__(self, text: str | bytes) -> None:
        self._text = _normalize_base64(text)
        self.size = len(self._text) // 4 * 3 - _encode_slice(self._text, -2, None).count(b"=")

    def open_reader(self) -> BinaryIO:
        """Open a new reader that decodes only what is read."""
        return open_buffered(self)

    def read_at(self, position: int, length: int) -> bytes:
        """Read `length` bytes at offset `position`, fewer only at the end."""
        first_group = position // 3
        data = pybase64.b64decode(self._text[first_group * 4 : -(-(position + length) // 3) * 4])
        return data[position - first_group * 3 :][:length]

    def iterate_text(self, size: int) -> Iterator[bytes]:
        """Yield the base64 text in pieces of at most `size` bytes."""
        return _iterate_pieces(self._text, size)


def _normalize_base64(text: str | bytes) -> str | bytes:
    """Return base64 text in its standard form. It is read in pieces, so that other threads can run in between."""
    if len(text) % 4 == 0 and _is_base64(text):
        return text
    clean = b"".join(
        piece.translate(_STANDARD_ALPHABET, string.whitespace.encode()) for piece in _iterate_pieces(text, _CHUNK_BYTES)
    )
    if not _is_base64(clean):
        raise InvalidAudio("The audio is not base64: it holds characters outside the base64 alphabet.")
    if not clean.endswith(b"="):
        clean += b"=" * (-len(clean) % 4)
    if len(clean) % 4 or clean.endswith(b"==="):
        raise InvalidAudio(f"The base64 of the audio is truncated: {len(clean)} characters are not a multiple of 4.")
    return clean


def _is_base64(text: str | bytes) -> bool:
    padding = _encode_slice(text, -2, None).count(b"=")
    pieces = _iterate_pieces(text, _CHUNK_BYTES, len(text) - padding)
    return not any(piece.translate(None, _BASE64) for piece in pieces)  # ten times as fast as a regular expression


def _iterate_pieces(text: str | bytes, size: int, stop: int | None = None) -> Iterator[bytes]:
    stop = len(text) if stop is None else stop
    return (_encode_slice(text, start, min(start + size, stop)) for start in range(0, stop, size))


def _encode_slice(text: str | bytes, start: int, stop: int | None) -> bytes:
    piece = text[start:stop]
    return piece if isinstance(piece, bytes) else piece.encode("ascii", "replace")  # a "?" is not base64


class FileVersion(NamedTuple):
    """What a file system says of a file's bytes: as long as it says the same, the bytes are the same.

    Attributes:
        device: the file system's number.
        inode: the file's number in it; 0 if it has none.
        size: number of bytes.
        modified: when the bytes were last written, in nanoseconds of Unix time.
        changed: when anything of the file was last changed, in nanoseconds of Unix time. Nobody can set it back.
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileVersion:
        """Return the version that a file's status tells."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class FileContent:
    """A regular file, held open by its descriptor until this object is garbage-collected.

    Args:
        fd: an open descriptor, which this object owns and closes.

    Attributes:
        version: of the file, when this object was made.
        is_settled: whether the file had not been written to for so long that any later write gives it another version.
            The times of some file systems move on every two seconds only.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.version = self._read_version()
        self.size = self.version.size
        self.is_settled = self.version.inode != 0 and time.time_ns() - self.version.modified > _SETTLING_NANOSECONDS
        self._lock = threading.Lock()
        weakref.finalize(self, os.close, fd)

    @classmethod
    def write_temporary(cls, write: Callable[[BinaryIO], None]) -> FileContent:
        """Return a nameless temporary file with the bytes that `write` writes to the file object it is passed.

        Raises:
            StoreError: if the disk is full.
        """
        with convert_full_disk(), tempfile.TemporaryFile() as file:
            write(file)
            file.flush()
            return cls(os.dup(file.fileno()))

    @classmethod
    def copy_from(cls, handle: BinaryIO) -> FileContent:
        """Copy a file object, from its current position to its end, into a nameless temporary file."""
        return cls.write_temporary(lambda file: shutil.copyfileobj(handle, file, _CHUNK_BYTES))

    @property
    def descriptor(self) -> int:
        """The open descriptor, for checks on the file that was opened, whatever its path names by now."""
        return self._fd

    @property
    def has_changed(self) -> bool:
        """Whether the file was written to since this object was made."""
        now = self._read_version()
        return (now.size, now.modified) != (self.version.size, self.version.modified)

    def reopen(self) -> FileContent:
        """Return the same open file as it is now, which is what `has_changed` compares with from then on."""
        return FileContent(os.dup(self._fd))

    def _read_version(self) -> FileVersion:
        return FileVersion.of(os.fstat(self._fd))

    def open_reader(self) -> BinaryIO:
        """Open a new buffered reader with its own position."""
        return open_buffered(self)

    def read_at(self, position: int, length: int) -> bytes:
        """Read `length` bytes at offset `position`, fewer only at the end."""
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


def open_buffered(content: Content) -> BinaryIO:
    """Open a buffered reader of a content that can be read at any position."""
    return cast("BinaryIO", io.BufferedReader(_ContentReader(content), _CHUNK_BYTES))


class _ContentReader(io.RawIOBase):
    """A raw reader that keeps its own position and reads by `read_at`."""

    def __init__(self, content: Content) -> None:
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
