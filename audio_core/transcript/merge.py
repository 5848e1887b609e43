"""One transcript from those of a recording's pieces: each word once, in order, at its time in the recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from audio_core.transcript.segment import Segment, Word, join_text
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage

__all__ = ["PieceTranscript", "merge_channels", "merge_pieces", "sum_usage"]

_NOT_SAID = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class PieceTranscript:
    """What was heard in one piece.

    Attributes:
        start: of the piece, in seconds of the original recording.
        end: of the piece, likewise.
        shared: seconds at its beginning that the piece before was sent too.
        transcript: with times of the original recording.
    """

    start: float
    end: float
    shared: float
    transcript: Transcript


def merge_pieces(parts: Sequence[PieceTranscript]) -> Transcript:
    """Put pieces together.

    Where two pieces share seconds, the words that both heard are found and kept once; where nothing was heard alike, each
    keeps its side of the middle. Speakers are kept apart by piece, as their labels start anew in each.

    Args:
        parts: in order of time, at least one.
    """
    segments: list[Segment] = []
    spoken = {part.transcript.language for part in parts if part.transcript.segments} - {None}
    for number, part in enumerate(parts, 1):
        heard = [
            _number_speaker(segment, number) if len(parts) > 1 else segment for segment in part.transcript.segments
        ]
        if len(spoken) > 1:
            heard = [replace(segment, language=part.transcript.language) for segment in heard]
        if part.shared and segments:
            near = [segment for segment in segments if segment.end > part.start]
            del segments[len(segments) - len(near) :]
            near, heard = _merge_overlap(near, heard, part.start, part.start + part.shared)
            segments += near
        segments += heard
    ordered = tuple(_order_segments(segments))
    first = parts[0].transcript
    return replace(
        first,
        text=join_text(ordered),
        segments=ordered,
        language=_find_main_language(parts),
        duration=sum(part.end - part.start - part.shared for part in parts),
        usage=sum_usage([part.transcript.usage for part in parts]),
    )


def merge_channels(channels: Sequence[Transcript]) -> Transcript:
    """One transcript of a recording's channels, each heard by itself; who speaks on the first is `"channel 1"`.

    Args:
        channels: in their order, at least one.
    """
    named = [_label_channel(segment, number) for number, heard in enumerate(channels, 1) for segment in heard.segments]
    segments = tuple(sorted(named, key=lambda segment: segment.start))
    return replace(
        channels[0],
        text=join_text(segments),
        segments=segments,
        usage=sum_usage([heard.usage for heard in channels]),
    )


def _label_channel(segment: Segment, number: int) -> Segment:
    return _set_speaker(segment, f"channel {number}" + (f":{segment.speaker}" if segment.speaker else ""))


def _merge_overlap(
    before: list[Segment], after: list[Segment], low: float, high: float
) -> tuple[list[Segment], list[Segment]]:
    """Two lists of segments that share the seconds from `low` to `high`, without what both heard there."""
    tail = [word for segment in before for word in segment.get_timed_words() if _get_middle(word) >= low]
    head = [word for segment in after for word in segment.get_timed_words() if _get_middle(word) < high]
    match = SequenceMatcher(None, _normalize_words(tail), _normalize_words(head), autojunk=False).find_longest_match()
    if match.size:
        kept, dropped = tail[match.a + match.size - 1], head[match.b + match.size - 1]
        return _keep_until(before, _get_middle(kept)), _keep_from(after, _get_middle(dropped), inclusive=False)
    cut = (low + high) / 2
    return _keep_until(before, cut), _keep_from(after, cut, inclusive=True)


def _keep_until(segments: list[Segment], time: float) -> list[Segment]:
    return _trim(segments, lambda word: _get_middle(word) <= time)


def _keep_from(segments: list[Segment], time: float, *, inclusive: bool) -> list[Segment]:
    return _trim(segments, lambda word: _get_middle(word) > time or (inclusive and _get_middle(word) == time))


def _trim(segments: list[Segment], keeps: Callable[[Word], bool]) -> list[Segment]:
    found: list[Segment] = []
    for segment in segments:
        words = segment.get_timed_words()
        kept = [word for word in words if keeps(word)]
        if len(kept) == len(words):
            found.append(segment)
        elif kept:
            gap = " " if segment.words or len(segment.text.split()) > 1 else ""
            text = gap.join(word.text.strip() for word in kept)
            own = tuple(kept) if segment.words else ()
            found.append(replace(segment, start=kept[0].start, end=kept[-1].end, text=text, words=own))
    return found


def _order_segments(segments: list[Segment]) -> Iterator[Segment]:
    """Segments in order of time, none starting before the one before it has started or ended."""
    last = 0.0
    for segment in sorted(segments, key=lambda segment: segment.start):
        start = max(segment.start, min(last, segment.end))
        yield replace(segment, start=start)
        last = max(last, segment.end)


def _number_speaker(segment: Segment, number: int) -> Segment:
    if segment.speaker is None:
        return segment
    return _set_speaker(segment, f"{number}:{segment.speaker}")


def _set_speaker(segment: Segment, speaker: str) -> Segment:
    return replace(segment, speaker=speaker, words=tuple(replace(word, speaker=speaker) for word in segment.words))


def _find_main_language(parts: Sequence[PieceTranscript]) -> str | None:
    """The language spoken longest."""
    seconds: Counter[str] = Counter()
    for part in parts:
        if part.transcript.language:
            seconds[part.transcript.language] += part.end - part.start  # pyright: ignore[reportArgumentType]
    return seconds.most_common(1)[0][0] if seconds else None


def sum_usage(usages: Sequence[Usage | None]) -> Usage | None:
    """The sum of what requests cost; None if nothing is known."""
    known = [usage for usage in usages if usage is not None]
    return sum(known[1:], known[0]) if known else None


def _normalize_words(words: Sequence[Word]) -> list[str]:
    return [_NOT_SAID.sub("", word.text).casefold() for word in words]


def _get_middle(word: Word) -> float:
    return (word.start + word.end) / 2
