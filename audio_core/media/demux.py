"""The audio track of an open recording: its packets and frames, from the beginning or by a jump.

Recordings come from anyone, so FFmpeg sees a nameless stream and a list of formats: a playlist would read other files and
URLs. Positions come from the packets, never from a header's duration; damaged packets become silence, so that time goes on.
"""

# PyAV's packets are generic, and its own methods leave the parameter open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import av
import av.error
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet as _Packet

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.errors import AudioTooLarge, InvalidAudio, UnsupportedFormat
from audio_core.media.clock import Clock
from audio_core.media.mp3 import has_frame_count, measure_id3_tag
from audio_core.media.ogg import is_one_stream_until
from audio_core.media.wav import parse_wav_header

Packet: TypeAlias = "_Packet[Any]"

__all__ = ["CHANNELS", "RATES", "Demuxer", "get_channel_layout", "open_demuxer"]

MAX_DECODED_BYTES = 64 * 2**30
"""A recording that decodes to more at its own rate and channels is refused while it is decoded; a small file can hold it."""
RATES, CHANNELS = range(4_000, 384_001), range(1, 65)
"""What is read; only a forged header has others: 1 Hz makes 1 MB of WAV last for days."""
_HEAD_BYTES = 4096

_READABLE = "wav,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,aac,matroska,webm,aiff,caf,w64,au,asf,amr"
_INDEXED = {"wav", "aiff", "flac", "mov"}  # index or frames hold true times
_COUNTED = {"mp3", "aac"}  # FFmpeg finds a place by counting frames from the beginning, which is exact
_HEARD_OUT = {"matroska", "ogg"}  # stamps in whole milliseconds, or of several streams: only counting is exact
_UNTIMED = {"aac", "amr", "s16le", "s24le", "asf", "au"}  # their headers do not know the length
_RAW = {"pcm16": "s16le", "pcm24": "s24le"}
_OF_WAV = {"max_size": "65536", "probesize": "65536"}  # with its packets of 4 KiB, FFmpeg takes seven times as long
_PREROLL = 1.0  # seconds decoded before a clip, so that codecs with a memory have settled
_CUT_SHORT, _CUT_SHARE = 0.25, 0.001  # seconds, and share of it, by which a file may fall short of its promise
_DAMAGED_SHARE = 0.05  # of packets that may be lost before a recording counts as damaged


class Demuxer:
    """The audio stream of an open recording.

    Attributes:
        label: what messages call the recording.
        stream: PyAV's.
        tick: seconds that a time stamp counts.
    """

    def __init__(self, audio: Audio, content: Content, container: InputContainer) -> None:
        if not container.streams.audio:
            raise InvalidAudio(f"{audio.label} holds no audio track.")
        if container.streams.audio[0].codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise UnsupportedFormat(f"{audio.label} is in a codec that is not read here.")
        self.label = audio.label
        self.stream: AudioStream = container.streams.audio[0]
        self.tick = float(self.stream.time_base or 0) or 1 / self.stream.codec_context.sample_rate
        self._content, self._container = content, container
        self._name = container.format.name.split(",")[0]
        self._origin = max(0, self.stream.start_time or 0) * self.tick  # below zero lies what the decoder drops
        self._clip_end = audio.end
        self._promise = _read_header_length(content, container, self.stream)
        self._packets = self._bad = self._bytes = 0
        self._skipped = False
        _check_shape(self.label, self.stream.codec_context)

    def create_clock(self) -> Clock:
        """A clock for this track's time stamps."""
        return Clock(self.tick, self._origin)

    def read_packets(self) -> Iterator[Packet]:
        """The packets from where the container stands."""
        try:
            yield from (packet for packet in self._container.demux(self.stream) if packet.size)
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            raise InvalidAudio(f"{self.label} is damaged: its container cannot be read to the end.") from None

    def decode_frames(self, start: float) -> Iterator[AudioFrame]:
        """Decoded frames from shortly before `start` to shortly behind the clip's end."""
        is_late = self._name == "ogg" and self.stream.codec_context.name == "vorbis" and start > _PREROLL
        frames = self._decode_from(start - _PREROLL)
        return _skip_to_true_timestamp(frames, self.tick) if is_late else frames

    def has_audio_at(self, seconds: float) -> bool:
        """Whether the recording goes on until there, found by a jump; afterwards, packets come from the beginning again.

        False also where only reading everything would tell.
        """
        near = seconds - _PREROLL
        if near <= 0 or not self._seek(near):
            return False
        found = any(
            self._get_start(packet) + (packet.duration or 0) * self.tick >= seconds for packet in self.read_packets()
        )
        self._rewind()
        return found

    def check_header_length(self, seconds: float) -> None:
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
        self.check_header_length(seconds)

    def _decode_from(self, start: float) -> Iterator[AudioFrame]:
        for packet in self._read_packets_from(start):
            self._packets += 1
            yield from self._decode_packet(packet)
            if self._clip_end is not None and self._get_start(packet) > self._clip_end + _PREROLL:
                self._promise = None
                return
        yield from self._decode_packet(None)

    def _read_packets_from(self, start: float) -> Iterator[Packet]:
        self._skipped = start > 0
        if start <= 0 or self._seek(start) or self._name in _HEARD_OUT:
            return self.read_packets()
        return (packet for packet in self.read_packets() if self._get_start(packet) >= start)

    def _seek(self, seconds: float) -> bool:
        """Go to shortly before a place, if its time stamps can be believed without what precedes them."""
        if not self._is_seekable_to(seconds):
            return False
        try:
            self._container.seek(int((seconds + self._origin) / self.tick), stream=self.stream)
        except av.error.FFmpegError:  # behind the end
            self._rewind()
            return False
        return True

    def _is_seekable_to(self, seconds: float) -> bool:
        if self._name == "ogg":
            return is_one_stream_until(int((seconds + self._origin) / self.tick), self._content)
        return self._name in _INDEXED or self._name in _COUNTED

    def _rewind(self) -> None:
        try:
            self._container.seek(self.stream.start_time or 0, stream=self.stream)
        except av.error.FFmpegError:
            raise InvalidAudio(f"{self.label} is damaged: its beginning is not found again.") from None

    def _get_start(self, packet: Packet) -> float:
        return 0.0 if packet.pts is None else packet.pts * self.tick - self._origin

    def _decode_packet(self, packet: Packet | None) -> list[AudioFrame]:
        try:
            frames = self.stream.codec_context.decode(packet)
        except av.error.FFmpegError:  # of any kind: damaged data was seen to give even 'Operation not permitted'
            self._bad += packet is not None
            return []
        for frame in frames:
            self._bytes += frame.samples * frame.format.bytes * frame.layout.nb_channels
        if self._bytes > MAX_DECODED_BYTES:
            raise AudioTooLarge(
                f"{self.label} decodes to more than {MAX_DECODED_BYTES // 2**30} GiB; cut it with a clip."
            )
        return frames


