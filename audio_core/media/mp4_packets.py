"""Copy stretches of the AAC of an MP4 file (ISO/IEC 14496-12 and 14496-14).

A copy has no edit list, as some decoders ignore these: it begins with the packet before the stretch, which fades in.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterator, Sequence

from audio_core.audio.audio import Audio
from audio_core.audio.content import BytesContent, Content
from audio_core.audio.content_slices import ContentSlice, JoinedContents
from audio_core.media.demux import Demuxer, open_demuxer
from audio_core.media.packets import NotCopyable, PacketCopy
from audio_core.media.track import is_alone

__all__ = ["Mp4Packets"]

_WARM_UP = 1  # packets, whose second half the decoder adds to the next
_FEWEST_PACKETS = 2  # that tell how far they are apart
_ROUNDING = 1e-6  # of a packet
_MOST_BYTES = 2**31  # of a copy
_LONGEST_DESCRIPTION = 2**16  # bytes
_BRANDS = b"M4A \0\0\2\0M4A isomiso2"
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)  # nothing is turned or moved
_UNDETERMINED = 0x55C4  # language


class Mp4Packets:
    """The packets of an MP4 file that holds AAC alone.

    Args:
        audio: the file.

    Raises:
        NotCopyable: if it holds something else, or its packets are not of one length.
    """

    def __init__(self, audio: Audio) -> None:
        self._content = audio.open_content()
        with open_demuxer(audio) as demuxer:
            codec = demuxer.stream.codec_context
            if codec.name != "aac" or codec.profile != "LC" or not is_alone(demuxer.stream, demuxer.container):
                raise NotCopyable
            self._read_index(demuxer)
        self._description = _find_description(self._content)
        self.margin = (_WARM_UP + 2) * self._step / self._timescale

    def _read_index(self, demuxer: Demuxer) -> None:
        entries = demuxer.stream.index_entries
        if len(entries) < _FEWEST_PACKETS:
            raise NotCopyable
        start, self._timescale = entries[0].timestamp, round(1 / demuxer.time_base_seconds)
        self._step = entries[1].timestamp - start
        self._positions, self._sizes = array("q"), array("L")
        for number, entry in enumerate(entries):
            if entry.timestamp != start + number * self._step:
                raise NotCopyable
            self._positions.append(entry.pos)
            self._sizes.append(entry.size)
        self._origin = demuxer.origin - start / self._timescale

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the packets of a stretch, as `Packets` says."""
        seconds = self._step / self._timescale
        begin, stop = ((each + self._origin) / seconds for each in (start, end))
        first, last = max(0, math.floor(begin + _ROUNDING) - _WARM_UP), math.ceil(stop - _ROUNDING)
        if not first < last <= len(self._sizes):
            raise NotCopyable
        slices = list(self._slice(first, last))
        size = sum(each.size for each in slices)
        if size > _MOST_BYTES or slices[-1].start + slices[-1].size > self._content.size:
            raise NotCopyable
        head = self._build_head(self._sizes[first:last], size)
        copy = JoinedContents([BytesContent(head), *slices])
        return PacketCopy(copy, first * seconds - self._origin, last * seconds - self._origin)

    def _slice(self, first: int, last: int) -> Iterator[ContentSlice]:
        """Yield stretches of the file, each of which holds packets that follow one another."""
        begin = end = self._positions[first]
        for position, size in zip(self._positions[first:last], self._sizes[first:last], strict=True):
            if position != end:
                yield ContentSlice(self._content, begin, end - begin)
                begin = position
            end = position + size
        yield ContentSlice(self._content, begin, end - begin)

    def _build_head(self, sizes: Sequence[int], size: int) -> bytes:
        """Return all that comes before the packets."""
        files = _pack_box("ftyp", _BRANDS)
        movie_size = len(self._build_movie(sizes, 0))
        movie = self._build_movie(sizes, len(files) + movie_size + 8)
        return files + movie + struct.pack(">I4s", 8 + size, b"mdat")

    def _build_movie(self, sizes: Sequence[int], position: int) -> bytes:
        """Return the box `moov` of packets that follow one another from a position on."""
        count, length = len(sizes), len(sizes) * self._step
        movie = struct.pack(">IIIIIIHHQ", 0, 0, 0, self._timescale, length, 0x10000, 0x100, 0, 0) + _MATRIX
        track = struct.pack(">IIIIIIQHHHH", 7, 0, 0, 1, 0, length, 0, 0, 0, 0x100, 0) + _MATRIX + bytes(8)
        samples = (
            self._description
            + _pack_box("stts", struct.pack(">IIII", 0, 1, count, self._step))
            + _pack_box("stsc", struct.pack(">IIIII", 0, 1, 1, count, 1))
            + _pack_box("stsz", struct.pack(f">III{count}I", 0, 0, count, *sizes))
            + _pack_box("stco", struct.pack(">III", 0, 1, position))
        )
        files = _pack_box("dinf", _pack_box("dref", struct.pack(">II", 0, 1) + _pack_box("url ", bytes([0, 0, 0, 1]))))
        information = _pack_box("minf", _pack_box("smhd", bytes(8)) + files + _pack_box("stbl", samples))
        header = struct.pack(">IIIIIHH", 0, 0, 0, self._timescale, length, _UNDETERMINED, 0)
        media = _pack_box("mdhd", header) + _pack_box("hdlr", struct.pack(">II4s13x", 0, 0, b"soun")) + information
        tracks = _pack_box("trak", _pack_box("tkhd", track) + _pack_box("mdia", media))
        return _pack_box("moov", _pack_box("mvhd", movie + bytes(24) + struct.pack(">I", 2)) + tracks)


def _pack_box(name: str, data: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(data), name.encode()) + data


def _find_description(content: Content) -> bytes:
    """Return the box `stsd` of the track with sound, which describes the packets to a decoder.

    Raises:
        NotCopyable: if there is none.
    """
    for movie in _find_boxes(content, b"moov", 0, content.size):
        for track in _find_boxes(content, b"trak", *movie):
            for media in _find_boxes(content, b"mdia", *track):
                for start, _ in _find_boxes(content, b"hdlr", *media):
                    if content.read_at(start + 8, 4) == b"soun":
                        return _read_description(content, media)
    raise NotCopyable


def _read_description(content: Content, media: tuple[int, int]) -> bytes:
    for information in _find_boxes(content, b"minf", *media):
        for table in _find_boxes(content, b"stbl", *information):
            for start, end in _find_boxes(content, b"stsd", *table):
                if end - start <= _LONGEST_DESCRIPTION and content.read_at(start + 4, 4) == b"\0\0\0\1":
                    return _pack_box("stsd", content.read_at(start, end - start))
    raise NotCopyable


def _find_boxes(content: Content, name: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the contents of each box of a name begin and end, within another."""
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", content.read_at(start, 8))
        begin = start + 8
        if size == 1:
            size, begin = int.from_bytes(content.read_at(begin, 8), "big"), begin + 8
        stop = end if size == 0 else start + size
        if not begin <= stop <= end:
            return
        if kind == name:
            yield begin, stop
        start = stop
