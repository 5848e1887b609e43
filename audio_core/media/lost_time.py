"""Tell how long the bytes of an MP3 or AAC file last that are no frames, such as a stretch that was overwritten.

FFmpeg leaves them out, or gives them in packets of any size, each of which counts as one frame: what follows would be
early. At a constant bit rate, bytes tell the time. Else they do not, and a warning says how early it may be.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from audio_core.audio.content import Content
from audio_core.audio.mpeg_frames import parse_adts_length, parse_mpeg_frame
from audio_core.audio.sniffing import measure_id3_tag
from audio_core.media.clock import GAP
from audio_core.media.packet_times import Packet

__all__ = ["LostTime"]

_FEWEST_FRAMES = 50  # of one bit rate, which prove that it is constant
_CONSTANT_SHARE = 0.99  # of frames; the first one of a file that was joined to another may count the others
_SAME_KIND = 3  # packets in a row: a file that was joined to another, and no chance
_MOST_HELD = 100  # packets that are no frames
_MOST_SEARCHED = 2**20  # bytes
_ADTS_KIND = bytes([0xFF, 0xFF, 0xFF, 0xF0])  # the bits of a header that all frames of a file have in common
_ID3V1_BYTES, _APE_HEADER_BYTES = 128, 32
_parse_frame = functools.lru_cache(1000)(parse_mpeg_frame)  # a file has few headers and many frames


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
        self._bytes = self._ticks = self._shift = self._drift = self._tag_end = 0
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
            frame = _parse_frame(head[:4])
            return b"" if frame is not None and packet.size <= frame.length else None
        is_frame = head[:1] == b"\xff" and parse_adts_length(head) == packet.size
        return bytes(byte & mask for byte, mask in zip(head, _ADTS_KIND, strict=False)) if is_frame else None

    def _count_frames(self, kinds: Sequence[bytes | None]) -> int:
        """Return how many of the last packets are known to be frames."""
        kind = kinds[-1]
        if kind is not None and kind == (self._kind if self._kind is not None else kind):
            self._kind = kind
            return 1
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
        self._bytes += frame.size
        self._ticks += frame.duration or 0
        return self._move(frame)

    def _move(self, packet: Packet) -> Packet:
        if packet.pts is not None and self._shift:
            packet.pts += self._shift
        return packet

    def _replace_time(self, others: Sequence[Packet], frames: Sequence[Packet]) -> Iterator[Packet]:
        """Yield packets that are no frames, of which the first lasts as long as the bytes of all."""
        lost, stated = self._count_lost(others, frames), sum(other.duration or 0 for other in others)
        byte_rate = self._find_byte_rate()
        if byte_rate is None:
            self._warn(lost, lost * self._ticks / self._bytes - stated)
            yield from map(self._move, others)
            return
        ticks = round(lost / byte_rate / self._time_base_seconds)
        self.is_made_up |= (ticks - stated) * self._time_base_seconds > GAP
        for index, other in enumerate(map(self._move, others)):
            other.duration, passed = (ticks, 0) if index == 0 else (0, ticks)
            if others[0].pts is not None:
                other.pts = others[0].pts + passed
            yield other
        self._shift += ticks - stated

    def _find_byte_rate(self) -> int | None:
        """Return how many bytes a second has; None if that varies."""
        (rate, count), *_ = self._byte_rates.most_common(1)
        is_constant = count >= max(_FEWEST_FRAMES, _CONSTANT_SHARE * self._byte_rates.total())
        return rate if rate and is_constant else None

    def _count_lost(self, others: Sequence[Packet], frames: Sequence[Packet]) -> int:
        """Return how many bytes there are from the first packet to the frame that follows, without tags."""
        start = (others[0].pos or 0) + self._drift
        data = b"".join(map(bytes, others))
        if frames and (size := self._find_frame(bytes(frames[0]), start, len(data))) is not None:
            self._drift += size - len(data)
            data = self._content.read_at(start, size)
        end = _skip_tags(data, max(0, self._tag_end - start))
        self._tag_end = start + end
        return max(0, len(data) - end)

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
        self._early_seconds += max(0.0, ticks * self._time_base_seconds)
        if self._early_seconds <= GAP:
            return
        if self._warning in self._warnings:
            self._warnings.remove(self._warning)
        self._warning = (
            f"{self._lost_bytes:,} bytes in it are damaged, and its bit rate varies, so the time that they stood for is not known: "
            f"what follows may be early by about {self._early_seconds:.1f} s."
        )
        self._warnings.append(self._warning)


def _skip_tags(data: bytes, position: int) -> int:
    """Return where the tags end that begin at a position, as where files were joined: ID3v2, ID3v1 or APEv2."""
    while position < len(data):
        head = data[position : position + _APE_HEADER_BYTES]
        size = measure_id3_tag(head)
        if head.startswith(b"TAG"):
            size = _ID3V1_BYTES
        elif head.startswith(b"APETAGEX"):
            size = _APE_HEADER_BYTES + int.from_bytes(head[12:16], "little")
        if not size:
            break
        position += size
    return position