@contextmanager
def open_demuxer(audio: Audio) -> Generator[Demuxer]:
    """The track of a recording that is not remote.

    Raises:
        InvalidAudio: if it holds no audio.
        UnsupportedFormat: if its rate, channels or codec are not read here.
    """
    name = audio.detect_format().name
    raw = _RAW.get(name)
    options = {"format_whitelist": raw or _READABLE, "protocol_whitelist": "pipe"}
    if name == "wav":
        options |= _OF_WAV
    if raw:
        options |= {"sample_rate": str(audio.sample_rate), "ch_layout": get_channel_layout(audio.channels)}
    content = audio.open_content()
    with content.open_reader() as reader:
        try:
            container = av.open(reader, "r", format=raw, options=options, metadata_errors="replace")
        except (av.error.FFmpegError, ValueError):
            raise InvalidAudio(f"{audio.label} is damaged: it starts like audio but cannot be read as any.") from None
        with container:
            yield Demuxer(audio, content, container)


def get_channel_layout(channels: int) -> str:
    """FFmpeg's name for so many channels."""
    return {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")


def _skip_to_true_timestamp(frames: Iterable[AudioFrame], tick: float) -> Iterator[AudioFrame]:
    """Leave out frames until one begins where the one before it ended.

    FFmpeg's stamps of Vorbis were seen to be late by half a block (8 ms at 16 kHz) wherever long blocks turn short.
    """
    expected: float | None = None
    frames = iter(frames)
    for frame in frames:
        if expected is not None and frame.pts is not None and abs(frame.pts - expected) < 1:
            yield frame
            break
        expected = None if frame.pts is None else frame.pts + frame.samples / frame.sample_rate / tick
    yield from frames


def _read_header_length(content: Content, container: InputContainer, stream: AudioStream) -> float | None:
    """Return the seconds that the header says the recording lasts; None where it only guesses."""
    name = container.format.name.split(",")[0]
    if name == "wav":
        header, bit_rate = parse_wav_header(content), stream.codec_context.bit_rate
        return header.data_bytes * 8 / bit_rate if header and header.data_bytes and bit_rate else None
    if name == "mp3" and not _counts_frames(content):
        return None
    if name in _UNTIMED:
        return None
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _counts_frames(content: Content) -> bool:
    return has_frame_count(content.read_at(measure_id3_tag(content.read_at(0, _HEAD_BYTES)), _HEAD_BYTES))


def _check_shape(label: str, codec: AudioCodecContext) -> None:
    if codec.sample_rate not in RATES or codec.channels not in CHANNELS:
        raise UnsupportedFormat(
            f"{label} claims {codec.sample_rate} Hz and {codec.channels} channels; "
            f"{RATES.start} to {RATES.stop - 1} Hz and up to {CHANNELS.stop - 1} channels are read."
        )
