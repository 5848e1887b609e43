"""Find frames that follow one another in a file without an index, such as those of MP3, by their headers."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

from audio_core.audio.content import Content
from audio_core.media.packets import NotCopyable

__all__ = ["FramePositions"]

_MARKED = 64  # the position of every so many frames is remembered
_CHUNK_BYTES = 256 * 1024
_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN")


class FramePositions:
    """The positions of the frames of a file.

    Args:
        content: the file.
        first: position of the first frame.
        header_bytes: how many bytes of a frame tell its length.
        measure: returns the length of a frame by these bytes; None if they are not those of a frame like the first.
    """

    def __init__(self, content: Content, first: int, header_bytes: int, measure: Callable[[bytes], int | None]) -> None:
        self._content, self._header_bytes, self._measure = content, header_bytes, measure
        self._marks = array("Q", [first])

    def walk(self, number: int) -> Iterator[int]:
        """Yield the position of each frame from a number on, and that of what follows the last.

        Raises:
            NotCopyable: if something that is neither such a frame nor a tag comes between.
        """
        mark = min(number // _MARKED, len(self._marks) - 1)
        count, position, chunk, chunk_start = mark * _MARKED, self._marks[mark], b"", 0
        while True:
            if count == len(self._marks) * _MARKED:
                self._marks.append(position)
            if count >= number:
                yield position
            at = position - chunk_start
            if not 0 <= at <= len(chunk) - self._header_bytes:
                chunk, chunk_start, at = self._content.read_at(position, _CHUNK_BYTES), position, 0
            length = self._measure(chunk[at : at + self._header_bytes])
            if length is None or position + length > self._content.size:
                self._check_end(position)
                return
            count, position = count + 1, position + length

    def _check_end(self, position: int) -> None:
        if position < self._content.size and not self._content.read_at(position, 16).startswith(_TAGS):
            raise NotCopyable
