"""Word offsets: which characters of a text are said at which time.

Characters are counted in the folded text, which has no white space and no case, so that a text that was cleaned or
translated to lower case keeps its times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audio_core.transcript.segment import Segment

__all__ = ["WordOffset", "coarsen_offsets", "fold_text", "locate_words", "map_folded", "slice_offsets"]


@dataclass(frozen=True, slots=True)
class WordOffset:
    """The position of a word, or of a whole segment, in a folded text and in the recording.

    Attributes:
        begin: index of its first character.
        stop: index after its last character.
        start: start in seconds of the recording.
        end: end in seconds of the recording.
        starts_segment: whether a segment starts here.
    """

    begin: int
    stop: int
    start: float
    end: float
    starts_segment: bool

    def slice(self, begin: int, stop: int) -> WordOffset:
        """Return the part that lies within a slice of the text, with indices relative to the slice.

        A time within a word is interpolated.

        Args:
            begin: index of the first character of the slice; below `self.stop`.
            stop: index after the last character of the slice; above `self.begin`.
        """
        low, high = max(begin, self.begin), min(stop, self.stop)
        starts_segment = self.starts_segment or low == begin
        return WordOffset(low - begin, high - begin, self.interpolate(low), self.interpolate(high), starts_segment)

    def interpolate(self, index: int) -> float:
        """Return the time in seconds at which a character begins, if all characters take the same time."""
        if index == self.stop:
            return self.end
        return self.start + (self.end - self.start) * (index - self.begin) / (self.stop - self.begin)


def fold_text(text: str) -> str:
    """Return a text without white space and case.

    Example:
        >>> fold_text("Good day")
        'goodday'
    """
    return "".join(text.casefold().split())


def map_folded(text: str) -> list[int]:
    """Return for each character of the folded text the index of its character in the text.

    Example:
        >>> map_folded("a ß")  # folded, it is "ass"
        [0, 2, 2]
    """
    return [index for index, character in enumerate(text) for _ in fold_text(character)]


def locate_words(segments: Sequence[Segment]) -> list[WordOffset]:
    """Return an offset for each word of some segments, in the folded text of all of them.

    A segment that has no times of words, or whose words are not those of its text, gets one offset.

    Example:
        >>> locate_words([Segment(1.0, 2.5, "good day")])
        [WordOffset(begin=0, stop=7, start=1.0, end=2.5, starts_segment=True)]
    """
    offsets, begin = list[WordOffset](), 0
    for segment in segments:
        text = fold_text(segment.text)
        offsets += _locate_segment(segment, text, begin) if text else []
        begin += len(text)
    return offsets


def slice_offsets(offsets: Sequence[WordOffset], begin: int, stop: int) -> list[WordOffset]:
    """Return the word offsets of a slice of the folded text, with indices relative to the slice.

    Args:
        offsets: the word offsets of the whole text.
        begin: index of the first character of the slice.
        stop: index after the last character of the slice.

    Example:
        >>> slice_offsets(locate_words([Segment(0.0, 0.6, "one two")]), 3, 6)
        [WordOffset(begin=0, stop=3, start=0.3, end=0.6, starts_segment=True)]
    """
    return [offset.slice(begin, stop) for offset in offsets if offset.begin < stop and offset.stop > begin]


def coarsen_offsets(offsets: Sequence[WordOffset], tolerance: float) -> list[WordOffset]:
    """Join the words of a segment whose times can be interpolated well enough.

    Args:
        offsets: the word offsets of a text.
        tolerance: by how many seconds an interpolated time may differ from the time of the word.

    Example:
        >>> words = [WordOffset(0, 2, 0.0, 0.2, True), WordOffset(2, 4, 0.21, 0.4, False)]
        >>> coarsen_offsets(words, 0.02)
        [WordOffset(begin=0, stop=4, start=0.0, end=0.4, starts_segment=True)]
    """
    joined, words = list[WordOffset](), list[WordOffset]()
    for offset in offsets:
        longer = _join_offsets([*words, offset])
        if words and (offset.starts_segment or not _is_close(longer, [*words, offset], tolerance)):
            joined.append(_join_offsets(words))
            words = []
        words.append(offset)
    return [*joined, _join_offsets(words)] if words else []


def _join_offsets(offsets: Sequence[WordOffset]) -> WordOffset:
    first, last = offsets[0], offsets[-1]
    return WordOffset(first.begin, last.stop, first.start, last.end, first.starts_segment)


def _is_close(joined: WordOffset, offsets: Sequence[WordOffset], tolerance: float) -> bool:
    return all(
        max(abs(word.end - time), abs(following.start - time)) <= tolerance
        for word, following in pairwise(offsets)
        for time in [joined.interpolate(word.stop)]
    )


def _locate_segment(segment: Segment, text: str, begin: int) -> list[WordOffset]:
    begins = list(_find_word_starts(text, segment))
    if not begins or len(begins) < len(segment.words):
        return [WordOffset(begin, begin + len(text), segment.start, segment.end, starts_segment=True)]
    begins[0] = 0
    stops = [*begins[1:], len(text)]
    return [
        WordOffset(begin + low, begin + high, word.start, word.end, low == 0)
        for low, high, word in zip(begins, stops, segment.words, strict=True)
    ]


def _find_word_starts(text: str, segment: Segment) -> Iterator[int]:
    """Yield the index of each word's first character in the folded text; stop at a word that is not found."""
    index = 0
    for word in segment.words:
        folded_word = fold_text(word.text)
        begin = text.find(folded_word, index) if folded_word else -1
        if begin < 0:
            return
        yield begin
        index = begin + len(folded_word)
