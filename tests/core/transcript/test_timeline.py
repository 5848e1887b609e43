"""Timelines: the times of words as one short line of metadata, and where in a text a piece stands."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from segments import segment_lists

from audio_core import Segment, Word
from audio_core.transcript.offsets import fold_text
from audio_core.transcript.segment import join_text
from audio_core.transcript.timeline import MAX_LENGTH, Timeline


def speak(seconds: int, step: int = 10) -> list[Segment]:
    """Make speech of usual speed, whose words begin and end at multiples of `step` milliseconds."""
    segments, at = [], 0
    texts = ["so", "the", "price", "of", "that", "is", "about", "twenty", "dollars", "every", "month", "yes"]
    for number in range(seconds // 4):
        words = []
        for index, text in enumerate(texts):
            start = at + 7 * step * (index % 3 == 0)
            at = start + step * (len(text) * 5 + (number + index) % 9)
            words.append(Word(start / 1000, at / 1000, text))
        segments.append(Segment(words[0].start, words[-1].end, " ".join(texts) + str(number), words=tuple(words)))
        at += 43 * step
    return segments


@given(segment_lists())
def test_decoding_gives_back_what_was_encoded(segments: list[Segment]) -> None:
    timeline = Timeline.build(segments)
    assert Timeline.decode(timeline.encode(segments[0].start), segments[0].start) == timeline


@pytest.mark.parametrize("step", [1, 10, 20], ids=["1 ms", "10 ms", "20 ms"])
def test_a_minute_of_words_is_short_and_exact(step: int) -> None:
    timeline = Timeline.build(speak(60, step))
    assert len(timeline.encode(0.0)) < MAX_LENGTH * 1.2
    assert Timeline.decode(timeline.encode(0.0), 0.0) == timeline


@pytest.mark.parametrize("seconds", [60, 90, 150])
def test_a_longer_one_is_cut_short_at_the_price_of_a_fraction_of_a_second(seconds: int) -> None:
    timeline = Timeline.build(speak(seconds))
    short = Timeline.decode(timeline.encode(0.0, MAX_LENGTH), 0.0)
    assert len(timeline.encode(0.0, MAX_LENGTH)) <= MAX_LENGTH
    assert short.signature == timeline.signature
    text = fold_text(join_text(speak(seconds)))
    for word in timeline.offsets:
        piece = short.cut(text[word.begin : word.stop], word.begin)
        assert piece.offsets[0].start == pytest.approx(word.start, abs=0.5)


@given(segment_lists(), st.data())
def test_the_place_of_a_piece_is_among_those_that_are_found(segments: list[Segment], data) -> None:
    text = fold_text(join_text(segments))
    begin = data.draw(st.integers(0, len(text) - 1))
    stop = data.draw(st.integers(begin + 1, len(text)))
    assert begin in Timeline.build(segments).find(text[begin:stop])


def test_a_longer_text_is_found_in_one_place_alone() -> None:
    choose = random.Random(3)
    texts = ["".join(choose.choices("etaoin shrdlu", k=50)) for _ in range(100)]
    segments = [Segment(4.0 * number, 4.0 * number + 3, text) for number, text in enumerate(texts)]
    text, timeline = fold_text(join_text(segments)), Timeline.build(segments)
    for begin in range(0, len(text) - 60, 97):
        assert list(timeline.find(text[begin : begin + 60])) == [begin]
    assert list(timeline.find("this was never said, by nobody, nowhere")) == []
    assert list(timeline.find(text + "more")) == []


def test_white_space_and_case_do_not_count() -> None:
    timeline = Timeline.build([Segment(0.0, 4.0, "Die Straße ist lang")])
    assert timeline.describes("die\n\nSTRASSE  ist lang ")
    assert not timeline.describes("die Straße ist breit")
    assert list(timeline.find("\nSTRASSE\n")) == [3]


@pytest.mark.parametrize("line", ["", "rubbish", "|5:0+400", "é", "A" * 50, "_" * 50, "AA", "AQ=="])
def test_what_is_no_timeline_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        Timeline.decode(line, 0.0)


@given(st.text("ABCDab019_-", max_size=60), st.floats(0, 1e9))
def test_any_line_is_a_timeline_or_refused(line: str, start: float) -> None:
    try:
        timeline = Timeline.decode(line, start)
    except ValueError:
        return
    assert all(0 <= each.start <= each.end and each.begin < each.stop for each in timeline.offsets)
