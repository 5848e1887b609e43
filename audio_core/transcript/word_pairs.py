"""Pairs of words that are the same in two transcripts of one stretch, found by text and time together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from audio_core.transcript.segment import Word

__all__ = ["LONGEST_GUARD", "MOST_CUT", "TOLERANCE", "Overlap", "TimedWord"]

LONGEST_GUARD = 0.3
"""Seconds. Two pieces share no more at a pause, where nothing is said."""

TOLERANCE = 0.2
"""Seconds by which the measured times of a word usually differ in two pieces, at most."""

MOST_CUT = 2
"""Words that the edge of a piece usually cuts, at most: two people may speak at once."""

_GUARD_TOLERANCE, _GUARD_MARGIN = 0.25, 0.1  # seconds
_LONG_SEGMENT = 15.0  # seconds; estimates within a longer one are rough
_MEASURED, _ESTIMATED, _ROUGH = (0.12, 0.0), (0.15, 0.1), (0.15, 0.2)  # usual errors: seconds, and share of an overlap
_STRETCHED = 0.2  # of an overlap: estimates spread words over pauses too, so that they lie farther from the edges
_SHORTEST_FRAGMENT = 2  # characters
_MANY_EQUAL, _CERTAINTY_OF_MANY = 4, 10.0  # so many words are not equal by chance
_CONTESTED = 1.0  # certainty at most, if either of two words may be the garbled one

# Scores are logarithms: how many times likelier something is if two words are one than by chance.
_FRAGMENT, _KNOWN, _ALIKE, _SAME_TIME = 2.8, -1.6, -0.4, 0.8
_AT_EDGE, _PER_WORD, _FAR_FROM_EDGE = -0.8, -1.6, -4.0  # the edge of a piece garbles or swallows a word
_SAME_MOMENT = -1.0  # at least, for words that have nothing in common but their measured times
_BEGINNING = (0, 0)
_CHANCE = -3.0  # pieces that overlap where there is no certain pause nearly always share a word


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word of a piece.

    Attributes:
        place: the number of its segment, and its own within the segment.
        word: the word with its times.
        spelling: its letters and digits alone, in lower case.
        span: length in seconds of the segment from which its times are estimated or aligned; 0 if they are measured.
        ends_segment: whether its end is that of a segment whose times are known.
    """

    place: tuple[int, int]
    word: Word
    spelling: str
    span: float
    ends_segment: bool = False

    @property
    def middle(self) -> float:
        """The middle of the word, in seconds."""
        return (self.word.start + self.word.end) / 2

    def is_near(self, time: float) -> bool:
        """Tell whether the word may be cut at a time, as far as its measured times tell."""
        if self.span:
            return self.ends_segment and abs(self.word.end - time) < TOLERANCE
        return self.word.start - TOLERANCE < time < self.word.end + TOLERANCE


