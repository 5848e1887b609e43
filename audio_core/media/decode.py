"""Decode, cut and encode with PyAV. This is the only file that imports it.

Recordings come from anyone, so FFmpeg sees a nameless stream and a list of formats: a playlist would read other files and
URLs. Positions come from the packets, never from a header's duration; damaged packets become silence, so that time goes on.
"""

# PyAV's packets are generic, and its own methods leave the parameter open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias, cast

import av
import av.error
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet as _Packet

from audio_core.audio import Audio
from audio_core.content import FileContent
from audio_core.errors import AudioTooLarge, InvalidAudio, UnsupportedFormat
from audio_core.media.promise import id3_bytes, promised_wav_bytes, promises_mp3_frames
from audio_core.media.wav import plain_wav

Packet: TypeAlias = "_Packet[Any]"

__all__ = ["ENCODERS", "Probe", "encode", "pcm", "probe"]

MAX_SECONDS = 48 * 3600.0
"""A recording that decodes to more is refused while it is decoded."""
MAX_DECODED_BYTES = 64 * 2**30
"""Likewise for bytes at the recording's own rate and channels; a small file can hold both."""

_READABLE = "wav,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,aac,matroska,webm,aiff,caf,w64,au,asf,amr"
_SEEKABLE = {"wav", "aiff", "flac", "mov"}  # those whose index or frames hold true times
_ROUNDED = {"matroska"}  # time stamps in whole milliseconds: only counting from the start is exact
_RAW = {"pcm16": "s16le", "pcm24": "s24le"}
_RATES, _CHANNELS = range(4_000, 384_001), range(1, 65)
_HEAD_BYTES = 4096
_PREROLL = 1.0  # seconds decoded before a clip, so that codecs with a memory have settled
_GAP = 0.05  # seconds by which time stamps must jump ahead to mean that something is missing
_CUT_SHORT, _CUT_SHARE = 0.25, 0.001  # seconds, and share of it, by which a file may fall short of its promise
_DAMAGED_SHARE = 0.05  # of packets that may be lost before a recording counts as damaged

ENCODERS = {"wav": "pcm_s16le", "mp3": "libmp3lame", "flac": "flac", "ogg": "libopus", "m4a": "aac"}
"""Formats that `encode` writes, with FFmpeg's names of their encoders."""
_MUXERS = {"m4a": "ipod"}
_BIT_RATES = {"mp3": 64_000, "ogg": 24_000, "m4a": 64_000}  # bits a second and channel: transparent for speech
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
    """Read a recording's packets up to its clip's end, without decoding them, for what it holds and how long it is.

    Raises:
        InvalidAudio: if it holds no audio or ends before its header says.
        UnsupportedFormat: if its rate or channels are out of bounds.

    Example:
        >>> probe(Audio.of("examples/audio/talk.ogg")).codec
        'opus'
    """
    if plain := _plain(audio):
        return plain
    with _track(audio) as track:
        clock = _Clock(track)
        for packet in track.packets():
            clock.advance(packet.pts, packet.duration or 0)
            if audio.end is not None and clock.seconds >= audio.end:
                clock.seconds = audio.end
                break
        if audio.end is None:
            track.check_promise(clock.seconds)
        codec = track.stream.codec_context
        return Probe(codec.name, codec.sample_rate, codec.channels, round(max(0.0, clock.seconds), 6))


def _plain(audio: Audio) -> Probe | None:
    """The same from a header alone, where that says it all: many times faster, and most uploads are such."""
    if audio.sniffed().name != "wav":
        return None
    content = audio.open()
    found = plain_wav(content.read_at(0, _HEAD_BYTES), content.size)
    if found is None or found.sample_rate not in _RATES or found.channels not in _CHANNELS:
        return None
    seconds = found.seconds if audio.end is None else min(found.seconds, audio.end)
    return Probe(found.codec, found.sample_rate, found.channels, round(seconds, 6))


def pcm(audio: Audio, *, rate: int, channels: int = 1) -> Iterator[bytes]:
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
    begin, stop = round((audio.start or 0.0) * rate), None if audio.end is None else round(audio.end * rate)
    width, position, told = 2 * channels, 0, False
    with _track(audio) as track:
        for position, piece in _timed(track, _Resample(rate, channels, audio.only_channel), audio.start or 0.0):
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
    with _track(audio) as track:
        codec = track.stream.codec_context
        alone = audio.only_channel is not None
        rate, channels = rate or codec.sample_rate, channels or (1 if alone else min(2, codec.channels))
    rate = _OPUS_RATE if format == "ogg" else rate
    return FileContent.filled(lambda file: _write(audio, file, format, rate, channels))


