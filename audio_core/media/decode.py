"""Decode, clip and encode recordings with FFmpeg, and count their packets."""

# PyAV's packets are generic, and its own methods leave the parameter open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileContent
from audio_core.errors import InvalidAudio, UnsupportedFormat
from audio_core.media.clock import GAP
from audio_core.media.demux import Demuxer, open_demuxer
from audio_core.media.encoder import ENCODERS, Encoder, choose_rate
from audio_core.media.properties import Probe
from audio_core.media.resample import Resampler

__all__ = ["ENCODERS", "Probe", "decode", "encode", "probe_packets"]


def probe_packets(audio: Audio) -> Probe:
    """Read a recording's properties and duration with FFmpeg, packet by packet. `probe` calls it where it must.

    Raises:
        AudioError: as `probe` does.
    """
    warnings = list[str]()
    with open_demuxer(audio, warnings) as demuxer:
        seconds, silence = _measure(demuxer, audio.end)
        codec, duration = demuxer.stream.codec_context, round(max(0.0, seconds), 6)
        is_heard = silence <= GAP and not demuxer.lost_time.is_made_up
        is_continuous = is_heard and demuxer.track_count == 1 and demuxer.is_bare
        return Probe(codec.name, codec.sample_rate, codec.channels, duration, is_continuous, tuple(warnings))


def _measure(demuxer: Demuxer, end: float | None) -> tuple[float, float]:
    """Return how long the recording is, up to `end`, and how much of it has no packets, in seconds."""
    if end is not None and demuxer.has_audio_at(end):
        return end, 0.0
    clock = demuxer.create_clock()
    for timestamp, ticks in demuxer.read_durations():
        clock.advance(timestamp, ticks)
        if end is not None and clock.seconds >= end:
            return end, clock.silence
    seconds = clock.seconds if end is not None else demuxer.inspection.check_length(clock.seconds)
    return seconds, clock.silence


def decode(audio: Audio, *, rate: int, channels: int = 1, warnings: list[str] | None = None) -> Iterator[bytes]:
    """Decode a recording, or its clip, to 16-bit little-endian PCM, piece by piece.

    Args:
        audio: a recording that is not remote; its clip is cut to the sample.
        rate: the sample rate of the PCM, in Hz.
        channels: 1 (all channels mixed) or 2.
        warnings: what a user must know about the recording is appended to this list.

    Yields:
        Pieces of whole samples. Memory does not grow with the recording's length.

    Raises:
        InvalidAudio: if nothing decodes, much is damaged, the file is cut short, or the clip starts after its end.
        UnsupportedFormat: if the codec, sample rate or channel count is not supported.
        AudioTooLarge: if it decodes to more than `MAX_SECONDS` or `MAX_DECODED_BYTES`.

    Example:
        >>> sum(len(piece) for piece in decode(Audio.of("examples/audio/talk.ogg", end=2), rate=16_000))
        64000
    """
    with open_demuxer(audio, warnings) as demuxer:
        yield from _decode_clip(audio, demuxer, rate, channels)


def _decode_clip(audio: Audio, demuxer: Demuxer, rate: int, channels: int) -> Iterator[bytes]:
    start, block_bytes, is_empty = audio.start or 0.0, 2 * channels, True
    first, stop = round(start * rate), None if audio.end is None else round(audio.end * rate)
    resampler = Resampler(rate, channels, audio.only_channel, demuxer.inspection.warnings)
    for position, piece in _decode_timed(demuxer, resampler, start):
        low = max(0, first - position) * block_bytes
        high = len(piece) if stop is None else max(0, stop - position) * block_bytes
        if low < min(high, len(piece)):
            is_empty = False
            yield piece[low:high]
        if high < len(piece):
            return
    if is_empty:
        reason = "starts after the recording's end" if start else "holds no samples"
        raise InvalidAudio(f"{audio.label} {reason}.")


def encode(
    audio: Audio,
    format: str,
    *,
    rate: int | None = None,
    channels: int | None = None,
    warnings: list[str] | None = None,
) -> FileContent:
    """Encode a recording, or its clip, in another format into a nameless temporary file.

    Args:
        audio: a recording that is not remote.
        format: a key of `ENCODERS`.
        rate: the sample rate in Hz; the recording's own by default, and always 48 kHz for `"ogg"`.
        channels: 1 or 2; by default 2 for a stereo recording, and 1 for any other, whose channels are mixed.
        warnings: what a user must know about the recording is appended to this list.

    Raises:
        UnsupportedFormat: if there is no encoder for the format, or as `decode` does.
        InvalidAudio: as `decode` does.
        AudioTooLarge: as `decode` does.

    Example:
        >>> encode(Audio.of("examples/audio/talk.ogg", end=2), "flac").read_at(0, 4)
        b'fLaC'
    """
    if format not in ENCODERS:
        raise UnsupportedFormat(f"{format!r} cannot be written; choose one of {', '.join(ENCODERS)}.")
    with open_demuxer(audio, warnings) as demuxer:
        codec = demuxer.stream.codec_context
        is_stereo = audio.only_channel is None and codec.channels == 2
        rate, channels = choose_rate(format, rate or codec.sample_rate), channels or (2 if is_stereo else 1)
        pieces = _decode_clip(audio, demuxer, rate, channels)
        return FileContent.write_temporary(lambda file: _write(pieces, file, format, rate, channels))


def _write(pieces: Iterable[bytes], file: BinaryIO, format: str, rate: int, channels: int) -> None:
    with Encoder(file, format, rate, channels) as encoder:
        for piece in pieces:
            encoder.write(piece)


def _decode_timed(demuxer: Demuxer, resampler: Resampler, start: float) -> Iterator[tuple[int, bytes]]:
    """Yield pieces of PCM, each with its position in output samples of the recording; gaps become silence."""
    position: int | None = None
    first = round(start * resampler.rate)
    clock, frame = demuxer.create_clock(), None
    for frame in demuxer.decode_frames(start, clock):
        duration, previous_end = frame.samples / frame.sample_rate, clock.seconds
        is_discontinuous = clock.advance(frame.pts, duration / demuxer.time_base_seconds)
        frame_start = clock.seconds - duration
        if position is None:
            position = min(first, resampler.align(frame_start, frame.sample_rate, start))
        elif is_discontinuous:
            demuxer.inspection.add_gap(previous_end, frame_start)
        gap = round(frame_start * resampler.rate) - position
        for piece in _fill_gap(resampler, gap) if is_discontinuous else ():
            yield position, piece
            position += len(piece) // resampler.block_bytes
        if piece := resampler.feed(frame, frame_start):
            yield position, piece
            position += len(piece) // resampler.block_bytes
    seconds = clock.seconds - (demuxer.inspection.measure_padding(frame) if frame else 0.0)
    if position is not None:
        remaining = max(0, math.ceil(seconds * resampler.rate) - position)
        yield position, resampler.flush()[: remaining * resampler.block_bytes]
    demuxer.inspection.check_decoded(seconds)


def _fill_gap(resampler: Resampler, samples: int) -> Iterator[bytes]:
    """Yield what the resampler still holds, then silence until there are `samples` in all."""
    remainder = resampler.flush()
    yield remainder
    missing = samples - len(remainder) // resampler.block_bytes
    while missing > 0:  # second by second, as a forged timestamp may leave a gap of days
        yield bytes(min(missing, resampler.rate) * resampler.block_bytes)
        missing -= resampler.rate
