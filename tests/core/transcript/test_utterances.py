"""Words with times become segments of one speaker, cut at pauses and sentence ends."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core.transcript.segment import Word
from audio_core.transcript.utterances import split_into_utterances, split_sentences, split_words


def speak(text: str, *, start: float = 0.0, pace: float = 0.3, speaker: str | None = None) -> list[Word]:
    """Make a word of each part of the text, one directly after the other."""
    return [
        Word(start + pace * at, start + pace * (at + 1), word, speaker) for at, word in enumerate(text.lower().split())
    ]


def test_a_segment_ends_at_a_pause() -> None:
    words = [*speak("good morning"), *speak("who is there", start=1.2)]
    first, second = split_into_utterances(words)
    assert (first.start, first.end, first.text) == (0.0, 0.6, "good morning")
    assert (second.start, second.text, len(second.words)) == (1.2, "who is there", 3)


def test_a_segment_ends_with_a_sentence_of_the_text_whose_words_have_no_punctuation() -> None:
    words = speak("the board has met today we shall hear more of it tomorrow")
    segments = split_into_utterances(words, "The board has met today. We shall hear more of it tomorrow.")
    assert [segment.text for segment in segments] == [
        "The board has met today.",
        "We shall hear more of it tomorrow.",
    ]
    assert segments[1].start == pytest.approx(1.5)


def test_an_abbreviation_is_no_sentence() -> None:
    (segment,) = split_into_utterances(speak("dr smith is here"), "Dr. Smith is here.")
    assert segment.text == "Dr. Smith is here."


def test_a_segment_has_one_speaker() -> None:
    words = [*speak("is it you", speaker="A"), *speak("it is", start=0.9, speaker="B")]
    assert [(segment.speaker, segment.text) for segment in split_into_utterances(words, "Is it you? It is.")] == [
        ("A", "Is it you?"),
        ("B", "It is."),
    ]


def test_a_word_without_a_speaker_belongs_to_the_one_before() -> None:
    words = [*speak("yes", speaker="A"), *speak("well", start=0.3), *speak("then", start=0.6, speaker="A")]
    assert [(segment.speaker, segment.text) for segment in split_into_utterances(words)] == [("A", "yes well then")]


def test_a_segment_that_is_too_long_ends_at_its_widest_pause() -> None:
    words = speak(" ".join(["on"] * 60))
    later = [Word(word.start + 0.2, word.end + 0.2, word.text) for word in words[33:]]
    first, second = split_into_utterances([*words[:33], *later])
    assert (len(first.words), len(second.words)) == (33, 27)


@pytest.mark.parametrize(
    "text",
    ["I have 25 apples, and 3 pears.", "i have twenty-five apples and three pears", "Twenty five apples; three pears!"],
)
def test_a_text_that_the_words_do_not_spell_is_kept_whole(text: str) -> None:
    segments = split_into_utterances(speak("i have twenty five apples and three pears"), text)
    assert " ".join(segment.text for segment in segments) == text


def test_a_text_without_spaces_keeps_its_spelling() -> None:
    words = [Word(0, 1, "你好"), Word(1, 2, "世界"), Word(3, 4, "再见")]
    segments = split_into_utterances(words, "你好世界。再见。")
    assert [segment.text for segment in segments] == ["你好世界。", "再见。"]


def test_many_words_keep_their_places_behind_a_stretch_that_differs() -> None:
    spoken = [f"w{number}" for number in range(3_000)]
    written = ["W-zero", *spoken[1:900], "and", "something", "else", *spoken[900:]]
    segments = split_into_utterances(speak(" ".join(spoken)), " ".join(written))
    last = segments[-1]
    assert last.text.split() == [word.text for word in last.words]


WORDS = st.lists(
    st.tuples(st.sampled_from(["no", "No.", "yes", "(um)", "再见", "Dr.", "ß", "--", "twenty-five"]), st.floats(0, 1)),
    min_size=1,
    max_size=120,
)


@given(WORDS, st.text("no yes.A再見-?\n 5", max_size=80), st.lists(st.sampled_from(["A", "B", None]), min_size=1))
@example([("no", 0.0)], "yes", [None])
def test_no_word_and_no_text_is_lost_and_times_are_the_words(
    parts: list[tuple[str, float]], text: str, speakers: list[str | None]
) -> None:
    words, time = list[Word](), 0.0
    for number, (part, length) in enumerate(parts):
        words.append(Word(time, time + length, part, speakers[number % len(speakers)]))
        time += length * 1.5
    segments = split_into_utterances(words, text)
    assert [word for segment in segments for word in segment.words] == words
    written = text if text.strip() else " ".join(part for part, _ in parts)
    assert "".join("".join(segment.text for segment in segments).split()) == "".join(written.split())
    for segment in segments:
        assert (segment.start, segment.end) == (segment.words[0].start, max(word.end for word in segment.words))
        assert len({word.speaker for word in segment.words} - {None}) <= 1
        assert segment.end - segment.start <= 15.0 or len(segment.words) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- Yes — no!", ["- Yes —", "no!"]),
        ("東京 です。", ["東", "京", "で", "す。"]),
        ("...", []),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(st.text(alphabet="ab .,!?。東\n", max_size=500))
def test_sentences_hold_the_whole_text(text: str) -> None:
    sentences = split_sentences(text)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    assert all(sentences)


def test_a_text_without_sentence_ends_is_split_by_length() -> None:
    sentences = split_sentences("word " * 100)
    assert len(sentences) == 3
    assert max(map(len, sentences)) <= 200
