"""Copy stretches of Opus in Ogg (RFC 3533, RFC 7845), page by page, and write such a file.

A copy begins with the page that holds its start, or with one before. Its header tells a decoder how many samples to
skip, and its last page where to end, so that exactly the stretch is given out.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import BinaryIO

from audio_core.audio.content import Content, FileContent
from audio_core.media.ogg_pages import NO_END, OggPage, OggPages, PageWriter
from audio_core.media.opus import OPUS_RATE, count_opus_samples
from audio_core.media.packets import NotCopyable, PacketCopy

__all__ = ["OpusPackets", "write_opus"]

_SETTLING = 7680  # samples, 160 ms, in which a decoder settles: twice what RFC 7845, 4.6, wants, for packets of 60 ms
_MOST_SKIPPED = 0xFFFF  # samples
_TAGS = b"OpusTags" + bytes(8)  # no name of an encoder, no comments
_PAGE_SAMPLES = 24_000  # half a second
_ROUNDING = 1e-4  # of a sample


class OpusPackets:
    """The packets of an Ogg file that is a single stream of Opus.

    Args:
        content: the file.

    Attributes:
        skipped: how many samples a decoder of the whole file leaves out.

    Raises:
        NotCopyable: if it holds something else, or its pages are not all there.
    """

    margin = 2 / OPUS_RATE

    def __init__(self, content: Content) -> None:
        self._pages = OggPages(content)
        self._head = self._pages.read(0).data
        if self._head[:8] != b"OpusHead":
            raise NotCopyable
        self._first = bisect_right(self._pages.ends, 0)
        self.skipped = int.from_bytes(self._head[10:12], "little")

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the pages of a stretch, as `Packets` says."""
        ends, earliest = self._pages.ends, self._first
        first = self.skipped + math.floor(start * OPUS_RATE + _ROUNDING)
        last = min(self.skipped + math.ceil(end * OPUS_RATE - _ROUNDING), ends[-1])
        begin = bisect_right(ends, max(0, first - _SETTLING), lo=earliest)
        while begin > earliest and self._pages.read(begin).is_continued:
            begin -= 1
        stop = bisect_left(ends, last, lo=begin)
        origin = ends[begin - 1] if begin > earliest else 0
        if stop >= len(ends) or first - origin > _MOST_SKIPPED:
            raise NotCopyable
        lengths = first - origin, last - origin
        content = FileContent.write_temporary(lambda file: self._write(file, range(begin, stop + 1), origin, *lengths))
        return PacketCopy(content, (first - self.skipped) / OPUS_RATE, (last - self.skipped) / OPUS_RATE)

    def _write(self, file: BinaryIO, pages: range, origin: int, skipped: int, end: int) -> None:
        writer = PageWriter(file)
        for head in (self._head[:10] + skipped.to_bytes(2, "little") + self._head[12:], _TAGS):
            writer.write(OggPage.hold([head]))
        for index in pages[:-1]:
            page = self._pages.read(index)
            writer.write(page if page.granule == NO_END else replace(page, granule=page.granule - origin))
        writer.write(replace(self._pages.read(pages[-1]), granule=end, is_last=True))


def write_opus(head: bytes, packets: Iterator[bytes]) -> FileContent:
    """Write packets of Opus to an Ogg file.

    Args:
        head: its first packet, which other containers hold too.
        packets: those with sound.

    Raises:
        NotCopyable: if a packet does not tell how long it is, or is too large.
    """

    def write(file: BinaryIO) -> None:
        writer, end, first = PageWriter(file), 0, next(packets, b"")
        count = max(1, _PAGE_SAMPLES // count_opus_samples(first))
        for header in (head, _TAGS):
            writer.write(OggPage.hold([header]))
        remaining = chain([first], packets)
        while batch := list(islice(remaining, count)):
            end += sum(map(count_opus_samples, batch))
            writer.write(OggPage.hold(batch, end))

    return FileContent.write_temporary(write)
