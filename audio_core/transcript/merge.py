"""Merging transcripts of a recording's pieces or channels into one: each word once, in order of time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from audio_core.transcript.overlap import join_overlap
from audio_core.transcript.segment import AudioEvent, Segment, join_text
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage

__all__ = ["PieceTranscript", "merge_channels", "merge_events", "merge_pieces", "sum_usage"]


@dataclass(frozen=True, slots=True)
class PieceTranscript:
    """The transcript of one piece of a long recording.

    Attributes:
        start: start of the piece, in seconds of the original recording.
        end: end of the piece, in seconds of the original recording.
        shared: overlap with the previous piece, in seconds from the start of this one.
        transcript: what was said in the piece, with times of the original recording.
        number: of the piece in its recording, counted from 1; None for its place among those that are merged.
    """

    start: float
    end: float
    shared: float
    transcript: Transcript
    number: int | None = None


def merge_pieces(parts: Sequence[PieceTranscript], names: Collection[str] = ()) -> Transcript:
    """Merge the transcripts of a recording's pieces into one.

    Pieces may overlap. Words that both transcripts have in an overlap are kept once, see `join_overlap`.

    A gateway labels the speakers of each piece independently. If there are several pieces, each label but the `names`
    is prefixed with the number of its piece: `"2:A"`. If the language changes between pieces, each segment states its
    own.

    Args:
        parts: the pieces in order of time, at least one.
        names: labels of speakers who are the same in all pieces.

    Returns:
        The transcript of the whole recording. Its language is the one with the most seconds; its usage is the sum.

    Example:
        >>> first = Transcript("", (Segment(0.0, 4.0, "one two three"),))
        >>> second = Transcript("", (Segment(2.0, 6.0, "two three four"),))
        >>> merge_pieces([PieceTranscript(0.0, 4.0, 0.0, first), PieceTranscript(2.0, 6.0, 2.0, second)]).text
        'one two three four'
    """
    pieces: list[list[Segment]] = []
    languages = {part.transcript.language for part in parts if part.transcript.segments} - {None}
    for number, part in enumerate(parts, 1):
        following = [
            _number_speaker(segment, part.number or number, names) if len(parts) > 1 else segment
            for segment in part.transcript.segments
        ]
        if len(languages) > 1:
            following = [replace(segment, language=part.transcript.language) for segment in following]
        if pieces and part.start < parts[number - 2].end:
            pieces[-1], following = join_overlap(pieces[-1], following, part.start, parts[number - 2].end)
        pieces.append(following)
    ordered = tuple(_order_segments([segment for piece in pieces for segment in piece]))
    return replace(
        parts[0].transcript,
        text=join_text(ordered),
        segments=ordered,
        language=_find_main_language(parts),
        duration=parts[-1].end - parts[0].start,
        usage=sum_usage([part.transcript.usage for part in parts]),
        events=tuple(merge_events(parts)),
    ).add_warnings(warning for part in parts for warning in part.transcript.warnings)


def merge_channels(channels: Sequence[Transcript]) -> Transcript:
    """Merge the transcripts of a recording's channels into one, in order of time.

    The speaker of each segment is its channel, such as `"channel 1"`, or `"channel 1:A"` if the channel has speakers.

    Args:
        channels: the transcript of each channel, in the order of the channels, at least one.
    """
    labelled = [
        _label_channel(segment, number)
        for number, transcript in enumerate(channels, 1)
        for segment in transcript.segments
    ]
    segments = tuple(sorted(labelled, key=lambda segment: segment.start))
    events = {event for transcript in channels for event in transcript.events}
    return replace(
        channels[0],
        text=join_text(segments),
        segments=segments,
        warnings=(),
        usage=sum_usage([transcript.usage for transcript in channels]),
        events=tuple(sorted(events, key=lambda event: event.start)),
    ).add_warnings(
        f"channel {number}: {warning}"
        for number, transcript in enumerate(channels, 1)
        for warning in transcript.warnings
    )


def merge_events(parts: Sequence[PieceTranscript]) -> Iterator[AudioEvent]:
    """Yield the events of all pieces. In an overlap, each piece keeps those on its own side of the middle."""
    starts = [part.start + part.shared / 2 for part in parts]
    for part, start, end in zip(parts, starts, [*starts[1:], math.inf], strict=True):
        yield from (
            event
            for event in part.transcript.events
            if (start <= _get_middle(event) or part is parts[0]) and _get_middle(event) < end
        )


def _label_channel(segment: Segment, number: int) -> Segment:
    return _set_speaker(segment, f"channel {number}" + (f":{segment.speaker}" if segment.speaker else ""))


def _order_segments(segments: list[Segment]) -> Iterator[Segment]:
    """Yield segments in order of time. Starts move to the end of earlier segments, but not past their own end."""
    latest_end = 0.0
    for segment in sorted(segments, key=lambda segment: segment.start):
        start = max(segment.start, min(latest_end, segment.end))
        yield replace(segment, start=start)
        latest_end = max(latest_end, segment.end)


def _number_speaker(segment: Segment, number: int, names: Collection[str]) -> Segment:
    if segment.speaker is None:
        return segment
    is_named = segment.speaker in names
    return _set_speaker(segment, segment.speaker if is_named else f"{number}:{segment.speaker}")


def _set_speaker(segment: Segment, speaker: str) -> Segment:
    return replace(segment, speaker=speaker, words=tuple(replace(word, speaker=speaker) for word in segment.words))


def _find_main_language(parts: Sequence[PieceTranscript]) -> str | None:
    """Return the language of the most seconds, or None if no language is known."""
    seconds: Counter[str] = Counter()
    for part in parts:
        if part.transcript.language:
            seconds[part.transcript.language] += part.end - part.start  # pyright: ignore[reportArgumentType]
    return seconds.most_common(1)[0][0] if seconds else None


def sum_usage(usages: Sequence[Usage | None]) -> Usage | None:
    """Return the sum of the known usages, or None if none is known."""
    known = [usage for usage in usages if usage is not None]
    return sum(known[1:], known[0]) if known else None


def _get_middle(item: AudioEvent) -> float:
    return (item.start + item.end) / 2
