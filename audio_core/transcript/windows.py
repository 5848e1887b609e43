"""Windows of segments of about equal length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audio_core.transcript.segment import Segment

__all__ = ["group_segments"]


def group_segments(segments: Sequence[Segment], seconds: float, overlap: float) -> Iterator[Sequence[Segment]]:
    """Yield the segments of each window. No segment is cut.

    Args:
        segments: in order of time.
        seconds: maximum length of a window in seconds. A segment that is longer becomes a window of its own.
        overlap: seconds of the previous window that a window repeats. Only whole segments are repeated.

    Raises:
        ValueError: if `seconds` is not positive, or `overlap` is negative or not below it.
    """
    if not 0 <= overlap < seconds:
        raise ValueError(
            f"A window of {seconds} s cannot overlap by {overlap} s: "
            "the overlap must be at least 0 and below the length of the window."
        )
    first = 0
    while first < len(segments):
        last = _find_last_within(segments, first, seconds)
        yield segments[first : last + 1]
        if last + 1 == len(segments):
            return
        first = _find_first_after(segments, first, last, overlap)


def _find_last_within(segments: Sequence[Segment], first: int, seconds: float) -> int:
    limit = segments[first].start + seconds
    last = first
    while last + 1 < len(segments) and segments[last + 1].end <= limit:
        last += 1
    return last


def _find_first_after(segments: Sequence[Segment], first: int, last: int, overlap: float) -> int:
    following = last + 1
    while following - 1 > first and segments[last].end - segments[following - 1].start <= overlap:
        following -= 1
    return following
