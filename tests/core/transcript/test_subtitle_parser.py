"""Subtitles in place of JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core.transcript.subtitle_parser import parse_subtitles

CUE = "1\n00:00:01,000 --> 00:00:02,500\n<v Ann>hello</v>\n"


@pytest.mark.parametrize("noise", ["1" * 400_000, "<" * 400_000, "<v " * 150_000, "00:" * 150_000, " " * 400_000])
def test_no_text_takes_quadratic_time(noise: str) -> None:
    """A pattern that tries every length at every place would run into the test's time limit."""
    assert [cue["text"] for cue in parse_subtitles(f"{noise}\n\n{CUE}")] == ["hello"]
    assert len(parse_subtitles(f"{CUE}{noise}")) == 1


def test_hours_of_many_digits_are_no_cue() -> None:
    assert parse_subtitles("9" * 400 + ":00:01,000 --> 00:00:02,500\nhello\n") == []


@given(st.text(alphabet="0123456789:,.->\n <v/abc", max_size=200))
def test_any_text_gives_cues_with_finite_times(text: str) -> None:
    assert all(0 <= cue["start"] < 1e8 and cue["end"] >= 0 for cue in parse_subtitles(text))
