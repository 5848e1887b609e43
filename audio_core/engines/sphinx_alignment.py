"""Align English text with PocketSphinx. Half of the onsets are within 0.01 seconds, and no download is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from audio_core.engines.decoders import Decoder
from audio_core.engines.stretch_alignment import AlignedWord
from audio_core.transcript.segment import Word, interpolate_words

__all__ = ["SphinxAligner"]

# Measured on speech of seven voices: -1.1 to -1.9 for the text that is spoken, -3.5 to -5.6 for any other.
_THRESHOLD, _SCALE, _LEAST = -2.7, 0.4, -8.0  # log likelihoods
_WORD_PARTS = re.compile(r"[a-z]+(?:'[a-z]+)*")


class SphinxAligner:
    """An aligner that knows the words of a dictionary. Any other is what is heard between its neighbours.

    Args:
        decoder: borrowed for as long as this is used.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def measure_known_share(self, texts: Sequence[str]) -> float:
        """Return which share of the words is in the dictionary."""
        return sum(map(bool, self._split_known_words(texts))) / max(1, len(texts))

    def align(self, texts: Sequence[str], pcm: bytes) -> list[AlignedWord]:
        """Return the words, from the first one on, as far as they are heard, in seconds since the PCM begins."""
        parts = self._split_known_words(texts)
        self._decoder.reset()
        heard = iter(self._decoder.align(list(_list_parts(parts)), pcm))
        return list(_build_words(texts, parts, heard))

    def recognize(self, pcm: bytes) -> list[Word]:
        """Return the words that are heard, in seconds since the PCM begins."""
        self._decoder.reset()
        return self._decoder.recognize(pcm, 0.0)

    def _split_known_words(self, texts: Sequence[str]) -> list[list[str]]:
        """Split each word of a text into words of the dictionary; into none if any part of it is unknown."""
        parts = [_WORD_PARTS.findall(text.casefold().replace("\u2019", "'")) for text in texts]
        known = self._decoder.find_known_words({part for own_parts in parts for part in own_parts})
        return [
            own_parts if known.issuperset(own_parts) and not any(map(str.isdigit, text)) else []
            for text, own_parts in zip(texts, parts, strict=True)
        ]


def _list_parts(parts: Sequence[list[str]]) -> Iterator[str | None]:
    """Yield the words of the dictionary, and None for others in a row."""
    for is_known, group in groupby(parts, bool):
        if is_known:
            yield from (part for own_parts in group for part in own_parts)
        else:
            yield None


def _build_words(
    texts: Sequence[str], parts: Sequence[list[str]], heard: Iterator[tuple[float, float, float]]
) -> Iterator[AlignedWord]:
    """Yield the words of the text that were heard whole. Unknown ones in a row share their time by their lengths."""
    for is_known, group in groupby(zip(texts, parts, strict=True), lambda pair: bool(pair[1])):
        pairs = list(group)
        for own_parts in (own_parts for _, own_parts in pairs) if is_known else ([None],):
            matches = [match for _, match in zip(own_parts, heard, strict=False)]
            if len(matches) < len(own_parts):
                return
            start, end = matches[0][0], matches[-1][1]
            if is_known:
                yield AlignedWord(start, end, *_weigh(matches))
            else:
                words = interpolate_words([text for text, _ in pairs], start, end)
                yield from (AlignedWord(word.start, word.end, 0.0, 0.0) for word in words)


def _weigh(matches: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Return evidence and weight of the parts of a word."""
    weights = [end - start for start, end, _ in matches]
    scores = [(max(_LEAST, score) - _THRESHOLD) / _SCALE for _, _, score in matches]
    return sum(map(float.__mul__, scores, weights)) / sum(weights), sum(weights)
