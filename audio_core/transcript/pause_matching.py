"""Sentences of known length between pauses of speech: one ends in a pause where that fits, the longer the better."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

__all__ = ["match_to_pauses"]

Span = tuple[float, float]

_MOST_TOGETHER = 4  # sentences that may be spoken without a pause between them
_PAUSES_PER_SENTENCE = 3  # the longest ones of the speech; the others stand within sentences
_SLOWEST = 3.0  # how many times longer than by its length a sentence may last, or shorter
_MOST_DRIFT = 30.0  # seconds by which speech may be ahead of the text or behind it
_LONGEST_PAUSE = 1.0  # seconds; a longer one tells no more


def match_to_pauses(lengths: Sequence[int], speech: Sequence[Span]) -> list[Span]:
    """Return start and end of each sentence, in seconds; an empty list where the pauses fit none of them.

    Of all ways to end sentences in pauses, that one is chosen whose pauses are the longest, and where sentences last
    as long as their texts make expect.

    Args:
        lengths: characters of each sentence, in the order in which they are spoken.
        speech: start and end of each stretch in which somebody speaks, in order of time.

    Example:
        >>> match_to_pauses([30, 10], [(0.5, 1.5), (1.7, 3.5), (4.2, 5.2)])
        [(0.5, 3.5), (4.2, 5.2)]
    """
    lengths = [max(1, length) for length in lengths]
    if len(speech) < 2 or len(lengths) < 2:
        return []
    return [
        span
        for run in _Matching(lengths, _join_short_pauses(speech, _PAUSES_PER_SENTENCE * len(lengths))).find_best()
        for span in run.divide(lengths)
    ]


@dataclass(frozen=True, slots=True)
class _Run:
    """Sentences between two neighbouring pauses in which sentences end."""

    first: int
    last: int  # the first sentence behind it
    spans: Sequence[Span]  # the speech

    def divide(self, lengths: Sequence[int]) -> Iterator[Span]:
        """Yield start and end of each sentence, in proportion to its length where several are spoken as one."""
        start, seconds = self.spans[0][0], self.spans[-1][1] - self.spans[0][0]
        ends = list(accumulate(lengths[self.first : self.last], initial=0))
        for begin, end in pairwise(ends):
            yield start + seconds * begin / ends[-1], start + seconds * end / ends[-1]


class _Matching:
    """The ways in which the first sentences may lie before a pause; the cheapest of each is kept."""

    def __init__(self, lengths: Sequence[int], speech: Sequence[Span]) -> None:
        self._lengths, self._speech = lengths, speech
        self._heard = list(accumulate((end - start for start, end in speech), initial=0.0))
        self._said = list(accumulate(lengths, initial=0))
        self._rate = self._heard[-1] / self._said[-1]  # seconds a character
        # For each number of sentences: the pause behind them, to its cost, and the sentences and the pause before.
        self._ways: list[dict[int, tuple[float, int, int]]] = [{} for _ in self._said]
        self._ways[0][0] = (0.0, 0, 0)

    def find_best(self) -> list[_Run]:
        """Return the runs of the cheapest way; none if there is no way."""
        for sentence in range(len(self._lengths)):
            for pause, (cost, _, _) in self._ways[sentence].items():
                self._extend(sentence, pause, cost)
        runs, sentence, pause = list[_Run](), len(self._lengths), len(self._speech)
        while sentence and pause in self._ways[sentence]:
            _, first, before = self._ways[sentence][pause]
            runs.append(_Run(first, sentence, self._speech[before:pause]))
            sentence, pause = first, before
        return runs[::-1]

    def _extend(self, sentence: int, pause: int, cost: float) -> None:
        """Try what may come next: a few sentences, up to any pause that fits."""
        for last in range(sentence + 1, min(sentence + _MOST_TOGETHER, len(self._lengths)) + 1):
            expected = self._rate * (self._said[last] - self._said[sentence])
            for following in range(pause + 1, len(self._heard)):
                seconds = self._heard[following] - self._heard[pause]
                if seconds > _SLOWEST * expected:
                    break
                if seconds * _SLOWEST >= expected and self._may_lie_before(last, following):
                    total = cost + abs(math.log(seconds / expected)) - self._measure_pause(following)
                    if total < self._ways[last].get(following, (math.inf,))[0]:
                        self._ways[last][following] = (total, sentence, pause)

    def _may_lie_before(self, sentence: int, pause: int) -> bool:
        is_end = sentence == len(self._lengths)
        drift = self._heard[pause] - self._rate * self._said[sentence]
        return is_end == (pause == len(self._speech)) and abs(drift) <= _MOST_DRIFT

    def _measure_pause(self, pause: int) -> float:
        if pause == len(self._speech):
            return 0.0
        return min(_LONGEST_PAUSE, self._speech[pause][0] - self._speech[pause - 1][1])


def _join_short_pauses(speech: Sequence[Span], count: int) -> list[Span]:
    """Return the speech with at most so many pauses."""
    lengths = sorted((after[0] - before[1] for before, after in pairwise(speech)), reverse=True)
    shortest, joined = lengths[min(count, len(lengths)) - 1], [*speech[:1]]
    for start, end in speech[1:]:
        if start - joined[-1][1] >= shortest:
            joined.append((start, end))
        else:
            joined[-1] = (joined[-1][0], end)
    return joined
