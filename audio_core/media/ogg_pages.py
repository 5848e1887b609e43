"""Read the pages of an Ogg file that is a single stream (RFC 3533), and write pages anew."""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from audio_core.audio.content import Content
from audio_core.media.ogg import BEGINS_STREAM, LONGEST_HEADER, PAGE_HEADER
from audio_core.media.packets import NotCopyable

__all__ = ["NO_END", "OggPacket", "OggPage", "OggPages", "PageWriter"]

NO_END = -1
"""The granule position of a page on which no packet ends."""

_CONTINUES_PACKET, _ENDS_STREAM = 1, 4
_MOST_SEGMENTS, _FULL = 255, 255  # of a page, and the length of one behind which the packet goes on
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class OggPage:
    """A page.

    Attributes:
        granule: the number of the last sample whose packet ends on it, or `NO_END`.
        is_continued: whether it begins in the middle of a packet.
        lengths: of its segments, in bytes. One of less than 255 bytes ends a packet.
        data: its segments.
        is_last: whether the stream ends with it.
    """

    granule: int
    is_continued: bool
    lengths: bytes
    data: bytes
    is_last: bool = False

    @classmethod
    def hold(cls, packets: Sequence[bytes], granule: int = 0) -> OggPage:
        """Return a page of whole packets.

        Raises:
            NotCopyable: if a page cannot hold them.
        """
        lengths = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
        if len(lengths) > _MOST_SEGMENTS:
            raise NotCopyable
        return cls(granule, is_continued=False, lengths=lengths, data=b"".join(packets))

    def select(self, first: int, stop: int | None) -> OggPage:
        """Return a page that holds some of the segments."""
        lengths, begin = self.lengths[first:stop], sum(self.lengths[:first])
        granule = self.granule if min(lengths, default=_FULL) < _FULL else NO_END
        data = self.data[begin : begin + sum(lengths)]
        return OggPage(granule, self.is_continued and first == 0, lengths, data)


class OggPacket(NamedTuple):
    """A packet.

    Attributes:
        data: its bytes.
        page: the page on which it ends.
        stop: the first segment of that page that is behind it.
        granule: that of the page if it is the last packet that ends there, else `NO_END`.
    """

    data: bytes
    page: int
    stop: int
    granule: int


class OggPages:
    """The pages of a file.

    Args:
        content: the file.

    Attributes:
        ends: for each page, the number of the last sample that is known by then.

    Raises:
        NotCopyable: if it is not one stream, or pages are missing.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._positions, self.ends = array("q"), array("q")
        self._find_pages()

    def _find_pages(self) -> None:
        position = end = 0
        serial: int | None = None
        while len(head := self._content.read_at(position, LONGEST_HEADER)) >= PAGE_HEADER.size:
            pattern, _, flags, granule, this_serial, number, _, count = PAGE_HEADER.unpack_from(head)
            serial = this_serial if serial is None else serial
            is_first, is_late = position == 0, granule >= end or granule == NO_END
            if (pattern, this_serial, number) != (b"OggS", serial, len(self.ends)) or not is_late:
                raise NotCopyable
            if bool(flags & BEGINS_STREAM) != is_first:
                raise NotCopyable
            end = max(end, granule)
            self._positions.append(position)
            self.ends.append(end)
            position += PAGE_HEADER.size + count + sum(head[PAGE_HEADER.size : PAGE_HEADER.size + count])
        self._positions.append(position)
        if position != self._content.size or serial is None:
            raise NotCopyable

    def __len__(self) -> int:
        return len(self.ends)

    def read(self, index: int) -> OggPage:
        """Return a page.

        Raises:
            NotCopyable: if it is damaged, or behind the last.
        """
        if index >= len(self):
            raise NotCopyable
        start, end = self._positions[index : index + 2]
        page = self._content.read_at(start, end - start)
        if _compute_checksum(page[:22] + bytes(4) + page[26:]) != page[22:26]:
            raise NotCopyable
        begin = PAGE_HEADER.size + page[PAGE_HEADER.size - 1]
        granule = int.from_bytes(page[6:14], "little", signed=True)
        is_continued, is_last = bool(page[5] & _CONTINUES_PACKET), bool(page[5] & _ENDS_STREAM)
        return OggPage(granule, is_continued, page[PAGE_HEADER.size : begin], page[begin:], is_last)

    def read_packets(self, first: int) -> Iterator[OggPacket]:
        """Yield the packets that begin on a page or behind it.

        Raises:
            NotCopyable: if a page is damaged, or a packet has no end.
        """
        held, is_whole = b"", False
        for index in range(first, len(self)):
            page, begin, at = self.read(index), 0, 0
            if index == first:
                is_whole = not page.is_continued
            elif page.is_continued != bool(held):
                raise NotCopyable
            last = len(page.lengths.rstrip(b"\xff"))
            for number, length in enumerate(page.lengths, 1):
                at += length
                if length == _FULL:
                    continue
                if is_whole:
                    granule = page.granule if number == last else NO_END
                    yield OggPacket(held + page.data[begin:at], index, number, granule)
                held, begin, is_whole = b"", at, True
            held += page.data[begin:]
        if held:
            raise NotCopyable


class PageWriter:
    """Writes the pages of a stream.

    Args:
        file: what is written to.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._number = file, 0

    def write(self, page: OggPage) -> None:
        """Write a page; the last one ends with a whole packet."""
        lengths = page.lengths.rstrip(b"\xff") if page.is_last else page.lengths
        data = page.data[: sum(lengths)]
        is_first = self._number == 0
        flags = page.is_continued * _CONTINUES_PACKET | is_first * BEGINS_STREAM | page.is_last * _ENDS_STREAM
        head = struct.pack("<4sBBq4xI", b"OggS", 0, flags, page.granule, self._number)
        rest = bytes([len(lengths)]) + lengths + data
        self._file.write(head + _compute_checksum(head + bytes(4) + rest) + rest)
        self._number += 1


def _compute_checksum(page: bytes) -> bytes:
    """Return the checksum of a page whose own is zero.

    It is zlib's with all bits in the other order (RFC 3533, 6), from 0 instead of from ones.
    """
    reversed_sum = zlib.crc32(page.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return reversed_sum.to_bytes(4, "big").translate(_REVERSED_BITS)
