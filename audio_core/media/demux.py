"""Demux a recording: read packets and frames of its audio stream, from the beginning or after a seek.

Recordings come from untrusted sources, so FFmpeg gets a nameless stream and a list of allowed formats: a playlist would
make it read other files and URLs. Positions come from the packets, never from a duration in a header. Damaged packets
become silence, so that what follows keeps its time.
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
from audio_core.audio.sniffing import measure_id3_tag
from audio_core.errors import AudioTooLarge, InvalidAudio, UnsupportedFormat
from audio_core.media.clock import Clock
from audio_core.media.mp3 import has_frame_count
from audio_core.media.ogg import is_one_stream_until
from audio_core.media.wav import parse_wav_header

Packet: TypeAlias = "_Packet[Any]"

__all__ = ["CHANNELS", "RATES", "Demuxer", "get_channel_layout", "open_demuxer"]

MAX_DECODED_BYTES = 64 * 2**30
"""A recording that decodes to more, at its own rate and channels, is refused. Even a small file can hold that much."""
RATES, CHANNELS = range(4_000, 384_001), range(1, 65)
"""Accepted sample rates (Hz) and channel counts. Only a forged header has others: at 1 Hz, 1 MB lasts for days."""
_HEAD_BYTES = 4096

_READABLE = "wav,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,aac,matroska,webm,aiff,caf,w64,au,asf,amr"
_SEEKABLE_BY_INDEX = {"aiff", "flac", "mov"}  # an index or the frames themselves hold exact timestamps
_SEEKABLE_BY_COUNTING = {"mp3", "aac"}  # FFmpeg seeks by counting frames from the beginning, which is exact
_WITHOUT_HEADER_LENGTH = {"aac", "amr", "s16le", "s24le", "asf", "au"}
_RAW_DEMUXERS = {"pcm16": "s16le", "pcm24": "s24le"}
_WAV_OPTIONS = {"max_size": "65536", "probesize": "65536"}  # FFmpeg's default, packets of 4 KiB, takes 7 times as long
_PREROLL = 1.0  # seconds decoded before a clip, so that codecs with a memory have settled
_MISSING_SECONDS, _MISSING_SHARE = 0.25, 0.001  # together, how far a file may fall short of its header length
_DAMAGED_SHARE = 0.05  # of packets that may be lost before a recording counts as damaged


class Demuxer:
    """The audio stream of an open recording.

    Attributes:
        label: the recording's name in messages.
        stream: PyAV's audio stream.
        time_base_seconds: seconds per unit of a timestamp.

    Raises:
        InvalidAudio: if the recording has no audio track.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
    """

    def __init__(self, audio: Audio, content: Content, container: InputContainer) -> None:
        if not container.streams.audio:
            raise InvalidAudio(f"{audio.label} holds no audio track.")
        if container.streams.audio[0].codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise UnsupportedFormat(f"{audio.label} uses a codec that cannot be decoded here.")
        self.label = audio.label
        self.stream: AudioStream = container.streams.audio[0]
        self.time_base_seconds = float(self.stream.time_base or 0) or 1 / self.stream.codec_context.sample_rate
        self._content, self._container = content, container
        self._format_name = container.format.name.split(",")[0]
        # A negative start is encoder delay, which the decoder drops.
        self._origin = max(0, self.stream.start_time or 0) * self.time_base_seconds
        self._clip_end = audio.end
        self._header_seconds = _read_header_length(content, container, self.stream)
        self._packet_count = self._bad_packets = self._decoded_bytes = 0
        self._skips_beginning = False
        _check_rate_and_channels(self.label, self.stream.codec_context)

    def create_clock(self) -> Clock:
        """Return a new clock for this stream's timestamps."""
        return Clock(self.time_base_seconds, self._origin)

    def read_packets(self) -> Iterator[Packet]:
        """Yield the packets from the container's current position on.

        Raises:
            InvalidAudio: if the container is damaged.
        """
        try:
            yield from (packet for packet in self._container.demux(self.stream) if packet.size)
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            raise InvalidAudio(f"{self.label} is damaged: its container cannot be read to the end.") from None

    def decode_frames(self, start: float) -> Iterator[AudioFrame]:
        """Yield decoded frames from shortly before `start` (in seconds) to shortly after the clip's end.

        Raises:
            InvalidAudio: if the container is damaged.
            AudioTooLarge: if it decodes to more than `MAX_DECODED_BYTES`.
        """
        has_late_timestamps = (
            self._format_name == "ogg" and self.stream.codec_context.name == "vorbis" and start > _PREROLL
        )
        frames = self._decode_from(start - _PREROLL)
        return _skip_to_true_timestamp(frames, self.time_base_seconds) if has_late_timestamps else frames

    def has_audio_at(self, seconds: float) -> bool:
        """Seek to find out whether the recording reaches a time, then rewind to the beginning.

        Returns:
            False also where only reading all packets would show it.

        Raises:
            InvalidAudio: if the container is damaged.
        """
        near = seconds - _PREROLL
        if near <= 0 or not self._seek(near):
            return False
        is_reached = any(
            self._get_start(packet) + (packet.duration or 0) * self.time_base_seconds >= seconds
            for packet in self.read_packets()
        )
        self._rewind()
        return is_reached

    def check_header_length(self, seconds: float) -> None:
        """Check that the recording, which ended after `seconds`, is about as long as its header says.

        Raises:
            InvalidAudio: if it is cut short.
        """
        expected = self._header_seconds
        if expected is not None and expected - seconds > _MISSING_SECONDS + _MISSING_SHARE * expected:
            raise InvalidAudio(
                f"{self.label} is cut short: its header says {expected:.2f} s, but it ends after {seconds:.2f} s. "
                f"Download it again, or use what is there with Audio.of(..., end={max(0.1, seconds - 0.1):.1f})."
            )

    def check_decoded(self, seconds: float) -> None:
        """Check what was decoded from a recording that ended after `seconds`.

        Raises:
            InvalidAudio: if nothing was decoded, too much of it was damaged, or it is cut short.
        """
        if not self._decoded_bytes and not self._bad_packets and self._skips_beginning:
            return  # the clip starts after the end; the caller's message for that is clearer
        if not self._decoded_bytes:
            raise InvalidAudio(f"{self.label} holds no audio that can be decoded: it is empty or damaged.")
        if self._bad_packets > max(2, _DAMAGED_SHARE * self._packet_count):
            raise InvalidAudio(
                f"{self.label} is damaged: {self._bad_packets} of its {self._packet_count} packets do not decode."
            )
        self.check_header_length(seconds)

    def _decode_from(self, start: float) -> Iterator[AudioFrame]:
        for packet in self._read_packets_from(start):
            self._packet_count += 1
            yield from self._decode_packet(packet)
            if self._clip_end is not None and self._get_start(packet) > self._clip_end + _PREROLL:
                self._header_seconds = None  # the rest stays unread, so the length cannot be checked
                return
        yield from self._decode_packet(None)

    def _read_packets_from(self, start: float) -> Iterator[Packet]:
        """Read packets from shortly before a time if that can be found exactly, else from the beginning."""
        self._skips_beginning = start > 0
        if start > 0:
            self._seek(start)
        return self.read_packets()

    def _seek(self, seconds: float) -> bool:
        """Seek to shortly before a time, if timestamps there are reliable without what precedes them."""
        if not self._is_seekable_to(seconds):
            return False
        try:
            self._container.seek(self._to_timestamp(seconds), stream=self.stream)
        except av.error.FFmpegError:  # after the end
            self._rewind()
            return False
        return True

    def _is_seekable_to(self, seconds: float) -> bool:
        if self._format_name == "ogg":
            return is_one_stream_until(self._to_timestamp(seconds), self._content)
        codec = self.stream.codec_context.name
        if self._format_name == "wav":
            return codec.startswith("pcm_")  # samples of codecs in blocks do not stand where bytes say
        is_listed = self._format_name in _SEEKABLE_BY_INDEX or self._format_name in _SEEKABLE_BY_COUNTING
        return is_listed and codec != "opus"  # its pre-skip shifts samples

    def _to_timestamp(self, seconds: float) -> int:
        return int((seconds + self._origin) / self.time_base_seconds)

    def _rewind(self) -> None:
        try:
            self._container.seek(self.stream.start_time or 0, stream=self.stream)
        except av.error.FFmpegError:
            raise InvalidAudio(f"{self.label} is damaged: seeking back to its beginning failed.") from None

    def _get_start(self, packet: Packet) -> float:
        return 0.0 if packet.pts is None else packet.pts * self.time_base_seconds - self._origin

    def _decode_packet(self, packet: Packet | None) -> list[AudioFrame]:
        try:
            frames = self.stream.codec_context.decode(packet)
        except av.error.FFmpegError:  # of any kind: damaged data can raise even 'Operation not permitted'
            self._bad_packets += packet is not None
            return []
        for frame in frames:
            self._decoded_bytes += frame.samples * frame.format.bytes * frame.layout.nb_channels
        if self._decoded_bytes > MAX_DECODED_BYTES:
            raise AudioTooLarge(
                f"{self.label} decodes to more than {MAX_DECODED_BYTES // 2**30} GiB; "
                "use a clip of it, with start and end."
            )
        return frames


