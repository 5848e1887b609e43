"""Choose the audio track of an open container, and read what its header says about it."""

# PyAV's packets are generic, and its own methods leave the parameter open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
import itertools
from statistics import median
from typing import cast

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.errors import InvalidAudio, UnsupportedFormat
from audio_core.media.completeness import has_header_length
from audio_core.media.properties import CHANNELS, RATES

__all__ = ["check_stream", "choose_track", "find_first_frame", "is_alone", "read_header_length"]

_LEAD_PACKETS = 50  # that a decoder may need before its first frame
_ONE_FRAME_PACKETS = ("aac", "mp3", "mp3float")  # codecs each of whose packets holds one frame
_CHECKED_PACKETS = 100
_MOST_STRETCHED = 2.2  # times that a packet may last its frame: HE-AAC may state half of its sample rate


def choose_track(audio: Audio, container: InputContainer, warnings: list[str]) -> AudioStream:
    """Return the track that the user chose, or the one that players choose: that with the default flag, else the first.

    Args:
        audio: the recording.
        container: its container.
        warnings: gets a message if the user chose none of several.

    Raises:
        InvalidAudio: if there is no audio track, or not the one that was chosen.
        UnsupportedFormat: if its codec is not supported.
    """
    tracks = container.streams.audio
    if not tracks:
        raise InvalidAudio(f"{audio.label} holds no audio track.")
    is_default = [bool(track.disposition & Disposition.default) for track in tracks]
    number = audio.track if audio.track is not None else is_default.index(True) if any(is_default) else 0
    if number >= len(tracks):
        raise InvalidAudio(f"{audio.label} has no audio track {number}; it has {len(tracks)}, counted from 0.")
    if tracks[number].codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise UnsupportedFormat(f"{audio.label} uses a codec that cannot be decoded here.")
    if len(tracks) > 1 and audio.track is None:
        warnings.append(
            f"Only audio track {number} of its {len(tracks)} (counted from 0) was used. "
            "Audio.of(...).select_track(number) chooses another."
        )
    return tracks[number]


def is_alone(stream: AudioStream, container: InputContainer) -> bool:
    """Tell whether a container holds no other stream that takes time: a cover picture does not."""
    timed = [other for other in container.streams if other.type in ("audio", "video") and not _is_cover(other)]
    return timed == [stream]


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def find_first_frame(container: InputContainer, index: int) -> tuple[int | None, int | None]:
    """Return the timestamp of the first frame that the decoder of a stream gives, and the position of its first packet.

    They are in units of the stream's time base and in bytes; None if they cannot be told.
    """
    stream, position = cast("AudioStream", container.streams[index]), None
    with contextlib.suppress(av.error.FFmpegError):
        for packet in itertools.islice(container.demux(stream), _LEAD_PACKETS):
            position = packet.pos if position is None else position
            with contextlib.suppress(av.error.FFmpegError):
                if frames := stream.codec_context.decode(packet):
                    return frames[0].pts, position
    return None, position


def read_header_length(content: Content, container: InputContainer, stream: AudioStream) -> float | None:
    """Return how many seconds the header says the recording lasts; None if it does not say, or FFmpeg only guesses."""
    if not has_header_length(content, container.format.name.split(",")[0]):
        return None
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    is_audio_alone = is_alone(stream, container)  # else it may be the length of the video
    return container.duration / av.time_base if container.duration and is_audio_alone else None


def check_stream(label: str, container: str, stream: AudioStream) -> None:
    """Check that a stream's sample rate and channel count are supported, and that its time scale can be right.

    Args:
        label: the recording's name in messages.
        container: FFmpeg's name of the container.
        stream: the stream.

    Raises:
        UnsupportedFormat: if the rate or the count is not supported.
        InvalidAudio: if the time scale cannot be right.
    """
    codec = stream.codec_context
    if codec.sample_rate not in RATES or codec.channels not in CHANNELS:
        raise UnsupportedFormat(
            f"{label} claims {codec.sample_rate} Hz and {codec.channels} channels; "
            f"{RATES.start} to {RATES.stop - 1} Hz and up to {CHANNELS.stop - 1} channels are supported."
        )
    if container == "mov" and codec.name in _ONE_FRAME_PACKETS and codec.frame_size:
        _check_time_scale(label, stream)


def _check_time_scale(label: str, stream: AudioStream) -> None:
    """Check the time scale of an MP4 file, by which its packets should last as long as the frames that they hold."""
    timestamps = [entry.timestamp for entry in itertools.islice(stream.index_entries, _CHECKED_PACKETS)]
    steps = [after - before for before, after in itertools.pairwise(timestamps)]
    stated = median(steps or [0]) * float(stream.time_base or 0)
    held = stream.codec_context.frame_size / stream.codec_context.sample_rate
    if stated > 0 and not held / _MOST_STRETCHED < stated < held * _MOST_STRETCHED:
        raise InvalidAudio(
            f"{label} is damaged: its time scale is wrong. By it, each packet lasts {stated:.4g} s, "
            f"but holds {held:.4g} s of sound."
        )
