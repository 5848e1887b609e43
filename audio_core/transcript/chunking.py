"""Chunks of passages for retrieval, with exact times; restored times for passages that other splitters have cut.

A chunk holds whole segments. A segment is cut, between words, only if it is too long for one chunk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal

from audio_core.errors import InvalidOption
from audio_core.lenient_json import to_text
from audio_core.transcript.citations import get_times
from audio_core.transcript.offsets import WordOffset, decode_offsets, encode_offsets, slice_offsets
from audio_core.transcript.passages import Passage, build_passage, compute_id, format_clip_url, get_recording_url
from audio_core.transcript.segment import Segment, Word, join_text

__all__ = ["ChunkSize", "Unit", "chunk_passages", "restore_passage", "split_segments"]

Unit = Literal["characters", "tokens", "seconds"]
"""The unit in which the size of a chunk is measured."""

_PASSAGE_FIELDS = ("start", "end", "clip", "segment", "speaker", "speakers", "gap", "estimated", "timeline", "language")
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
        InvalidOption: if the size is not positive, or the overlap is negative or not below the size.

    Example:
        >>> ChunkSize(20).has_room_for([Segment(0.0, 1.0, "good day"), Segment(1.5, 2.0, "sir")])
        True
    """

    size: float
    overlap: float = 0.0
    unit: Unit = "characters"
    count: Callable[[str], float] | None = None

    def __post_init__(self) -> None:
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
        count = self.count or (_estimate_tokens if self.unit == "tokens" else len)
        return count(join_text(segments))

    def has_room_for(self, segments: Sequence[Segment]) -> bool:
        """Tell whether segments fit into one chunk together."""
        return self.measure(segments) <= self.size


def chunk_passages(passages: Iterable[Passage], size: ChunkSize) -> Iterator[Passage]:
    """Join and cut passages into chunks for retrieval.

    Args:
        passages: the passages of one or several recordings. Passages of the same recording must be consecutive.
        size: the maximum size of a chunk, and the overlap between chunks.

    Yields:
        Chunks with `start`, `end`, `clip` and `speaker` of their own. If a chunk has several speakers, `speakers` names
        them in order. Other metadata is kept if it is the same for all passages of the recording.

    Raises:
        InvalidOption: if a passage has no times, or another splitter has cut it.

    Example:
        >>> passages = [
        ...     Passage("1", "good day", {"start": 0.0, "end": 1.0}),
        ...     Passage("2", "sir", {"start": 1.5, "end": 2.0}),
        ... ]
        >>> [(chunk.text, chunk.metadata["end"]) for chunk in chunk_passages(passages, ChunkSize(20))]
        [('good day sir', 2.0)]
    """
    for _, group in groupby(passages, lambda passage: _identify_recording(passage.metadata)):
        recording = list(group)
        common = _find_common_metadata([passage.metadata for passage in recording])
        segments = [segment for passage in recording for segment in split_segments(passage.text, passage.metadata)]
        for number, chunk in enumerate(_chunk_segments(segments, size)):
            yield _build_chunk(chunk, common, number, get_recording_url(recording[0].metadata))


def split_segments(text: str, metadata: Mapping[str, Any]) -> list[Segment]:
    """Split a passage into the segments that it was made of, with the times of their words as far as they are known.

    Args:
        text: the text of the passage.
        metadata: the metadata of the passage, with `start` and `end` in seconds of the recording.

    Raises:
        InvalidOption: if the metadata has no `start` and `end`, or another splitter has cut the text.

    Example:
        >>> metadata = {"start": 10.0, "end": 11.0, "timeline": "|5:0+400|3:100+500"}
        >>> [(segment.text, segment.start) for segment in split_segments("good day", metadata)]
        [('good', 10.0), ('day', 10.5)]
    """
    offsets = _read_offsets(text, metadata)
    if offsets and offsets[-1].stop != len(text):
        raise InvalidOption("A document was cut by another splitter: pass it to restore_times first.")
    groups: list[list[WordOffset]] = []
    for offset in offsets:
        if offset.starts_segment or not groups:
            groups.append([])
        groups[-1].append(offset)
    return [_build_segment(group, text, metadata) for group in groups]


