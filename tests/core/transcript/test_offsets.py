"""Word offsets: which characters of a text are said at which time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from segments import segment_lists

from audio_core import Segment, Word
from audio_core.transcript.offsets import coarsen_offsets, fold_text, locate_words, map_folded, slice_offsets
from audio_core.transcript.segment import join_text


@given(segment_lists())
def test_each_word_is_where_the_text_has_it(segments: list[Segment]) -> None:
    text, offsets = fold_text(join_text(segments)), locate_words(segments)
    words = [word for segment in segments for word in segment.words or [segment]]
    assert [(text[each.begin : each.stop], each.start, each.end) for each in offsets] == [
        (fold_text(word.text), word.start, word.end) for word in words
    ]
    assert [each.start for each in offsets if each.starts_segment] == [segment.start for segment in segments]


@given(segment_lists(), st.data())
def test_a_cut_between_words_keeps_their_times(segments: list[Segment], data) -> None:
    offsets = locate_words(segments)
    first = data.draw(st.integers(0, len(offsets) - 1))
    last = data.draw(st.integers(first, len(offsets) - 1))
    sliced = slice_offsets(offsets, offsets[first].begin, offsets[last].stop)
    assert [(each.start, each.end) for each in sliced] == [(each.start, each.end) for each in offsets[first : last + 1]]
    assert sliced[0].starts_segment


@given(segment_lists(), st.integers(0, 60), st.integers(1, 60))
def test_a_slice_cut_anywhere_lies_within_the_times_of_the_whole(
    segments: list[Segment], begin: int, length: int
) -> None:
    offsets = locate_words(segments)
    sliced = slice_offsets(offsets, begin, begin + length)
    assert bool(sliced) == (begin < offsets[-1].stop)
    for each in sliced:
        assert any(whole.start - 1e-9 <= each.start <= each.end <= whole.end + 1e-9 for whole in offsets)


@given(segment_lists(), st.sampled_from([0.0, 0.05, 0.5]))
def test_coarse_times_are_near_and_segments_are_kept(segments: list[Segment], tolerance: float) -> None:
    offsets = locate_words(segments)
    coarse = coarsen_offsets(offsets, tolerance)
    starts = [(each.begin, each.start) for each in offsets if each.starts_segment]
    assert [(each.begin, each.start) for each in coarse if each.starts_segment] == starts
    assert (coarse[-1].stop, coarse[-1].end) == (offsets[-1].stop, offsets[-1].end)
    for word in offsets:
        (part, *_) = slice_offsets(coarse, word.begin, word.stop)
        assert part.start == pytest.approx(word.start, abs=tolerance + 1e-9)
        assert part.end == pytest.approx(word.end, abs=tolerance + 1e-9)


@pytest.mark.parametrize("text", ["Good day", "Straße", "İyi  günler", "下午好 这里", "\ud83d", ""])
def test_a_folded_text_leads_back_to_the_text(text: str) -> None:
    indices = map_folded(text)
    assert len(indices) == len(fold_text(text))
    assert {text[index] for index in indices} == set("".join(text.split()))
    assert fold_text(text.upper()) == fold_text(text.lower()) or "İ" in text


def test_words_without_their_punctuation_are_found_in_the_text() -> None:
    words = (Word(1.0, 1.5, "Good"), Word(1.5, 2.0, "day"), Word(2.25, 2.5, "Sir"))
    offsets = locate_words([Segment(0.75, 3.0, "\u201cGood day, Sir!\u201d", words=words)])
    assert [(each.begin, each.stop, each.start) for each in offsets] == [(0, 5, 1.0), (5, 9, 1.5), (9, 14, 2.25)]


@pytest.mark.parametrize("words", [(Word(0.0, 1.0, "other"),), (Word(0.0, 1.0, "day"), Word(1.0, 2.0, "good"))])
def test_words_that_differ_from_the_text_are_ignored(words: tuple[Word, ...]) -> None:
    (offset,) = locate_words([Segment(0.0, 2.0, "good day", words=words)])
    assert (offset.start, offset.end) == (0.0, 2.0)


def test_an_empty_text_has_no_offsets() -> None:
    assert locate_words([Segment(0.0, 2.0, "  ")]) == []
