"""Rows that are ready: if a worker is lost, another one takes them from here, and does not pay for them again."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["RowCache"]

_MAX_BYTES = 128 * 2**20


class RowCache:
    """The newest rows of a job. Ray repeats a block whose worker is lost, also if it was ready and not yet written.

    Args:
        max_bytes: how much is kept; the oldest rows go first.

    Example:
        >>> cache = RowCache(max_bytes=5)
        >>> for uri in ("a.mp3", "b.mp3"):
        ...     cache.add(uri, b"row")
        >>> cache.find(["a.mp3", "b.mp3"])
        {'b.mp3': b'row'}
    """

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._max_bytes, self._size = max_bytes, 0
        self._rows: dict[str, bytes] = {}

    def add(self, uri: str, row: bytes) -> None:
        """Keep the row of a recording, in place of an earlier one."""
        self._size += len(row) - len(self._rows.pop(uri, b""))
        self._rows[uri] = row
        while self._size > self._max_bytes:
            self._size -= len(self._rows.pop(next(iter(self._rows))))

    def find(self, uris: Iterable[str]) -> dict[str, bytes]:
        """Return the rows that are kept of these recordings."""
        return {uri: self._rows[uri] for uri in uris if uri in self._rows}
