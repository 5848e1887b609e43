"""Captions that are easy to read."""

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


def lay_out_segments(spans: list[tuple[float, float, list[str]]]) -> tuple[Segment, ...]:
    """Lay out segments one after another, from the pause before each, its length and its words."""
    segments, at = [], 0.0
    for pause, length, words in spans:
        segments.append(Segment(at + pause, at + pause + length, " ".join(words)))
        at += pause + length
    return tuple(segments)


@given(SPANS.map(lay_out_segments))
def test_nothing_is_lost_and_every_rule_is_kept(segments: tuple[Segment, ...]) -> None:
    captions = split_captions(segments)
    text = "".join("".join(segment.text.split()) for segment in segments)
    assert "".join("".join(caption.text.split()) for caption in captions) == text
    for caption in captions:
        lines = caption.text.splitlines()
        assert len(lines) <= 2
        assert max(map(len, lines)) <= 42
        assert caption.end - caption.start <= 7 + 1e-9
    for before, after in pairwise(captions):
        assert before.end <= after.start + 1e-9
        assert before.end - before.start >= min(5 / 6, after.start - before.start) - 1e-9


@given(SPANS.map(lay_out_segments))
def test_srt_and_vtt_are_parsed_back_into_the_same_captions(segments: tuple[Segment, ...]) -> None:
    captions = split_captions(segments)
    for text in (Transcript("", segments).to_srt(), Transcript("", segments).to_vtt()):
        cues = parse_subtitles(text)
        assert [cue["text"].split() for cue in cues] == [caption.text.split() for caption in captions]
        for cue, caption in zip(cues, captions, strict=True):
            assert cue["start"] == pytest.approx(caption.start, abs=0.001)
            assert cue["end"] == pytest.approx(caption.end, abs=0.001)


def test_a_long_segment_is_several_captions_and_a_sentence_ends_one() -> None:
    captions = split_captions([LONG])
    assert (captions[0].start, captions[-1].end) == (10.0, 40.0)
    assert any(caption.text.endswith("farmer.") for caption in captions)
    assert len(captions) == 5


def test_only_the_first_caption_of_a_segment_names_the_speaker_in_srt() -> None:
    text = Transcript("", (LONG,)).to_srt()
    assert text.count("Bob: ") == 1
    assert Transcript("", (LONG,)).to_vtt().count("<v Bob>") == 5


def test_a_short_caption_stays_until_the_next_begins() -> None:
    yes, no, well = split_captions([Segment(1.0, 1.2, "Yes."), Segment(1.5, 1.7, "No."), Segment(9.0, 9.1, "Well.")])
    assert (yes.end, round(no.end, 3), round(well.end, 3)) == (1.5, 2.333, 9.833)


def test_word_times_are_used_where_they_are_known() -> None:
    words = tuple(
        Word(float(at), at + 0.5, word) for at, word in enumerate(["one", "two", "three", "four", "five", "six"])
    )
    late = tuple(Word(word.start + 6, word.end + 6, word.text) for word in words)
    text = "One, two, three, four, five, six. One, two, three, four, five, six."
    first, second = split_captions([Segment(0.0, 12.0, text, words=words + late)])
    assert (first.text, second.start) == ("One, two, three, four, five, six. One,", 7.0)


def test_scripts_without_spaces_are_broken_between_characters() -> None:
    captions = split_captions([Segment(0.0, 20.0, "\u4f60\u597d" * 20)])
    assert "".join(caption.text.replace("\n", "") for caption in captions) == "\u4f60\u597d" * 20
    assert len(captions) == 3
