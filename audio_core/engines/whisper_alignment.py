"""Align text in any of Whisper's languages, by the attention of a Whisper model to the sound."""

# faster-whisper and NumPy have partly unknown types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from audio_core.engines.stretch_alignment import AlignedWord, count_matching
from audio_core.engines.whisper_weights import load_whisper, to_samples
from audio_core.errors import UnsupportedFormat
from audio_core.media.voice_activity import find_speech
from audio_core.transcript.segment import Word

__all__ = ["RATE", "WhisperAligner"]

RATE = 16_000
"""Sample rate in Hz that Whisper works at."""

_STEPS_PER_SECOND = 50  # of the attention
_MOST_TOKENS = 400  # of the 448 that a model takes
# Measured on base, sentences of three languages: mean log probabilities of -0.9 for those that are spoken (99 % above
# -2.1), and -4.4 for others (1.4 % above -3.0).
_THRESHOLD, _SCALE, _LEAST = -2.9, 0.5, -7.0
_DELAY = 0.03  # seconds that onsets are found too early, on the median
_PAUSE = 0.15  # seconds; shorter ones stand within words


class WhisperAligner:
    """An aligner that teaches a model the text and looks which sounds it attends to.

    Args:
        weights: a size that faster-whisper downloads, or the folder of a model converted for CTranslate2.
        language: as a transcript names it, or None to detect it.

    Raises:
        MissingDependency: if faster-whisper is not installed.
        UnsupportedFormat: if the weights cannot be loaded, or know only English and it is another language.
    """

    def __init__(self, weights: str, language: str | None) -> None:
        self._whisper: Any = load_whisper(weights, compute_type="auto")
        known = self._whisper.supported_languages
        if language not in (None, "en", "english") and known == ["en"]:
            raise UnsupportedFormat("These weights align only English. Other languages need those of another model.")
        self._language = language if language in known else None
        self._tokenizer: Any = None

    def align(self, texts: Sequence[str], pcm: bytes) -> list[AlignedWord]:
        """Return the words, from the first one on, as far as they are heard, in seconds since the PCM begins."""
        from faster_whisper.audio import pad_or_trim  # noqa: PLC0415 - an extra

        samples = to_samples(pcm)
        features = self._whisper.feature_extractor(samples)
        encoded = self._whisper.encode(pad_or_trim(features))
        tokens = self._encode_words(texts, samples)
        steps = len(samples) * _STEPS_PER_SECOND * 2 // RATE
        count = count_matching(self._find_words(tokens, encoded, steps))
        words = self._find_words(tokens[:count], encoded, steps)
        speech = find_speech([pcm], RATE)
        return [_fit_to_speech(word, speech) for word in words]

    def recognize(self, pcm: bytes) -> list[Word]:
        """Return the words that are heard, in seconds since the PCM begins."""
        segments, _ = self._whisper.transcribe(
            to_samples(pcm), language=self._language, beam_size=1, temperature=0.0, word_timestamps=True
        )
        return [
            Word(float(word.start), float(word.end), word.word.strip())
            for segment in segments
            for word in segment.words or ()
        ]

    def _encode_words(self, texts: Sequence[str], samples: Any) -> list[list[int]]:
        """Return the tokens of each word, of as many words as the model takes at once."""
        from faster_whisper.tokenizer import Tokenizer  # noqa: PLC0415 - an extra

        whisper = self._whisper
        if self._tokenizer is None:
            if self._language is None:
                self._language = whisper.detect_language(samples)[0] if whisper.model.is_multilingual else "en"
            self._tokenizer = Tokenizer(
                whisper.hf_tokenizer, whisper.model.is_multilingual, task="transcribe", language=self._language
            )
        words, total = list[list[int]](), 0
        for tokens in self._split_tokens(texts):
            total += len(tokens)
            if total > _MOST_TOKENS:
                break
            words.append(tokens)
        return words

    def _split_tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of the text, each with the word in which it ends."""
        encoding = self._whisper.hf_tokenizer.encode("".join(f" {text}" for text in texts), add_special_tokens=False)
        owners = [index for index, text in enumerate(texts) for _ in f" {text}"]
        words: list[list[int]] = [[] for _ in texts]
        for token, (begin, end) in zip(encoding.ids, encoding.offsets, strict=True):
            words[owners[max(begin, end - 1)]].append(token)
        return words

    def _find_words(self, words: Sequence[Sequence[int]], encoded: Any, steps: int) -> list[AlignedWord]:
        tokens = [token for word in words for token in word]
        if not tokens:
            return []
        (result,) = self._whisper.model.align(encoded, self._tokenizer.sot_sequence, [tokens], steps)
        starts = dict[int, float]()
        for token, step in result.alignments:
            starts.setdefault(token, step / _STEPS_PER_SECOND)
        return list(_build_words(words, starts, result.text_token_probs))


def _build_words(
    words: Sequence[Sequence[int]], starts: dict[int, float], probabilities: Sequence[float]
) -> Iterator[AlignedWord]:
    first = 0
    for word in words:
        last = first + len(word)
        scores = [max(_LEAST, math.log(max(each, 1e-9))) for each in probabilities[first:last]]
        evidence = (sum(scores) / len(scores) - _THRESHOLD) / _SCALE if scores else 0.0
        yield AlignedWord(starts[first], starts.get(last, starts[first]), evidence, len(scores))
        first = last


def _fit_to_speech(word: AlignedWord, speech: Sequence[tuple[float, float]]) -> AlignedWord:
    """Return the word without a pause at its beginning or end, which attention often includes."""
    start, end = word.start + _DELAY, word.end + _DELAY
    for (_, pause), (resumed, _) in pairwise([(0.0, 0.0), *speech, (math.inf, math.inf)]):
        if resumed - pause < _PAUSE or not (pause < end and start < resumed):
            continue
        if pause - start >= end - resumed:
            end = max(pause, start)
        else:
            start = min(resumed, end)
    return replace(word, start=start, end=max(start, end))
