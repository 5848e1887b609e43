"""A recording that is too long for one request: cut, sent piece by piece, several at once, and put together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from audio_core.errors import (
    AudioError,
    AuthenticationError,
    NotFound,
    PermissionDenied,
    ProviderError,
    TranscriptionIncomplete,
)
from audio_core.http.flow import Flow, gather, run_blocking, run_limited
from audio_core.media.segmentation import BYTES_PER_SECOND, Piece, cut_recording
from audio_core.operations.job import Job, Recording
from audio_core.operations.transcript_store import transcribe_once
from audio_core.operations.transcription_request import request_transcript
from audio_core.operations.upload import encode_for_upload
from audio_core.providers import Provider
from audio_core.transcript.merge import PieceTranscript, merge_pieces, sum_usage
from audio_core.transcript.segment import Segment, format_clock, join_text
from audio_core.transcript.transcript import Transcript

__all__ = [
    "LONGEST_PIECE",
    "LONGEST_REQUEST",
    "FailedStretch",
    "build_incomplete_error",
    "get_longest_request",
    "mark_gaps",
    "transcribe_long",
]

FailedStretch: TypeAlias = tuple[float, float, AudioError]
"""A stretch that is missing, in seconds of the recording, and why."""

LONGEST_REQUEST = 1800.0
"""Seconds; a longer recording is cut even where no limit is documented, because gateways give up on long requests."""

LONGEST_PIECE = 300.0
"""Seconds; short enough for several pieces to be heard at once, long enough to lose nothing of the context."""

_HOPELESS = (AuthenticationError, PermissionDenied, NotFound)  # what one piece is refused for, all are


@dataclass(slots=True)
class _PieceResults:
    """What has come of the pieces of a recording so far."""

    job: Job
    recording: Recording
    parts: list[PieceTranscript] = field(default_factory=list[PieceTranscript])
    failures: list[FailedStretch] = field(default_factory=list[FailedStretch])
    reached: float = 0.0
    stopped: AudioError | None = None

    def create_flows(self, longest: float) -> Iterator[Flow[None]]:
        """One flow for each piece, made while earlier ones are under way; none any more once there is no hope.

        What cannot be decoded any further is a stretch that is missing: what was heard before it is not thrown away.
        """
        try:
            for piece in cut_recording(self.recording.audio, longest, self.job.options.vad):
                if self.stopped is not None:
                    return
                self.reached = piece.end
                yield self.transcribe_piece(piece)
        except AudioError as error:
            self.stopped = error

    def transcribe_piece(self, piece: Piece) -> Flow[None]:
        """Have one piece transcribed."""
        try:
            heard = yield from self._transcribe_once(piece)
            self.parts.append(PieceTranscript(piece.start, piece.end, piece.shared, heard.shift(piece.start)))
        except ProviderError as error:
            self.failures.append((piece.start, piece.end, error))
            if isinstance(error, _HOPELESS) or self.job.options.gaps == "raise":
                self.stopped = self.stopped or error
        self.job.report_progress(
            self.recording, self._count_seconds_done(), sum_usage([part.transcript.usage for part in self.parts])
        )

    def _transcribe_once(self, piece: Piece) -> Flow[Transcript]:
        if piece.is_silent:  # models make words up for silence
            return Transcript("", (), provider=self.job.endpoint.provider.name, model=self.job.model)
        key = self.job.build_key(self.recording, piece.start, piece.end)
        return (yield from run_limited(transcribe_once(self.job.store, key, self._request(piece))))

    def _request(self, piece: Piece) -> Flow[Transcript]:
        formats, seconds = self.job.endpoint.provider.upload_formats, piece.end - piece.start
        audio = yield from run_blocking(partial(encode_for_upload, piece.audio, formats, seconds))
        return (yield from request_transcript(self.job, self.recording.audio.name, audio))

    def _count_seconds_done(self) -> float:
        heard = sum(part.end - part.start - part.shared for part in self.parts)
        return min(self.recording.seconds, heard + sum(end - start for start, end, _ in self.failures))


def transcribe_long(job: Job, recording: Recording) -> Flow[Transcript]:
    """Transcribe a recording in pieces; times are of the original recording.

    Raises:
        TranscriptionIncomplete: if a piece failed, with the transcript of the others and the ranges that are missing.
        ProviderError: if the first of them failed already.
    """
    found = _PieceResults(job, recording)
    yield from gather(found.create_flows(_get_longest_piece(job.endpoint.provider)), job.max_concurrency)
    if found.stopped is not None and found.reached < recording.end:
        found.failures.append((found.reached, recording.end, found.stopped))
    return _merge_results(found)


def get_longest_request(row: Provider) -> float:
    """Seconds up to which a recording goes out whole; a chat model has to write all of it down in one answer."""
    usual = LONGEST_PIECE if row.transcription == "chat" else LONGEST_REQUEST
    return row.max_upload_seconds or usual


def _get_longest_piece(row: Provider) -> float:
    """Seconds that fit into one request in any format, also as WAV."""
    by_size = math.inf if row.max_upload_bytes is None else row.max_upload_bytes * 0.95 / BYTES_PER_SECOND
    return min(LONGEST_PIECE, row.max_upload_seconds or math.inf, by_size)


def _merge_results(found: _PieceResults) -> Transcript:
    parts = sorted(found.parts, key=lambda part: part.start)
    failures = sorted(found.failures, key=lambda failure: failure[0])
    if failures and not parts:
        raise failures[0][2]
    whole = merge_pieces(parts)
    if not failures:
        return whole
    marked = mark_gaps(whole, failures)
    if found.job.options.gaps == "mark":
        return marked
    raise build_incomplete_error(found.recording.audio.label, marked, failures)


def build_incomplete_error(
    label: str, transcript: Transcript, failures: Sequence[FailedStretch]
) -> TranscriptionIncomplete:
    """The error for a recording of which stretches are missing."""
    ranges = ", ".join(f"{format_clock(start)}-{format_clock(end)}" for start, end, _ in failures)
    return TranscriptionIncomplete(
        f"{label}: {ranges} could not be transcribed: {failures[0][2]} What was is in .transcript; "
        "gaps='mark' returns it with the gaps marked.",
        transcript=transcript,
        failures=tuple(failures),
    )


def mark_gaps(transcript: Transcript, failures: Sequence[FailedStretch]) -> Transcript:
    """The transcript with a segment for each stretch that is missing."""
    gaps = [
        Segment(start, end, f"[not transcribed: {format_clock(start)}-{format_clock(end)}]", is_gap=True)
        for start, end, _ in failures
    ]
    segments = tuple(sorted((*transcript.segments, *gaps), key=lambda segment: segment.start))
    return replace(transcript, segments=segments, text=join_text(segments))
