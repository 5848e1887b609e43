"""Word offsets: times within a text, as a line of flat metadata."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Segment, Word
from audio_core.transcript.offsets import decode_offsets, encode_segments, slice_offsets
from audio_core.transcript.segment import join_segments

TOKEN = st.text("abcé,.你", min_size=1, max_size=6)


@st.composite
def segment_lists(draw) -> list[Segment]:
    """Draw segments in order of time, with or without word times. Some of them overlap."""
    segments, at = [], draw(st.integers(0, 5000))
    for tokens in draw(st.lists(st.lists(TOKEN, min_size=1, max_size=5), min_size=1, max_size=5)):
        words = []
        for token in tokens:
            start = at + draw(st.integers(0, 900))
            at = start + draw(st.integers(1, 700))
            words.append(Word(start / 1000, at / 1000, token))
        timed = tuple(words) if draw(st.booleans()) else ()
        segments.append(Segment(words[0].start, words[-1].end, " ".join(tokens), words=timed))
        at = max(0, at - draw(st.integers(0, 300)))
    return segments


@given(segment_lists())
def test_decoding_gives_back_what_was_encoded(segments: list[Segment]) -> None:
    text, start = join_segments(segments).text, segments[0].start
    offsets = decode_offsets(encode_segments(segments, start), start)
    assert offsets[-1].stop == len(text)
    words = [word for segment in segments for word in segment.words or [segment]]
    assert [(text[offset.begin : offset.stop].strip(), offset.start, offset.end) for offset in offsets] == [
        (word.text, word.start, word.end) for word in words
    ]
    assert [offset.start for offset in offsets if offset.starts_segment] == [segment.start for segment in segments]


@given(segment_lists(), st.data())
def test_a_cut_between_words_keeps_their_times(segments: list[Segment], data) -> None:
    text, start = join_segments(segments).text, segments[0].start
    offsets = decode_offsets(encode_segments(segments, start), start)
    first = data.draw(st.integers(0, len(offsets) - 1))
    last = data.draw(st.integers(first, len(offsets) - 1))
    begin = offsets[first].begin
    sliced = slice_offsets(offsets, begin, begin + len(text[begin : offsets[last].stop].rstrip()))
    assert [(offset.start, offset.end) for offset in sliced] == [
        (offset.start, offset.end) for offset in offsets[first : last + 1]
    ]
    assert sliced[0].starts_segment


@given(segment_lists(), st.integers(0, 60), st.integers(1, 60))
def test_a_slice_cut_anywhere_lies_within_the_times_of_the_whole(
    segments: list[Segment], begin: int, length: int
) -> None:
    text = join_segments(segments).text
    offsets = decode_offsets(encode_segments(segments, 0.0), 0.0)
    sliced = slice_offsets(offsets, begin, min(len(text), begin + length))
    assert bool(sliced) == (begin < len(text))
    for offset in sliced:
        assert any(whole.start - 1e-9 <= offset.start <= offset.end <= whole.end + 1e-9 for whole in offsets)


def test_words_without_their_punctuation_are_found_in_the_text() -> None:
    words = (Word(1.0, 1.5, "Good"), Word(1.5, 2.0, "day"), Word(2.25, 2.5, "Sir"))
    line = encode_segments([Segment(0.75, 3.0, "\u201cGood day, Sir!\u201d", words=words)], 0.0)
    assert line == "|6:1000+500 5:0+500 5:250+250"


@pytest.mark.parametrize("words", [(Word(0.0, 1.0, "other"),), (Word(0.0, 1.0, "day"), Word(1.0, 2.0, "good"))])
def test_words_that_differ_from_the_text_are_ignored(words: tuple[Word, ...]) -> None:
    assert encode_segments([Segment(0.0, 2.0, "good day", words=words)], 0.0) == "|8:0+2000"


def test_an_empty_text_has_no_offsets() -> None:
    assert encode_segments([Segment(0.0, 2.0, "  ")], 0.0) == ""
    assert decode_offsets("", 0.0) == []
