"""Restored times: where in a passage the pieces stand that another splitter has cut, proved by their text.

A splitter says where it cut, but not in what: in nested splitting, in a piece of a piece. So its positions count only
from one piece to the next. Pieces that follow each other are searched for together, so that a short last piece, or a
sentence that is said twice, is found by the text around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from typing import Any

from audio_core.errors import InvalidOption
from audio_core.lenient_json import drop_none
from audio_core.transcript.metadata import format_clip_url, get_recording_url, read_timeline
from audio_core.transcript.offsets import fold_text
from audio_core.transcript.passages import IdGenerator, Passage, encode_timeline
from audio_core.transcript.timeline import Timeline

__all__ = ["Cut", "restore_passages"]


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of a passage, as another splitter has cut it.

    Attributes:
        passage: the text of the piece, with the metadata of the passage before the cut.
        begin: index of its first character in the text that the splitter has cut; anything else if that is not known.
    """

    passage: Passage
    begin: Any = None

    def count_folded(self, stop: int | None = None) -> int:
        """Return the number of characters of its folded text, or of what stands before an index of its text."""
        return len(fold_text(self.passage.text[:stop]))

    def measure_step(self, following: Cut) -> int | None:
        """Return after how many folded characters another piece begins, or None if it does not follow this one."""
        if not (_is_index(self.begin) and _is_index(following.begin)):
            return None
        step = following.begin - self.begin
        gap = 1 + len(following.passage.text) - len(following.passage.text.lstrip())
        return self.count_folded(step) if 0 < step <= len(self.passage.text) + gap else None


class _Run:
    """Pieces of one passage that follow each other: where each begins, and the folded text of all."""

    def __init__(self, first: Cut) -> None:
        self.cuts, self.begins, self.text = [first], [0], fold_text(first.passage.text)

    def add(self, cut: Cut) -> bool:
        """Add a piece if it follows the last one, and tell whether it does."""
        step = self.cuts[-1].measure_step(cut)
        begin, text = self.begins[-1] + (step or 0), fold_text(cut.passage.text)
        shared = self.text[begin : begin + len(text)]
        if step is None or not text.startswith(shared):
            return False
        self.cuts.append(cut)
        self.begins.append(begin)
        self.text += text[len(shared) :]
        return True


def restore_passages(cuts: Iterable[Cut], advice: str = "") -> Iterator[Passage]:
    """Restore the times, the clips and the ids of passages that another splitter has cut.

    Args:
        cuts: the pieces. Those of one text are found best if all of them are given, in order.
        advice: what the caller can do if a text is said more than once.

    Yields:
        Passages with metadata and ids of their own, without the `segment` number of the passage that they were cut
        from. A passage that was not cut is the same object.

    Raises:
        InvalidOption: if it cannot be proved where a piece stands, because its text was changed, or is said more than
            once; or if the metadata has no `start` and `end`.

    Example:
        >>> from audio_core import Segment
        >>> from audio_core.transcript.passages import build_passage
        >>> segments = [Segment(10.0, 10.4, "good"), Segment(10.5, 11.0, "morning")]
        >>> whole = build_passage(segments, {}, None, IdGenerator(""))
        >>> next(restore_passages([Cut(Passage("", "morning", whole.metadata))])).metadata["start"]
        10.5
    """
    ids = IdGenerator("cut")
    for _, group in groupby(cuts, lambda cut: _identify_text(cut.passage)):
        siblings = list(group)
        timeline = read_timeline(siblings[0].passage.text, siblings[0].passage.metadata)
        for run in _list_runs(siblings):
            for cut, begin in zip(run.cuts, _find_begins(run, timeline, advice), strict=True):
                yield _restore(cut.passage, timeline, begin, ids)


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


def _identify_text(passage: Passage) -> list[Any]:
    """Return what pieces of the same text have in common. Without a timeline, a passage was not cut."""
    return [passage.metadata.get(name) for name in ("source", "start", "end")] + [
        passage.metadata.get("timeline") or passage.text
    ]


def _list_runs(cuts: Sequence[Cut]) -> Iterator[_Run]:
    run = _Run(cuts[0])
    for cut in cuts[1:]:
        if not run.add(cut):
            yield run
            run = _Run(cut)
    yield run


def _find_begins(run: _Run, timeline: Timeline, advice: str) -> Sequence[int]:
    """Return the index of each piece in the folded text of the passage."""
    found = list(islice(timeline.find(run.text), 2))
    begins = [found[0] + begin for begin in run.begins] if len(found) == 1 else []
    if begins and not any(
        _may_stand_elsewhere(*pair, timeline) for pair in pairwise(zip(run.cuts, begins, strict=True))
    ):
        return begins
    return [_find_begin(cut, timeline, advice) for cut in run.cuts]


def _may_stand_elsewhere(previous: tuple[Cut, int], placed: tuple[Cut, int], timeline: Timeline) -> bool:
    """Tell whether a piece that overlaps the one before fits there in another place too.

    LlamaIndex's parsers say of a piece where its text is found first, LangChain's where it is found after an overlap.
    """
    (cut, begin), (previous_cut, previous_begin) = placed, previous
    stop = previous_begin + previous_cut.count_folded()
    overlap = range(previous_begin + 1, stop + 1) if begin < stop else range(0)
    return any(other in overlap and other != begin for other in timeline.find(cut.passage.text))


def _find_begin(cut: Cut, timeline: Timeline, advice: str) -> int:
    found = list(islice(timeline.find(cut.passage.text), 2))
    if not found:
        raise InvalidOption(
            f"A document of {len(cut.passage.text)} characters is not in the text that it was cut from: "
            "restore the times before its text is changed."
        )
    if len(found) > 1:
        raise InvalidOption(
            f"A document of {len(cut.passage.text)} characters can stand in several places of the text that it was "
            f"cut from. {advice}".rstrip()
        )
    return found[0]


def _restore(passage: Passage, timeline: Timeline, begin: int, ids: IdGenerator) -> Passage:
    piece = timeline.cut(passage.text, begin)
    if len(piece.signature) == len(timeline.signature):
        return passage
    start, end = _get_times(piece, timeline, begin)
    times = {
        "start": start,
        "end": end,
        "clip": format_clip_url(get_recording_url(passage.metadata), start, end),
        "timeline": encode_timeline(piece, start) or None,
    }
    kept = {name: value for name, value in passage.metadata.items() if name not in (*times, "segment")}
    metadata = {**kept, **drop_none(times)}
    return Passage(ids.create_id(metadata), passage.text, metadata)


def _get_times(piece: Timeline, timeline: Timeline, begin: int) -> tuple[float, float]:
    """Return start and end in seconds. A blank piece stands where the word before it ends."""
    if not piece.offsets:
        time = max(
            (offset.end for offset in timeline.offsets if offset.begin < begin), default=timeline.offsets[0].start
        )
        return round(time, 3), round(time, 3)
    return round(piece.offsets[0].start, 3), round(max(offset.end for offset in piece.offsets), 3)
