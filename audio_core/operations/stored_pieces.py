"""What the store has of a recording decides how it goes on, so that the pieces that are paid for are found again."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from audio_core.http.flow import Flow, run_blocking
from audio_core.media.segmentation import Piece
from audio_core.operations.job import Job, Recording
from audio_core.operations.model_times import get_longest_segment, is_to_learn_times
from audio_core.operations.piece_lengths import get_longest_piece
from audio_core.transcript.transcript import Transcript

__all__ = ["choose_length", "find_stored", "note_cut", "was_passed_over"]

_ROUNDING = 0.002  # seconds


def find_stored(job: Job, recording: Recording) -> Flow[Transcript | None]:
    """Look for a transcript of a whole recording, which was paid for before its model was known to send no times.

    Args:
        job: the settings of the transcription.
        recording: the open recording, or a piece of one.
    """
    if job.store is None or recording.seconds <= get_longest_segment(job):
        return None
    key = job.build_key(recording, recording.start, recording.end)
    return (yield from run_blocking(partial(job.store.find, key)))


def choose_length(job: Job, recording: Recording, start: float, *, is_first: bool) -> float:
    """Return how many seconds a piece may have: as many as when it was paid for, or as the next one that was.

    The first is short even if the model is known to send times, so that a job goes on with the pieces in its store. So
    are those that follow until one is answered, to learn whether times come.

    Args:
        job: the settings of the transcription.
        recording: the open recording.
        start: where the piece begins, in seconds of the original recording.
        is_first: whether no piece before it was answered.
    """
    short, longest = job.options.segment_seconds, get_longest_piece(job)
    if short is None or job.engine is not None or job.endpoint.provider.transcription == "chat":
        return longest
    if start <= recording.start or (is_first and is_to_learn_times(job)):
        return min(short, longest)
    any_length = get_longest_piece(replace(job, options=replace(job.options, segment_seconds=None)))
    following = (span for span in _list_spans(job, recording) if span[0] >= round(start, 3))
    begin, end = min(following, key=lambda span: (span[0], -span[1]), default=(math.inf, math.inf))
    is_remainder = end >= recording.end - _ROUNDING
    if is_remainder and begin > start + short:  # its length tells nothing of those before it
        return longest
    return any_length if end - begin > short + _ROUNDING else min(short, any_length)


def note_cut(job: Job, recording: Recording, piece: Piece) -> Flow[None]:
    """Note that a piece is cut again, so that a later call cuts the recording at its ends too.

    Args:
        job: the settings of the transcription.
        recording: the open recording.
        piece: of the recording.
    """
    if job.store is not None:
        yield from run_blocking(partial(job.store.save_span, job.build_key(recording, piece.start, piece.end)))


def was_passed_over(job: Job, recording: Recording, piece: Piece) -> bool:
    """Tell whether later pieces were paid for without this one, as it had failed: the store has these alone.

    Args:
        job: the settings of the transcription, with the samples of speakers that the piece would be sent with.
        recording: the open recording.
        piece: of the recording.
    """
    starts = [start for start, _ in _list_spans(job.with_limits(), recording)]
    return round(piece.start, 3) not in starts and any(start > piece.start for start in starts)


def _list_spans(job: Job, recording: Recording) -> list[tuple[float, float]]:
    """Return start and end of the pieces that the store has, in milliseconds' precision, as its keys have."""
    if job.store is None:
        return []
    spans = job.store.list_spans(job.build_key(recording, recording.start, recording.end))
    return [(round(start, 3), round(end, 3)) for start, end in spans]
