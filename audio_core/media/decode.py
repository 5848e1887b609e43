"""Probe, decode, cut and encode recordings."""

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
_ENOUGH = 1.0  # seconds that are converted at once
_OPUS_RATE = 48_000  # RFC 6716: Opus always decodes at 48 kHz


@dataclass(frozen=True, slots=True)
class Probe:
    """What is inside a recording.

    Attributes:
        codec: FFmpeg's name of the codec.
        sample_rate: Hz.
        channels: how many.
        duration: seconds, counted packet by packet; of a clip, where it ends or, if that is sooner, where the recording does.
    """

    codec: str
    sample_rate: int
    channels: int
    duration: float


def probe(audio: Audio) -> Probe:
    """Find out what a recording holds and how long it is, without decoding it: by its packets, or a jump to its clip's end.

    Raises:
        InvalidAudio: if it holds no audio or ends before its header says.
        UnsupportedFormat: if its rate or channels are out of bounds.

    Example:
        >>> probe(Audio.of("examples/audio/talk.ogg")).codec
        'opus'
    """
    if plain := _probe_plain_wav(audio):
        return plain
    with open_demuxer(audio) as track:
        codec, end = track.stream.codec_context, audio.end
        seconds = end if end is not None and track.has_audio_at(end) else _count_seconds(track, end)
        return Probe(codec.name, codec.sample_rate, codec.channels, round(max(0.0, seconds), 6))


def _count_seconds(track: Demuxer, end: float | None) -> float:
    """How long a recording is, packet by packet, up to `end`."""
    clock = track.create_clock()
    for packet in track.read_packets():
        clock.advance(packet.pts, packet.duration or 0)
        if end is not None and clock.seconds >= end:
            return end
    if end is None:
        track.check_header_length(clock.seconds)
    return clock.seconds


def _probe_plain_wav(audio: Audio) -> Probe | None:
    """The same from a header alone, where that says it all: many times faster, and most uploads are such."""
    if audio.detect_format().name != "wav":
        return None
    found = parse_plain_wav(audio.open_content())
    if found is None or found.sample_rate not in RATES or found.channels not in CHANNELS:
        return None
    seconds = found.seconds if audio.end is None else min(found.seconds, audio.end)
    return Probe(found.codec, found.sample_rate, found.channels, round(seconds, 6))


def decode(audio: Audio, *, rate: int, channels: int = 1) -> Iterator[bytes]:
    """Decode a recording, or its clip, to 16-bit little-endian PCM, a little at a time.

    Args:
        audio: a recording that is not remote; its clip is cut to the sample.
        rate: the sample rate wanted, in Hz.
        channels: 1 (mixed down) or 2.

    Yields:
        Pieces of whole samples; memory does not grow with the recording's length.

    Raises:
        InvalidAudio: if nothing decodes, much is damaged, the file is cut short, or the clip lies behind its end.
        AudioTooLarge: if it decodes to more than `MAX_SECONDS` or `MAX_DECODED_BYTES`.
    """
    with open_demuxer(audio) as track:
        yield from _cut(audio, track, rate, channels)


def _cut(audio: Audio, track: Demuxer, rate: int, channels: int) -> Iterator[bytes]:
    begin, stop = round((audio.start or 0.0) * rate), None if audio.end is None else round(audio.end * rate)
    width, position, told = 2 * channels, 0, False
    for position, piece in _decode_timed(track, _Resampler(rate, channels, audio.only_channel), audio.start or 0.0):
        low = max(0, begin - position) * width
        high = len(piece) if stop is None else max(0, stop - position) * width
        if low < min(high, len(piece)):
            told = True
            yield piece[low:high]
        if high < len(piece):
            return
    if not told:
        raise InvalidAudio(f"{audio.label} starts behind the recording's end.")


def encode(audio: Audio, format: str, *, rate: int | None = None, channels: int | None = None) -> FileContent:
    """Write a recording, or its clip, in another format, into a nameless temporary file.

    Args:
        audio: a recording that is not remote.
        format: a key of `ENCODERS`.
        rate: Hz; the recording's own by default.
        channels: 1 or 2; the recording's own by default, at most 2.

    Raises:
        UnsupportedFormat: if there is no encoder for the format.
        InvalidAudio: as `pcm` does.
    """
    if format not in ENCODERS:
        raise UnsupportedFormat(f"{format!r} is not written here; choose one of {', '.join(ENCODERS)}.")
    with open_demuxer(audio) as track:
        codec = track.stream.codec_context
        alone = audio.only_channel is not None
        rate, channels = rate or codec.sample_rate, channels or (1 if alone else min(2, codec.channels))
        rate = _OPUS_RATE if format == "ogg" else rate
        pieces = _cut(audio, track, rate, channels)
        return FileContent.write_temporary(lambda file: _write(pieces, file, format, rate, channels))


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


