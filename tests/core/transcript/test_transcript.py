"""Transcripts: windows, text and captions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Segment, Transcript, Usage, Word
from audio_core.transcript.segment import format_clock

TALK = Transcript(
    "one two three",
    (
        Segment(0.5, 4.0, "one", "Ann", (Word(0.5, 1.0, "one"),), 0.5),
        Segment(4.5, 9.0, " two ", "Ann", (), 1.0),
        Segment(3600.0, 3605.0004, "a & b <c>\n\n\nthree --> four", "Bob"),
    ),
)


def lay_out_segments(spans: list[tuple[float, float]]) -> tuple[Segment, ...]:
    """Lay out segments one after another, from the pause before each and its length."""
    segments, at = [], 0.0
    for number, (pause, length) in enumerate(spans):
        segments.append(Segment(at + pause, at + pause + length, f"s{number}"))
        at += pause + length
    return tuple(segments)


SEGMENTS = st.lists(st.tuples(st.floats(0.0, 20), st.floats(0.01, 40)), max_size=30).map(lay_out_segments)


def test_srt_is_numbered_and_its_lines_are_not_broken_by_empty_ones() -> None:
    assert TALK.to_srt() == (
        "1\n00:00:00,500 --> 00:00:04,000\nAnn: one\n\n"
        "2\n00:00:04,500 --> 00:00:09,000\nAnn: two\n\n"
        "3\n01:00:00,000 --> 01:00:05,000\nBob: a & b <c> three --> four\n"
    )


def test_vtt_escapes_and_names_the_voice() -> None:
    assert TALK.to_vtt() == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:04.000\n<v Ann>one\n\n00:00:04.500 --> 00:00:09.000\n<v Ann>two\n\n"
        "01:00:00.000 --> 01:00:05.000\n<v Bob>a &amp; b &lt;c&gt; three --&gt; four\n"
    )


def test_text_with_times() -> None:
    assert TALK.to_text(timestamps=True).splitlines()[0] == "[00:00-00:04] Ann: one"
    assert Transcript("plain").to_text() == "plain"


def test_a_window_joins_speakers_words_and_confidence() -> None:
    first, second = TALK.group_windows(30)
    assert (first.start, first.end, first.text, first.speaker) == (0.5, 9.0, "one two", "Ann")
    assert first.confidence == pytest.approx((0.5 * 3 + 1.0 * 5) / 8)
    assert first.words == (Word(0.5, 1.0, "one"),)
    assert second.speaker == "Bob"


@given(SEGMENTS, st.floats(1, 60))
def test_windows_lose_nothing_and_keep_the_order(segments: tuple[Segment, ...], seconds: float) -> None:
    windows = list(Transcript("", segments).group_windows(seconds))
    assert " ".join(window.text for window in windows).split() == [segment.text for segment in segments]
    for window in windows:
        assert window.end - window.start <= seconds or len(window.text.split()) == 1


@given(SEGMENTS, st.floats(1, 60), st.floats(0, 0.9))
def test_overlapping_windows_hold_every_segment_and_go_forward(segments, seconds: float, share: float) -> None:
    windows = list(Transcript("", segments).group_windows(seconds, seconds * share))
    assert {name for window in windows for name in window.text.split()} == {segment.text for segment in segments}
    starts = [window.start for window in windows]
    assert starts == sorted(set(starts))


@pytest.mark.parametrize(("seconds", "overlap"), [(0, 0), (10, 10), (10, -1)])
def test_impossible_windows_are_refused(seconds: float, overlap: float) -> None:
    with pytest.raises(ValueError, match="cannot overlap"):
        list(TALK.group_windows(seconds, overlap))


@pytest.mark.parametrize(("seconds", "clock"), [(1e300, "1e+300 s"), (float("inf"), "inf s"), (1e8, "27777:46:40")])
def test_a_time_that_no_recording_has_is_short(seconds: float, clock: str) -> None:
    assert format_clock(seconds) == clock


@given(st.floats(0, 400_000))
def test_a_clock_shows_whole_seconds(seconds: float) -> None:
    *hours, minutes, remainder = map(int, re.findall(r"\d+", format_clock(seconds)))
    assert (hours or [0])[0] * 3600 + minutes * 60 + remainder == int(seconds)


def test_shifting_moves_words_too() -> None:
    moved = TALK.segments[0].shift(10)
    assert (moved.start, moved.words[0].start) == (10.5, 10.5)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_times_that_are_no_numbers_are_refused(number: str) -> None:
    text = Transcript("a", (Segment(0.0, 1.0, "a"),)).to_json()
    with pytest.raises(ValueError, match="is not a finite number"):
        Transcript.from_json(text.replace('"end": 1.0', f'"end": {number}'))


def test_the_cost_is_what_the_gateway_reports() -> None:
    assert Transcript("", usage=Usage(cost=0.25)).cost == 0.25
    assert (Transcript("").cost, Transcript("", usage=Usage(input_tokens=1)).cost) == (None, None)
