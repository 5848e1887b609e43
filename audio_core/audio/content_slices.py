"""Views of other contents: a stretch of one, and several in a row. Nothing is copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

from audio_core.audio.content import Content, open_buffered

__all__ = ["ContentSlice", "JoinedContents"]


@dataclass(frozen=True, slots=True)
class ContentSlice:
    """A stretch of a content, as a content of its own.

    Attributes:
        content: the whole.
        start: position of its first byte in the whole.
        size: how many bytes it has.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> ContentSlice(BytesContent(b"abcdef"), 2, 3).read_at(1, 10)
        b'de'
    """

    content: Content
    start: int
    size: int

    @property
    def has_changed(self) -> bool:
        """Whether the whole was written to since it was opened."""
        return self.content.has_changed

    def open_reader(self) -> BinaryIO:
        """Open a new buffered reader with its own position."""
        return open_buffered(self)

    def read_at(self, position: int, length: int) -> bytes:
        """Read `length` bytes at offset `position`, fewer only at the end."""
        return self.content.read_at(self.start + position, max(0, min(length, self.size - position)))


class JoinedContents:
    """Contents one after the other, as one content.

    Args:
        parts: the contents.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> JoinedContents([BytesContent(b"abc"), BytesContent(b"def")]).read_at(1, 4)
        b'bcde'
    """

    def __init__(self, parts: Sequence[Content]) -> None:
        self._parts = parts
        self._starts = list(accumulate((part.size for part in parts), initial=0))
        self.size = self._starts.pop()

    @property
    def has_changed(self) -> bool:
        """Whether a file among them was written to since it was opened."""
        return any(part.has_changed for part in self._parts)

    def open_reader(self) -> BinaryIO:
        """Open a new buffered reader with its own position."""
        return open_buffered(self)

    def read_at(self, position: int, length: int) -> bytes:
        """Read `length` bytes at offset `position`, fewer only at the end."""
        end = position + length
        return b"".join(
            part.read_at(max(0, position - start), min(end - start, part.size) - max(0, position - start))
            for start, part in zip(self._starts, self._parts, strict=True)
            if position < start + part.size and start < end
        )
