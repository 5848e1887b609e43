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
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet as _Packet

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.errors import AudioTooLarge, InvalidAudio
from audio_core.media.clock import Clock
from audio_core.media.completeness import find_missing_bytes
from audio_core.media.resample import get_channel_layout
from audio_core.media.seeking import is_seekable
from audio_core.media.track import check_rate_and_channels, choose_track, read_header_length

Packet: TypeAlias = "_Packet[Any]"

__all__ = ["Demuxer", "open_demuxer"]

MAX_DECODED_BYTES = 64 * 2**30
"""A recording that decodes to more, at its own rate and channels, is refused. Even a small file can hold that much."""
_MICROSECONDS = 1_000_000  # FFmpeg's unit of a container's times

_READABLE = "wav,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,aac,matroska,webm,aiff,caf,w64,au,asf,amr"
_RAW_DEMUXERS = {"pcm16": "s16le", "pcm24": "s24le", "s16be": "s16be", "mulaw": "mulaw", "alaw": "alaw"}
_WITHOUT_HEADER_LENGTH = {
    "aac",
    "amr",
    *_RAW_DEMUXERS.values(),
    "asf",
    "au",
    "wav",
}  # or FFmpeg computes it from the size
_WAV_OPTIONS = {"max_size": "65536", "probesize": "65536"}  # FFmpeg's default, packets of 4 KiB, takes 7 times as long
_PREROLL = 1.0  # seconds decoded before a clip, so that codecs with a memory have settled
_MISSING_SECONDS, _MISSING_SHARE = 0.25, 0.001  # together, how far a file may fall short of its header length
_DAMAGED_SHARE = 0.05  # of packets that may be lost before a recording counts as damaged


class Demuxer:
    """The audio stream of an open recording.

    Times are those that players show: they begin with the first stream of the container, such as a picture.

    Attributes:
        label: the recording's name in messages.
        stream: PyAV's audio stream.
        track_count: how many audio tracks the recording has.
        time_base_seconds: seconds per unit of a timestamp.
        warnings: what a user must know about the recording.

    Raises:
        InvalidAudio: if the recording has no audio track, or not the one that was chosen.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
    """

    def __init__(self, audio: Audio, content: Content, container: InputContainer, warnings: list[str]) -> None:
        self.label, self.warnings = audio.label, warnings
        self.stream: AudioStream = choose_track(audio, container, warnings)
        self.time_base_seconds = float(self.stream.time_base or 0) or 1 / self.stream.codec_context.sample_rate
        self.track_count = len(container.streams.audio)
        self._content, self._container = content, container
        self._format_name = container.format.name.split(",")[0]
        # A negative start is encoder delay, which the decoder drops.
        self._origin = max(0, container.start_time or 0) / _MICROSECONDS
        self._clip_end = audio.end
        self._header_seconds = read_header_length(content, container, self.stream)
        self._packet_count = self._bad_packets = self._decoded_bytes = 0
        self._skips_beginning = self._skips_end = self._ends_badly = False
        check_rate_and_channels(self.label, self.stream.codec_context)

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

    def check_last_packet(self, packet: Packet | None) -> None:
        """Note whether the last packet is damaged, if it can be decoded without those before it."""
        if packet is not None and self.stream.codec_context.name == "flac":
            self._decode_packet(packet)

    def check_length(self, seconds: float) -> None:
        """Check that the recording, which ended after `seconds`, is about as long as its header says.

        Raises:
            InvalidAudio: if its bytes show that it is cut short. If only the header says so, that becomes a warning.
        """
        expected = self._header_seconds
        is_short = expected is not None and expected - seconds > _MISSING_SECONDS + _MISSING_SHARE * expected
        missing = find_missing_bytes(self._content, self._format_name)
        claim = f"its header says {expected:.2f} s" if is_short else f"its header says {missing:,} bytes more"
        if missing or self._lacks_indexed_packet() or (is_short and self._ends_badly):
            raise InvalidAudio(
                f"{self.label} is cut short: {claim}, but it ends after {seconds:.2f} s. "
                f"Download it again, or use what is there with Audio.of(..., end={max(0.1, seconds - 0.1):.1f})."
            )
        if is_short:
            self.warnings.append(f"It may be cut short: {claim}, but it ends after {seconds:.2f} s.")

    def _lacks_indexed_packet(self) -> bool:
        """Tell whether an MP4 file lists a packet that lies behind its end."""
        index = self.stream.index_entries if self._format_name == "mov" else ()
        return any(entry.pos + entry.size > self._content.size for entry in index)

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
        if self._bad_packets:
            self.warnings.append(f"{self._bad_packets} damaged packets were replaced by silence.")
        if not self._skips_end:
            self.check_length(seconds)

    def _decode_from(self, start: float) -> Iterator[AudioFrame]:
        for packet in self._read_packets_from(start):
            self._packet_count += 1
            yield from self._decode_packet(packet)
            if self._clip_end is not None and self._get_start(packet) > self._clip_end + _PREROLL:
                self._skips_end = True
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
        codec = self.stream.codec_context.name
        if not is_seekable(self._content, self._format_name, codec, self._to_timestamp(seconds)):
            return False
        try:
            self._container.seek(self._to_timestamp(seconds), stream=self.stream)
        except av.error.FFmpegError:  # after the end
            self._rewind()
            return False
        return True

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
            self._ends_badly = True
            return []
        self._ends_badly = packet is None and self._ends_badly
        for frame in frames:
            self._decoded_bytes += frame.samples * frame.format.bytes * frame.layout.nb_channels
        if self._decoded_bytes > MAX_DECODED_BYTES:
            raise AudioTooLarge(
                f"{self.label} decodes to more than {MAX_DECODED_BYTES // 2**30} GiB; "
                "use a clip of it, with start and end."
            )
        return frames


@contextmanager
def open_demuxer(audio: Audio, warnings: list[str] | None = None) -> Generator[Demuxer]:
    """Open a recording that is not remote for demuxing, and close it after the block.

    Args:
        audio: the recording.
        warnings: what a user must know about it is appended to this list.

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
            yield Demuxer(audio, content, container, [] if warnings is None else warnings)


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
