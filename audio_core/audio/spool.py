"""Spool a response body to a temporary file as it arrives."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable

from audio_core.audio.content import FileContent
from audio_core.audio.temporary_files import convert_full_disk

__all__ = ["Spool"]


class Spool:
    """A nameless temporary file that a response body is written to as it arrives.

    Args:
        check: called with the number of bytes so far as each piece arrives, before it is written; may raise.

    Raises:
        StoreError: if the disk is full, also as a piece arrives.
    """

    def __init__(self, check: Callable[[int], None]) -> None:
        self._check_size = check
        self._size = 0
        with convert_full_disk(), tempfile.TemporaryFile() as file:
            self._fd = os.dup(file.fileno())
        self._owner = FileContent(self._fd)  # closes the descriptor with this object

    def restart(self) -> Callable[[bytes], None]:
        """Discard what has arrived and return the function that appends the pieces of a new body."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._size = 0
        return self._append

    def get_content(self) -> FileContent:
        """Return what has arrived."""
        return FileContent(os.dup(self._fd))

    def _append(self, data: bytes) -> None:
        self._size += len(data)
        self._check_size(self._size)
        view = memoryview(data)
        with convert_full_disk():
            while view:
                view = view[os.write(self._fd, view) :]
