"""Chunks of passages for retrieval, with exact times.

A chunk holds whole segments. A segment is cut, between words, only if it is too long for one chunk.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from audio_core.errors import InvalidOption
from audio_core.errors.validation import check_choice
from audio_core.lenient_json import to_number, to_text
from audio_core.transcript.metadata import get_recording_url, get_times, identify_recording, read_timeline
from audio_core.transcript.offsets import WordOffset, map_folded
from audio_core.transcript.passages import IdGenerator, Passage, build_passage
from audio_core.transcript.segment import Segment, Word, join_text

__all__ = ["ChunkSize", "Unit", "are_neighbors", "chunk_passages", "split_segments"]

Unit = Literal["characters", "tokens", "seconds"]
"""The unit in which the size of a chunk is measured."""

_PASSAGE_FIELDS = (
    *("start", "end", "clip", "segment", "speaker", "speakers", "gap", "estimated", "timeline", "language"),
    *("previous_id", "next_id", "start_index"),
)
_CYRILLIC = re.compile(r"[\u0400-\u052f]")


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """The maximum size of a chunk, and the overlap between chunks.

    Attributes:
        size: the maximum size of a chunk, in `unit`.
        overlap: how much of a chunk the next chunk may repeat, in `unit`. Only whole segments are repeated.
        unit: characters, tokens, or seconds from the start of the first word to the end of the last.
        count: a function that returns the size of a text in `unit`; not used for seconds. By default, the size is the
            length of the text in characters, and tokens are estimated by its script.

    Raises:
        InvalidOption: if there is no such unit, the size is not positive, or the overlap is negative or not below it.

    Example:
        >>> ChunkSize(20).has_room_for([Segment(0.0, 1.0, "good day"), Segment(1.5, 2.0, "sir")])
        True
    """

    size: float
    overlap: float = 0.0
    unit: Unit = "characters"
    count: Callable[[str], float] | None = None

    def __post_init__(self) -> None:
        check_choice("unit", self.unit, get_args(Unit))
        if not 0 <= self.overlap < self.size:
            raise InvalidOption(
                f"A chunk of {self.size} {self.unit} cannot overlap by {self.overlap}: "
                "the overlap must be at least 0 and below the size."
            )

    def measure(self, segments: Sequence[Segment]) -> float:
        """Return the total size of segments in `unit`."""
        if not segments:
            return 0.0
        if self.unit == "seconds":
            return max(segment.end for segment in segments) - segments[0].start
        return self.measure_text(join_text(segments))

    def measure_text(self, text: str) -> float:
        """Return the size of a text in characters or tokens."""
        count = self.count or (_estimate_tokens if self.unit == "tokens" else len)
        return count(text)

    def has_room_for(self, segments: Sequence[Segment]) -> bool:
        """Tell whether segments fit into one chunk together."""
        return self.measure(segments) <= self.size


def chunk_passages(passages: Iterable[Passage], size: ChunkSize) -> Iterator[Passage]:
    """Join and cut passages into chunks for retrieval.

    Only passages that follow each other in their recording are joined: see `are_neighbors`.

    Args:
        passages: the passages of one or several recordings.
        size: the maximum size of a chunk, and the overlap between chunks.

    Yields:
        Chunks with `start`, `end`, `clip`, `segment` and `speaker` of their own. If a chunk has several speakers,
        `speakers` names them in order. Where passages are missing, a number of `segment` is left out. Other metadata is
        kept if it is the same for all passages that were joined.

    Raises:
        InvalidOption: if a passage has no times, or another splitter has cut it.

    Example:
        >>> passages = [
        ...     Passage("1", "good day", {"start": 0.0, "end": 1.0, "segment": 0}),
        ...     Passage("2", "sir", {"start": 1.5, "end": 2.0, "segment": 1}),
        ... ]
        >>> [(chunk.text, chunk.metadata["end"]) for chunk in chunk_passages(passages, ChunkSize(20))]
        [('good day sir', 2.0)]
    """
    ids, numbers = IdGenerator(f"chunk of {size.size:g} {size.unit}, {size.overlap:g} shared"), Counter[str]()
    for group in _group_neighbors(passages):
        source = get_recording_url(group[0].metadata)
        common = _find_common_metadata([passage.metadata for passage in group])
        recording = identify_recording(group[0].metadata)
        for chunk in _chunk_segments(_join_segments(group), size):
            yield _build_chunk(chunk, {**common, "segment": numbers[recording]}, source, ids)
            numbers[recording] += 1
        numbers[recording] += 1


def are_neighbors(passage: Passage, following: Passage) -> bool:
    """Tell whether a passage follows another one in their recording, without any speech between them.

    They are neighbors if their `segment` numbers follow each other, as a loader and this module count them.

    Example:
        >>> passages = [Passage("", "", {"start": 1.0, "end": 2.0, "segment": number}) for number in (4, 5, 7)]
        >>> [are_neighbors(*passages[:2]), are_neighbors(*passages[1:])]
        [True, False]
    """
    number, next_number = (to_number(each.metadata.get("segment")) for each in (passage, following))
    is_next = number is not None and next_number == number + 1
    is_same_recording = identify_recording(passage.metadata) == identify_recording(following.metadata)
    return is_next and is_same_recording and get_times(passage.metadata)[0] <= get_times(following.metadata)[0]


def split_segments(text: str, metadata: Mapping[str, Any]) -> list[Segment]:
    """Split a passage into the segments that it was made of, with the times of their words as far as they are known.

    Args:
        text: the text of the passage.
        metadata: the metadata of the passage, with `start` and `end` in seconds of the recording.

    Raises:
        InvalidOption: if the metadata has no `start` and `end`, or another splitter has cut the text.

    Example:
        >>> segments = [Segment(10.0, 10.4, "good"), Segment(10.5, 11.0, "day")]
        >>> passage = build_passage(segments, {}, None, IdGenerator(""))
        >>> [(segment.text, segment.start) for segment in split_segments(passage.text, passage.metadata)]
        [('good', 10.0), ('day', 10.5)]
    """
    timeline = read_timeline(text, metadata)
    if not timeline.describes(text):
        raise InvalidOption("A document was cut by another splitter, or changed: pass it to restore_times first.")
    if text and not timeline.offsets:
        return [Segment(*get_times(metadata), "")]
    groups: list[list[WordOffset]] = []
    for offset in timeline.offsets:
        if offset.starts_segment or not groups:
            groups.append([])
        groups[-1].append(offset)
    indices = map_folded(text)
    return [_build_segment(group, text, indices, metadata) for group in groups]


def _build_segment(
    offsets: Sequence[WordOffset], text: str, indices: Sequence[int], metadata: Mapping[str, Any]
) -> Segment:
    def get_text(begin: int, stop: int) -> str:
        return text[indices[begin] : indices[stop - 1] + 1]

    words = tuple(Word(offset.start, offset.end, get_text(offset.begin, offset.stop)) for offset in offsets)
    return Segment(
        start=offsets[0].start,
        end=max(offset.end for offset in offsets),
        text=get_text(offsets[0].begin, offsets[-1].stop),
        speaker=to_text(metadata.get("speaker")),
        words=words if len(words) > 1 else (),
        is_gap=bool(metadata.get("gap")),
        is_estimated=bool(metadata.get("estimated")),
        language=to_text(metadata.get("language")),
    )


def _group_neighbors(passages: Iterable[Passage]) -> Iterator[list[Passage]]:
    group: list[Passage] = []
    for passage in passages:
        if group and not are_neighbors(group[-1], passage):
            yield group
            group = []
        group.append(passage)
    if group:
        yield group


def _join_segments(passages: Iterable[Passage]) -> Iterator[Segment]:
    """Yield the segments of neighbors in order. Those that overlapping windows share are not repeated."""
    last: list[tuple[float, float, str]] = []
    for passage in passages:
        segments = split_segments(passage.text, passage.metadata)
        yield from (segment for segment in segments if (segment.start, segment.end, segment.text) not in last)
        last = [(segment.start, segment.end, segment.text) for segment in segments]


def _chunk_segments(segments: Iterable[Segment], size: ChunkSize) -> Iterator[list[Segment]]:
    chunk: list[Segment] = []
    for segment in segments:
        for part in _split_segment(segment, size):
            if chunk and not size.has_room_for([*chunk, part]):
                yield chunk
                chunk = _select_overlap(chunk, part, size)
            chunk.append(part)
    if chunk:
        yield chunk


def _split_segment(segment: Segment, size: ChunkSize) -> Iterator[Segment]:
    """Yield the segment whole, or, if it is too long for a chunk, in parts that are cut between words."""
    if size.has_room_for([segment]) or not segment.text:
        yield segment
        return
    words: list[Word] = []
    for word in _list_words(segment, size):
        if words and not size.has_room_for([_extract_words(segment, [*words, word])]):
            yield _extract_words(segment, words)
            words = []
        words.append(word)
    yield _extract_words(segment, words)


def _list_words(segment: Segment, size: ChunkSize) -> Iterator[Word]:
    """Yield the words, each with the space before it. Long text in a script without spaces is split into characters."""
    separator = " " if len(segment.text.split()) > 1 else ""
    for word in segment.get_timed_words():
        alone = Segment(word.start, word.end, word.text)
        first, *others = [word] if size.has_room_for([alone]) else alone.get_timed_words()
        yield replace(first, text=separator + first.text)
        yield from others


def _extract_words(segment: Segment, words: Sequence[Word]) -> Segment:
    text = "".join(word.text for word in words).strip()
    timed_words = tuple(replace(word, text=word.text.strip()) for word in words) if segment.words else ()
    return replace(segment, start=words[0].start, end=words[-1].end, text=text, words=timed_words)


def _estimate_tokens(text: str) -> float:
    """Estimate the tokens of a text, rather too many than too few.

    Measured with cl100k_base: 0.25 for each character of English, 0.6 of Russian, and 0.7 to 1.1 of Arabic, Chinese,
    Greek, Hindi, Japanese, Korean and Thai.
    """
    ascii_count, cyrillic_count = len(text.encode("ascii", "ignore")), len(_CYRILLIC.findall(text))
    return len(text) - 0.75 * ascii_count - 0.35 * cyrillic_count


def _select_overlap(chunk: list[Segment], following: Segment, size: ChunkSize) -> list[Segment]:
    """Return the last segments of a chunk that the next chunk repeats before the `following` segment."""
    for first in range(1, len(chunk)):
        tail = chunk[first:]
        if size.measure(tail) <= size.overlap and size.has_room_for([*tail, following]):
            return tail
    return []


def _build_chunk(
    segments: Sequence[Segment], facts: Mapping[str, Any], source: str | None, ids: IdGenerator
) -> Passage:
    speakers = list(dict.fromkeys(segment.speaker for segment in segments if segment.speaker))
    all_speakers = {"speakers": ", ".join(speakers)} if len(speakers) > 1 else {}
    return build_passage(segments, {**facts, **all_speakers}, source, ids)


def _find_common_metadata(all_metadata: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the metadata that all passages share, without those that belong to a single passage."""
    first, *others = all_metadata
    return {
        name: value
        for name, value in first.items()
        if name not in _PASSAGE_FIELDS and all(other.get(name) == value for other in others)
    }