def _decode_timed(track: Demuxer, resample: _Resampler, start: float) -> Iterator[tuple[int, bytes]]:
    """Pieces of PCM with the position of each in samples of the recording; what is missing is filled with silence."""
    rate, width = resample.rate, resample.width
    position: int | None = None
    clock = track.create_clock()
    for frame in track.decode_frames(start):
        seconds = frame.samples / frame.sample_rate
        jumps = clock.advance(frame.pts, seconds / track.tick)
        begin = clock.seconds - seconds
        if position is None:
            position = resample.align(begin, frame.sample_rate, start)
        for piece in _fill_gap(resample, round(begin * rate) - position) if jumps else ():
            yield position, piece
            position += len(piece) // width
        if piece := resample.feed(frame):
            yield position, piece
            position += len(piece) // width
    if position is not None:
        yield position, resample.flush()
    track.check_decoded(clock.seconds)


def _fill_gap(resample: _Resampler, samples: int) -> Iterator[bytes]:
    """What the resampler still holds, and silence up to so many samples from here."""
    held = resample.flush()
    yield held
    missing = samples - len(held) // resample.width
    while missing > 0:  # a forged time stamp may ask for days
        yield bytes(min(missing, resample.rate) * resample.width)
        missing -= resample.rate


class _Resampler:
    """Frames of any rate and layout to packed 16-bit PCM; a recording may change its rate midway.

    Frames wait until there is enough to do: converting each by itself takes longer than decoding it.

    Args:
        rate: Hz.
        channels: 1 or 2.
        only: the channel that is meant, counted from 0; None mixes them all.
    """

    def __init__(self, rate: int, channels: int, only: int | None) -> None:
        self.rate, self.width = rate, 2 * channels
        self._layout, self._only = get_channel_layout(channels), only
        self._waiting, self._resampler = AudioFifo(), AudioResampler()
        self._shape: tuple[int, str, str] | None = None
        self._unwanted = 0  # samples before the first that is converted

    def align(self, seconds: float, rate: int, wanted: float) -> int:
        """Begin with a sample whose place is one of the output too, so that a clip has the very samples of the whole.

        Args:
            seconds: where the first frame begins.
            rate: of the frames, in Hz.
            wanted: where the clip begins, in seconds; nothing behind it is left out.

        Returns:
            The place, in samples of the output.
        """
        at, step = round(seconds * rate), rate // math.gcd(rate, self.rate)
        self._unwanted = -at % step if at + -at % step <= wanted * rate else 0
        return round((at + self._unwanted) * self.rate / rate)

    def feed(self, frame: AudioFrame) -> bytes:
        """Take a frame in; what is ready."""
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        ready = b"" if shape == self._shape else self._begin(shape)
        frame.pts = None  # the clock knows better, and the queue would insist on it
        self._waiting.write(frame)
        if self._waiting.samples < _ENOUGH * frame.sample_rate:
            return ready
        self._drop_leading()
        return ready + self._run(self._waiting.read())

    def flush(self) -> bytes:
        """All that is held; the next frame starts anew."""
        if self._shape is None:
            return b""
        self._shape = None
        self._drop_leading()
        waiting = self._waiting.read()
        return (self._run(waiting) if waiting else b"") + self._run(None)

    def _begin(self, shape: tuple[int, str, str]) -> bytes:
        """Get ready for frames of another shape; what those before had left."""
        left = self.flush()
        layout = self._layout if self._only is None else shape[1]
        self._waiting, self._resampler, self._shape = AudioFifo(), AudioResampler("s16", layout, self.rate), shape
        return left

    def _drop_leading(self) -> None:
        if self._unwanted:
            self._waiting.read(self._unwanted, partial=True)
            self._unwanted = 0

    def _run(self, frame: AudioFrame | None) -> bytes:
        return b"".join(map(self._pack, self._resampler.resample(frame)))

    def _pack(self, frame: AudioFrame) -> bytes:
        if self._only is None:
            return bytes(frame.planes[0])[: frame.samples * self.width]
        count = len(frame.layout.channels)
        if self._only >= count:
            raise InvalidAudio(f"The recording has no channel {self._only}; it has {count}, counted from 0.")
        samples = array.array("h", bytes(frame.planes[0])[: 2 * frame.samples * count])
        return samples[self._only :: count].tobytes()
