"""Tell how long packets are, and where the timestamps of frames begin to be true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet as _Packet

from audio_core.media.flac import parse_frame_samples

Packet: TypeAlias = "_Packet[Any]"  # PyAV's are generic

__all__ = ["Packet", "count_ticks", "get_duration", "skip_to_true_timestamp"]

_ROUNDING = 1  # unit of the time base
_LONGEST_PACKET = 2**31  # units of the time base; a longer one is an overflow


def get_duration(packet: Packet, following: Packet | None = None) -> float:
    """Return the duration that a packet states, in units of the time base.

    Args:
        packet: the packet.
        following: the next one. If it begins as soon as rounding allows, the packet lasts until there: Matroska cuts
            each duration to milliseconds, which adds up.
    """
    duration = packet.duration or 0
    if following is not None and packet.pts is not None and following.pts is not None:
        distance = following.pts - packet.pts
        duration = distance if abs(distance - duration) <= _ROUNDING else duration
    return duration if duration < _LONGEST_PACKET else 0


def count_ticks(packet: Packet, stream: AudioStream, usual: float | None) -> float:
    """Return the exact duration of a packet, in units of the time base.

    Args:
        packet: the packet.
        stream: its stream.
        usual: the duration of the others, where the container does not state it exactly.
    """
    codec = stream.codec_context
    if codec.name == "flac":
        return parse_frame_samples(bytes(packet)) / codec.sample_rate / float(stream.time_base or 1)
    return get_duration(packet) if usual is None or codec.name == "opus" else usual


def skip_to_true_timestamp(frames: Iterable[AudioFrame], time_base_seconds: float) -> Iterator[AudioFrame]:
    """Skip frames until one begins where the one before it ended.

    FFmpeg's timestamps of Vorbis are late by half a block (8 ms at 16 kHz) wherever long blocks change to short ones.

    Args:
        frames: of Vorbis.
        time_base_seconds: seconds per unit of a timestamp.
    """
    expected: float | None = None
    frames = iter(frames)
    for frame in frames:
        if expected is not None and frame.pts is not None and abs(frame.pts - expected) < 1:
            yield frame
            break
        expected = None if frame.pts is None else frame.pts + frame.samples / frame.sample_rate / time_base_seconds
    yield from frames
