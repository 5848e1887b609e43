"""Copy stretches of the AAC of an MP4 file (ISO/IEC 14496-12 and 14496-14).

A copy has no edit list, as some decoders ignore these: it begins with the packet before the stretch, which fades in.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence

from audio_core.audio.content import BytesContent, Content
from audio_core.audio.content_slices import ContentSlice, JoinedContents
from audio_core.media.mp4 import Mp4Sound
from audio_core.media.packets import NotCopyable, PacketCopy

__all__ = ["Mp4Packets"]

_WARM_UP = 1  # packets, whose second half the decoder adds to the next
_ROUNDING = 1e-6  # of a packet
_MOST_BYTES = 2**31  # of a copy
_BRANDS = b"M4A \0\0\2\0M4A isomiso2"
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)  # nothing is turned or moved
_UNDETERMINED = 0x55C4  # language


class Mp4Packets:
    """The packets of an MP4 file that holds AAC-LC and no video.

    Args:
        content: the file.
        sound: what its index says.
        origin: how much of the beginning a decoder of the whole file leaves out, in seconds.
    """

    def __init__(self, content: Content, sound: Mp4Sound, origin: float) -> None:
        self._content, self._description, self._origin = content, _pack_box("stsd", sound.description), origin
        self._positions, self._sizes = sound.positions, sound.sizes
        self._step, self._timescale = sound.step, sound.timescale
        self.margin = (_WARM_UP + 2) * self._step / self._timescale

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