def restore_passage(passage: Passage, begin: int | None) -> Passage:
    """Restore the times, the clip and the id of a passage that another splitter has cut.

    Args:
        passage: the text after the cut, with the metadata of the passage before the cut.
        begin: index of its first character in the text before the cut; None if that is not known.

    Returns:
        The passage with metadata and an id of its own, or the same object if it was not cut.

    Raises:
        InvalidOption: if it was cut and `begin` is not known or lies behind the text before the cut, or if the metadata
            has no `start` and `end`.

    Example:
        >>> passage = Passage("", "day", {"start": 10.0, "end": 11.0, "timeline": "|5:0+400 3:100+500"})
        >>> restore_passage(passage, begin=5).metadata["start"]
        10.5
    """
    text, metadata = passage.text, passage.metadata
    offsets = _read_offsets(text, metadata)
    if not offsets or offsets[-1].stop == len(text):
        return passage
    if begin is None or begin < 0:
        raise InvalidOption(
            "A document was cut by a splitter that did not record the position of the cut: "
            "create the splitter with add_start_index=True."
        )
    first_word, stop = begin + len(text) - len(text.lstrip()), begin + len(text)
    sliced = slice_offsets(offsets, first_word, stop) or slice_offsets(offsets, begin, stop)  # the piece may be blank
    if not sliced or not text:
        raise InvalidOption(
            f"A document of {len(text)} characters cannot begin at character {begin} of a text of {offsets[-1].stop}. "
            "Give the position in the text that the document was cut from."
        )
    start, end = round(sliced[0].start, 3), round(max(offset.end for offset in sliced), 3)
    times = {"start": start, "end": end, "timeline": encode_offsets(sliced, start)}
    clip = format_clip_url(get_recording_url(metadata), start, end)
    restored = {**metadata, **times, **({"clip": clip} if clip else {})}
    return Passage(compute_id(restored, text), text, restored)


def _read_offsets(text: str, metadata: Mapping[str, Any]) -> list[WordOffset]:
    """Decode the timeline of a passage. Without one, the passage counts as one segment."""
    start, end = get_times(metadata)
    one_segment = [WordOffset(0, len(text), start, max(start, end), starts_segment=True)] if text else []
    return decode_offsets(to_text(metadata.get("timeline")) or "", start) or one_segment


def _build_segment(offsets: Sequence[WordOffset], text: str, metadata: Mapping[str, Any]) -> Segment:
    words = tuple(Word(offset.start, offset.end, text[offset.begin : offset.stop].strip()) for offset in offsets)
    return Segment(
        start=offsets[0].start,
        end=max(offset.end for offset in offsets),
        text=text[offsets[0].begin : offsets[-1].stop].strip(),
        speaker=to_text(metadata.get("speaker")),
        words=words if len(words) > 1 else (),
        is_gap=bool(metadata.get("gap")),
        is_estimated=bool(metadata.get("estimated")),
        language=to_text(metadata.get("language")),
    )


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


def _build_chunk(segments: Sequence[Segment], common: Mapping[str, Any], number: int, source: str | None) -> Passage:
    speakers = list(dict.fromkeys(segment.speaker for segment in segments if segment.speaker))
    all_speakers = {"speakers": ", ".join(speakers)} if len(speakers) > 1 else {}
    return build_passage(segments, {**common, **all_speakers, "segment": number}, source)


def _identify_recording(metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    return metadata.get("sha256"), metadata.get("source")


def _find_common_metadata(all_metadata: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the metadata that all passages share, without those that belong to a single passage."""
    first, *others = all_metadata
    return {
        name: value
        for name, value in first.items()
        if name not in _PASSAGE_FIELDS and all(other.get(name) == value for other in others)
    }
