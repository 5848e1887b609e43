"""Passages in chunks for retrieval, whose times stay exact; and times given back to what others have cut.

A chunk holds whole segments. Only one that is too long by itself is cut, between words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal

from audio_core.errors import InvalidOption
from audio_core.transcript.offsets import WordOffset, decode_offsets, encode_offsets, slice_offsets
from audio_core.transcript.passages import Passage, build_passage, compute_id, format_clip_url, get_recording_url
from audio_core.transcript.segment import Segment, Word, join_text

__all__ = ["ChunkSize", "Unit", "chunk_passages", "restore_passage", "split_segments"]

Unit = Literal["characters", "tokens", "seconds"]
"""What a chunk's size is counted in."""

_PLACE_FIELDS = ("start", "end", "clip", "segment", "speaker", "speakers", "gap", "estimated", "timeline", "language")
_CHARACTERS_PER_TOKEN = 4.0  # of English, as OpenAI says: https://help.openai.com/en/articles/4936856


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """How large a chunk may be.

    Attributes:
        size: the most that it may hold, in `unit`.
        overlap: how much of the chunk before it may begin with again, where whole segments fit.
        unit: characters, tokens, or seconds from its first word to its last.
        count: how many tokens or characters a text has; by default its length, and for tokens a quarter of it.

    Raises:
        InvalidOption: if nothing fits, or the overlap is not below the size.
    """

    size: float
    overlap: float = 0.0
    unit: Unit = "characters"
    count: Callable[[str], float] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.size:
            raise InvalidOption(f"A chunk of {self.size} {self.unit} cannot overlap by {self.overlap}.")

    def measure(self, segments: Sequence[Segment]) -> float:
        """How large segments are together."""
        if not segments:
            return 0.0
        if self.unit == "seconds":
            return max(segment.end for segment in segments) - segments[0].start
        text = join_text(segments)
        return self.count(text) if self.count else len(text) / (_CHARACTERS_PER_TOKEN if self.unit == "tokens" else 1)

    def has_room_for(self, segments: Sequence[Segment]) -> bool:
        """Whether segments make one chunk."""
        return self.measure(segments) <= self.size


def chunk_passages(passages: Iterable[Passage], size: ChunkSize) -> Iterator[Passage]:
    """Cut and join passages into chunks; those of one recording must follow each other.

    Yields:
        Passages whose `start`, `end`, `clip` and `speaker` are their own; several speakers are `speakers`, in order. Facts
        that are not the same for all of a recording's passages are left out.

    Example:
        >>> talk = [
        ...     Passage("1", "good day", {"start": 0.0, "end": 1.0}),
        ...     Passage("2", "sir", {"start": 1.5, "end": 2.0}),
        ... ]
        >>> [(each.text, each.metadata["end"]) for each in chunks(talk, ChunkSize(20))]
        [('good day sir', 2.0)]
    """
    for _, group in groupby(passages, lambda passage: _identify_recording(passage.metadata)):
        recording = list(group)
        common = _find_common_metadata([passage.metadata for passage in recording])
        segments = [segment for passage in recording for segment in split_segments(passage.text, passage.metadata)]
        for number, chunk in enumerate(_chunk_segments(segments, size)):
            yield _build_chunk(chunk, common, number, get_recording_url(recording[0].metadata))


def split_segments(text: str, metadata: Mapping[str, Any]) -> list[Segment]:
    """The segments that a passage was made of, with the times of their words as far as they are known.

    Raises:
        InvalidOption: if the passage says no times, or was cut by something that does not keep them.
    """
    marks = _read_offsets(text, metadata)
    if marks and marks[-1].stop != len(text):
        raise InvalidOption("A document was cut by another splitter: give it to restore_times first.")
    own: list[list[WordOffset]] = []
    for mark in marks:
        if mark.starts_segment or not own:
            own.append([])
        own[-1].append(mark)
    return [_build_segment(group, text, metadata) for group in own]


