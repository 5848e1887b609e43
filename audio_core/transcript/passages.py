"""Passages of transcripts for retrieval: text, flat metadata and a stable id, the same in both frameworks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from audio_core.audio.audio import Audio
from audio_core.lenient_json import drop_none
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
"""How much one passage holds: one segment, a window of about `window_seconds`, or the whole recording."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a transcript, as it is stored for retrieval.

    Attributes:
        id: stable id: the same for the same recording, times, model and text.
        text: what was said.
        metadata: flat metadata. What is not known has no key.
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
    """Split a transcript into passages with their times in the recording.

    Args:
        transcript: the transcript of a recording.
        granularity: how much one passage holds.
        window_seconds: length of a window in seconds, with `granularity="window"`.
        window_overlap: seconds that a window shares with the previous one.
        metadata: the caller's own metadata, which is added to each passage. The keys below take precedence.

    Yields:
        Passages whose metadata has `start` and `end` (seconds of the original recording) and `segment` (index). Where
        they are known, there are also `source`, `clip`, `speaker`, `language`, `duration`, `model`, `provider` and
        `sha256`. `warnings` has those of the transcript, one a line. `gap` is True where transcription failed.
        `estimated` is True where times were estimated. `timeline` has the time of each word or segment, so that the
        passage can be cut later.

    Raises:
        ValueError: if `window_seconds` is not positive, or `window_overlap` is negative or not below it.

    Example:
        >>> transcript = Transcript("hi", (Segment(2.0, 3.0, "hi"),))
        >>> [passage.metadata["start"] for passage in split_passages(transcript)]
        [2.0]
    """
    common = drop_none(
        {
            "source": transcript.source,
            "language": transcript.language,
            "duration": transcript.duration,
            "model": transcript.model,
            "provider": transcript.provider,
            "sha256": transcript.sha256,
            "warnings": "\n".join(transcript.warnings) or None,
        }
    )
    groups = _group_segments(transcript, granularity, window_seconds, window_overlap)
    for index, group in enumerate(groups):
        yield build_passage(group, {**(metadata or {}), **common, "segment": index}, transcript.source)


def build_passage(segments: Sequence[Segment], facts: Mapping[str, Any], source: str | None) -> Passage:
    """Build one passage from several segments.

    Args:
        segments: the segments in order of time, at least one.
        facts: metadata of the recording, and the caller's own. That of the segments takes precedence.
        source: URL of the recording, if it has one.
    """
    joined = join_segments(segments)
    start, end = round(joined.start, 3), round(joined.end, 3)
    own_metadata = drop_none(
        {
            "start": start,
            "end": end,
            "clip": format_clip_url(source, start, end),
            "speaker": joined.speaker,
            "language": joined.language,
            "gap": joined.is_gap or None,
            "estimated": joined.is_estimated or None,
            "timeline": encode_segments(segments, start) or None,
        }
    )
    metadata = {**facts, **own_metadata}
    return Passage(compute_id(metadata, joined.text), joined.text, metadata)


def get_recording_url(metadata: Mapping[str, Any]) -> str | None:
    """Return the URL of the recording that a passage belongs to, or None if it has none.

    A passage with `sha256` but without `clip` is of a recording that was given as bytes. Its `source` is the caller's
    name for them, not a URL.

    Example:
        >>> get_recording_url({"source": "file:///a.mp3"}), get_recording_url({"source": "upload 7", "sha256": "ab..."})
        ('file:///a.mp3', None)
    """
    return None if "sha256" in metadata and "clip" not in metadata else metadata.get("source")


def format_clip_url(source: str | None, start: float, end: float) -> str | None:
    """Format the URL of a clip: the URL of the recording with a media fragment.

    Args:
        source: URL of the recording, or None if it has none.
        start: start of the clip in seconds.
        end: end of the clip in seconds.

    Returns:
        The URL, or None if the recording has none or the clip is empty.
    """
    return Audio.of(source).clip(start, end).reference if source and start < end else None


def compute_id(metadata: Mapping[str, Any], text: str) -> str:
    """Compute the id of a passage: 32 hex digits, the same for the same recording, times, model and text.

    Args:
        metadata: the metadata of the passage.
        text: the text of the passage.
    """
    recording = metadata.get("sha256") or metadata.get("source") or ""
    details = [metadata.get(name) for name in ("start", "end", "provider", "model")]
    return hashlib.sha256(repr((recording, *details, text)).encode()).hexdigest()[:32]


def _group_segments(
    transcript: Transcript, granularity: Granularity, seconds: float, overlap: float
) -> Iterator[Sequence[Segment]]:
    if granularity == "window":
        return transcript.group_segments(seconds, overlap)
    if granularity == "segment":
        return ((segment,) for segment in transcript.segments)
    one_segment = (Segment(0.0, transcript.duration or 0.0, transcript.text),)
    return iter((transcript.segments or one_segment,))
