"""Time within a text, as a line of flat metadata."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Segment, Word
from audio_core.transcript.offsets import decode_offsets, encode_segments, slice_offsets
from audio_core.transcript.segment import join_segments

TOKEN = st.text("abcé,.你", min_size=1, max_size=6)


@st.composite
def segments(draw) -> list[Segment]:
    """Segments in order of time, with or without the times of their words, some of them overlapping."""
    found, at = [], draw(st.integers(0, 5000))
    for tokens in draw(st.lists(st.lists(TOKEN, min_size=1, max_size=5), min_size=1, max_size=5)):
        words = []
        for token in tokens:
            start = at + draw(st.integers(0, 900))
            at = start + draw(st.integers(1, 700))
            words.append(Word(start / 1000, at / 1000, token))
        timed = tuple(words) if draw(st.booleans()) else ()
        found.append(Segment(words[0].start, words[-1].end, " ".join(tokens), words=timed))
        at = max(0, at - draw(st.integers(0, 300)))
    return found


@given(segments())
def test_what_is_written_is_read_back(found: list[Segment]) -> None:
    text, start = join_segments(found).text, found[0].start
    marks = decode_offsets(encode_segments(found, start), start)
    assert marks[-1].stop == len(text)
    spoken = [word for segment in found for word in segment.words or [segment]]
    assert [(text[mark.begin : mark.stop].strip(), mark.start, mark.end) for mark in marks] == [
        (word.text, word.start, word.end) for word in spoken
    ]
    assert [mark.start for mark in marks if mark.starts_segment] == [segment.start for segment in found]


@given(segments(), st.data())
def test_a_cut_between_words_keeps_their_times(found: list[Segment], data) -> None:
    text, start = join_segments(found).text, found[0].start
    marks = decode_offsets(encode_segments(found, start), start)
    first = data.draw(st.integers(0, len(marks) - 1))
    last = data.draw(st.integers(first, len(marks) - 1))
    begin = marks[first].begin
    own = slice_offsets(marks, begin, begin + len(text[begin : marks[last].stop].rstrip()))
    assert [(mark.start, mark.end) for mark in own] == [(mark.start, mark.end) for mark in marks[first : last + 1]]
    assert own[0].starts_segment


@given(segments(), st.integers(0, 60), st.integers(1, 60))
def test_a_cut_anywhere_lies_within(found: list[Segment], begin: int, length: int) -> None:
    text = join_segments(found).text
    marks = decode_offsets(encode_segments(found, 0.0), 0.0)
    own = slice_offsets(marks, begin, min(len(text), begin + length))
    assert bool(own) == (begin < len(text))
    for mark in own:
        assert any(each.start - 1e-9 <= mark.start <= mark.end <= each.end + 1e-9 for each in marks)


def test_words_without_their_punctuation_are_found_in_the_text() -> None:
    words = (Word(1.0, 1.5, "Good"), Word(1.5, 2.0, "day"), Word(2.25, 2.5, "Sir"))
    line = encode_segments([Segment(0.75, 3.0, "\u201cGood day, Sir!\u201d", words=words)], 0.0)
    assert line == "|6:1000+500 5:0+500 5:250+250"


@pytest.mark.parametrize("words", [(Word(0.0, 1.0, "other"),), (Word(0.0, 1.0, "day"), Word(1.0, 2.0, "good"))])
def test_words_that_are_not_those_of_the_text_are_not_believed(words: tuple[Word, ...]) -> None:
    assert encode_segments([Segment(0.0, 2.0, "good day", words=words)], 0.0) == "|8:0+2000"


def test_nothing_said_has_no_timeline() -> None:
    assert encode_segments([Segment(0.0, 2.0, "  ")], 0.0) == ""
    assert decode_offsets("", 0.0) == []
