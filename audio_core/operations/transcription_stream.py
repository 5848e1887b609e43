"""Stream a transcript from a gateway that sends it while it transcribes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.errors import AudioTooLarge, InvalidOption
from audio_core.http.access import Access
from audio_core.http.flow import Flow, run_blocking
from audio_core.http.sse import OpenStream
from audio_core.operations.job import Job, Recording
from audio_core.operations.limits import LimitLearned
from audio_core.operations.piece_lengths import get_longest_request
from audio_core.operations.speaker_references import open_known_speakers
from audio_core.operations.spending import reserve_budget
from audio_core.operations.transcription import list_unmet_options, open_recording
from audio_core.operations.transcription_request import open_transcription
from audio_core.operations.upload import check_audible, encode_for_upload
from audio_core.transcript.segment import Segment, format_clock
from audio_core.wire.transcription_stream import TranscriptStream

__all__ = ["open_transcription_stream"]

_log = logging.getLogger(__name__)


def open_transcription_stream(job: Job, audio: Audio, access: Access | None) -> Flow[OpenStream[Segment]]:
    """Send a whole recording. Return the open response, before its first event, and its decoder.

    Args:
        job: the settings of the transcription.
        audio: what to transcribe. It must fit into one request.
        access: what may be opened; None if the developer named the recording.

    Raises:
        InvalidOption: if channels are to be separated, or the model refuses to tell speakers apart.
        AudioTooLarge: if the recording does not fit into one request.
        InvalidAudio: if it cannot be opened, is damaged, or is too short to hear.
        ProviderError: if the gateway refuses or fails.
    """
    if job.options.channels == "separate":
        raise InvalidOption(
            "channels='separate' cannot be streamed: use transcribe(), or select_channel() of the Audio."
        )
    recording = yield from open_recording(job, audio, access)
    check_audible(audio, recording.seconds)
    job = yield from open_known_speakers(job, access)
    return (yield from _open(job, recording))


def _open(job: Job, recording: Recording) -> Flow[OpenStream[Segment]]:
    job = job.with_limits()
    audio, row = recording.audio, job.endpoint.provider
    encoded = yield from run_blocking(
        partial(encode_for_upload, recording.audio, row.upload_formats, recording.properties)
    )
    is_large = row.max_upload_bytes is not None and encoded.content.size > row.max_upload_bytes
    if is_large or encoded.seconds > get_longest_request(job):
        raise AudioTooLarge(
            f"{audio.label} lasts {format_clock(encoded.seconds)} and does not fit into one request to {row.name}, "
            "so it cannot be streamed. transcribe() cuts it; or stream a clip: Audio.of(..., start=..., end=...)."
        )
    try:
        with reserve_budget(job, audio.label, encoded.seconds):
            response = yield from open_transcription(job, audio.name, encoded)
    except LimitLearned as limit:
        return (yield from _open(job.with_attempts(limit.attempts), recording))
    decoder = TranscriptStream(response.headers, provider=row.name, seconds=recording.seconds)
    return response, _ShiftedDecoder(decoder, job, recording)


@dataclass(frozen=True, slots=True)
class _ShiftedDecoder:
    """Decoder that shifts times of segments to those of the original recording, and logs what they lack."""

    decoder: TranscriptStream
    job: Job
    recording: Recording
    final: list[Segment] = field(default_factory=list[Segment], repr=False)

    @property
    def partial(self) -> str:
        return self.decoder.partial

    def feed(self, data: bytes) -> Iterator[Segment]:
        return self._shift(self.decoder.feed(data))

    def close(self) -> Iterator[Segment]:
        yield from self._shift(self.decoder.close())
        unmet = list_unmet_options(self.job.model, self.job.options, self.final)
        for warning in (*self.decoder.warnings, *unmet):
            _log.warning("%s: %s", self.recording.audio.label, warning)
        self.job.report_progress(self.recording, self.recording.seconds, self.decoder.usage)

    def _shift(self, segments: Iterator[Segment]) -> Iterator[Segment]:
        for segment in segments:
            if not segment.is_partial:
                self.final.append(segment)
            yield segment.shift(self.recording.start)
