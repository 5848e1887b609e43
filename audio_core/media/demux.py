"""Demux a recording: read packets and frames of its audio stream, from the beginning or after a seek.

Positions come from the packets, never from a duration in a header. Damaged packets become silence, so that what follows
keeps its time.
"""

# PyAV's packets are generic, and its own methods leave the parameter open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Generator, Iterable, Iterator

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags2
from av.container import InputContainer

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.audio.sniffing import ends_with_tag
from audio_core.errors import InvalidAudio
from audio_core.media.clock import Clock
from audio_core.media.container import open_container
from audio_core.media.inspection import Inspection
from audio_core.media.lost_time import LostTime
from audio_core.media.packet_times import Packet, count_ticks, get_duration, skip_to_true_timestamp
from audio_core.media.seeking import Stretch, is_countable, is_seekable, skip_until
from audio_core.media.track import check_stream, choose_track, find_first_frame, is_alone
from audio_core.media.wrapping import unwrap

__all__ = ["Demuxer", "open_demuxer"]

_DURATIONS_BY_DECODING = {"ape", "asf", "avi", "flv", "mpc", "mpc8", "mpeg", "mpegts", "tak"}  # packets do not tell
_UNTIMED = {"matroska": {"alac", "wavpack", "wmav1", "wmav2", "wmapro"}}  # nor do these packets
_STAND_ALONE = {"flac", "tta", "ac3", "eac3"}  # formats whose packets need no others
_MICROSECONDS = 1_000_000  # FFmpeg's unit of a container's times
_PREROLL = 1.0  # seconds decoded before a clip, so that codecs with a memory have settled
_LEAD_FRAMES = 2  # what the first lacks of the second is the pre-skip
_LONGEST_LEAD = 0.25  # seconds that a decoder may need before its first frame
_LONGEST_GAPS = {"flac": 10.0}  # seconds: its frames are numbered, and a forged number is no silence


