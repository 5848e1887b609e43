"""Pairs of words that are the same in two transcripts of one stretch, found by text and time together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, product

from audio_core.transcript.segment import Word

__all__ = ["LONGEST_GUARD", "TOLERANCE", "Overlap", "TimedWord"]

LONGEST_GUARD = 0.3
"""Seconds. Two pieces share no more at a pause, where nothing is said."""

TOLERANCE = 0.2
"""Seconds by which the measured times of a word usually differ in two pieces, at most."""

_GUARD_TOLERANCE = 0.25  # seconds
_LONG_SEGMENT = 15.0  # seconds; estimates within a longer one are rough
_FARTHEST = 0.1  # score of a word of the same text, however far its time is
_BOTH_EDGES = 0.7  # factor for the last word of the one and the first of the other: the edges garble words alike
_FRAGMENT, _SAME_TIME, _OTHER_WORD = 0.5, 0.3, -0.6  # scores of pairs of unlike words
_CUT, _UNPAIRED = -0.1, -0.8  # scores of what only one has: the word at the edge of its piece, and any other
_SHORTEST_FRAGMENT = 2  # characters


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word of a piece.

    Attributes:
        place: the number of its segment, and its own within the segment.
        word: the word with its times.
        spelling: its letters and digits alone, in lower case.
        span: length in seconds of the segment from which its times are estimated; 0 if they are measured.
    """

    place: tuple[int, int]
    word: Word
    spelling: str
    span: float

    @property
    def middle(self) -> float:
        """The middle of the word, in seconds."""
        return (self.word.start + self.word.end) / 2

    def is_near(self, time: float) -> bool:
        """Tell whether the word may be cut at a time, as far as its measured times tell."""
        return not self.span and self.word.start - TOLERANCE < time < self.word.end + TOLERANCE


@dataclass(frozen=True, slots=True)
class Overlap:
    """A stretch that two pieces hold, with the words of both that may lie in it.

    Attributes:
        tail: the last words of the earlier piece.
        head: the first words of the later piece.
        low: where the later piece starts, in seconds.
        high: where the earlier piece ends, in seconds.
    """

    tail: Sequence[TimedWord]
    head: Sequence[TimedWord]
    low: float
    high: float

    @property
    def is_guard(self) -> bool:
        """Whether the pieces were cut at a pause."""
        return self.high - self.low <= LONGEST_GUARD

    def find_pairs(self) -> list[tuple[int, int]]:
        """Return the numbers of the words that are the same, in order.

        An end of the tail is aligned with a beginning of the head, so that the sum of the scores is highest. What comes
        before it in the tail and behind it in the head counts nothing. Nor does it if there is no pair.
        """
        rows, columns = len(self.tail) + 1, len(self.head) + 1
        best = [[0.0, *accumulate(map(_score_gap, range(columns - 1)))], *([0.0] * columns for _ in range(1, rows))]
        steps = {(row, column): (0, 1) for row in range(rows) for column in range(columns)}
        for row, column in product(range(1, rows), range(1, columns)):
            options = [
                (best[row - 1][column] + _score_gap(rows - 1 - row), (1, 0)),
                (best[row][column - 1] + _score_gap(column - 1), (0, 1)),
            ]
            if (score := self._score(row - 1, column - 1)) is not None:
                options.append((best[row - 1][column - 1] + score, (1, 1)))
            best[row][column], steps[row, column] = max(options)
        return _trace_pairs(steps, rows - 1, best[-1].index(max(best[-1])))

    def is_equal(self, left: int, right: int) -> bool:
        """Tell whether two words are spelled alike."""
        return self.tail[left].spelling == self.head[right].spelling != ""

    def is_fragment(self, left: int, right: int) -> bool:
        """Tell whether one is what is left of the other, because the edge of the piece cut it."""
        one, other = self.tail[left].spelling, self.head[right].spelling
        if one == other:
            return False
        is_begun = left == len(self.tail) - 1 and len(one) >= _SHORTEST_FRAGMENT and other.startswith(one)
        return is_begun or (right == 0 and len(other) >= _SHORTEST_FRAGMENT and one.endswith(other))

    def _score(self, left: int, right: int) -> float | None:
        """Return how likely two words are the same, or at least heard at the same time; None if they cannot be."""
        one, other = self.tail[left], self.head[right]
        is_equal, distance = self.is_equal(left, right), abs(one.middle - other.middle)
        if self.is_guard:
            is_same = is_equal and not one.span and not other.span and distance <= _GUARD_TOLERANCE
            return 1.0 if is_same else None
        nearness = self._score_distance(distance, max(one.span, other.span))
        if is_equal:
            return nearness * (_BOTH_EDGES if (left, right) == (len(self.tail) - 1, 0) else 1)
        if self.is_fragment(left, right):
            return nearness * _FRAGMENT
        return _SAME_TIME if _is_same_time(one, other) else _OTHER_WORD

    def _score_distance(self, distance: float, span: float) -> float:
        share = 1.0 if span > _LONG_SEGMENT else 0.5 if span else 0.0  # of the overlap, by which estimates may err
        tolerance = TOLERANCE + share * (self.high - self.low)
        return max(_FARTHEST, 1.25 / (1 + (distance / tolerance) ** 2) - 0.25)


def _score_gap(distance: int) -> float:
    """Return the score of a word that is not paired, so many words from the edge of its piece."""
    return _UNPAIRED if distance else _CUT


def _trace_pairs(steps: dict[tuple[int, int], tuple[int, int]], row: int, column: int) -> list[tuple[int, int]]:
    path = [(row, column)]
    while row and column:
        down, right = steps[row, column]
        row, column = row - down, column - right
        path.append((row, column))
    return [end for start, end in pairwise(path) if start == (end[0] + 1, end[1] + 1)][::-1]


def _is_same_time(one: TimedWord, other: TimedWord) -> bool:
    """Tell whether words overlap by at least half of the shorter one, if their times are measured."""
    first, second = one.word, other.word
    shared = min(first.end, second.end) - max(first.start, second.start)
    is_measured = not one.span and not other.span
    return is_measured and 0 < shared >= min(first.end - first.start, second.end - second.start) / 2
