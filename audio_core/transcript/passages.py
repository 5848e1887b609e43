"""Transcripts in pieces for retrieval: text, flat metadata and a stable id, the same in both frameworks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from audio_core.audio.audio import Audio
from audio_core.transcript.offsets import encode_segments
from audio_core.transcript.segment import Segment, join_segments
from audio_core.transcript.transcript import Transcript

__all__ = [
    "Granularity",
    "Passage",
    "build_passage",
    "compute_id",
    "format_clip_url",
    "get_recording_url",
    "split_passages",
]

Granularity = Literal["segment", "window", "file"]
"""How much one piece holds: what lies between two pauses, segments of about `window_seconds`, or all of a recording."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a transcript.

    Attributes:
        id: the same for the same recording, stretch and text.
        text: what was said.
        metadata: flat; a fact that is not known has no key.
    """

    id: str
    text: str
    metadata: dict[str, Any]


def split_passages(
    transcript: Transcript,
    *,
    granularity: Granularity = "segment",
    window_seconds: float = 30.0,
    window_overlap: float = 0.0,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Passage]:
    """Cut a transcript into pieces that say where in the recording they stand.

    Args:
        transcript: of a recording.
        granularity: how much one piece holds.
        window_seconds: length of a window, with `granularity="window"`.
        window_overlap: seconds that a window shares with the one before.
        metadata: what the caller brings; where the recording says otherwise, the recording is right.

    Yields:
        Passages whose metadata has `start`, `end` (seconds of the original recording) and `segment` (index), and where
        known `source`, `clip`, `speaker`, `language`, `duration`, `model`, `provider`, `sha256`; `gap` (True) where
        transcription failed, `estimated` (True) where a chat model guessed the times; and `timeline`, which keeps the time of
        each word or segment for whoever cuts the passage.

    Example:
        >>> [piece.metadata["start"] for piece in passages(Transcript("hi", (Segment(2.0, 3.0, "hi"),)))]
        [2.0]
    """
    common = _drop_none(
        source=transcript.source,
        language=transcript.language,
        duration=transcript.duration,
        model=transcript.model,
        provider=transcript.provider,
        sha256=transcript.sha256,
    )
    groups = _group_segments(transcript, granularity, window_seconds, window_overlap)
    for index, group in enumerate(groups):
        yield build_passage(group, {**(metadata or {}), **common, "segment": index}, transcript.source)


def build_passage(segments: Sequence[Segment], facts: Mapping[str, Any], source: str | None) -> Passage:
    """One passage of several segments: with their own place in the recording, and what else is known of them.

    Args:
        segments: in order of time, at least one.
        facts: of the recording, and what the caller brings.
        source: URL of the recording, if it has one.
    """
    whole = join_segments(segments)
    start, end = round(whole.start, 3), round(whole.end, 3)
    place = _drop_none(
        start=start,
        end=end,
        clip=format_clip_url(source, start, end),
        speaker=whole.speaker,
        language=whole.language,
        gap=whole.is_gap or None,
        estimated=whole.is_estimated or None,
        timeline=encode_segments(segments, start) or None,
    )
    found = {**facts, **place}
    return Passage(compute_id(found, whole.text), whole.text, found)


def get_recording_url(metadata: Mapping[str, Any]) -> str | None:
    """The URL of the recording that a passage is of; None if it has none.

    A passage that knows its recording's bytes but no clip was heard in bytes: its `source` is what the caller calls them.

    Example:
        >>> get_recording_url({"source": "file:///a.mp3"}), get_recording_url({"source": "upload 7", "sha256": "ab..."})
        ('file:///a.mp3', None)
    """
    return None if "sha256" in metadata and "clip" not in metadata else metadata.get("source")


def format_clip_url(source: str | None, start: float, end: float) -> str | None:
    """The URL of a stretch of a recording, if the recording has one."""
    return Audio.of(source).clip(start, end).reference if source and start < end else None


def compute_id(metadata: Mapping[str, Any], text: str) -> str:
    """32 hex digits, the same for the same recording, stretch, model and text."""
    facts = [metadata.get(name) for name in ("sha256", "source", "start", "end", "provider", "model")]
    recording = facts[0] or facts[1] or ""
    return hashlib.sha256(repr((recording, *facts[2:], text)).encode()).hexdigest()[:32]


def _group_segments(
    transcript: Transcript, granularity: Granularity, seconds: float, overlap: float
) -> Iterator[Sequence[Segment]]:
    if granularity == "window":
        return transcript.group_segments(seconds, overlap)
    if granularity == "segment":
        return ((segment,) for segment in transcript.segments)
    silent = (Segment(0.0, transcript.duration or 0.0, transcript.text),)
    return iter((transcript.segments or silent,))


def _drop_none(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
