"""A text is found in a recording stretch by stretch."""

import json
from pathlib import Path

import pytest

from audio_core import Audio
from audio_core.engines.stretch_alignment import AlignedWord, StretchAlignment
from audio_core.media.pcm_window import PcmWindow

RATE = 16_000
Told = list[tuple[str, float, float]]


class Oracle:
    """Knows when each word is said, and takes those after the end of the stretch for likely as well."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def align(self, texts: list[str], pcm: bytes) -> list[AlignedWord]:
        seconds, first = len(pcm) / (2 * RATE), int(texts[0])
        start = self._told[first][1] - 0.3  # where the stretch begins
        return [
            AlignedWord(min(begin - start, seconds), min(end - start, seconds), 1.0, 1.0)
            for _, begin, end in self._told[first : first + len(texts)]
        ]

    def recognize(self, pcm: bytes) -> list:
        raise AssertionError("What matches needs no recognition.")


def test_words_that_a_model_only_guesses_belong_to_the_next_stretch(call: Path) -> None:
    sentences = json.loads(call.with_suffix(".json").read_text())
    told = [tuple(word) for sentence in sentences for word in sentence["words"]]
    speech = [(sentence["start"], sentence["end"]) for sentence in sentences]
    numbers, window = [str(number) for number in range(len(told))], PcmWindow(Audio.of(call), RATE)
    alignment = StretchAlignment(Oracle(told), numbers, window, speech, (0.0, 53.6))
    found = [word and word.start for word in alignment.run()]
    assert found == [pytest.approx(start, abs=0.01) for _, start, _ in told]
