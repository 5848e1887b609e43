"""Times for words that a gateway wrote down without them."""

import json
import random
from pathlib import Path

import pytest

from audio_core import Audio, AudioClient, InvalidOption, Segment, Transcript, Word
from audio_core.engines.alignment import align_transcript
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
    heard = align_transcript(told(truth), Audio.of(talk, end=30))
    assert is_close(heard, truth)
    assert [word.text for word in heard.segments[0].words] == truth[0]["text"].split()
    assert [(segment.start, segment.end) for segment in heard.segments] == [
        (each["start"], each["end"]) for each in truth
    ]


def test_segments_whose_times_were_guessed_get_true_ones(talk: Path, truth: list[dict]) -> None:
    guessed = tuple(Segment(0.0, 30.0, each["text"], is_estimated=True) for each in truth)
    heard = align_transcript(Transcript("", guessed, None, truth[-1]["end"] + 0.3), Audio.of(talk, end=30))
    assert is_close(heard, truth)
    assert not any(segment.is_estimated for segment in heard.segments)
    for segment, each in zip(heard.segments, truth, strict=True):
        assert (segment.start, segment.end) == (
            pytest.approx(each["start"], abs=0.2),
            pytest.approx(each["end"], abs=0.2),
        )


def test_a_word_that_is_not_known_lies_between_its_neighbours(talk: Path) -> None:
    (segment,) = align_transcript(
        told([{"start": 0.0, "end": 5.6, "text": "Good morning, 23 Kzxwq and welcome to"}]), Audio.of(talk, end=30)
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
def test_what_is_not_english_is_left_alone_and_said_so(talk: Path, text, language, reason: str) -> None:
    given = Transcript(text, (Segment(0.0, 5.0, text),), language, 5.0)
    aligned = align_transcript(given, Audio.of(talk, end=30))
    assert aligned.segments == given.segments
    assert reason in aligned.warnings[0]
    assert "aligner='faster-whisper:" in aligned.warnings[0]


def test_a_text_alone_becomes_utterances_with_true_times(talk: Path) -> None:
    everything = [each for each in json.loads(talk.with_suffix(".json").read_text()) if each["end"] < 90]
    text = " ".join(each["text"] for each in everything)
    aligned = align_transcript(Transcript(text, (), "en", 90.0), Audio.of(talk, end=90))
    assert " ".join(segment.text for segment in aligned.segments) == text
    starts = {each["text"]: each["start"] for each in everything}
    errors = sorted(abs(segment.start - starts.get(segment.text, 1e9)) for segment in aligned.segments)
    assert errors[int(len(errors) * 0.95)] < 0.3
    assert not any(segment.is_estimated for segment in aligned.segments)
    assert all(segment.alignment_score > 0.8 for segment in aligned.segments)
    assert aligned.warnings == ()


def test_text_that_nobody_speaks_is_estimated_and_the_rest_is_true(talk: Path, truth: list[dict]) -> None:
    added = "Doctors recommend seven glasses of orange juice. Nobody reads the newspaper before breakfast anymore."
    spoken = [each["text"] for each in truth]
    text = " ".join([*spoken[:2], added, *spoken[2:]])
    aligned = align_transcript(Transcript(text, (), "en", 30.0), Audio.of(talk, end=30))
    by_text = {segment.text: segment for segment in aligned.segments}
    for each in truth[:2] + truth[3:]:
        assert by_text[each["text"]].start == pytest.approx(each["start"], abs=0.3)
        assert not by_text[each["text"]].is_estimated
    for sentence in added.split(". "):
        (invented,) = (segment for text, segment in by_text.items() if sentence in text)
        assert (invented.is_estimated, invented.words) == (True, ())
    assert "does not match what is heard" in aligned.warnings[0]


def test_what_the_text_leaves_out_does_not_move_the_rest(talk: Path, truth: list[dict]) -> None:
    kept = truth[:1] + truth[3:]
    aligned = align_transcript(
        Transcript(" ".join(each["text"] for each in kept), (), "en", 30.0), Audio.of(talk, end=30)
    )
    starts = {segment.text: segment.start for segment in aligned.segments if not segment.is_estimated}
    assert starts[truth[-1]["text"]] == pytest.approx(truth[-1]["start"], abs=0.3)


@pytest.mark.parametrize("kind", ["shuffled", "of another recording"])
def test_a_text_of_other_words_gets_no_true_times(talk: Path, call: Path, truth: list[dict], kind: str) -> None:
    words = " ".join(each["text"] for each in truth[:3]).split()
    random.Random(1).shuffle(words)
    others = json.loads(call.with_suffix(".json").read_text())
    text = " ".join(words) if kind == "shuffled" else " ".join(each["text"] for each in others[:4])
    aligned = align_transcript(Transcript(text, (), "en", 14.0), Audio.of(talk, end=14))
    assert all(segment.is_estimated and not segment.words for segment in aligned.segments)
    assert "does not match what is heard" in aligned.warnings[0]
    starts = [segment.start for segment in aligned.segments]
    assert starts == sorted(starts)


def test_a_segment_with_times_of_other_words_keeps_them_and_has_no_words(talk: Path) -> None:
    given = told([{"start": 0.5, "end": 5.5, "text": "The doctor recommends two glasses of orange juice every Sunday"}])
    aligned = align_transcript(given, Audio.of(talk, end=30))
    (segment,) = aligned.segments
    assert (segment.start, segment.end, segment.words, segment.is_estimated) == (0.5, 5.5, (), False)
    assert len(aligned.warnings) == 1


def test_text_in_another_language_is_spread_over_the_speech(talk: Path, truth: list[dict]) -> None:
    text = "Die alte Bibliothek steht am Ende unserer Straße. Gebaut hat sie ein Kaufmann ohne Kinder."
    aligned = align_transcript(Transcript(text, (), "de", 30.0), Audio.of(talk, end=30))
    first, second = aligned.segments
    assert first.is_estimated
    assert second.is_estimated
    assert first.start == pytest.approx(truth[0]["start"], abs=0.2)
    assert first.end <= second.start < second.end <= 30.0
    assert "Times are estimated" in aligned.warnings[0]


def test_text_for_silence_is_estimated(tmp_path: Path) -> None:
    silence = Audio.of(bytes(2 * 16_000 * 5), format="pcm16", sample_rate=16_000)
    aligned = align_transcript(Transcript("Thank you very much for watching.", (), "en", 5.0), silence)
    (segment,) = aligned.segments
    assert (segment.start, segment.end, segment.is_estimated) == (0.0, 5.0, True)
    assert aligned.warnings


def test_an_empty_text_stays_empty(talk: Path) -> None:
    given = Transcript("", (), "en", 30.0)
    assert align_transcript(given, Audio.of(talk, end=30)) == given


def test_segments_whose_times_make_no_sense_do_no_harm(talk: Path, truth: list[dict]) -> None:
    segments = (
        Segment(20.0, 3.0, truth[0]["text"]),
        Segment(2.0, 2.0, truth[1]["text"]),
        Segment(90.0, 80.0, "beyond the end"),
        Segment(1.0, 2.0, "", is_estimated=True),
        Segment(5.0, 6.0, "a gap", is_gap=True),
        Segment(0.0, 1.0, "yes", words=(Word(7.0, 3.0, "yes"),)),
        Segment(7.0, 8.0, "no", words=(Word(9.0, 1.0, "no"),), is_estimated=True),
    )
    aligned = align_transcript(Transcript("", segments, "en", 30.0), Audio.of(talk, end=30))
    assert [segment.text for segment in aligned.segments] == [segment.text for segment in segments]
    assert aligned.segments[5] == segments[5]


def test_words_without_letters_are_timed_with_their_neighbours(talk: Path) -> None:
    text = "Good morning — and welcome to this short talk about the harbor of Green Island."
    aligned = align_transcript(Transcript(text, (), "en", 6.0), Audio.of(talk, end=6))
    (segment,) = aligned.segments
    assert segment.text == text
    assert [word.text for word in segment.words][:3] == ["Good", "morning —", "and"]


def test_recognition_is_the_same_after_an_alignment(talk: Path, truth: list[dict], decoding_anew) -> None:
    clip = Audio.of(talk, end=6)
    before = AudioClient().transcribe(clip)
    align_transcript(told(truth), Audio.of(talk, end=30))
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
    assert [word.text for word in align_transcript(transcript, Audio.of(talk, end=30)).segments[0].words] == [
        "good",
        "morning",
    ]


def test_the_aligner_is_an_option(gateway, talk: Path) -> None:
    gateway.will_answer(Reply({"text": "Guten Morgen."}))
    asking = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)
    transcript = asking.transcribe(
        Audio.of(talk, start=0, end=5), words=True, language="de", aligner="faster-whisper:/no/such/folder"
    )
    assert "'folder' cannot be loaded" in " ".join(transcript.warnings)  # so it was asked for
    assert transcript.text == "Guten Morgen."


@pytest.mark.parametrize("name", ["whisper", "faster-whisper:", ""])
def test_an_aligner_that_does_not_exist_is_refused_before_anything_is_sent(gateway, talk: Path, name: str) -> None:
    asking = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)
    with pytest.raises(InvalidOption, match="aligner"):
        asking.transcribe(talk, aligner=name)
    assert gateway.requests == []