class Demuxer:
    """The audio stream of an open recording.

    Times are those that players show. They begin with the first stream of the container, such as a picture, or with the
    first frame that is decoded if there is nothing else.

    Attributes:
        label: the recording's name in messages.
        container: PyAV's container.
        stream: its audio stream.
        track_count: how many audio tracks the recording has.
        time_base_seconds: seconds per unit of a timestamp.
        is_bare: whether nothing was left out of the file that other decoders might take for damage.
        inspection: what was read so far.
        lost_time: that of bytes that are no frames.

    Raises:
        InvalidAudio: if it has no audio track, not the one that was chosen, or one with a wrong time scale.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
    """

    def __init__(
        self, audio: Audio, content: Content, container: InputContainer, warnings: list[str], *, is_bare: bool
    ) -> None:
        self.label, self._audio = audio.label, audio
        self.stream: AudioStream = choose_track(audio, container, warnings)
        self.time_base_seconds = float(self.stream.time_base or 0) or 1 / self.stream.codec_context.sample_rate
        self.track_count = len(container.streams.audio)
        self.inspection = Inspection(audio, content, container, self.stream, warnings)
        self._content, self.container, self.is_bare = content, container, is_bare
        self._clock: Clock | None = None
        self._first_position: int | None = None  # of its packets, in bytes
        self._format_name, self._codec_name = container.format.name.split(",")[0], self.stream.codec_context.name
        if (self._format_name, self._codec_name) == ("caf", "alac"):  # else FFmpeg cuts the last frame twice
            self.stream.codec_context.flags2 |= Flags2.skip_manual
        self._has_loose_timestamps = self._format_name == "asf"  # those of packets, whose frames come later
        self.lost_time = LostTime(content, self._format_name, self.time_base_seconds, warnings)
        check_stream(self.label, self._format_name, self.stream)

    def create_clock(self) -> Clock:
        """Return a new clock for this stream's timestamps. It is told of packets that do not decode."""
        longest_gap = 0.0 if self._has_loose_timestamps else _LONGEST_GAPS.get(self._format_name, math.inf)
        self._clock = Clock(self.time_base_seconds, self.origin, longest_gap)
        return self._clock

    @functools.cached_property
    def origin(self) -> float:
        """The timestamp in seconds that counts as 0. It is found before packets are read, as the container may move."""
        start = max(0, self.container.start_time or 0) / _MICROSECONDS  # a negative one is encoder delay
        if self._codec_name.startswith(("pcm_", "flac")) or not is_alone(self.stream, self.container):
            return start
        first = self._find_first_frame()
        longest_lead = math.inf if self._has_loose_timestamps else _LONGEST_LEAD
        return max(0.0, first) if first is not None and abs(first - start) < longest_lead else start

    def _find_first_frame(self) -> float | None:
        """Return the timestamp of the first frame that the decoder gives, in seconds."""
        if self._format_name == "mov":  # whose index may take megabytes, and which seeks back exactly
            first, self._first_position = find_first_frame(self.container, self.stream.index)
            self._rewind()
        else:
            with open_container(self._audio, self._content) as container:
                first, self._first_position = find_first_frame(container, self.stream.index)
        return None if first is None else first * self.time_base_seconds

    def read_durations(self) -> Iterator[tuple[int | None, float]]:
        """Yield timestamp and duration of each packet, in units of the time base, or of each frame if only these tell.

        Raises:
            InvalidAudio: if the container is damaged.
            AudioTooLarge: if it decodes to more than `MAX_DECODED_BYTES`.
        """
        if self._format_name in _DURATIONS_BY_DECODING or self._codec_name in _UNTIMED.get(self._format_name, ()):
            for frame in self._decode(skips_beginning=False):
                yield frame.pts, frame.samples / frame.sample_rate / self.time_base_seconds
            return
        packet = None
        for following in self.read_packets():
            if packet is not None:
                yield packet.pts, self._measure(packet, following)
            packet = following
        if packet is not None and not self._is_broken(packet):
            yield packet.pts, self._measure(packet)

    def _measure(self, packet: Packet, following: Packet | None = None) -> float:
        """Return the duration of a packet. Where FLAC files were joined, one may hold several frames: it is decoded."""
        if following is not None and self._format_name == "mov" and packet.pts == following.pts:
            return 0.0  # it is left out, as the first of FAAC, whose delay the decoder knows
        if packet.duration or self._format_name != "flac":
            return get_duration(packet, following)
        return sum(frame.samples / frame.sample_rate for frame in self._decode_packet(packet)) / self.time_base_seconds

    def _is_broken(self, last: Packet) -> bool:
        """Tell whether the last packet does not decode, where it needs none of those before it."""
        return self._format_name in _STAND_ALONE and not self._decode_packet(last)

    def read_packets(self) -> Iterator[Packet]:
        """Yield the packets from the container's current position on.

        Raises:
            InvalidAudio: if the container is damaged.
        """
        try:
            yield from self.lost_time.restamp(packet for packet in self.container.demux(self.stream) if packet.size)
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            if not ends_with_tag(self._content):  # which FFmpeg takes for a broken packet
                raise InvalidAudio(f"{self.label} is damaged: its container cannot be read to the end.") from None

    def decode_frames(self, start: float, clock: Clock) -> Iterator[AudioFrame]:
        """Yield decoded frames from shortly before `start` (in seconds) to shortly after the clip's end.

        Args:
            start: where the clip starts, in seconds.
            clock: is advanced by what is skipped without a seek.

        Raises:
            InvalidAudio: if the container is damaged.
            AudioTooLarge: if it decodes to more than `MAX_DECODED_BYTES`.
        """
        has_sought = start > _PREROLL and self._seek(start - _PREROLL)
        if not has_sought and start > _PREROLL and is_countable(self._format_name, self._codec_name):
            return self._decode_after(start - _PREROLL, clock)
        frames = self._decode(skips_beginning=start > _PREROLL)
        if not has_sought:
            return frames
        first = next(frames, None)
        if first is not None and self._get_start(first) > start:  # the seek went too far, as after a long pre-skip
            self._rewind()
            return self._decode(skips_beginning=True)
        frames = itertools.chain(() if first is None else [first], frames)
        is_late = (self._format_name, self._codec_name) == ("ogg", "vorbis")
        return skip_to_true_timestamp(frames, self.time_base_seconds) if is_late else frames

    def has_audio_at(self, seconds: float) -> bool:
        """Seek to find out whether the recording reaches a time, then rewind. Where only all packets tell, it is False.

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

    def _decode_after(self, seconds: float, clock: Clock) -> Iterator[AudioFrame]:
        """Decode from a time on. Of what is before, only the first frames are decoded."""
        packets, lead = self.read_packets(), list[AudioFrame]()
        while len(lead) < _LEAD_FRAMES and (packet := next(packets, None)):
            lead += self._decode_packet(packet)
        if any(self._get_start(frame) + frame.samples / frame.sample_rate > seconds for frame in lead):
            yield from lead
        else:
            packets = self._skip_packets(packets, lead, seconds, clock)
        yield from self._decode(packets, skips_beginning=True)

    def _skip_packets(
        self, packets: Iterator[Packet], lead: Iterable[AudioFrame], seconds: float, clock: Clock
    ) -> Iterator[Packet]:
        """Advance the clock by the first frames, and by the packets after them until shortly before a time."""
        ticks = 0.0
        for frame in lead:
            ticks = frame.samples / frame.sample_rate / self.time_base_seconds
            clock.advance(frame.pts, ticks)
        usual = ticks if self._format_name == "matroska" else None
        return skip_until(
            packets,
            lambda packet: max(clock.seconds, self._get_start(packet)) >= seconds,
            lambda packet: clock.advance(packet.pts, count_ticks(packet, self.stream, usual)),
        )

    def _decode(self, packets: Iterable[Packet] | None = None, *, skips_beginning: bool) -> Iterator[AudioFrame]:
        """Decode packets, by default from the container's current position, to shortly after the clip's end."""
        self.inspection.skips_beginning = skips_beginning
        for packet in self.read_packets() if packets is None else packets:
            yield from self._decode_packet(packet)
            if self._is_behind_end(packet):
                self.inspection.skips_end = True
                return
        yield from self._decode_packet(None)

    def _is_behind_end(self, packet: Packet) -> bool:
        """Tell whether no packet from here on can belong to the clip. Where some were lost, timestamps run ahead."""
        end = math.inf if self._audio.end is None else self._audio.end
        is_reached = self._clock is None or self._clock.seconds >= end
        return is_reached and self._get_start(packet) > end + _PREROLL

    def _seek(self, seconds: float) -> bool:
        """Seek to shortly before a time, if timestamps from there to the clip's end are reliable by themselves."""
        end = math.inf if self._audio.end is None else self._audio.end + self.origin + _PREROLL
        timestamp = int((seconds + self.origin) / self.time_base_seconds)
        stretch = Stretch(timestamp, end / self.time_base_seconds, self.time_base_seconds)
        listed = self.stream.index_entries
        index = ((each.timestamp, each.pos) for each in listed) if len(listed) else [(0, self._first_position or 0)]
        if not is_seekable(self._content, self._format_name, self._codec_name, stretch, index):
            return False
        try:
            self.container.seek(timestamp, stream=self.stream)
        except av.error.FFmpegError:  # after the end
            self._rewind()
            return False
        return True

    def _rewind(self) -> None:
        first, index = self.stream.start_time or 0, self.stream.index_entries
        if self._format_name == "mov" and len(index):  # which may begin before what is heard
            first = min(first, index[0].timestamp)
        try:
            self.container.seek(first, stream=self.stream)
        except av.error.FFmpegError:
            raise InvalidAudio(f"{self.label} is damaged: seeking back to its beginning failed.") from None

    def _get_start(self, item: Packet | AudioFrame) -> float:
        return 0.0 if item.pts is None else item.pts * self.time_base_seconds - self.origin

    def _decode_packet(self, packet: Packet | None) -> list[AudioFrame]:
        """Decode a packet, or what the decoder still holds if it is None."""
        try:
            frames = self.stream.codec_context.decode(packet)
        except av.error.FFmpegError:  # of any kind: damaged data can raise even 'Operation not permitted'
            if packet is not None:
                self.inspection.add_damaged_packet()
                if self._clock:
                    self._clock.expect_gap()
            return []
        self.inspection.add_frames(frames, is_end=packet is None)
        return frames


@contextlib.contextmanager
def open_demuxer(audio: Audio, warnings: list[str] | None = None) -> Generator[Demuxer]:
    """Open a recording that is not remote for demuxing, and close it after the block.

    Args:
        audio: the recording.
        warnings: what a user must know about it is appended to this list.

    Raises:
        InvalidAudio: if it cannot be opened or holds no audio.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
    """
    file, warnings = audio.open_content(), [] if warnings is None else warnings
    content = unwrap(file, audio.detect_format())
    with open_container(audio, content) as container:
        yield Demuxer(audio, content, container, warnings, is_bare=content.size == file.size)
