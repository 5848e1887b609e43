"""Compute the SHA-256 of a recording's bytes once: while they are sent, or when it is first asked for."""

from __future__ import annotations

import hashlib
import threading
import weakref
from typing import BinaryIO

from audio_core.audio.content import Content
from audio_core.audio.seen_files import SeenFiles

__all__ = ["HashedContent", "compute_sha256", "find_sha256", "note_sha256", "read_sha256"]

_CHUNK_BYTES = 256 * 1024
_known = weakref.WeakKeyDictionary[Content, str]()
_seen_files = SeenFiles[str]()


def compute_sha256(content: Content) -> str:
    """Return the SHA-256 of the bytes as a hexadecimal string. They are read if it is not known yet.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> compute_sha256(BytesContent(b"abc"))[:8]
        'ba7816bf'
    """
    digest = find_sha256(content)
    if digest is None:
        digest = read_sha256(content)
        note_sha256(content, digest)
    return digest


def find_sha256(content: Content) -> str | None:
    """Return the SHA-256 of the bytes, if it is known because they, or the same file, were read before."""
    return _known.get(content) or _seen_files.find(content)


def note_sha256(content: Content, digest: str) -> None:
    """Note the SHA-256 of the bytes, for whoever asks for it later."""
    _known[content] = digest
    _seen_files.note(content, digest)


def read_sha256(content: Content) -> str:
    """Read the bytes in pieces and return their SHA-256, whatever is known of them."""
    digest, position = hashlib.sha256(), 0
    while piece := content.read_at(position, _CHUNK_BYTES):
        digest.update(piece)
        position += len(piece)
    return digest.hexdigest()


class HashedContent:
    """A content whose SHA-256 is noted once its bytes were read from the first to the last, as sending does.

    Args:
        content: the content.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._digest, self._position, self._lock = hashlib.sha256(), 0, threading.Lock()

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self._content.size

    @property
    def has_changed(self) -> bool:
        """Whether the content has."""
        return self._content.has_changed

    def open_reader(self) -> BinaryIO:
        """Open a new reader, whose bytes are not hashed."""
        return self._content.open_reader()

    def read_at(self, position: int, length: int) -> bytes:
        """Read bytes at an offset, and hash those that follow what was hashed. A repeated request begins anew."""
        data = self._content.read_at(position, length)
        with self._lock:
            if position == 0:
                self._digest, self._position = hashlib.sha256(), 0
            if position == self._position:
                self._digest.update(data)
                self._position += len(data)
                if self._position == self.size:
                    note_sha256(self._content, self._digest.hexdigest())
        return data
