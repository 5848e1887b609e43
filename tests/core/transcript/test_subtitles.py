"""Captions that people can read."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Segment, Transcript, Word
from audio_core.transcript.subtitle_parser import parse_subtitles
from audio_core.transcript.subtitles import split_captions

WORDS = st.lists(st.text("abcdefghij.,é", min_size=1, max_size=12), min_size=1, max_size=60)
SPANS = st.lists(st.tuples(st.floats(0, 5), st.floats(0.3, 40), WORDS), min_size=1, max_size=8)
LONG = Segment(
    10.0,
    40.0,
    "The quick brown fox jumps over the lazy dog, and then it runs away from the farmer. Nobody saw it again until the "
    "next spring came to the valley with its rain, and so the story ends here.",
    "Bob",
)


def in_a_row(spans: list[tuple[float, float, list[str]]]) -> tuple[Segment, ...]:
    """Segments after each other, from the pause before each, its length and its words."""
    found, at = [], 0.0
    for pause, length, words in spans:
        found.append(Segment(at + pause, at + pause + length, " ".join(words)))
        at += pause + length
    return tuple(found)


@given(SPANS.map(in_a_row))
def test_nothing_is_lost_and_every_rule_is_kept(segments: tuple[Segment, ...]) -> None:
    found = split_captions(segments)
    said = "".join("".join(segment.text.split()) for segment in segments)
    assert "".join("".join(caption.text.split()) for caption in found) == said
    for caption in found:
        lines = caption.text.splitlines()
        assert len(lines) <= 2
        assert max(map(len, lines)) <= 42
        assert caption.end - caption.start <= 7 + 1e-9
    for before, after in pairwise(found):
        assert before.end <= after.start + 1e-9
        assert before.end - before.start >= min(5 / 6, after.start - before.start) - 1e-9


@given(SPANS.map(in_a_row))
def test_players_read_what_is_written(segments: tuple[Segment, ...]) -> None:
    shown = split_captions(segments)
    for text in (Transcript("", segments).to_srt(), Transcript("", segments).to_vtt()):
        found = parse_subtitles(text)
        assert [cue["text"].split() for cue in found] == [caption.text.split() for caption in shown]
        for cue, caption in zip(found, shown, strict=True):
            assert cue["start"] == pytest.approx(caption.start, abs=0.001)
            assert cue["end"] == pytest.approx(caption.end, abs=0.001)


def test_a_long_segment_is_several_captions_and_a_sentence_ends_one() -> None:
    found = split_captions([LONG])
    assert (found[0].start, found[-1].end) == (10.0, 40.0)
    assert any(caption.text.endswith("farmer.") for caption in found)
    assert len(found) == 5


def test_only_the_first_caption_of_a_segment_names_who_speaks_in_srt() -> None:
    text = Transcript("", (LONG,)).to_srt()
    assert text.count("Bob: ") == 1
    assert Transcript("", (LONG,)).to_vtt().count("<v Bob>") == 5


def test_a_short_one_stays_until_the_next_begins() -> None:
    yes, no, well = split_captions([Segment(1.0, 1.2, "Yes."), Segment(1.5, 1.7, "No."), Segment(9.0, 9.1, "Well.")])
    assert (yes.end, round(no.end, 3), round(well.end, 3)) == (1.5, 2.333, 9.833)


def test_times_of_words_decide_where_they_are_known() -> None:
    words = tuple(
        Word(float(at), at + 0.5, word) for at, word in enumerate(["one", "two", "three", "four", "five", "six"])
    )
    late = tuple(Word(word.start + 6, word.end + 6, word.text) for word in words)
    text = "One, two, three, four, five, six. One, two, three, four, five, six."
    first, second = split_captions([Segment(0.0, 12.0, text, words=words + late)])
    assert (first.text, second.start) == ("One, two, three, four, five, six. One,", 7.0)


def test_scripts_without_spaces_are_broken_between_characters() -> None:
    found = split_captions([Segment(0.0, 20.0, "\u4f60\u597d" * 20)])
    assert "".join(caption.text.replace("\n", "") for caption in found) == "\u4f60\u597d" * 20
    assert len(found) == 3
