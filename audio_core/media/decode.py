"""Probe, decode, clip and encode recordings."""

# PyAV's packets are generic, and its own methods leave the parameter open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import array
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import av
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileContent
from audio_core.errors import InvalidAudio, UnsupportedFormat
from audio_core.media.demux import CHANNELS, RATES, Demuxer, get_channel_layout, open_demuxer
from audio_core.media.wav import parse_plain_wav

__all__ = ["ENCODERS", "Probe", "decode", "encode", "probe"]

ENCODERS = {"wav": "pcm_s16le", "mp3": "libmp3lame", "flac": "flac", "ogg": "libopus", "m4a": "aac"}
"""Formats that `encode` writes, with FFmpeg's names of their encoders."""
_MUXERS = {"m4a": "ipod"}
_BITRATES = {"mp3": 64_000, "ogg": 24_000, "m4a": 64_000}  # bits a second and channel: transparent for speech
_BATCH_SECONDS = 1.0  # converted at once
_MPEG_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# Hz that encoders take; WAV and FLAC take any. Opus always decodes at 48 kHz (RFC 6716).
_ENCODER_RATES = {"mp3": _MPEG_RATES, "m4a": (*_MPEG_RATES, 64_000, 88_200, 96_000), "ogg": (48_000,)}


@dataclass(frozen=True, slots=True)
class Probe:
    """The properties of a recording.

    Attributes:
        codec: FFmpeg's name of the codec.
        sample_rate: Hz.
        channels: number of channels.
        duration: seconds, counted packet by packet. For a clip, the time at which it ends, or at which the recording
            ends if that is earlier.
    """

    codec: str
    sample_rate: int
    channels: int
    duration: float


def probe(audio: Audio) -> Probe:
    """Read a recording's properties and duration without decoding it.

    The duration comes from the packets, or for a clip from a seek to its end where the format allows one.

    Raises:
        InvalidAudio: if the recording holds no audio, is damaged, or ends before its header says.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
        AudioTooLarge: if its packets last longer than `MAX_SECONDS`.

    Example:
        >>> probe(Audio.of("examples/audio/talk.ogg")).codec
        'opus'
    """
    if plain := _probe_plain_wav(audio):
        return plain
    with open_demuxer(audio) as demuxer:
        codec, end = demuxer.stream.codec_context, audio.end
        seconds = end if end is not None and demuxer.has_audio_at(end) else _count_seconds(demuxer, end)
        return Probe(codec.name, codec.sample_rate, codec.channels, round(max(0.0, seconds), 6))


def _count_seconds(demuxer: Demuxer, end: float | None) -> float:
    """Return the recording's duration in seconds, counted packet by packet, up to `end`."""
    clock = demuxer.create_clock()
    for packet in demuxer.read_packets():
        clock.advance(packet.pts, packet.duration or 0)
        if end is not None and clock.seconds >= end:
            return end
    if end is None:
        demuxer.check_header_length(clock.seconds)
    return clock.seconds


def _probe_plain_wav(audio: Audio) -> Probe | None:
    """Probe a WAV file of plain samples by its header alone: many times faster, and most uploads are such files."""
    if audio.detect_format().name != "wav":
        return None
    wav = parse_plain_wav(audio.open_content())
    if wav is None or wav.sample_rate not in RATES or wav.channels not in CHANNELS:
        return None
    seconds = wav.seconds if audio.end is None else min(wav.seconds, audio.end)
    return Probe(wav.codec, wav.sample_rate, wav.channels, round(seconds, 6))


def decode(audio: Audio, *, rate: int, channels: int = 1) -> Iterator[bytes]:
    """Decode a recording, or its clip, to 16-bit little-endian PCM, piece by piece.

    Args:
        audio: a recording that is not remote; its clip is cut to the sample.
        rate: the sample rate of the PCM, in Hz.
        channels: 1 (all channels mixed) or 2.

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
    with open_demuxer(audio) as demuxer:
        yield from _decode_clip(audio, demuxer, rate, channels)


def _decode_clip(audio: Audio, demuxer: Demuxer, rate: int, channels: int) -> Iterator[bytes]:
    start, block_bytes, is_empty = audio.start or 0.0, 2 * channels, True
    first, stop = round(start * rate), None if audio.end is None else round(audio.end * rate)
    for position, piece in _decode_timed(demuxer, _Resampler(rate, channels, audio.only_channel), start):
        low = max(0, first - position) * block_bytes
        high = len(piece) if stop is None else max(0, stop - position) * block_bytes
        if low < min(high, len(piece)):
            is_empty = False
            yield piece[low:high]
        if high < len(piece):
            return
    if is_empty:
        raise InvalidAudio(f"{audio.label} starts after the recording's end.")


def encode(audio: Audio, format: str, *, rate: int | None = None, channels: int | None = None) -> FileContent:
    """Encode a recording, or its clip, in another format into a nameless temporary file.

    Args:
        audio: a recording that is not remote.
        format: a key of `ENCODERS`.
        rate: the sample rate in Hz; the recording's own by default, and always 48 kHz for `"ogg"`.
        channels: 1 or 2; the recording's own by default, at most 2.

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
    with open_demuxer(audio) as demuxer:
        codec = demuxer.stream.codec_context
        is_one_channel = audio.only_channel is not None
        rate, channels = rate or codec.sample_rate, channels or (1 if is_one_channel else min(2, codec.channels))
        rate = _choose_rate(format, rate)
        pieces = _decode_clip(audio, demuxer, rate, channels)
        return FileContent.write_temporary(lambda file: _write(pieces, file, format, rate, channels))


