"""Judge a recording by what was read of it: empty, damaged, cut short, or whole."""

from __future__ import annotations

import math
from collections.abc import Iterable

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.errors import AudioTooLarge, InvalidAudio
from audio_core.media.completeness import find_missing_bytes
from audio_core.media.track import read_header_length
from audio_core.transcript.clock import format_clock

__all__ = ["Inspection"]

MAX_DECODED_BYTES = 64 * 2**30
"""A recording that decodes to more, at its own rate and channels, is refused. Even a small file can hold that much."""
_MISSING_SECONDS, _MISSING_SHARE = 0.25, 0.001  # together, how far a file may fall short of its header length
_LONGEST_PADDING = 0.2  # seconds at the end that are in packets, but not in the recording
_DAMAGED_SHARE = 0.05  # of packets that may be lost before a recording counts as damaged
_SHORTEST_GAP = 0.25  # seconds that a user must know of: a short word
_SHORTEST_OPUS_GAP = 0.5  # its encoders may send a packet each 0.4 s while nobody speaks


class Inspection:
    """What was read of a recording, and what its headers say.

    Args:
        audio: the recording, or its clip.
        content: its bytes.
        container: the open container.
        stream: the audio stream that is read.

    Attributes:
        skips_beginning: whether reading began after the recording's beginning.
        skips_end: whether reading stopped before the recording's end.
        ends_badly: whether the last packet is damaged although it needs none of those before it.
        warnings: what a user must know about the recording.
    """

    def __init__(
        self, audio: Audio, content: Content, container: InputContainer, stream: AudioStream, warnings: list[str]
    ) -> None:
        self.warnings = warnings
        self.skips_beginning = self.skips_end = self.ends_badly = False
        self._label, self._content, self._stream = audio.label, content, stream
        self._start, self._end = audio.start or 0.0, math.inf if audio.end is None else audio.end
        self._container_name = container.format.name.split(",")[0]
        self._header_seconds = read_header_length(content, container, stream)
        self._packet_count = self._bad_packets = self._decoded_bytes = 0
        self._gap_count, self._gap_seconds, self._first_gap, self._gap_warning = 0, 0.0, 0.0, ""

    def add_frames(self, frames: Iterable[AudioFrame], *, is_end: bool) -> None:
        """Count the frames of a packet, or those that the decoder still held at the end.

        Raises:
            AudioTooLarge: if the recording decodes to more than `MAX_DECODED_BYTES`.
        """
        if not is_end:
            self._packet_count, self.ends_badly = self._packet_count + 1, False
        self._decoded_bytes += sum(frame.samples * frame.format.bytes * frame.layout.nb_channels for frame in frames)
        if self._decoded_bytes > MAX_DECODED_BYTES:
            raise AudioTooLarge(
                f"{self._label} decodes to more than {MAX_DECODED_BYTES // 2**30} GiB; "
                "use a clip of it, with start and end."
            )

    def add_damaged_packet(self) -> None:
        """Count a packet that does not decode."""
        self._packet_count, self._bad_packets = self._packet_count + 1, self._bad_packets + 1
        self.ends_badly = self._stream.codec_context.name == "flac"  # other codecs need the packets before

    def add_gap(self, start: float, end: float) -> None:
        """Note that the recording holds no audio from one second to another. One warning tells all gaps of the clip."""
        start, end = max(start, self._start), min(end, self._end)
        is_opus = self._stream.codec_context.name in ("opus", "libopus")
        if end - start < (_SHORTEST_OPUS_GAP if is_opus else _SHORTEST_GAP):
            return
        self._first_gap = self._first_gap if self._gap_count else start
        self._gap_count, self._gap_seconds = self._gap_count + 1, self._gap_seconds + end - start
        if self._gap_warning in self.warnings:
            self.warnings.remove(self._gap_warning)
        self._gap_warning = self._describe_gaps()
        self.warnings.append(self._gap_warning)

    def _describe_gaps(self) -> str:
        """Say what gaps may be: the timestamps of a recorder that was paused look like those of a damaged file."""
        seconds, first = f"{self._gap_seconds:.1f} s", format_clock(self._first_gap)
        where = f"for {seconds} from {first}"
        if self._gap_count > 1:
            where = f"in {self._gap_count} stretches, the first from {first}, of {seconds} in all"
        return f"It holds no audio {where}, and silence was put there. It may be damaged, or the recorder was paused."

    def check_decoded(self, seconds: float) -> None:
        """Check what was decoded of a recording that ended after `seconds`.

        Raises:
            InvalidAudio: if nothing was decoded, too much of it was damaged, or it is cut short.
        """
        if not self._decoded_bytes and not self._bad_packets and self.skips_beginning:
            return  # the clip starts after the end; the caller's message for that is clearer
        if not self._decoded_bytes:
            raise InvalidAudio(f"{self._label} holds no audio that can be decoded: it is empty or damaged.")
        if self._bad_packets > max(2, _DAMAGED_SHARE * self._packet_count):
            raise InvalidAudio(
                f"{self._label} is damaged: {self._bad_packets} of its {self._packet_count} packets do not decode."
            )
        if self._bad_packets:
            self.warnings.append(f"{self._bad_packets} damaged packets were replaced by silence.")
        if not self.skips_end:
            self.check_length(seconds)

    def check_length(self, seconds: float) -> float:
        """Check that the recording, which ended after `seconds`, is about as long as its headers say.

        Returns:
            How long it is, in seconds: without the padding that a decoder drops at the end.

        Raises:
            InvalidAudio: if its bytes show that it is cut short. If only a length in seconds says so, it is a warning.
        """
        expected = self._header_seconds
        is_short = expected is not None and expected - seconds > _MISSING_SECONDS + _MISSING_SHARE * expected
        missing = find_missing_bytes(self._content, self._container_name)
        claim = f"its header says {expected:.2f} s" if is_short else f"its header says {missing:,} bytes more"
        if missing or self._lacks_indexed_packet() or (is_short and self.ends_badly):
            raise InvalidAudio(
                f"{self._label} is cut short: {claim}, but it ends after {seconds:.2f} s. "
                f"Download it again, or use what is there with Audio.of(..., end={max(0.1, seconds - 0.1):.1f})."
            )
        if is_short:
            self.warnings.append(f"It may be cut short: {claim}, but it ends after {seconds:.2f} s.")
        is_padded = expected is not None and 0 < seconds - expected < _LONGEST_PADDING
        return expected if is_padded and expected is not None else seconds

    def measure_padding(self, last: AudioFrame) -> float:
        """Return how many seconds at the end of the last frame do not belong to the recording. MP4 and CAF say so."""
        stated, whole = float((last.duration or 0) * (self._stream.time_base or 0)), last.samples / last.sample_rate
        return whole - stated if self._container_name in ("mov", "caf") and 0 < stated < whole else 0.0

    def _lacks_indexed_packet(self) -> bool:
        """Tell whether an MP4 file lists a packet that lies behind its end."""
        index = self._stream.index_entries if self._container_name == "mov" else ()
        return any(entry.pos + entry.size > self._content.size for entry in index)
