"""A text is cut into sentences while it is written, and into parts that a gateway takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core.transcript.speakable import SentenceSplitter, cut_text, split_spoken, time_sentences

PROSE = "It rained all day. Nobody went out, as far as we know! Who would? We stayed in (e.g. to read). "


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It is 3.5 m long. Who says so? I do.", ["It is 3.5 m long.", "Who says so?", "I do."]),
        ("We met Dr. Lee in the U.S. on Monday. He left.", ["We met Dr. Lee in the U.S. on Monday.", "He left."]),
        ("“That will do,” she said. “Will it?”", ["“That will do,” she said.", "“Will it?”"]),
        ("See [talk 12:07–12:31. And more]. Then go on.", ["See [talk 12:07–12:31. And more].", "Then go on."]),
        ("今日はとても良い天気です。明日は雨です。", ["今日はとても良い天気です。", "明日は雨です。"]),
        ("A heading of some length\n\nThe text itself", ["A heading of some length", "The text itself"]),
        ("Wait... what is that? It is late.", ["Wait... what is that?", "It is late."]),
        ("", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split_spoken(text) == sentences


def test_a_sentence_is_given_out_as_soon_as_the_next_one_begins() -> None:
    splitter = SentenceSplitter()
    fed = [list(splitter.feed(piece)) for piece in ("Good mor", "ning to you.", " ", "W", "ell")]
    assert (fed, list(splitter.close())) == ([[], [], [], ["Good morning to you."], []], ["Well"])


@given(st.text(alphabet=st.sampled_from("ab .!?,\n[]()。1"), max_size=80), st.integers(1, 9))
def test_pieces_make_no_difference_and_nothing_is_lost(text: str, step: int) -> None:
    splitter = SentenceSplitter()
    pieces = [text[start : start + step] for start in range(0, len(text), step)]
    sentences = [*(each for piece in pieces for each in splitter.feed(piece)), *splitter.close()]
    assert "".join("".join(sentences).split()) == "".join(text.split())


def test_what_never_ends_is_cut_all_the_same() -> None:
    splitter = SentenceSplitter()
    assert max(len(each) for each in splitter.feed("and so on " * 1000)) <= 1000


@given(st.text(alphabet=st.sampled_from("ab .!?,;\n。"), max_size=300), st.integers(1, 40))
def test_no_part_is_too_long_and_nothing_is_lost(text: str, limit: int) -> None:
    parts = cut_text(text, limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_text_is_cut_after_a_sentence_then_a_clause_then_a_word() -> None:
    assert cut_text(PROSE * 2, 100) == [PROSE.strip(), PROSE.strip()]
    assert cut_text("one thing, and another thing that goes on", 25) == [
        "one thing,",
        "and another thing that",
        "goes on",
    ]
    assert cut_text("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]
    assert cut_text(PROSE, None) == [PROSE.strip()]


def test_the_times_of_one_sentence_are_known_and_those_of_several_are_estimated() -> None:
    (alone,) = time_sentences("It rained all day.", 2.0, 4.0)
    assert (alone.start, alone.end, alone.is_estimated) == (2.0, 4.0, False)
    several = time_sentences("It rained all day. It rained all day.", 2.0, 4.0)
    assert [(each.start, each.end, each.is_estimated) for each in several] == [(2.0, 3.0, True), (3.0, 4.0, True)]
