"""Times for given text by the attention of real Whisper models."""

import json
from pathlib import Path

import pytest

from audio_core import Audio, Transcript
from audio_core.engines.alignment import align_transcript

END = 24.0  # seconds


@pytest.fixture(scope="module")
def sentences(call: Path) -> list[dict]:
    """What is said in the first seconds, with its times."""
    return [each for each in json.loads(call.with_suffix(".json").read_text()) if each["end"] < END]


def align(call: Path, text: str, language: str | None, aligner: str) -> Transcript:
    return align_transcript(Transcript(text, (), language, END), Audio.of(call, end=END), aligner=aligner)


@pytest.mark.parametrize("language", ["en", None])
def test_words_lie_where_they_are_said(base: str, call: Path, sentences: list[dict], language: str | None) -> None:
    aligned = align(call, " ".join(each["text"] for each in sentences), language, base)
    words = [word for segment in aligned.segments for word in segment.words]
    starts = [start for sentence in sentences for _, start, _ in sentence["words"]]
    errors = sorted(abs(word.start - start) for word, start in zip(words, starts, strict=True))
    assert errors[len(errors) // 2] < 0.06
    assert errors[int(len(errors) * 0.9)] < 0.25
    assert all(not segment.is_estimated and segment.alignment_score > 0.5 for segment in aligned.segments)
    assert aligned.warnings == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The doctor recommends two glasses of orange juice. Nobody reads the newspaper before breakfast.", "en"),
        ("Die alte Bibliothek steht am Ende unserer Straße. Gebaut hat sie ein Kaufmann ohne Kinder.", "de"),
        ("我们学校的图书馆很大。今天下午没有人在那里。", "zh"),
    ],
)
def test_what_is_not_spoken_gets_no_true_times(base: str, call: Path, text: str, language: str) -> None:
    aligned = align(call, text, language, base)
    assert all(segment.is_estimated and not segment.words for segment in aligned.segments)
    assert "does not match what is heard" in aligned.warnings[0]


def test_weights_that_know_only_english_align_nothing_else(tiny: str, call: Path) -> None:
    aligned = align(call, "Guten Morgen.", "de", tiny)
    assert aligned.segments[0].is_estimated
    assert "only English" in aligned.warnings[0]
