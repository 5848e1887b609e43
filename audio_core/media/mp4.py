"""Read the index of an MP4 file whose sound is AAC-LC (ISO/IEC 14496-12, 14496-14 and 14496-3), without decoding it."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, islice, pairwise, repeat
from operator import add
from typing import Literal

from audio_core.audio.content import Content
from audio_core.audio.mpeg_frames import AAC_RATES
from audio_core.media.packets import NotCopyable
from audio_core.media.properties import Probe

__all__ = ["Mp4Sound", "parse_mp4_sound", "parse_plain_mp4"]

_LONGEST_BOX = 2**26  # bytes
_NORMAL_SPEED = 0x10000
_AAC, _LC = 0x40, 2  # what a description says of the codec, and of its kind
_HIGHEST_HALF_RATE = 24_000  # Hz; at this rate and below, packets may hold what doubles it, and nothing tells
_HAS_SBR = b"\x56\xe5\x80"  # bytes that say so
_FRAME_SAMPLES, _MOST_OFF = 1024, 0.1  # samples of a packet, and how far off rounding may put how long it lasts
_CONFIG, _SPECIFIC = 4, 5  # tags of descriptors
_OWN_BYTES = {3: 3, _CONFIG: 13}  # of descriptors that hold others
_GAPLESS = b"iTunSMPB"  # a comment that tells what to leave out at both ends


@dataclass(frozen=True, slots=True)
class Mp4Sound:
    """The only track with sound.

    Attributes:
        description: the contents of its box `stsd`.
        rate: sample rate in Hz.
        channels: number of channels.
        timescale: ticks a second.
        step: ticks of a packet.
        skipped: ticks that are left out at the beginning; None if only a comment may tell.
        duration: ticks that are played.
        positions: where each packet begins in the file, in bytes.
        sizes: of the packets, in bytes.
    """

    description: bytes
    rate: int
    channels: int
    timescale: int
    step: int
    skipped: int | None
    duration: int
    positions: array[int]
    sizes: array[int]


def parse_plain_mp4(content: Content) -> Probe | None:
    """Tell what an MP4 file holds, and how long it is.

    Returns:
        None if only a decoder can tell: there is video, another codec, something unusual, or the file is cut short.
    """
    try:
        sound = parse_mp4_sound(content)
    except NotCopyable:
        return None
    if sound.skipped is None or sound.rate <= _HIGHEST_HALF_RATE:
        return None
    return Probe("aac", sound.rate, sound.channels, sound.duration / sound.timescale)


def parse_mp4_sound(content: Content) -> Mp4Sound:
    """Read the index of the only track with sound.

    Raises:
        NotCopyable: as `parse_plain_mp4` says.
    """
    try:
        return _parse_movie(_Box(content, 0, content.size).find(b"moov"))
    except (struct.error, IndexError, ValueError, OverflowError):  # a box is too short for what it says, or forged
        raise NotCopyable from None


@dataclass(frozen=True, slots=True)
class _Box:
    """A box: where its contents begin and end in the file."""

    content: Content
    start: int
    end: int

    def list(self, name: bytes) -> Iterator[_Box]:
        """Yield the boxes of a name within it."""
        start = self.start
        while start + 8 <= self.end:
            size, kind = struct.unpack(">I4s", self.content.read_at(start, 8))
            begin = start + 8
            if size == 1:
                size, begin = int.from_bytes(self.content.read_at(begin, 8), "big"), begin + 8
            stop = self.end if size == 0 else start + size
            if not begin <= stop <= self.end:
                return
            if kind == name:
                yield _Box(self.content, begin, stop)
            start = stop

    def find(self, *names: bytes) -> _Box:
        """Return the first box of a name, and so on within it."""
        box = self
        for name in names:
            box = next(box.list(name), None)
            if box is None:
                raise NotCopyable
        return box

    def read(self) -> bytes:
        """Return its contents."""
        if self.end - self.start > _LONGEST_BOX:
            raise NotCopyable
        return self.content.read_at(self.start, self.end - self.start)


def _parse_movie(movie: _Box) -> Mp4Sound:
    tracks = [(track.find(b"mdia", b"hdlr").read()[8:12], track) for track in movie.list(b"trak")]
    kinds = [kind for kind, _ in tracks]
    if kinds.count(b"soun") != 1 or b"vide" in kinds:
        raise NotCopyable
    track = dict(tracks)[b"soun"]
    timescale, length = _read_times(track.find(b"mdia", b"mdhd").read())
    table = track.find(b"mdia", b"minf", b"stbl")
    description, sizes = table.find(b"stsd").read(), _read_sizes(table.find(b"stsz").read())
    rate, channels = _parse_description(description)
    step = _read_step(table.find(b"stts").read(), len(sizes))
    positions = _locate_packets(table, sizes)
    if not _is_true_scale(timescale / rate, step) or max(map(add, positions, sizes)) > movie.content.size:
        raise NotCopyable
    skipped, duration = 0, min(length, step * len(sizes))
    if edits := [edit.read() for box in track.list(b"edts") for edit in box.list(b"elst")]:
        movie_scale, _ = _read_times(movie.find(b"mvhd").read())
        skipped, seconds = _parse_edit(edits[0], movie_scale)
        duration = min(round(seconds * timescale), step * len(sizes) - skipped)
    elif any(_GAPLESS in box.read() for box in movie.list(b"udta")):
        skipped = None
    return Mp4Sound(description, rate, channels, timescale, step, skipped, duration, positions, sizes)


def _read_times(header: bytes) -> tuple[int, int]:
    """Return how many ticks a second has, and how many the whole."""
    return struct.unpack_from(">20xIQ" if header[0] == 1 else ">12xII", header)


def _parse_edit(edit: bytes, movie_scale: int) -> tuple[int, float]:
    """Return how many ticks the only edit leaves out at the beginning, and how many seconds it lasts."""
    count, duration, skipped, speed = struct.unpack_from(">4xIQqI" if edit[0] == 1 else ">4xIIiI", edit)
    if count != 1 or skipped < 0 or speed != _NORMAL_SPEED or not duration or not movie_scale:
        raise NotCopyable
    return skipped, duration / movie_scale


def _read_sizes(box: bytes) -> array[int]:
    size, count = struct.unpack_from(">4xII", box)
    if size:  # of all, which AAC does not have
        raise NotCopyable
    return _read_numbers(box, 12, "I", count)


def _read_numbers(box: bytes, start: int, kind: Literal["I", "Q"], count: int) -> array[int]:
    numbers: array[int] = array(kind)
    numbers.frombytes(box[start : start + count * numbers.itemsize])
    if len(numbers) != count or not numbers:
        raise NotCopyable
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _read_step(box: bytes, count: int) -> int:
    """Return how many ticks each packet has. The last one may have fewer, as there is nothing behind it."""
    numbers = _read_numbers(box, 8, "I", 2 * int.from_bytes(box[4:8], "big"))
    runs = list(zip(numbers[::2], numbers[1::2], strict=True))
    is_short = len(runs) == 2 and runs[1][0] == 1 and runs[1][1] < runs[0][1]
    if len(runs) > 1 + is_short or sum(numbers[::2]) != count or not runs[0][1]:
        raise NotCopyable
    return runs[0][1]


def _is_true_scale(ticks: float, step: int) -> bool:
    """Tell whether packets last about as long as the samples they hold, each of which has so many ticks."""
    return abs(step - _FRAME_SAMPLES * ticks) <= _MOST_OFF * step


def _locate_packets(table: _Box, sizes: array[int]) -> array[int]:
    """Return where each packet begins: one after the other within chunks, whose positions are listed."""
    wide = next(table.list(b"co64"), None)
    box = (wide or table.find(b"stco")).read()
    chunks = _read_numbers(box, 8, "Q" if wide else "I", int.from_bytes(box[4:8], "big"))
    box = table.find(b"stsc").read()
    runs = _read_numbers(box, 8, "I", 3 * int.from_bytes(box[4:8], "big"))
    firsts = [*runs[::3], len(chunks) + 1]
    counts = chain.from_iterable(
        repeat(count, stop - first) for count, (first, stop) in zip(runs[1::3], pairwise(firsts), strict=True)
    )
    positions, size = array("q"), iter(sizes)
    for position, count in zip(chunks, counts, strict=False):
        starts = list(accumulate(islice(size, count), initial=position))
        positions.extend(starts[:-1])
    if len(positions) != len(sizes):
        raise NotCopyable
    return positions


def _parse_description(description: bytes) -> tuple[int, int]:
    """Return sample rate and channels of AAC-LC, as the only description of packets has it."""
    count, kind = struct.unpack_from(">4xI4x4s", description)
    start = description.find(b"esds")
    if count != 1 or kind != b"mp4a" or start < 0:
        raise NotCopyable
    config = _find_descriptor(description[start + 8 :])
    bits = int.from_bytes(config[:2], "big")
    rate, channels = bits >> 7 & 15, bits >> 3 & 15
    if bits >> 11 != _LC or rate >= len(AAC_RATES) or channels not in (1, 2) or _HAS_SBR in config:
        raise NotCopyable
    return AAC_RATES[rate], channels


def _find_descriptor(data: bytes) -> bytes:
    """Return what a decoder of AAC is told (ISO/IEC 14496-1, 7.2.6)."""
    position = 0
    while position < len(data):
        tag, size, position = data[position], 0, position + 1
        while True:
            byte, position = data[position], position + 1
            size = size << 7 | byte & 0x7F
            if byte < 0x80:
                break
        if tag == _SPECIFIC:
            return data[position : position + size]
        if tag == _CONFIG and data[position] != _AAC:
            break
        position += _OWN_BYTES.get(tag, size)
    raise NotCopyable