@contextmanager
def open_demuxer(audio: Audio) -> Generator[Demuxer]:
    """Open a recording that is not remote for demuxing, and close it after the block.

    Raises:
        InvalidAudio: if it cannot be opened or holds no audio.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
    """
    name = audio.detect_format().name
    raw_demuxer = _RAW_DEMUXERS.get(name)
    options = {"format_whitelist": raw_demuxer or _READABLE, "protocol_whitelist": "pipe"}
    if name == "wav":
        options |= _WAV_OPTIONS
    if raw_demuxer:
        options |= {"sample_rate": str(audio.sample_rate), "ch_layout": get_channel_layout(audio.channels)}
    content = audio.open_content()
    with content.open_reader() as reader:
        try:
            container = av.open(reader, "r", format=raw_demuxer, options=options, metadata_errors="replace")
        except (av.error.FFmpegError, ValueError):
            raise InvalidAudio(f"{audio.label} is damaged: it starts like audio but cannot be opened.") from None
        with container:
            yield Demuxer(audio, content, container)


def get_channel_layout(channels: int) -> str:
    """Return FFmpeg's name of the layout of so many channels."""
    return {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")


def _skip_to_true_timestamp(frames: Iterable[AudioFrame], time_base_seconds: float) -> Iterator[AudioFrame]:
    """Skip frames until one begins where the one before it ended.

    FFmpeg's timestamps of Vorbis are late by half a block (8 ms at 16 kHz) wherever long blocks change to short ones.
    """
    expected: float | None = None
    frames = iter(frames)
    for frame in frames:
        if expected is not None and frame.pts is not None and abs(frame.pts - expected) < 1:
            yield frame
            break
        expected = None if frame.pts is None else frame.pts + frame.samples / frame.sample_rate / time_base_seconds
    yield from frames


def _read_header_length(content: Content, container: InputContainer, stream: AudioStream) -> float | None:
    """Return how many seconds the header says the recording lasts; None if it does not say, or FFmpeg only guesses."""
    name = container.format.name.split(",")[0]
    if name == "wav":
        header = parse_wav_header(content)
        if header is None or header.codec is None or header.data_bytes is None:
            return None  # bytes tell the length of plain samples only
        return header.data_bytes / header.block_bytes / header.sample_rate
    if name == "mp3" and not _has_mp3_frame_count(content):
        return None
    if name in _WITHOUT_HEADER_LENGTH:
        return None
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    is_audio_alone = len(container.streams) == 1  # else it may be the length of the video
    return container.duration / av.time_base if container.duration and is_audio_alone else None


def _has_mp3_frame_count(content: Content) -> bool:
    return has_frame_count(content.read_at(measure_id3_tag(content.read_at(0, _HEAD_BYTES)), _HEAD_BYTES))


def _check_rate_and_channels(label: str, codec: AudioCodecContext) -> None:
    if codec.sample_rate not in RATES or codec.channels not in CHANNELS:
        raise UnsupportedFormat(
            f"{label} claims {codec.sample_rate} Hz and {codec.channels} channels; "
            f"{RATES.start} to {RATES.stop - 1} Hz and up to {CHANNELS.stop - 1} channels are supported."
        )
