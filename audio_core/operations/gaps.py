"""Stretches of a recording that could not be transcribed: marked in the transcript, or told by an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from audio_core.errors import AudioError, TranscriptionIncomplete
from audio_core.transcript.segment import Segment, format_clock, join_text
from audio_core.transcript.transcript import Transcript

__all__ = ["FailedStretch", "build_incomplete_error", "mark_gaps"]

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
    ranges = ", ".join(f"{format_clock(start)}-{format_clock(end)}" for start, end, _ in failures)
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
        Segment(start, end, f"[not transcribed: {format_clock(start)}-{format_clock(end)}]", is_gap=True)
        for start, end, _ in failures
    ]
    segments = tuple(sorted((*transcript.segments, *gaps), key=lambda segment: segment.start))
    return replace(transcript, segments=segments, text=join_text(segments))
