"""Stretches of a recording that could not be transcribed: marked in the transcript, or told by an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from audio_core.errors import AudioError, ProviderError, TranscriptionIncomplete
from audio_core.transcript.segment import Segment, format_range, join_text
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage

__all__ = ["FailedStretch", "build_incomplete_error", "count_unanswered", "describe_silence", "mark_gaps", "name_some"]

_MAX_NAMED = 5  # in a message
_SHORTEST_SILENCE = 1.0  # seconds that a user is told of

FailedStretch: TypeAlias = tuple[float, float, AudioError]
"""A stretch that is missing: its start and end, in seconds of the original recording, and the error."""


def build_incomplete_error(
    label: str, transcript: Transcript, failures: Sequence[FailedStretch]
) -> TranscriptionIncomplete:
    """Build the error for a recording of which stretches are missing.

    Args:
        label: what messages call the recording.
        transcript: what was transcribed, with its gaps marked.
        failures: the stretches that are missing, at least one, in order of time.
    """
    ranges = ", ".join(format_range(start, end) for start, end, _ in failures)
    reason = str(failures[0][2]).rstrip(".")
    return TranscriptionIncomplete(
        f"{label}: {ranges} could not be transcribed: {reason}. The rest is in .transcript; "
        "gaps='mark' returns it with the gaps marked.",
        transcript=transcript,
        failures=tuple(failures),
    )


def mark_gaps(transcript: Transcript, failures: Sequence[FailedStretch]) -> Transcript:
    """Return the transcript with a segment added for each stretch that is missing.

    Args:
        transcript: what was transcribed.
        failures: the stretches that are missing.
    """
    gaps = [
        Segment(start, end, f"[not transcribed: {format_range(start, end)}]", is_gap=True) for start, end, _ in failures
    ]
    segments = tuple(sorted((*transcript.segments, *gaps), key=lambda segment: segment.start))
    return replace(transcript, segments=segments, text=join_text(segments))


def count_unanswered(error: Exception, seconds: float) -> Usage | None:
    """Return what a request that has failed may cost; None if it is not billed.

    Args:
        error: what it ended in.
        seconds: of audio that it was for.

    Example:
        >>> from audio_core.errors import ProviderTimeout
        >>> count_unanswered(ProviderTimeout("No answer.", may_have_been_billed=True), 30.0)
        Usage(unanswered_seconds=30.0)
    """
    is_billed = isinstance(error, ProviderError) and error.may_have_been_billed
    return Usage(unanswered_seconds=seconds) if is_billed else None


def describe_silence(stretches: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Yield what to say about pieces that were not sent. The last one may be the silence that an encoder has added.

    Args:
        stretches: their starts and ends, in seconds of the original recording.
    """
    ranges = [format_range(start, end) for start, end in sorted(stretches) if end - start >= _SHORTEST_SILENCE]
    if ranges:
        yield f"{name_some(ranges, 'more pieces')} hold digital silence and were not sent."


def name_some(names: Sequence[str], rest: str = "more", *, most: int = _MAX_NAMED) -> str:
    """Return the first few names as a list, and how many others there are.

    Args:
        names: of stretches, models or recordings, as a message names them.
        rest: what to call the others.
        most: how many are named.

    Example:
        >>> name_some(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    others = f" and {len(names) - most} {rest}" if len(names) > most else ""
    return ", ".join(names[:most]) + others
