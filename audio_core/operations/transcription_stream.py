"""A transcription as it is heard, from gateways that stream it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.errors import AudioTooLarge
from audio_core.http.access import Access
from audio_core.http.flow import Flow, Response, run_blocking
from audio_core.operations.job import Job, Recording
from audio_core.operations.long_transcription import get_longest_request
from audio_core.operations.transcription import open_recording
from audio_core.operations.transcription_request import open_transcription
from audio_core.operations.upload import encode_for_upload
from audio_core.transcript.segment import Segment, format_clock
from audio_core.wire.transcription_stream import TranscriptStream

__all__ = ["TranscriptionStream"]


@dataclass(slots=True)
class TranscriptionStream:
    """One recording, sent whole and heard as the reply comes; what is longer than one request is refused.

    Attributes:
        job: who transcribes, and how.
        audio: what to transcribe.
        access: what may be opened, or None if the developer named it.
    """

    job: Job
    audio: Audio
    access: Access | None
    _recording: Recording | None = field(default=None, init=False)

    def send(self) -> Flow[Response]:
        """Send it, up to the point where the reply begins.

        Raises:
            AudioTooLarge: if it does not fit into one request.
            AudioError: if it cannot be opened or is damaged.
            ProviderError: if the gateway refuses or fails.
        """
        row = self.job.endpoint.provider
        self._recording = recording = yield from open_recording(self.job, self.audio, self.access)
        audio = yield from run_blocking(partial(encode_for_upload, recording.audio, row.upload_formats, recording.end))
        is_large = row.max_upload_bytes is not None and audio.content.size > row.max_upload_bytes
        if is_large or audio.seconds > get_longest_request(row):
            raise AudioTooLarge(
                f"{self.audio.label} lasts {format_clock(audio.seconds)} and does not fit into one request to {row.name}, so it cannot "
                "be streamed. transcribe() cuts it; or stream a clip: Audio.of(..., start=..., end=...)."
            )
        return (yield from open_transcription(self.job, self.audio.name, audio))

    def create_decoder(self, response: Response) -> _ShiftedDecoder:
        """What reads the reply."""
        recording = self._recording
        assert recording is not None, "open() comes first"  # noqa: S101 - told to the type checker
        name = self.job.endpoint.provider.name
        return _ShiftedDecoder(
            TranscriptStream(response.headers, provider=name, seconds=recording.seconds), self.job, recording
        )


@dataclass(frozen=True, slots=True)
class _ShiftedDecoder:
    """Push decoder whose segments have times of the original recording."""

    inner: TranscriptStream
    job: Job
    recording: Recording

    @property
    def partial(self) -> str:
        return self.inner.partial

    def feed(self, data: bytes) -> Iterator[Segment]:
        return (segment.shift(self.recording.start) for segment in self.inner.feed(data))

    def close(self) -> Iterator[Segment]:
        yield from (segment.shift(self.recording.start) for segment in self.inner.close())
        self.job.report_progress(self.recording, self.recording.seconds, self.inner.usage)
