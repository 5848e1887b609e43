"""Transcribe a recording that is too long for one request, or for one call of an engine in this process.

The recording is cut into pieces. Several pieces are transcribed at a time, and their transcripts are merged.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from audio_core.errors import (
    AudioError,
    AuthenticationError,
    BudgetExceeded,
    NotFound,
    PermissionDenied,
    ProviderError,
    StoreError,
    TranscriptionIncomplete,
)
from audio_core.http.flow import Flow, gather, run_blocking, run_limited
from audio_core.media.segmentation import Piece
from audio_core.operations.bridging import bridge_joins, describe_doubts
from audio_core.operations.claims import transcribe_once
from audio_core.operations.gaps import (
    FailedStretch,
    build_incomplete_error,
    count_unanswered,
    describe_silence,
    mark_gaps,
)
from audio_core.operations.job import Job, Recording
from audio_core.operations.limits import LimitLearned
from audio_core.operations.model_times import get_longest_segment, is_to_learn_times
from audio_core.operations.piece_lengths import get_longest_piece
from audio_core.operations.pieces import cut_pieces, encode_piece, remove_lead
from audio_core.operations.speaker_references import can_refer, refer_to_speakers
from audio_core.operations.spending import spend_budget
from audio_core.operations.stored_pieces import choose_length, find_stored, note_cut, was_passed_over
from audio_core.operations.transcription_request import request_transcript
from audio_core.transcript.merge import PieceTranscript, merge_pieces, sum_usage
from audio_core.transcript.segment import format_clock
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage, describe_cost

__all__ = ["transcribe_long"]

_log = logging.getLogger(__name__)
_MAX_CONTEXT = 200  # characters of the text before a piece; Whisper takes at most 224 tokens
_ROUNDING = 0.001  # seconds
# every other piece would be refused as well
_FATAL = (AuthenticationError, PermissionDenied, NotFound, BudgetExceeded)


@dataclass(slots=True)
class _PieceResults:
    """The transcripts and failures of a recording's pieces so far.

    Attributes:
        transcripts: of the pieces that succeeded, in the order in which they finished; at last, with bridges.
        failures: the pieces that failed.
        last_end: where the last piece that was begun ends, in seconds of the original recording.
        fatal_error: why no further pieces are begun; None while they are.
        further_usage: what failed requests may cost, and what bridges have used that did not help; None where that is
            nothing.
        silent: start and end of the pieces that were not sent, in seconds of the original recording.
        warnings: what a user must know.
        is_sampling: whether pieces go one by one, as samples of their speakers are sent with the next.
        is_told: whether what a user must know about the sound is known from decoding it before.
        put_off: pieces that are sent last, with their numbers.
        encoder: the one thread that encodes. Each that did would hold an encoder's 13 MB until it ends.
    """

    job: Job
    recording: Recording
    transcripts: list[PieceTranscript] = field(default_factory=list[PieceTranscript])
    failures: list[FailedStretch] = field(default_factory=list[FailedStretch])
    last_end: float = 0.0
    fatal_error: AudioError | None = None
    further_usage: list[Usage | None] = field(default_factory=list["Usage | None"])
    silent: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    warnings: list[str] = field(default_factory=list[str])
    is_sampling: bool = False
    is_told: bool = False
    put_off: list[tuple[Piece, int]] = field(default_factory=list[tuple[Piece, int]])
    encoder: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    @property
    def usage(self) -> Usage | None:
        """What the pieces have used so far."""
        return sum_usage([*(each.transcript.usage for each in self.transcripts), *self.further_usage])

    def create_flows(self) -> Iterator[Flow[None]]:
        """Yield one flow for each piece, while earlier ones are under way, until an error is fatal.

        If decoding fails, the remainder of the recording is missing. The transcripts of earlier pieces are kept.
        """
        try:
            pieces = cut_pieces(self.job, self.recording, self._choose_length, [] if self.is_told else self.warnings)
            for number, piece in enumerate(pieces, 1):
                if self.fatal_error is not None:
                    return
                self.recording.check_unchanged()
                self.last_end = piece.end
                if self._is_put_off(piece):
                    self.put_off.append((piece, number))
                else:
                    yield self.transcribe_piece(piece, number)
            while self.put_off and self.fatal_error is None:
                yield self.transcribe_piece(*self.put_off.pop(0))
        except AudioError as error:
            self.fatal_error = error

    def bridge_joins(self, minimum: int) -> Flow[None]:
        """Transcribe once more what lies around joins that are not certain, unless the job has ended early."""
        transcribe = partial(self._transcribe_within_limits, is_bridge=True) if self.fatal_error is None else None
        bridged = yield from bridge_joins(self.job, self.recording, self.sort_transcripts(), transcribe, minimum)
        self.transcripts = bridged.parts
        self.further_usage += [each.transcript.usage for each in bridged.unused]
        self.warnings += describe_doubts(bridged.doubts)

    def sort_transcripts(self) -> list[PieceTranscript]:
        """Return the transcripts in order of time."""
        return sorted(self.transcripts, key=lambda piece: piece.start)

    def _choose_length(self, start: float) -> float:
        has_answer = len(self.transcripts) > len(self.silent)
        return choose_length(self.job, self.recording, start, is_first=not has_answer)

    def _is_put_off(self, piece: Piece) -> bool:
        """Tell whether a piece that an earlier call has passed over is sent last, with samples from the later ones.

        Samples from it would make these other requests than those that are paid for.
        """
        is_possible = self.is_sampling and len(self.put_off) < self.job.max_concurrency
        return is_possible and was_passed_over(self.job, self.recording, piece)

    def transcribe_piece(self, piece: Piece, number: int) -> Flow[None]:
        """Transcribe one piece, counted from 1, and record its transcript or its failure."""
        try:
            transcript = yield from self._transcribe_within_limits(piece)
            if self.is_sampling:
                longest = get_longest_piece(self.job.with_limits())
                self.job, self.is_sampling = yield from refer_to_speakers(self.job, piece, transcript, number, longest)
            self.transcripts.append(PieceTranscript(piece.start, piece.end, piece.shared, transcript, number))
        except TranscriptionIncomplete as error:  # of a piece that was cut again
            heard = tuple(segment for segment in error.transcript.segments if not segment.is_gap)
            transcript = replace(error.transcript, segments=heard)
            self.transcripts.append(PieceTranscript(piece.start, piece.end, piece.shared, transcript, number))
            self.failures += error.failures
            self.fatal_error = self.fatal_error or error.failures[0][2]
        except (ProviderError, BudgetExceeded, OSError) as failure:  # a full disk costs the piece, not the job
            error = failure if isinstance(failure, AudioError) else _build_disk_error(failure)
            _log.info(
                "%s: piece %s-%s failed: %s",
                self.recording.audio.label,
                format_clock(piece.start),
                format_clock(piece.end),
                error,
            )
            self.failures.append((piece.start, piece.end, error))
            self.further_usage.append(count_unanswered(error, piece.end - piece.start))
            if isinstance(error, _FATAL) or self.job.options.gaps == "raise":
                self.fatal_error = self.fatal_error or error
        except AudioError as error:  # such as an engine that is not installed: no other piece will do better
            self.fatal_error = error
            raise
        done = self._count_seconds_done()
        _log.info(
            "%s: piece %s-%s is done, %s of %s%s.",
            self.recording.audio.label,
            format_clock(piece.start),
            format_clock(piece.end),
            format_clock(done),
            format_clock(self.recording.seconds),
            describe_cost(self.usage),
        )
        self.job.report_progress(self.recording, done, self.usage)

    def _transcribe_within_limits(
        self, piece: Piece, attempts: int = 0, *, is_bridge: bool = False
    ) -> Flow[Transcript]:
        """Transcribe a piece with times of the original recording, in smaller pieces if the gateway demands these.

        Args:
            piece: the piece.
            attempts: how many times it was sent before, in another form.
            is_bridge: whether it lies around the join of two pieces.
        """
        if piece.is_silent:  # models invent words for silence
            self.silent.append((piece.start, piece.end))
            return Transcript("", (), provider=self.job.endpoint.provider.name, model=self.job.model)
        job = self.job.with_limits().with_attempts(attempts)
        part = self.recording.clip(piece.start, piece.end)
        if stored := (yield from find_stored(job, part)):
            return stored.shift(piece.start)
        if part.seconds > get_longest_piece(job):
            yield from note_cut(job, self.recording, piece)
            return (yield from transcribe_long(job.without_progress(), part, piece))
        key = replace(job.build_key(self.recording, piece.start, piece.end), is_bridge=is_bridge)
        try:
            request = spend_budget(job, key.label, piece.end - piece.start, self._request(job, piece))
            transcript = yield from run_limited(transcribe_once(job.store, key, request))
        except LimitLearned as limit:
            self.warnings += filter(None, [limit.warning])
            return (yield from self._transcribe_within_limits(piece, limit.attempts, is_bridge=is_bridge))
        return transcript.shift(piece.start)

    def _request(self, job: Job, piece: Piece) -> Flow[Transcript]:
        if job.engine is not None:
            transcript = yield from run_blocking(partial(job.engine.transcribe, piece.audio, job.options))
            return replace(transcript, warnings=())  # what decoding it tells is known from cutting
        row = job.endpoint.provider
        job = self._add_context(job, piece)
        audio = yield from run_blocking(lambda: self.encoder.submit(encode_piece, piece, row, self.warnings).result())
        transcript = yield from request_transcript(job, self.recording.audio.name, audio)
        return remove_lead(transcript, piece) if audio.content is piece.content else transcript

    def _add_context(self, job: Job, piece: Piece) -> Job:
        """Return a job whose prompt ends with the text before a piece, as far as it is known, if the piece is short."""
        if not job.endpoint.provider.takes_context or job.options.diarize or math.isinf(get_longest_segment(job)):
            return job
        latest = piece.start + piece.shared + _ROUNDING  # what a piece says itself is not the text before it
        before = [each for each in self.transcripts if each.end < latest and each.transcript.text]
        if not before:
            return job
        text = max(before, key=lambda each: each.start).transcript.text
        context = text if len(text) <= _MAX_CONTEXT else text[-_MAX_CONTEXT:].partition(" ")[2]
        prompt = " ".join(filter(None, (job.options.prompt, context)))
        return replace(job, options=replace(job.options, prompt=prompt))

    def _count_seconds_done(self) -> float:
        transcribed = sum(piece.end - piece.start - piece.shared for piece in self.transcripts)
        failed = sum(end - start for start, end, _ in self.failures)
        return min(self.recording.seconds, transcribed + failed)


def transcribe_long(job: Job, recording: Recording, cut_again: Piece | None = None) -> Flow[Transcript]:
    """Transcribe a recording in pieces. Times are seconds of the original recording.

    Args:
        job: the settings of the transcription.
        recording: the open recording.
        cut_again: the piece that it is, if one is cut again.

    Raises:
        TranscriptionIncomplete: if a piece failed. It holds the transcript of the others, and the missing stretches.
        AudioError: if no piece was transcribed. It is the error of the first one.
    """
    is_told = cut_again is not None and cut_again.copied is None
    results = _PieceResults(job, recording, is_sampling=can_refer(job) and cut_again is None, is_told=is_told)
    _log.info(
        "%s: %s of audio are cut at pauses into pieces of up to %s, %d at a time.",
        recording.audio.label,
        format_clock(recording.seconds),
        format_clock(get_longest_piece(job)),
        job.max_concurrency,
    )
    try:
        yield from _transcribe_pieces(results)
        # What was cut again, and a budget that others share, pay for no bridge beyond the usual share.
        yield from results.bridge_joins(minimum=0 if cut_again is not None or job.options.budget else 1)
    finally:
        results.encoder.shutdown(wait=False, cancel_futures=True)
    if (error := results.fatal_error) is not None:
        results.failures += [(piece.start, piece.end, error) for piece, _ in results.put_off]
        results.failures += [(results.last_end, recording.end, error)] if results.last_end < recording.end else []
    return _merge_results(results)


def _transcribe_pieces(results: _PieceResults) -> Flow[None]:
    pieces = results.create_flows()
    while (is_to_learn_times(results.job) or results.is_sampling) and (yield from gather(islice(pieces, 1), 1)):
        pass
    yield from gather(pieces, results.job.max_concurrency)


def _build_disk_error(error: OSError) -> AudioError:
    return StoreError(f"A piece could not be prepared: {error.strerror or error}. Check that the disk has space.")


def _merge_results(results: _PieceResults) -> Transcript:
    transcripts = results.sort_transcripts()
    failures = sorted(results.failures, key=lambda failure: failure[0])
    if failures and not transcripts:
        raise failures[0][2]
    names = {sample.label for sample in results.job.samples}
    merged = replace(merge_pieces(transcripts, names), duration=results.recording.seconds, usage=results.usage)
    merged = merged.add_warnings((*results.warnings, *describe_silence(results.silent)))
    if not failures:
        return merged
    marked = mark_gaps(merged, failures)
    if results.job.options.gaps == "mark":
        return marked
    raise build_incomplete_error(results.recording.audio.label, marked, failures)
