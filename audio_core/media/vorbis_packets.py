"""Copy stretches of Vorbis in Ogg (Vorbis I, RFC 3533).

The first packet that a decoder gets gives out nothing: the second one overlaps with it. So a copy begins with the
packet that ends where the stretch starts, or shortly before. How many samples a packet has is told by its first byte.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import BinaryIO

from audio_core.audio.content import Content, FileContent
from audio_core.media.ogg_pages import NO_END, OggPacket, OggPage, OggPages, PageWriter
from audio_core.media.packets import NotCopyable, PacketCopy
from audio_core.media.vorbis import parse_vorbis_stream

__all__ = ["VorbisPackets"]

_NO_COMMENTS = b"\x03vorbis" + bytes(8) + b"\x01"
_LONGEST_BLOCK = 0.2  # seconds; half of one may come before the start of a piece
_ROUNDING = 1e-4  # of a sample


@dataclass(frozen=True, slots=True)
class _TimedPacket:
    """A packet, and how many samples of the stream a decoder has given out behind it."""

    packet: OggPacket
    end: int

    @property
    def place(self) -> tuple[int, int]:
        """Page and segment behind it."""
        return self.packet.page, self.packet.stop


class VorbisPackets:
    """The packets of an Ogg file that is a single stream of Vorbis.

    Args:
        content: the file.

    Raises:
        NotCopyable: if it holds something else, or its pages are not all there.
    """

    def __init__(self, content: Content) -> None:
        self._pages = OggPages(content)
        self._stream = parse_vorbis_stream(self._pages)
        self._rate, longest = self._stream.rate, max(self._stream.sizes)
        if longest > _LONGEST_BLOCK * self._rate:
            raise NotCopyable
        self.margin = (longest // 2 + 2) / self._rate

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the packets of a stretch, as `Packets` says."""
        first = math.floor(start * self._rate + _ROUNDING)
        last = min(math.ceil(end * self._rate - _ROUNDING), self._pages.ends[-1])
        pairs = pairwise(self._walk(first))
        primer, second = next((pair for pair in pairs if pair[1].end > first), (None, None))
        final = next((each for each in self._walk(last) if each.end >= last), None)
        if primer is None or second is None or final is None:
            raise NotCopyable
        if primer.end > first or final.place <= second.place:
            raise NotCopyable
        content = FileContent.write_temporary(lambda file: self._write(file, primer, second, final, last))
        return PacketCopy(content, primer.end / self._rate, last / self._rate)

    def _walk(self, sample: int) -> Iterator[_TimedPacket]:
        """Yield the packets from shortly before a sample on."""
        ends, earliest = self._pages.ends, self._stream.first_page
        known = bisect_left(ends, ends[max(earliest, bisect_right(ends, sample) - 1)])
        begin = max(earliest, known - 1)  # as the packet that ends on a page may begin on the one before
        end = 0 if begin == earliest else None
        for packet, samples in self._stream.count_samples(self._pages.read_packets(begin)):
            if end is None:
                end = None if packet.granule == NO_END else packet.granule
            else:
                end += samples
            if end is not None:
                self._check(packet, end)
                yield _TimedPacket(packet, end)

    def _check(self, packet: OggPacket, end: int) -> None:
        """Check that packets are as long as their page says; the last page may end within one."""
        if packet.granule not in (NO_END, end) and packet.page < len(self._pages) - 1:
            raise NotCopyable

    def _write(
        self, file: BinaryIO, primer: _TimedPacket, second: _TimedPacket, final: _TimedPacket, last: int
    ) -> None:
        writer, origin = PageWriter(file), primer.end
        writer.write(OggPage.hold([self._stream.head]))
        writer.write(OggPage.hold([_NO_COMMENTS, self._stream.setup]))
        writer.write(OggPage.hold([primer.packet.data, second.packet.data], second.end - origin))
        (begin, skipped), (stop, kept) = second.place, final.place
        for index in range(begin, stop):
            page = self._pages.read(index).select(skipped if index == begin else 0, None)
            if page.lengths:
                writer.write(page if page.granule == NO_END else replace(page, granule=page.granule - origin))
        page = self._pages.read(stop).select(skipped if stop == begin else 0, kept)
        writer.write(replace(page, granule=last - origin, is_last=True))
