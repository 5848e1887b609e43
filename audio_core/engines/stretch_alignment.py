"""Find the words of a text in a long recording, stretch by stretch, in one pass.

The next words, and some more, are aligned with the next half minute, up to a pause. What matches is kept, and the next
stretch begins behind it. Where nothing matches, the stretch is recognised, to find out where in the text it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate, pairwise, takewhile
from typing import Protocol

from audio_core.media.pcm_window import PcmWindow
from audio_core.transcript.segment import Word

__all__ = ["AlignedWord", "Aligner", "StretchAlignment", "compute_score", "count_matching"]

Span = tuple[float, float]

_LONGEST_STRETCH = 28.0  # seconds; Whisper takes 30
_SHORTEST_STRETCH = 10.0  # seconds, if the recording goes on
_PAUSE = 0.3  # seconds at least, in which a stretch may end
_PADDING = 0.3  # seconds before speech
_UNSURE = 1.0  # seconds before a cut within speech, whose words belong to the next stretch
_MOST_CHARACTERS = 25.0  # that anybody says in a second; half of it is usual
_NO_TIME = 0.02  # seconds; one step of the attention of Whisper, less than any word takes
_FEWEST_WORDS, _SHORTEST_MATCH = 3, 4.0  # words and seconds that match; fewer may do so by chance
_SHORTEST_ANCHOR = 12  # characters that were recognised and stand in the text
_SAME_PLACE = 3  # words that may be too many or missing between what was recognised and the text
_TRIES, _TRIED_SHARE = 3, 4  # so many stretches in a row are recognised, then every fourth, as this is slow
_NON_ALPHANUMERIC = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """Where a word of a text is heard.

    Attributes:
        start: start in seconds.
        end: end in seconds.
        evidence: how well word and sound match. Above 0 they do rather than not; it is the logit of the score.
        weight: how much the evidence counts; 0 if the word is not known.
    """

    start: float
    end: float
    evidence: float
    weight: float


class Aligner(Protocol):
    """An aligner of words with up to half a minute of speech."""

    def align(self, texts: Sequence[str], pcm: bytes) -> list[AlignedWord]:
        """Return the words, from the first one on, as far as they are heard, in seconds since the PCM begins."""
        ...

    def recognize(self, pcm: bytes) -> list[Word]:
        """Return the words that are heard, in seconds since the PCM begins."""
        ...


def compute_score(words: Sequence[AlignedWord]) -> float:
    """Return how well words match, from 0 to 1: 0.5 is where a match and a mismatch are equally likely."""
    weight = sum(word.weight for word in words)
    mean = sum(word.evidence * word.weight for word in words) / weight if weight else 0.0
    return round(1 / (1 + math.exp(-mean)), 3)


def count_matching(words: Sequence[AlignedWord]) -> int:
    """Return how many words, from the first one on, match on the whole. The others are not heard."""
    sums = list(accumulate((word.evidence * word.weight for word in words), initial=0.0))
    return sums.index(max(sums))


class StretchAlignment:
    """The alignment of one text with one part of a recording.

    Args:
        aligner: aligns the words of a stretch.
        texts: the words.
        window: reads the recording.
        speech: where somebody speaks, in seconds of the recording.
        bounds: the part of the recording, in seconds.
    """

    def __init__(
        self, aligner: Aligner, texts: Sequence[str], window: PcmWindow, speech: Sequence[Span], bounds: Span
    ) -> None:
        self._aligner, self._texts, self._window = aligner, texts, window
        self._position, self._end = bounds
        self._speech = [(max(start, bounds[0]), min(end, bounds[1])) for start, end in speech]
        self._speech = [span for span in self._speech if span[0] < span[1]]
        self._index = self._failures = self._skipped = 0

    def run(self) -> list[AlignedWord | None]:
        """Return each word where it is heard, or None."""
        found: list[AlignedWord | None] = [None] * len(self._texts)
        while self._index < len(self._texts) and (stretch := self._find_stretch()):
            heard = ([] if self._failures else self._align(stretch)) or self._align_anchored(stretch)
            self._failures = 0 if heard else self._failures + 1
            found[self._index : self._index + len(heard)] = heard
            self._index += len(heard)
            self._position = self._find_next_position(stretch, heard)
        return found

    def _find_stretch(self) -> Span | None:
        """Return the next stretch with speech, which ends in a pause if there is one."""
        self._speech = [span for span in self._speech if span[1] > self._position + _PADDING]
        if not self._speech:
            return None
        begin = max(self._position, self._speech[0][0] - _PADDING)
        if self._end - begin <= _LONGEST_STRETCH:
            return begin, self._end
        pauses = [(end + start) / 2 for (_, end), (start, _) in pairwise(self._speech) if start - end >= _PAUSE]
        within = [at for at in pauses if _SHORTEST_STRETCH <= at - begin <= _LONGEST_STRETCH]
        return begin, max(within, default=begin + _LONGEST_STRETCH)

    def _align(self, stretch: Span) -> list[AlignedWord]:
        texts = self._texts[self._index :][: self._count_speakable(stretch)]
        pcm = self._window.read(*stretch)
        heard = [
            replace(word, start=stretch[0] + word.start, end=stretch[0] + word.end)
            for word in self._aligner.align(texts, pcm)
        ]
        if not self._ends_in_pause(stretch):
            heard = [word for word in heard if word.end <= stretch[1] - _UNSURE]
        if stretch[1] < self._end:
            heard = _leave_out_unheard(heard)
        if any(word.weight for word in heard[count_matching(heard) :]) or len(heard) < len(self._texts) - self._index:
            heard = heard[: count_matching(heard)]
        return heard if self._is_enough(heard, stretch) else []

    def _is_enough(self, heard: Sequence[AlignedWord], stretch: Span) -> bool:
        """Tell whether so many words match that it is not by chance."""
        if len(heard) == len(self._texts) - self._index:
            return True
        seconds = min(_SHORTEST_MATCH, self._measure_speech(stretch) / 2)
        return len(heard) >= _FEWEST_WORDS and heard[-1].end - heard[0].start >= seconds

    def _align_anchored(self, stretch: Span) -> list[AlignedWord]:
        """Align the stretch from the words on that are recognised, if the text has them soon."""
        count = self._count_speakable(stretch) + self._skipped
        self._skipped = count
        if self._failures >= _TRIES and self._failures % _TRIED_SHARE:
            return []
        words = self._aligner.recognize(self._window.read(*stretch))
        anchor = _find_anchor(self._texts[self._index :][:count], [word.text for word in words])
        if anchor is None:
            return []
        self._index, self._skipped = self._index + anchor[0], 0
        return self._align((stretch[0] + max(0.0, words[anchor[1]].start - 0.1), stretch[1]))

    def _count_speakable(self, stretch: Span) -> int:
        """Return how many of the next words the stretch may hold at most."""
        left = _MOST_CHARACTERS * (self._measure_speech(stretch) + _PADDING)
        lengths = accumulate(len(text) + 1 for text in self._texts[self._index :])
        return _FEWEST_WORDS + sum(1 for _ in takewhile(lambda length: length <= left, lengths))

    def _measure_speech(self, stretch: Span) -> float:
        return sum(min(end, stretch[1]) - max(start, stretch[0]) for start, end in self._speech if start < stretch[1])

    def _ends_in_pause(self, stretch: Span) -> bool:
        return stretch[1] >= self._end or not any(start < stretch[1] < end for start, end in self._speech)

    def _find_next_position(self, stretch: Span, heard: Sequence[AlignedWord]) -> float:
        """Return where the next stretch begins: behind the last word, or behind the stretch if nobody speaks there."""
        if not heard:
            return stretch[1]
        position = max(heard[-1].end, stretch[0] + _PAUSE)
        is_over = not any(end > position + _PADDING and start < stretch[1] for start, end in self._speech)
        return stretch[1] if is_over else position


def _leave_out_unheard(words: list[AlignedWord]) -> list[AlignedWord]:
    """Return the words without the last ones, if several take no time.

    A model that can guess how a text goes on finds its words likely also where they are not heard.
    """
    count = sum(1 for _ in takewhile(lambda word: word.end - word.start < _NO_TIME, reversed(words)))
    return words[:-count] if count > 1 else words


def _find_anchor(texts: Sequence[str], recognized: Sequence[str]) -> tuple[int, int] | None:
    """Return from which word on both texts are about the same, as its index in each, or None."""
    there, here = list(map(_normalize, texts)), list(map(_normalize, recognized))
    blocks = SequenceMatcher(None, there, here, autojunk=False).get_matching_blocks()
    longest = max(blocks, key=lambda block: block.size)
    if longest.size < _FEWEST_WORDS or sum(map(len, there[longest.a :][: longest.size])) < _SHORTEST_ANCHOR:
        return None
    shift = longest.a - longest.b
    return next((block.a, block.b) for block in blocks if abs(block.a - block.b - shift) <= _SAME_PLACE)


def _normalize(text: str) -> str:
    return _NON_ALPHANUMERIC.sub("", text).casefold()