@dataclass(frozen=True, slots=True)
class Overlap:
    """A stretch that two pieces hold, with the words of both that may lie in it.

    Attributes:
        tail: the last words of the earlier piece.
        head: the first words of the later piece.
        low: where the later piece starts, in seconds.
        high: where the earlier piece ends, in seconds.
        excluded: numbers of two words that are known not to be one.
    """

    tail: Sequence[TimedWord]
    head: Sequence[TimedWord]
    low: float
    high: float
    excluded: frozenset[tuple[int, int]] = frozenset()

    @property
    def is_guard(self) -> bool:
        """Whether the pieces were cut at a pause."""
        return self.high - self.low <= LONGEST_GUARD

    def find_pairs(self) -> list[tuple[int, int]]:
        """Return the numbers of the words that are one, in order, even if an edge has garbled it in one piece.

        An end of the tail is aligned with a beginning of the head in the likeliest way. What comes before the first
        pair in the tail and behind the last one in the head counts nothing. There is no pair if chance is likelier.
        """
        return self._select_pairs(*self._align())

    def measure_certainty(self) -> float:
        """Return how much likelier the pairs are than the likeliest ones without any of their equal words.

        It is the logarithm of a ratio; 0 if no words of the pairs are equal, and at most 1 if it is open which of two
        words an edge has garbled. If many are equal, it is not measured but high.
        """
        score, aligned = self._align()
        pairs = self._select_pairs(score, aligned)
        certainty = self._compare(score, frozenset(pair for pair in pairs if self.is_equal(*pair)))
        return min(certainty, _CONTESTED) if any(self._is_contested(*pair) for pair in pairs) else certainty

    def _compare(self, score: float, equal: frozenset[tuple[int, int]]) -> float:
        """Return how much likelier an alignment with these pairs of equal words is than the next one without them."""
        if not equal or len(equal) >= _MANY_EQUAL:
            return _CERTAINTY_OF_MANY if equal else 0.0
        return score - max(replace(self, excluded=equal)._align()[0], _CHANCE)

    def _select_pairs(self, score: float, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the pairs of an alignment, or none if its words or their times do not tell that they are one."""
        is_told_by_text = any(self.is_equal(*pair) or self.is_fragment(*pair) for pair in pairs)
        is_told_by_time = score > _SAME_MOMENT and all(self.is_measured(*pair) for pair in pairs)
        return pairs if is_told_by_text or is_told_by_time else []

    def _align(self) -> tuple[float, list[tuple[int, int]]]:
        """Return how likely the likeliest alignment is, and its pairs; none if chance is likelier."""
        rows, columns = len(self.tail), len(self.head)
        best = [[-math.inf] * (columns + 1) for _ in range(rows + 1)]
        steps = dict[tuple[int, int], tuple[int, int]]()
        for left, right in product(range(rows), range(columns)):
            options = [(score + best[place[0]][place[1]], place) for score, place in self._list_steps(left, right)]
            if (first := self._score_first(left, right)) is not None:
                options.append((first, _BEGINNING))
            best[left + 1][right + 1], steps[left + 1, right + 1] = max(options)
        ends = [best[rows][at + 1] + self._score_estimate(rows - 1, at) for at in range(columns) if rows]
        score = max(ends, default=-math.inf)
        return score, _trace_pairs(steps, (rows, ends.index(score) + 1)) if score > _CHANCE else []

    def _list_steps(self, left: int, right: int) -> Iterator[tuple[float, tuple[int, int]]]:
        """Yield how likely the ways to two words are, and the numbers of words behind which each begins."""
        yield self._score_tail_alone(left, right), (left, right + 1)
        yield self._score_edge(self.head[right], len(self.tail) - 1 - left, self.high), (left + 1, right)
        if (score := self._score(left, right)) is not None:
            yield score + (self._score_time(left, right) if self.is_measured(left, right) else 0.0), (left, right)

    def _score_first(self, left: int, right: int) -> float | None:
        """Return how likely two words are the first pair. All before it in the head is garbled then."""
        if (score := self._score(left, right)) is None:
            return None
        time = self._score_time(left, right) if self.is_measured(left, right) else self._score_estimate(left, right)
        return score + time + sum(self._score_garbled(self.head[at], at, self.low) for at in range(right))

    def _score_estimate(self, left: int, right: int) -> float:
        """Return half of how likely estimated times are: those of the first and the last pair tell all."""
        return 0.0 if self.is_measured(left, right) else self._score_time(left, right) / 2

    def is_equal(self, left: int, right: int) -> bool:
        """Tell whether two words are spelled alike."""
        return self.tail[left].spelling == self.head[right].spelling != ""

    def is_measured(self, left: int, right: int) -> bool:
        """Tell whether the times of both words are measured."""
        return not self.tail[left].span and not self.head[right].span

    def is_same_moment(self, left: int, right: int) -> bool:
        """Tell whether two words are equal and measured at one time, in whatever order with others."""
        is_alike = self.is_measured(left, right) and self.is_equal(left, right)
        return is_alike and abs(self._measure_distance(left, right)) < 2 * TOLERANCE

    def is_fragment(self, left: int, right: int) -> bool:
        """Tell whether one is what is left of the other, because the edge of the piece cut it."""
        return self._find_cut(left, right) is not None

    def _is_contested(self, left: int, right: int) -> bool:
        """Tell whether it is open which of two unequal words an edge has garbled: not the one nearer to its edge."""
        if self.is_equal(left, right) or self.is_measured(left, right):
            return False
        one, other = len(self.tail) - 1 - left, right
        if not self.is_fragment(left, right):
            return one == other
        is_left_whole = len(self.tail[left].spelling) > len(self.head[right].spelling)
        return other > one if is_left_whole else one > other

    def _find_cut(self, left: int, right: int) -> int | None:
        """Return how many words away from its edge the one is that is a part of the other; None if neither is."""
        one, other = self.tail[left].spelling, self.head[right].spelling
        distance = len(self.tail) - 1 - left
        if one == other or min(len(one), len(other)) < _SHORTEST_FRAGMENT:
            return None
        # Shorter words of another speaker may come behind a word of the tail that is cut.
        if other.startswith(one) and distance < (2 * MOST_CUT if self.tail[left].span else MOST_CUT):
            return distance
        return right if one.endswith(other) and right < MOST_CUT else None

    def _score(self, left: int, right: int) -> float | None:
        """Return how likely two words are one by their text; None if they cannot be."""
        if (left, right) in self.excluded:
            return None
        if self.is_equal(left, right):
            return self._score_equal(left, right) if not self.is_guard or self._is_at_guard(left, right) else None
        if self.is_guard:
            return None
        if (cut := self._find_cut(left, right)) is not None:
            return _FRAGMENT + _score_distance(cut)
        distance = len(self.tail) - 1 - left
        garbled = (self.tail[left], distance, self.high), (self.head[right], right, self.low)
        return max(self._score_garbled(*each) for each in garbled)

    def _score_equal(self, left: int, right: int) -> float:
        """Return how likely equal words are one: more, the rarer it is; less, if the edges may garble words alike."""
        words, spelling = (*self.tail, *self.head), self.tail[left].spelling
        share = sum(each.spelling == spelling for each in words) / len(words)
        is_alike = (left, right) == (len(self.tail) - 1, 0) and not self._is_known(self.tail[left])
        return -math.log(share) + is_alike * _ALIKE

    def _score_garbled(self, word: TimedWord, distance: int, edge: float) -> float:
        """Return how likely the edge of a piece has made this word of another. It seldom makes one that is there."""
        return self._score_edge(word, distance, edge) + self._is_known(word) * _KNOWN

    def _score_edge(self, word: TimedWord, distance: int, edge: float) -> float:
        """Return how likely an edge has cut a word that is so many words away from it."""
        if not word.span:
            return _AT_EDGE if word.is_near(edge) else _FAR_FROM_EDGE
        is_apart = distance == 0 and min(abs(word.word.start - edge), abs(word.word.end - edge)) > 2 * TOLERANCE
        return _FAR_FROM_EDGE if is_apart else _score_distance(distance)

    def _score_tail_alone(self, left: int, right: int) -> float:
        """Return how likely only the earlier piece has a word behind one of the later piece."""
        swallowed = self._score_edge(self.tail[left], right + 1, self.low)
        if right + 1 < len(self.head):
            return swallowed
        return max(swallowed, self._score_edge(self.tail[left], len(self.tail) - 1 - left, self.high))

    def _is_known(self, word: TimedWord) -> bool:
        """Tell whether a word is there once more, not at an edge."""
        return any(word.spelling == each.spelling for each in (*self.tail[:-1], *self.head[1:]) if each is not word)

    def _is_at_guard(self, left: int, right: int) -> bool:
        """Tell whether two words may be one that lies at the guard, by their measured times."""
        one, other = self.tail[left].word, self.head[right].word
        is_near = one.end > self.low - _GUARD_MARGIN and other.start < self.high + _GUARD_MARGIN
        is_there = is_near and (one.end > self.low or other.start < self.high)
        return (
            is_there and self.is_measured(left, right) and abs(self._measure_distance(left, right)) <= _GUARD_TOLERANCE
        )

    def _measure_distance(self, left: int, right: int) -> float:
        """Return by how many seconds the word of the tail is later. What one piece alone holds of it does not count."""
        one, other = self.tail[left], self.head[right]
        if not self.is_measured(left, right):
            return one.middle - other.middle
        first = max(one.word.start, self.low) + max(one.word.end, self.low)
        return (first - min(other.word.start, self.high) - min(other.word.end, self.high)) / 2

    def _score_time(self, left: int, right: int) -> float:
        """Return how likely two words are one by their times."""
        is_measured = self.is_measured(left, right)
        length = self.high - self.low
        is_rough = max(self.tail[left].span, self.head[right].span) > _LONG_SEGMENT
        seconds, share = _MEASURED if is_measured else _ROUGH if is_rough else _ESTIMATED
        distance = self._measure_distance(left, right) + (0.0 if is_measured else _STRETCHED * length)
        return _SAME_TIME - 2 * math.log1p((distance / (seconds + share * length)) ** 2 / 3)


def _score_distance(distance: int) -> float:
    """Return how likely the edge of a piece has cut a word, so many words away from it."""
    return max(_AT_EDGE + _PER_WORD * distance, _FAR_FROM_EDGE)


def _trace_pairs(steps: dict[tuple[int, int], tuple[int, int]], place: tuple[int, int]) -> list[tuple[int, int]]:
    pairs = list[tuple[int, int]]()
    while place != _BEGINNING:
        before = steps[place]
        if before == _BEGINNING or before == (place[0] - 1, place[1] - 1):
            pairs.append((place[0] - 1, place[1] - 1))
        place = before
    return pairs[::-1]
