"""Estimated times for text whose true times are not known: where speech is, between pauses, by its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise

from audio_core.transcript.pause_matching import match_to_pauses
from audio_core.transcript.segment import Segment

__all__ = ["spread_over_speech"]

Span = tuple[float, float]


def spread_over_speech(segments: Sequence[Segment], speech: Sequence[Span], bounds: Span) -> list[Segment]:
    """Return the segments, those with estimated times and no words spread over the speech between their neighbours.

    They end in pauses, where there are some that fit their lengths.

    Args:
        segments: in order of time.
        speech: start and end of each stretch in which somebody speaks, in order of time.
        bounds: start and end of the recording.

    Example:
        >>> guessed = [Segment(0, 9, text, is_estimated=True) for text in ("Yes.", "No!!")]
        >>> spread_over_speech(guessed, [(1.0, 2.0), (6.0, 7.0)], (0.0, 9.0))
        [Segment(1, 2, 'Yes.', is_estimated=True), Segment(6, 7, 'No!!', is_estimated=True)]
    """
    spread, start = list[Segment](), bounds[0]
    groups = [(key, list(group)) for key, group in groupby(segments, _is_unknown)]
    for (is_unknown, group), (_, following) in pairwise([*groups, (False, list[Segment]())]):
        end = max(start, following[0].start if following else bounds[1])
        spread += _spread(group, speech, start, end) if is_unknown else group
        start = max(start, *(segment.end for segment in spread))
    return spread


def _is_unknown(segment: Segment) -> bool:
    return segment.is_estimated and not segment.words and not segment.is_gap


def _spread(segments: Sequence[Segment], speech: Sequence[Span], start: float, end: float) -> Iterator[Segment]:
    within = [(max(start, first), min(end, last)) for first, last in speech if first < end and last > start]
    spans = within or [(start, end)]
    times = match_to_pauses([len(segment.text) for segment in segments], spans) or _divide(segments, spans)
    for segment, (first, last) in zip(segments, times, strict=True):
        yield replace(segment, start=round(first, 3), end=round(last, 3))


def _divide(segments: Sequence[Segment], spans: Sequence[Span]) -> Iterator[Span]:
    """Yield start and end of each segment in proportion to its length."""
    lengths = list(accumulate((len(segment.text) for segment in segments), initial=0))
    total, seconds = lengths[-1] or 1, sum(last - first for first, last in spans)
    for begin, end in pairwise(lengths):
        yield (
            _find_time(spans, seconds * begin / total, is_end=False),
            _find_time(spans, seconds * end / total, is_end=True),
        )


def _find_time(spans: Sequence[Span], seconds: float, *, is_end: bool) -> float:
    """Return when so many seconds of speech have been heard. What ends in a pause ends before it."""
    for start, end in spans:
        if seconds < end - start or (is_end and seconds <= end - start):
            return start + max(0.0, seconds)
        seconds -= end - start
    return spans[-1][1]