def _write(audio: Audio, file: BinaryIO, format: str, rate: int, channels: int) -> None:
    layout, position = _layout(channels), 0
    with av.open(file, "w", format=_MUXERS.get(format, format)) as container:
        stream = cast("AudioStream", container.add_stream(ENCODERS[format], rate=rate, layout=layout))
        if format in _BIT_RATES:
            stream.codec_context.bit_rate = _BIT_RATES[format] * channels
        for piece in pcm(audio, rate=rate, channels=channels):
            frame = AudioFrame(format="s16", layout=layout, samples=len(piece) // (2 * channels), align=1)
            frame.planes[0].update(piece)
            frame.sample_rate, frame.pts = rate, position
            position += frame.samples
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _timed(track: _Track, resample: _Resample, start: float) -> Iterator[tuple[int, bytes]]:
    """Pieces of PCM with the position of each in samples of the recording; what is missing is filled with silence."""
    rate, width = resample.rate, resample.width
    position: int | None = None
    clock = _Clock(track)
    for frame in track.frames(start):
        clock.advance(frame.pts, _in_ticks(frame, track.tick))
        begin = round((clock.seconds - frame.samples / frame.sample_rate) * rate)
        position = begin if position is None else position
        while begin - position > _GAP * rate:
            missing = min(begin - position, rate)  # a forged time stamp may ask for days of silence
            yield position, bytes(missing * width)
            position += missing
        piece = resample(frame)
        yield position, piece
        position += len(piece) // width
    if position is not None and (rest := resample(None)):
        yield position, rest
    track.check_decoded(clock.seconds)


def _in_ticks(frame: AudioFrame, tick: float) -> float:
    return frame.samples / frame.sample_rate / tick


class _Clock:
    """Where in the recording we are: time stamps where they go ahead, and otherwise the sum of what was heard.

    Chained files start their time stamps anew, and damaged ones jump; both must not bend time.
    """

    def __init__(self, track: _Track) -> None:
        self._tick = track.tick
        self._origin = track.origin
        self.seconds: float = 0.0
        self._started = False

    def advance(self, stamp: int | None, ticks: float) -> None:
        begin = self.seconds if stamp is None else stamp * self._tick - self._origin
        if not self._started or begin - self.seconds > _GAP:
            self._started, self.seconds = True, begin
        self.seconds += ticks * self._tick
        if self.seconds > MAX_SECONDS:
            raise AudioTooLarge(f"The recording is longer than {MAX_SECONDS / 3600:.0f} hours; cut it with a clip.")


class _Resample:
    """Frames of any rate and layout to packed 16-bit PCM; a recording may change its rate midway.

    Args:
        rate: Hz.
        channels: 1 or 2.
        only: the channel that is meant, counted from 0; None mixes them all.
    """

    def __init__(self, rate: int, channels: int, only: int | None) -> None:
        self.rate, self.width = rate, 2 * channels
        self._layout, self._only = _layout(channels), only
        self._resampler: AudioResampler | None = None
        self._shape: tuple[int, str, str] | None = None

    def __call__(self, frame: AudioFrame | None) -> bytes:
        flushed = b""
        if frame is not None:
            shape = (frame.sample_rate, frame.layout.name, frame.format.name)
            if shape != self._shape:
                flushed = self._run(None)
                layout = self._layout if self._only is None else frame.layout.name
                self._resampler, self._shape = AudioResampler("s16", layout, self.rate), shape
        return flushed + self._run(frame)

    def _run(self, frame: AudioFrame | None) -> bytes:
        made = self._resampler.resample(frame) if self._resampler else []
        return b"".join(self._packed(out) for out in made)

    def _packed(self, frame: AudioFrame) -> bytes:
        if self._only is None:
            return bytes(frame.planes[0])[: frame.samples * self.width]
        count = len(frame.layout.channels)
        if self._only >= count:
            raise InvalidAudio(f"The recording has no channel {self._only}; it has {count}, counted from 0.")
        samples = array.array("h", bytes(frame.planes[0])[: 2 * frame.samples * count])
        return samples[self._only :: count].tobytes()


class _Track:
    """The audio stream of an open recording."""

    def __init__(self, audio: Audio, reader: BinaryIO, container: InputContainer) -> None:
        if not container.streams.audio:
            raise InvalidAudio(f"{audio.label} holds no audio track.")
        if container.streams.audio[0].codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise UnsupportedFormat(f"{audio.label} is in a codec that is not read here.")
        self.label = audio.label
        self.container = container
        self.stream: AudioStream = container.streams.audio[0]
        self.tick = float(self.stream.time_base or 0) or 1 / self.stream.codec_context.sample_rate
        self.origin = max(0, self.stream.start_time or 0) * self.tick  # below zero lies what the decoder drops
        self._clip_end = audio.end
        self._promise = _promise(reader, container, self.stream)
        self._packets = self._bad = self._bytes = 0
        self._skipped = False
        _check_shape(self.label, self.stream.codec_context)

    def packets(self) -> Iterator[Packet]:
        try:
            yield from (packet for packet in self.container.demux(self.stream) if packet.size)
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            raise InvalidAudio(f"{self.label} is damaged: its container cannot be read to the end.") from None

    def frames(self, start: float) -> Iterator[AudioFrame]:
        """Decoded frames from shortly before `start` to shortly behind the clip's end."""
        for packet in self._packets_from(start - _PREROLL):
            self._packets += 1
            yield from self._decoded(packet)
            if self._clip_end is not None and self._begin(packet) > self._clip_end + _PREROLL:
                self._promise = None
                return
        yield from self._decoded(None)

    def check_promise(self, seconds: float) -> None:
        """Raise if the recording ended well before its header said."""
        promised = self._promise
        if promised is not None and promised - seconds > _CUT_SHORT + _CUT_SHARE * promised:
            raise InvalidAudio(
                f"{self.label} is cut short: its header says {promised:.2f} s, but it ends after {seconds:.2f} s. "
                f"Fetch it again, or take what is there with Audio.of(..., end={max(0.1, seconds - 0.1):.1f})."
            )

    def check_decoded(self, seconds: float) -> None:
        """Raise if nothing was heard, too much of it was damaged, or it is cut short."""
        if not self._bytes and not self._bad and self._skipped:
            return  # the clip starts behind the end, which its reader says better
        if not self._bytes:
            raise InvalidAudio(f"{self.label} holds no audio that can be decoded: it is empty or damaged.")
        if self._bad > max(2, _DAMAGED_SHARE * self._packets):
            raise InvalidAudio(f"{self.label} is damaged: {self._bad} of its {self._packets} packets do not decode.")
        self.check_promise(seconds)

    def _packets_from(self, start: float) -> Iterator[Packet]:
        self._skipped = start > 0
        name = self.container.format.name.split(",")[0]
        if start <= 0 or name in _ROUNDED or (name in _SEEKABLE and self._jump(start)):
            return self.packets()
        return (packet for packet in self.packets() if self._begin(packet) >= start)

    def _jump(self, start: float) -> bool:
        try:
            self.container.seek(int((start + self.origin) / self.tick), stream=self.stream)
        except av.error.FFmpegError:  # behind the end of a file that was cut short: read on from here
            return False
        return True

    def _begin(self, packet: Packet) -> float:
        return 0.0 if packet.pts is None else packet.pts * self.tick - self.origin

    def _decoded(self, packet: Packet | None) -> list[AudioFrame]:
        try:
            frames = self.stream.codec_context.decode(packet)
        except av.error.FFmpegError:  # of any kind: damaged data was seen to give even 'Operation not permitted'
            self._bad += packet is not None
            return []
        self._bytes += sum(frame.samples * frame.format.bytes * len(frame.layout.channels) for frame in frames)
        if self._bytes > MAX_DECODED_BYTES:
            raise AudioTooLarge(
                f"{self.label} decodes to more than {MAX_DECODED_BYTES // 2**30} GiB; cut it with a clip."
            )
        return frames


@contextmanager
def _track(audio: Audio) -> Generator[_Track]:
    raw = _RAW.get(audio.sniffed().name)
    options = {"format_whitelist": raw or _READABLE, "protocol_whitelist": "pipe"}
    if raw:
        options |= {"sample_rate": str(audio.sample_rate), "ch_layout": _layout(audio.channels)}
    with audio.open().open() as reader:
        try:
            container = av.open(reader, "r", format=raw, options=options, metadata_errors="replace")
        except (av.error.FFmpegError, ValueError):
            raise InvalidAudio(f"{audio.label} is damaged: it starts like audio but cannot be read as any.") from None
        with container:
            yield _Track(audio, reader, container)


def _promise(reader: BinaryIO, container: InputContainer, stream: AudioStream) -> float | None:
    """Seconds that the header promises, or None where it only guesses."""
    name, here = container.format.name.split(",")[0], reader.tell()
    try:
        if name == "wav":
            promised = promised_wav_bytes(_head(reader, 0))
            return promised * 8 / stream.codec_context.bit_rate if promised and stream.codec_context.bit_rate else None
        if name == "mp3" and not promises_mp3_frames(_head(reader, id3_bytes(_head(reader, 0)))):
            return None
    finally:
        reader.seek(here)
    if name in ("aac", "amr", "s16le", "s24le", "asf", "au"):
        return None
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _head(reader: BinaryIO, position: int) -> bytes:
    reader.seek(position)
    return reader.read(_HEAD_BYTES)


def _check_shape(label: str, codec: AudioCodecContext) -> None:
    """Refuse rates and channel counts that only a forged header has: 1 Hz makes 1 MB of WAV last for days."""
    if codec.sample_rate not in _RATES or codec.channels not in _CHANNELS:
        raise UnsupportedFormat(
            f"{label} claims {codec.sample_rate} Hz and {codec.channels} channels; "
            f"{_RATES.start} to {_RATES.stop - 1} Hz and up to {_CHANNELS.stop - 1} channels are read."
        )


def _layout(channels: int) -> str:
    return {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")
