"""Tell how long the bytes of an MP3 or AAC file last that are no frames, such as a stretch that was overwritten.

FFmpeg leaves them out, or gives them in packets of any size, each of which counts as one frame: what follows would be
early. At a constant bit rate, bytes tell the time. Else they do not, and a warning says how early it may be. Tags
between files that were joined take no time.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from audio_core.audio.content import Content
from audio_core.audio.mpeg_frames import parse_adts_length, parse_mpeg_frame
from audio_core.audio.sniffing import measure_id3_tag
from audio_core.media.clock import GAP
from audio_core.media.packet_times import Packet

__all__ = ["LostTime"]

_FEWEST_FRAMES = 50  # of one bit rate, which prove that it is constant
_CONSTANT_SHARE = 0.99  # of frames; the first one of a file that was joined to another may count the others
_SAME_KIND = 3  # packets in a row: frames, and no noise that looks like one
_MOST_HELD = 500  # packets that are no frames
_LAYER_3 = 1  # as headers write it
_CHECKED = 50  # frames of AAC, the last of which is looked for in the file
_MOST_SEARCHED = 2**20  # bytes
_ADTS_KIND = bytes([0xFF, 0xFE, 0xFD, 0xC0])  # the bits of a header that all frames of a file have in common
_TAG = re.compile(
    rb"(?P<id3v2>ID3[\x02-\x04]\x00[\x00-\xF0][\x00-\x7F]{4})|TAG|APETAGEX|(?P<lyrics>LYRICSBEGIN.*?LYRICS(?:200|END))",
    re.DOTALL,
)
_ID3V1_BYTES, _ID3V1_EXTENSION_BYTES, _APE_HEADER_BYTES = 128, 227, 32
_HAS_APE_HEADER = 0x20  # in the last byte of the flags, of the header alone: its size counts what follows
_parse_frame = functools.lru_cache(1000)(parse_mpeg_frame)  # a file has few headers and many frames


class _Stretch(NamedTuple):
    """What a stretch of a file holds: bytes that are lost, seconds of whole frames, and where its last tag ends."""

    lost: int
    seconds: float
    end: int


class LostTime:
    """The time of bytes that are no frames.

    Args:
        content: the file.
        container: FFmpeg's name of the container. All but those of MP3 and AAC keep the times of their packets.
        time_base_seconds: seconds per unit of a timestamp.
        warnings: what a user must know about the recording is appended to this list.

    Attributes:
        is_made_up: whether time was lost and is counted nevertheless.
    """

    def __init__(self, content: Content, container: str, time_base_seconds: float, warnings: list[str]) -> None:
        self._content, self._container, self._time_base_seconds = content, container, time_base_seconds
        self._warnings, self._warning = warnings, ""
        self._kind: bytes | None = None
        self._byte_rates = Counter[int]()
        self._frames = self._bytes = self._ticks = self._shift = self._drift = self._tag_end = self._place = 0
        self._lost_bytes, self._early_seconds = 0, 0.0
        self.is_made_up = False

    def restamp(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        """Yield packets, and correct the times of those that are no frames and of those that follow them."""
        if self._container not in ("mp3", "aac"):
            yield from packets
            return
        held, kinds = list[Packet](), list[bytes | None]()
        for packet in packets:
            kind = self._read_kind(packet)
            if kind is not None and kind == self._kind and not held:  # as nearly all are
                yield self._pass_on(packet)
                continue
            held.append(packet)
            kinds.append(kind)
            count = self._count_frames(kinds)
            if count or len(held) >= _MOST_HELD:
                yield from self._correct(held[: len(held) - count], held[len(held) - count :])
                held, kinds = [], []
        yield from self._correct([], held)

    def _read_kind(self, packet: Packet) -> bytes | None:
        """Return what all frames of a file have in common; None if a packet is no frame."""
        head = bytes(memoryview(packet)[:7])
        if self._container == "mp3":
            return _read_layer(head, packet.size)
        is_frame = head[:1] == b"\xff" and parse_adts_length(head) == packet.size
        return bytes(byte & mask for byte, mask in zip(head, _ADTS_KIND, strict=False)) if is_frame else None

    def _count_frames(self, kinds: Sequence[bytes | None]) -> int:
        """Return how many of the last packets are known to be frames."""
        kind = kinds[-1]
        if kind is None or kinds[-_SAME_KIND:] != [kind] * _SAME_KIND:
            return 0
        self._kind = kind
        return _SAME_KIND

    def _correct(self, others: Sequence[Packet], frames: Sequence[Packet]) -> Iterator[Packet]:
        if others and self._ticks:
            yield from self._replace_time(others, frames)
        else:
            yield from map(self._move, others)
        yield from map(self._pass_on, frames)

    def _pass_on(self, frame: Packet) -> Packet:
        parsed = _parse_frame(bytes(memoryview(frame)[:4])) if self._container == "mp3" else None
        self._byte_rates[parsed.byte_rate if parsed else 0] += 1
        self._frames += 1
        self._bytes += frame.size
        self._ticks += frame.duration or 0
        if self._container == "aac" and self._frames % _CHECKED == 0:
            self._check_place(frame)
        return self._move(frame)

    def _move(self, packet: Packet) -> Packet:
        if packet.pts is not None and self._shift:
            packet.pts += self._shift
        return packet

    def _check_place(self, frame: Packet) -> None:
        """Find out whether FFmpeg has left out bytes before a frame of AAC without a trace, such as zeros."""
        start = (frame.pos or 0) + self._drift
        skipped = self._find_frame(bytes(frame), start, 0)
        if skipped:
            self._drift += skipped
            data = self._content.read_at(self._place, max(0, start + skipped - self._place))
            tags = len(data) - _measure_bytes(data, 0).lost
            self._warn(skipped - tags, (skipped - tags) * self._ticks / self._bytes)
        self._place = start + (skipped or 0)

    def _replace_time(self, others: Sequence[Packet], frames: Sequence[Packet]) -> Iterator[Packet]:
        """Yield packets that are no frames, which last as long as their bytes."""
        found, stated = self._measure(others, frames), sum(other.duration or 0 for other in others)
        byte_rate = self._find_byte_rate()
        ticks = found.seconds / self._time_base_seconds
        if found.lost and byte_rate is None:
            self._warn(found.lost, ticks + found.lost * self._ticks / self._bytes - stated)
            yield from map(self._move, others)
            return
        longer = round(ticks + found.lost / (byte_rate or 1) / self._time_base_seconds) - stated
        self.is_made_up |= longer * self._time_base_seconds > GAP
        yield from map(self._move, _extend(others, longer))
        self._shift += longer

    def _find_byte_rate(self) -> int | None:
        """Return how many bytes a second has; None if that varies."""
        (rate, count), *_ = self._byte_rates.most_common(1)
        is_constant = count >= max(_FEWEST_FRAMES, _CONSTANT_SHARE * self._byte_rates.total())
        return rate if rate and is_constant else None

    def _measure(self, others: Sequence[Packet], frames: Sequence[Packet]) -> _Stretch:
        """Measure what there is from the first packet to the frame that follows."""
        start = (others[0].pos or 0) + self._drift
        data = b"".join(map(bytes, others))
        if frames and (size := self._find_frame(bytes(frames[0]), start, len(data))) is not None:
            self._drift += size - len(data)
            data = self._content.read_at(start, size)
        found = _measure_bytes(data, max(0, self._tag_end - start))
        self._tag_end, self._place = start + found.end, start + len(data)
        return found

    def _find_frame(self, frame: bytes, start: int, least: int) -> int | None:
        """Return how many bytes behind a position a frame is, as FFmpeg leaves out some of AAC; None if too many."""
        searched = 2 * least + len(frame)
        while searched <= _MOST_SEARCHED:
            data = self._content.read_at(start, searched)
            if (size := data.find(frame, least)) >= 0:
                return size
            searched = 4 * searched if len(data) == searched else _MOST_SEARCHED + 1
        return None

    def _warn(self, lost: int, ticks: float) -> None:
        """Tell how early the recording is from here on, in all."""
        self._lost_bytes += lost
        self._early_seconds += ticks * self._time_base_seconds
        if self._warning in self._warnings:
            self._warnings.remove(self._warning)
        if self._early_seconds <= GAP:
            return
        self._warning = (
            f"{self._lost_bytes:,} bytes in it are damaged, and its bit rate varies, so the time that they stood for is "
            f"not known: what follows may be early by about {self._early_seconds:.1f} s."
        )
        self._warnings.append(self._warning)


def _read_layer(head: bytes, size: int) -> bytes | None:
    """Return the layer of a frame of MPEG audio, as a byte; None if a packet of that size is no frame."""
    layer = head[1] >> 1 & 3 if len(head) > 1 else 0
    if layer == _LAYER_3:
        frame = _parse_frame(head[:4])
        return bytes([layer]) if frame is not None and size <= frame.length else None
    return bytes([layer]) if layer and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 else None


def _extend(packets: Sequence[Packet], ticks: int) -> Iterator[Packet]:
    """Yield packets that last longer in all, by so many units of the time base, or shorter if that is negative."""
    first, *others = (packet.duration or 0 for packet in packets)
    rest = others if ticks >= 0 else [0] * len(others)
    position = packets[0].pts
    for packet, duration in zip(packets, (first + sum(others) + ticks - sum(rest), *rest), strict=True):
        packet.duration = duration
        if position is not None:
            packet.pts = position
            position += duration
        yield packet


def _measure_bytes(data: bytes, position: int) -> _Stretch:
    """Measure what is between tags, as where files were joined, and zeros before them, which are no damage.

    FFmpeg gives the frame behind a tag along with it.
    """
    lost, seconds = 0, 0.0
    while position < len(data):
        while (frame := _parse_frame(data[position : position + 4])) and position + frame.length <= len(data):
            position += frame.length
            seconds += frame.samples / frame.sample_rate
        tag = _TAG.search(data, position)
        if tag is None:
            return _Stretch(lost + len(data) - position, seconds, len(data))
        lost += len(data[position : tag.start()].rstrip(b"\0"))
        position = tag.start() + _measure_tag(tag, data[tag.start() : tag.start() + _APE_HEADER_BYTES])
    return _Stretch(lost, seconds, position)


def _measure_tag(tag: re.Match[bytes], head: bytes) -> int:
    """Return how many bytes a tag has that begins so."""
    if tag["id3v2"]:
        return measure_id3_tag(head)
    if tag["lyrics"]:
        return len(tag[0])
    if head.startswith(b"TAG"):
        return _ID3V1_EXTENSION_BYTES if head.startswith(b"TAG+") else _ID3V1_BYTES
    rest = int.from_bytes(head[12:16], "little") if head[23:24] and head[23] & _HAS_APE_HEADER else 0
    return _APE_HEADER_BYTES + rest
