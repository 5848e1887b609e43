"""Transcripts in pieces for retrieval: text, flat metadata and a stable id, the same in both frameworks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from audio_core.audio import Audio
from audio_core.transcript import Segment, Transcript

__all__ = ["Granularity", "Passage", "passages"]

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


def passages(
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
        transcription failed, `estimated` (True) where a chat model guessed the times.

    Example:
        >>> [piece.metadata["start"] for piece in passages(Transcript("hi", (Segment(2.0, 3.0, "hi"),)))]
        [2.0]
    """
    common = _known(
        source=transcript.source,
        language=transcript.language,
        duration=transcript.duration,
        model=transcript.model,
        provider=transcript.provider,
        sha256=transcript.sha256,
    )
    pieces = _pieces(transcript, granularity, window_seconds, window_overlap)
    for index, piece in enumerate(pieces):
        start, end = round(piece.start, 3), round(piece.end, 3)
        place = _known(
            start=start,
            end=end,
            clip=_clip(transcript.source, start, end),
            speaker=piece.speaker,
            language=piece.language,
            gap=piece.is_gap or None,
            estimated=piece.is_estimated or None,
        )
        facts = {**(metadata or {}), **common, **place, "segment": index}
        yield Passage(_id(transcript, start, end, piece.text), piece.text, facts)


def _pieces(transcript: Transcript, granularity: Granularity, seconds: float, overlap: float) -> Iterator[Segment]:
    if granularity == "window":
        return transcript.windows(seconds, overlap)
    if granularity == "segment":
        return iter(transcript.segments)
    begin = transcript.segments[0].start if transcript.segments else 0.0
    end = transcript.segments[-1].end if transcript.segments else transcript.duration or 0.0
    is_gap, is_estimated = (
        any(getattr(each, name) for each in transcript.segments) for name in ("is_gap", "is_estimated")
    )
    return iter((Segment(begin, end, transcript.text, is_gap=is_gap, is_estimated=is_estimated),))


def _clip(source: str | None, start: float, end: float) -> str | None:
    return Audio.of(source).clip(start, end).reference if source and start < end else None


def _known(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _id(transcript: Transcript, start: float, end: float, text: str) -> str:
    """The recording's bytes, the stretch, the model and the text; 32 hex digits."""
    facts = (transcript.sha256 or transcript.source or "", start, end, transcript.provider, transcript.model, text)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
