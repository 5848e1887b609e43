"""Passages of transcripts for retrieval: text, flat metadata and a stable id, the same in both frameworks."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from audio_core.errors.validation import check_choice
from audio_core.lenient_json import drop_none
from audio_core.transcript.metadata import format_clip_url, identify_recording
from audio_core.transcript.segment import Segment, join_segments
from audio_core.transcript.timeline import LARGEST_NODE, MAX_LENGTH, Timeline
from audio_core.transcript.transcript import Transcript

__all__ = [
    "Granularity",
    "IdGenerator",
    "Passage",
    "build_passage",
    "encode_timeline",
    "split_passages",
]

Granularity = Literal["segment", "window", "file"]
"""How much one passage holds: one segment, a window of about `window_seconds`, or the whole recording."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a transcript, as it is stored for retrieval.

    Attributes:
        id: stable id: the same for the same recording, times, model and options, whatever the text.
        text: what was said.
        metadata: flat metadata. Unknown fields are omitted.
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
        `estimated` is True where times were estimated, and `alignment_score` says how well aligned text matches the
        sound. `timeline` has the time of each word or segment, so that the passage can be cut later.

    Raises:
        InvalidOption: if there is no such granularity.
        ValueError: if `window_seconds` is not positive, or `window_overlap` is negative or not below it.

    Example:
        >>> transcript = Transcript("hi", (Segment(2.0, 3.0, "hi"),))
        >>> [passage.metadata["start"] for passage in split_passages(transcript)]
        [2.0]
    """
    check_choice("granularity", granularity, get_args(Granularity))
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
    ids, keep_all_times = IdGenerator(granularity), granularity == "file"
    for index, group in enumerate(groups):
        facts = {**(metadata or {}), **common, "segment": index}
        yield build_passage(group, facts, transcript.source, ids, keep_all_times=keep_all_times)


class IdGenerator:
    """A generator of the ids of passages: 32 hex digits, the same for the same recording, stretch, model and options.

    The text does not count, so that a recording that is transcribed again replaces its passages in a store. Passages
    of the same stretch, as of two people who speak at once, are told apart by their order.

    Args:
        options: the options that the passages were made with.

    Example:
        >>> ids = IdGenerator("segment")
        >>> len({ids.create_id({"source": "file:///a.mp3", "start": 0.0, "end": 1.0}) for _ in range(2)})
        2
    """

    def __init__(self, options: str) -> None:
        self._options, self._counts = options, Counter[str]()

    def create_id(self, metadata: Mapping[str, Any]) -> str:
        """Return the id of the passage with this metadata."""
        details = [metadata.get(name) for name in ("start", "end", "provider", "model")]
        stretch = repr((identify_recording(metadata), *details, self._options))
        self._counts[stretch] += 1
        return hashlib.sha256(f"{stretch} {self._counts[stretch]}".encode()).hexdigest()[:32]


def build_passage(
    segments: Sequence[Segment],
    facts: Mapping[str, Any],
    source: str | None,
    ids: IdGenerator,
    *,
    keep_all_times: bool = False,
) -> Passage:
    """Build one passage from several segments.

    Args:
        segments: the segments in order of time, at least one.
        facts: metadata of the recording, and the caller's own. That of the segments takes precedence.
        source: URL of the recording, if it has one.
        ids: creates its id.
        keep_all_times: whether its timeline has the time of each word, however long it becomes.
    """
    joined = join_segments(segments)
    start, end = round(joined.start, 3), round(joined.end, 3)
    timeline = Timeline.build(segments)
    own_metadata = drop_none(
        {
            "start": start,
            "end": end,
            "clip": format_clip_url(source, start, end),
            "speaker": joined.speaker,
            "language": joined.language,
            "gap": joined.is_gap or None,
            "estimated": joined.is_estimated or None,
            "alignment_score": joined.alignment_score and round(joined.alignment_score, 3),
            "timeline": (timeline.encode(start) if keep_all_times else encode_timeline(timeline, start)) or None,
        }
    )
    metadata = {**facts, **own_metadata}
    return Passage(ids.create_id(metadata), joined.text, metadata)


def encode_timeline(timeline: Timeline, start: float) -> str:
    """Encode the timeline of a passage for its metadata, short enough for a node in a store.

    A passage that is too large for a node will be cut, so that it keeps the time of each word.

    Args:
        timeline: the timeline of the passage.
        start: start of the passage in seconds of the recording.
    """
    return timeline.encode(start, MAX_LENGTH if len(timeline.signature) <= LARGEST_NODE else None)


def _group_segments(
    transcript: Transcript, granularity: Granularity, seconds: float, overlap: float
) -> Iterator[Sequence[Segment]]:
    if granularity == "window":
        return transcript.group_segments(seconds, overlap)
    if granularity == "segment":
        return ((segment,) for segment in transcript.segments)
    one_segment = (Segment(0.0, transcript.duration or 0.0, transcript.text),)
    return iter((transcript.segments or one_segment,))