def _choose_rate(format: str, rate: int) -> int:
    """Return the lowest sample rate that an encoder takes and that loses nothing, or the highest that it takes."""
    rates = _ENCODER_RATES.get(format, (rate,))
    return next((each for each in rates if each >= rate), rates[-1])


def _write(pieces: Iterable[bytes], file: BinaryIO, format: str, rate: int, channels: int) -> None:
    layout, position = get_channel_layout(channels), 0
    with av.open(file, "w", format=_MUXERS.get(format, format)) as container:
        stream = cast("AudioStream", container.add_stream(ENCODERS[format], rate=rate, layout=layout))
        if format in _BITRATES:
            stream.codec_context.bit_rate = _BITRATES[format] * channels
        for piece in pieces:
            frame = AudioFrame(format="s16", layout=layout, samples=len(piece) // (2 * channels), align=1)
            frame.planes[0].update(piece)
            frame.sample_rate, frame.pts = rate, position
            position += frame.samples
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _decode_timed(demuxer: Demuxer, resampler: _Resampler, start: float) -> Iterator[tuple[int, bytes]]:
    """Yield pieces of PCM, each with its position in output samples of the recording; gaps become silence."""
    position: int | None = None
    clock = demuxer.create_clock()
    for frame in demuxer.decode_frames(start):
        duration = frame.samples / frame.sample_rate
        is_discontinuous = clock.advance(frame.pts, duration / demuxer.time_base_seconds)
        frame_start = clock.seconds - duration
        if position is None:
            position = resampler.align(frame_start, frame.sample_rate, start)
        gap = round(frame_start * resampler.rate) - position
        for piece in _fill_gap(resampler, gap) if is_discontinuous else ():
            yield position, piece
            position += len(piece) // resampler.block_bytes
        if piece := resampler.feed(frame):
            yield position, piece
            position += len(piece) // resampler.block_bytes
    if position is not None:
        yield position, resampler.flush()
    demuxer.check_decoded(clock.seconds)


def _fill_gap(resampler: _Resampler, samples: int) -> Iterator[bytes]:
    """Yield what the resampler still holds, then silence until there are `samples` in all."""
    remainder = resampler.flush()
    yield remainder
    missing = samples - len(remainder) // resampler.block_bytes
    while missing > 0:  # second by second, as a forged timestamp may leave a gap of days
        yield bytes(min(missing, resampler.rate) * resampler.block_bytes)
        missing -= resampler.rate


class _Resampler:
    """A converter of frames of any sample rate and channel layout, even changing ones, to packed 16-bit PCM.

    Frames are collected and converted in batches: converting each by itself takes longer than decoding it.

    Args:
        rate: the sample rate of the PCM, in Hz.
        channels: 1 or 2.
        only_channel: the channel to select, counted from 0; None mixes them all.
    """

    def __init__(self, rate: int, channels: int, only_channel: int | None) -> None:
        self.rate, self.block_bytes = rate, 2 * channels
        self._layout, self._only_channel = get_channel_layout(channels), only_channel
        self._fifo, self._resampler = AudioFifo(), AudioResampler()
        self._shape: tuple[int, str, str] | None = None
        self._leading_samples = 0  # dropped before the first that is converted

    def align(self, seconds: float, rate: int, clip_start: float) -> int:
        """Choose the first sample to convert so that it coincides with one of the output.

        A clip then has exactly the samples that the whole recording has there.

        Args:
            seconds: time at which the first frame begins.
            rate: sample rate of the frames, in Hz.
            clip_start: time in seconds at which the clip begins; no sample after it is dropped.

        Returns:
            The position of that sample, in samples of the output.
        """
        first, step = round(seconds * rate), rate // math.gcd(rate, self.rate)
        self._leading_samples = -first % step if first + -first % step <= clip_start * rate else 0
        return round((first + self._leading_samples) * self.rate / rate)

    def feed(self, frame: AudioFrame) -> bytes:
        """Add a frame and return the PCM that is ready."""
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        ready = b"" if shape == self._shape else self._change_shape(shape)
        frame.pts = None  # the clock keeps the time, and the FIFO would reject timestamps that do not add up
        self._fifo.write(frame)
        if self._fifo.samples < _BATCH_SECONDS * frame.sample_rate:
            return ready
        self._drop_leading()
        return ready + self._convert(self._fifo.read())

    def flush(self) -> bytes:
        """Return the PCM of all that is held; the next frame starts afresh."""
        if self._shape is None:
            return b""
        self._shape = None
        self._drop_leading()
        batch = self._fifo.read()
        return (self._convert(batch) if batch else b"") + self._convert(None)

    def _change_shape(self, shape: tuple[int, str, str]) -> bytes:
        """Prepare for frames of another rate, layout or sample format; return the PCM left of those before."""
        remainder = self.flush()
        layout = self._layout if self._only_channel is None else shape[1]
        self._fifo, self._resampler, self._shape = AudioFifo(), AudioResampler("s16", layout, self.rate), shape
        return remainder

    def _drop_leading(self) -> None:
        if self._leading_samples:
            self._fifo.read(self._leading_samples, partial=True)
            self._leading_samples = 0

    def _convert(self, frame: AudioFrame | None) -> bytes:
        return b"".join(map(self._pack, self._resampler.resample(frame)))

    def _pack(self, frame: AudioFrame) -> bytes:
        if self._only_channel is None:
            return bytes(frame.planes[0])[: frame.samples * self.block_bytes]
        count = len(frame.layout.channels)
        if self._only_channel >= count:
            raise InvalidAudio(f"The recording has no channel {self._only_channel}; it has {count}, counted from 0.")
        samples = array.array("h", bytes(frame.planes[0])[: 2 * frame.samples * count])
        return samples[self._only_channel :: count].tobytes()
