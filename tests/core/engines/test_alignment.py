"""Times for words that a gateway wrote down without them."""

import json
import logging
from pathlib import Path

import pytest

from audio_core import Audio, AudioClient, Segment, Transcript
from audio_core.engines.alignment import align_words
from audio_core.testing import Reply, chat_reply


@pytest.fixture(scope="module")
def truth(talk: Path) -> list[dict]:
    """What the talk's maker says of its first half minute: sentences with the times of their words."""
    return [sentence for sentence in json.loads(talk.with_suffix(".json").read_text()) if sentence["end"] < 30]


def told(truth: list[dict], **facts) -> Transcript:
    segments = tuple(Segment(each["start"], each["end"], each["text"]) for each in truth)
    return Transcript(" ".join(each["text"] for each in truth), segments, "english", 30.0, provider="p", **facts)


def words_in(truth: list[dict]) -> list[tuple[float, float]]:
    return [(start, end) for sentence in truth for _, start, end in sentence["words"]]


def is_close(transcript: Transcript, truth: list[dict]) -> bool:
    found = [word for segment in transcript.segments for word in segment.words]
    errors = sorted(abs(word.start - start) for word, (start, _) in zip(found, words_in(truth), strict=True))
    return errors[len(errors) // 2] < 0.03 and errors[-1] < 0.25


def test_words_lie_where_they_are_said(talk: Path, truth: list[dict]) -> None:
    heard = align_words(told(truth), Audio.of(talk))
    assert is_close(heard, truth)
    assert [word.text for word in heard.segments[0].words] == truth[0]["text"].split()
    assert [(segment.start, segment.end) for segment in heard.segments] == [
        (each["start"], each["end"]) for each in truth
    ]


def test_segments_whose_times_were_guessed_get_true_ones(talk: Path, truth: list[dict]) -> None:
    guessed = tuple(Segment(0.0, 30.0, each["text"], is_estimated=True) for each in truth)
    heard = align_words(Transcript("", guessed, None, truth[-1]["end"] + 0.3), Audio.of(talk))
    assert is_close(heard, truth)
    assert not any(segment.is_estimated for segment in heard.segments)
    for segment, each in zip(heard.segments, truth, strict=True):
        assert (segment.start, segment.end) == (
            pytest.approx(each["start"], abs=0.2),
            pytest.approx(each["end"], abs=0.2),
        )


def test_a_word_that_is_not_known_lies_between_its_neighbours(talk: Path) -> None:
    (segment,) = align_words(
        told([{"start": 0.0, "end": 5.6, "text": "Good morning, 23 Kzxwq and welcome to"}]), Audio.of(talk)
    ).segments
    _, morning, number, name, after, *_ = segment.words
    assert morning.end <= number.start <= number.end <= name.end <= after.start
    assert (morning.text, name.text) == ("morning,", "Kzxwq")


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich", None, "not English"),
        ("good morning", "german", "only English"),
    ],
)
def test_what_is_not_english_is_left_alone_and_said_so(talk: Path, caplog, text, language, reason: str) -> None:
    given = Transcript(text, (Segment(0.0, 5.0, text),), language, 5.0)
    with caplog.at_level(logging.WARNING, logger="audio_core"):
        assert align_words(given, Audio.of(talk)) == given
    assert reason in caplog.text


def test_recognition_is_the_same_after_an_alignment(talk: Path, truth: list[dict]) -> None:
    clip = Audio.of(talk, end=6)
    before = AudioClient().transcribe(clip)
    align_words(told(truth), Audio.of(talk))
    assert AudioClient().transcribe(clip) == before


def test_a_gateway_without_words_gets_them_here(gateway, talk: Path, truth: list[dict]) -> None:
    text = " ".join(each["text"] for each in truth)
    gateway.will_answer(Reply({"text": text}))
    asking = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)
    clip = Audio.of(talk, start=0, end=truth[-1]["end"] + 0.3)
    assert is_close(asking.transcribe(clip, words=True), truth)
    assert asking.transcribe(clip).segments[0].words == ()


def test_a_chat_model_too(gateway, talk: Path, truth: list[dict]) -> None:
    gateway.will_answer(chat_reply(" ".join(each["text"] for each in truth)))
    asking = AudioClient("openroute", model="m", api_key="k", base_url=gateway.base_url)
    heard = asking.transcribe(Audio.of(talk, start=0, end=truth[-1]["end"] + 0.3), words=True)
    assert is_close(heard, truth)
    assert not heard.segments[0].is_estimated


@pytest.mark.parametrize("language", ["en-US", "en_GB", "EN"])
def test_english_of_any_country_is_aligned(talk: Path, language: str) -> None:
    transcript = Transcript("good morning", (Segment(0.0, 1.5, "good morning"),), language=language)
    assert [word.text for word in align_words(transcript, Audio.of(talk)).segments[0].words] == ["good", "morning"]
