"""Segments of words that were aligned: true times where words and sound match, and utterances of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, pairwise

from audio_core.engines.stretch_alignment import AlignedWord, compute_score
from audio_core.transcript.segment import Segment, Word, interpolate_words, join_text
from audio_core.transcript.utterances import split_into_utterances

__all__ = ["AlignedPart", "build_segment", "join_parts"]

_LEAST_SCORE = 0.5  # of a segment whose times are true
_LEAST_SHARE, _SOME_SHARE = 0.6, 0.3  # of its words that must be found for true times, and for estimated ones
_SECONDS_PER_CHARACTER = 0.08  # of a word that was not found, at the beginning or end of a segment


@dataclass(frozen=True, slots=True)
class AlignedPart:
    """A segment, or a sentence of a text, with its words.

    Attributes:
        segment: with the times that it had before.
        texts: its words; none if they have their times already.
        found: where each of them is heard, or None.
    """

    segment: Segment
    texts: Sequence[str]
    found: Sequence[AlignedWord | None]

    @property
    def heard(self) -> list[AlignedWord]:
        """The words that are heard."""
        return [word for word in self.found if word]

    @property
    def is_aligned(self) -> bool:
        """Whether enough of its words are heard, and match well enough."""
        return self.matches(_LEAST_SHARE)

    def matches(self, share: float) -> bool:
        """Tell whether a share of its words are heard, and match well enough."""
        is_found = len(self.heard) >= max(1, share * len(self.texts))
        return is_found and compute_score(self.heard) >= _LEAST_SCORE


def build_segment(part: AlignedPart) -> Segment:
    """Return the segment with the words, and with true times if its own were estimated.

    They are still estimated if many words are not heard. If words and sound do not match, it stays as it was.
    """
    segment = replace(part.segment, alignment_score=compute_score(part.heard)) if part.heard else part.segment
    if not part.matches(_SOME_SHARE if segment.is_estimated else _LEAST_SHARE):
        return segment
    words = tuple(_build_words(part.texts, part.found))
    if not segment.is_estimated:
        return replace(segment, words=words)
    return replace(segment, start=words[0].start, end=words[-1].end, words=words, is_estimated=not part.is_aligned)


def join_parts(parts: Iterable[AlignedPart]) -> Iterator[Segment]:
    """Yield the segments of a text: utterances of neighbours that were aligned, and the others as they are."""
    for is_aligned, group in groupby(parts, lambda part: part.is_aligned):
        neighbours = list(group)
        yield from _split_aligned(neighbours) if is_aligned else map(build_segment, neighbours)


def _split_aligned(parts: Sequence[AlignedPart]) -> Iterator[Segment]:
    found = [word for part in parts for word in part.found]
    words = list(_build_words([text for part in parts for text in part.texts], found))
    rest = iter(found)
    for segment in split_into_utterances(words, join_text(part.segment for part in parts)):
        heard = [word for word in islice(rest, len(segment.words)) if word]
        score = compute_score(heard)
        if heard and score >= _LEAST_SCORE:
            yield replace(segment, alignment_score=score)
        else:
            yield replace(segment, words=(), is_estimated=True, alignment_score=score)


def _build_words(texts: Sequence[str], found: Sequence[AlignedWord | None]) -> Iterator[Word]:
    """Yield all words, of which at least one was found. The others share the time between their neighbours."""
    groups = [list(group) for _, group in groupby(zip(texts, found, strict=True), lambda pair: pair[1] is None)]
    previous: AlignedWord | None = None
    for group, following in pairwise([*groups, []]):
        words = [Word(round(word.start, 3), round(word.end, 3), text) for text, word in group if word]
        yield from words or _fill_in([text for text, _ in group], previous, following[0][1] if following else None)
        previous = group[-1][1]


def _fill_in(texts: Sequence[str], previous: AlignedWord | None, following: AlignedWord | None) -> list[Word]:
    """Return words that lie between two others, or before or behind one."""
    length = _SECONDS_PER_CHARACTER * sum(map(len, texts))
    end = following.start if following else (previous.end if previous else 0.0) + length
    start = previous.end if previous else max(0.0, end - length)
    return interpolate_words(texts, start, max(start, end))
