"""Copy stretches of Opus in Ogg (RFC 3533, RFC 7845), page by page.

A copy begins with the page that holds its start, or with one before. Its header tells a decoder how many samples to skip,
and its last page where to end, so that exactly the stretch is given out.
"""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from bisect import bisect_left, bisect_right
from typing import BinaryIO

from audio_core.audio.content import Content, FileContent
from audio_core.media.ogg import PAGE_HEADER
from audio_core.media.packets import NotCopyable, PacketCopy

__all__ = ["OpusPackets"]

_RATE = 48_000  # Hz of all times in the file
_SETTLING = 3840  # samples, 80 ms, until a decoder that begins in the middle has settled (RFC 7845, 4.6)
_MOST_SKIPPED = 0xFFFF  # samples
_CONTINUES_PACKET, _BEGINS_STREAM, _ENDS_STREAM = 1, 2, 4
_LONGEST_HEADER = PAGE_HEADER.size + 255
_TAGS = b"OpusTags" + bytes(8)  # no name of an encoder, no comments
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ROUNDING = 1e-4  # of a sample


class OpusPackets:
    """The pages of an Ogg file that is a single stream of Opus.

    Args:
        content: the file.

    Attributes:
        skipped: how many samples a decoder of the whole file leaves out.

    Raises:
        NotCopyable: if it holds something else, or its pages are not all there.
    """

    margin = 2 / _RATE

    def __init__(self, content: Content) -> None:
        self._content = content
        self._positions, self._ends, self._flags = array("q"), array("q"), bytearray()
        self._read_pages()
        head = self._read_page(0)
        start = PAGE_HEADER.size + head[PAGE_HEADER.size - 1]
        self._head = head[start:]
        if self._head[:8] != b"OpusHead":
            raise NotCopyable
        self._serial, self.skipped = head[14:18], int.from_bytes(self._head[10:12], "little")
        self._first = next((number for number, end in enumerate(self._ends) if end > 0), 0)

    def _read_pages(self) -> None:
        """Find where each page is, and the number of the last sample that it holds."""
        position = end = 0
        serial: int | None = None
        while len(head := self._content.read_at(position, _LONGEST_HEADER)) >= PAGE_HEADER.size:
            pattern, _, flags, granule, this_serial, number, _, count = PAGE_HEADER.unpack_from(head)
            serial = this_serial if serial is None else serial
            is_first, is_late = position == 0, granule >= end or granule == -1
            if (pattern, this_serial, number) != (b"OggS", serial, len(self._flags)) or not is_late:
                raise NotCopyable
            if bool(flags & _BEGINS_STREAM) != is_first:
                raise NotCopyable
            end = max(end, granule)
            self._positions.append(position)
            self._ends.append(end)
            self._flags.append(flags)
            position += PAGE_HEADER.size + count + sum(head[PAGE_HEADER.size : PAGE_HEADER.size + count])
        self._positions.append(position)
        if position != self._content.size:
            raise NotCopyable

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the pages of a stretch, as `Packets` says."""
        first = self.skipped + math.floor(start * _RATE + _ROUNDING)
        last = min(self.skipped + math.ceil(end * _RATE - _ROUNDING), self._ends[-1])
        begin = bisect_right(self._ends, max(0, first - _SETTLING), lo=self._first)
        while begin > self._first and self._flags[begin] & _CONTINUES_PACKET:
            begin -= 1
        stop = bisect_left(self._ends, last, lo=begin)
        origin = self._ends[begin - 1] if begin > self._first else 0
        if stop + 1 >= len(self._positions) or first - origin > _MOST_SKIPPED:
            raise NotCopyable
        lengths = first - origin, last - origin
        content = FileContent.write_temporary(lambda file: self._write(file, range(begin, stop + 1), origin, *lengths))
        return PacketCopy(content, (first - self.skipped) / _RATE, (last - self.skipped) / _RATE)

    def _write(self, file: BinaryIO, pages: range, origin: int, skipped: int, end: int) -> None:
        head = self._head[:10] + skipped.to_bytes(2, "little") + self._head[12:]
        file.write(self._build_page(_BEGINS_STREAM, 0, 0, bytes([len(head)]), head))
        file.write(self._build_page(0, 0, 1, bytes([len(_TAGS)]), _TAGS))
        for number, index in enumerate(pages, 2):
            page, is_last = self._read_page(index), index == pages[-1]
            granule = int.from_bytes(page[6:14], "little", signed=True)
            granule = end if is_last else granule if granule < 0 else granule - origin
            flags = page[5] & _CONTINUES_PACKET | (_ENDS_STREAM if is_last else 0)
            start = PAGE_HEADER.size + page[PAGE_HEADER.size - 1]
            lengths = page[PAGE_HEADER.size : start]
            lengths = lengths.rstrip(b"\xff") if is_last else lengths  # without the beginning of a packet
            file.write(self._build_page(flags, granule, number, lengths, page[start : start + sum(lengths)]))

    def _read_page(self, index: int) -> bytes:
        """Return a page that is not damaged."""
        start, end = self._positions[index : index + 2]
        page = self._content.read_at(start, end - start)
        if _compute_checksum(page[:22] + bytes(4) + page[26:]) != page[22:26]:
            raise NotCopyable
        return page

    def _build_page(self, flags: int, granule: int, number: int, lengths: bytes, data: bytes) -> bytes:
        head = struct.pack("<4sBBq4sI", b"OggS", 0, flags, granule, self._serial, number)
        rest = bytes([len(lengths)]) + lengths + data
        return head + _compute_checksum(head + bytes(4) + rest) + rest


def _compute_checksum(page: bytes) -> bytes:
    """Return the checksum of a page whose own is zero.

    It is zlib's with all bits in the other order (RFC 3533, 6), from 0 instead of from ones.
    """
    reversed_sum = zlib.crc32(page.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return reversed_sum.to_bytes(4, "big").translate(_REVERSED_BITS)