def restore_passage(passage: Passage, begin: int | None) -> Passage:
    """A passage that another splitter has cut, with its own times, clip and id.

    Args:
        passage: its metadata are those of the passage that it was cut from.
        begin: index in that one's text at which it begins; None if that is not known.

    Returns:
        The same passage, if nobody has cut it.

    Raises:
        InvalidOption: if it was cut and `begin` is not known, or it says no times.
    """
    text, metadata = passage.text, passage.metadata
    marks = _read_offsets(text, metadata)
    if not marks or marks[-1].stop == len(text):
        return passage
    if begin is None or begin < 0:
        raise InvalidOption(
            "A document was cut by a splitter that did not say where: make the splitter with add_start_index=True."
        )
    own = slice_offsets(marks, begin + len(text) - len(text.lstrip()), begin + len(text))
    start, end = round(own[0].start, 3), round(max(mark.end for mark in own), 3)
    place = {"start": start, "end": end, "timeline": encode_offsets(own, start)}
    clip = format_clip_url(get_recording_url(metadata), start, end)
    facts = {**metadata, **place, **({"clip": clip} if clip else {})}
    return Passage(compute_id(facts, text), text, facts)


def _read_offsets(text: str, metadata: Mapping[str, Any]) -> list[WordOffset]:
    start, end = metadata.get("start"), metadata.get("end")
    if start is None or end is None:
        raise InvalidOption("A document without start and end is no passage of a recording: load it with this project.")
    whole = f"|{len(text)}:0+{round((end - start) * 1000)}" if text else ""
    return decode_offsets(metadata.get("timeline") or whole, start)


def _build_segment(marks: Sequence[WordOffset], text: str, metadata: Mapping[str, Any]) -> Segment:
    words = tuple(Word(mark.start, mark.end, text[mark.begin : mark.stop].strip()) for mark in marks)
    return Segment(
        start=marks[0].start,
        end=max(mark.end for mark in marks),
        text=text[marks[0].begin : marks[-1].stop].strip(),
        speaker=metadata.get("speaker"),
        words=words if len(words) > 1 else (),
        is_gap=bool(metadata.get("gap")),
        is_estimated=bool(metadata.get("estimated")),
        language=metadata.get("language"),
    )


def _chunk_segments(segments: Iterable[Segment], size: ChunkSize) -> Iterator[list[Segment]]:
    held: list[Segment] = []
    for segment in segments:
        for piece in _split_segment(segment, size):
            if held and not size.has_room_for([*held, piece]):
                yield held
                held = _select_overlap(held, piece, size)
            held.append(piece)
    if held:
        yield held


def _split_segment(segment: Segment, size: ChunkSize) -> Iterator[Segment]:
    """The segment, or if it is too long by itself, its words in pieces that are not."""
    if size.has_room_for([segment]):
        yield segment
        return
    gap = " " if len(segment.text.split()) > 1 else ""
    held: list[Word] = []
    for word in segment.get_timed_words():
        if held and not size.has_room_for([_take_words(segment, [*held, word], gap)]):
            yield _take_words(segment, held, gap)
            held = []
        held.append(word)
    yield _take_words(segment, held, gap)


def _take_words(segment: Segment, words: Sequence[Word], gap: str) -> Segment:
    text = gap.join(word.text for word in words)
    own = tuple(words) if segment.words else ()
    return replace(segment, start=words[0].start, end=words[-1].end, text=text, words=own)


def _select_overlap(held: list[Segment], following: Segment, size: ChunkSize) -> list[Segment]:
    """The last segments of a chunk, as many as the next one may begin with again."""
    for first in range(1, len(held)):
        tail = held[first:]
        if size.measure(tail) <= size.overlap and size.has_room_for([*tail, following]):
            return tail
    return []


def _build_chunk(segments: Sequence[Segment], common: Mapping[str, Any], number: int, source: str | None) -> Passage:
    speakers = list(dict.fromkeys(segment.speaker for segment in segments if segment.speaker))
    several = {"speakers": ", ".join(speakers)} if len(speakers) > 1 else {}
    return build_passage(segments, {**common, **several, "segment": number}, source)


def _identify_recording(metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    return metadata.get("sha256"), metadata.get("source")


def _find_common_metadata(all_metadata: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The facts that are the same in all, less those of a place in the recording."""
    first, *others = all_metadata
    return {
        name: value
        for name, value in first.items()
        if name not in _PLACE_FIELDS and all(other.get(name) == value for other in others)
    }
