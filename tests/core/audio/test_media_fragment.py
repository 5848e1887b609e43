"""Clips in the fragments of URLs and paths."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core import Audio, AudioError, InvalidAudio
from audio_core.audio.media_fragment import format_fragment, split_fragment

SECONDS = st.none() | st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000)


@given(st.text(), SECONDS, SECONDS, st.none() | st.integers(0, 999))
def test_what_is_formatted_is_read_again(base: str, start: float | None, end: float | None, track: int | None) -> None:
    fragment = format_fragment(start, end, track)
    if fragment:
        assert split_fragment(base + fragment) == (base, start if end is None else start or 0.0, end, track)


@pytest.mark.parametrize(
    "fragment",
    ["t=12s,30s", "t=1m,2m", "t=10-20", "t=-5,10", "T=x,20", "t=", "t=,", "t=1:2:3:4", "t=1,2,3", "t=.", "x=1&t=soon"],
)
def test_a_clip_that_cannot_be_read_is_refused_and_not_the_whole(fragment: str) -> None:
    with pytest.raises(InvalidAudio, match="is not a clip"):
        split_fragment(f"a.mp3#{fragment}")


@pytest.mark.parametrize("fragment", ["track=x", "track=", "track=1000", "track=-1", "TRACK=1.5", "t=1,2&track=\u0661"])
def test_a_track_that_cannot_be_read_is_refused_and_no_other(fragment: str) -> None:
    with pytest.raises(InvalidAudio, match="names no track"):
        split_fragment(f"a.mp3#{fragment}")


@pytest.mark.parametrize("fragment", ["t", "t:1,2", "%74", "time=1,2", "start=1&end=2", "x=1&T"])
@pytest.mark.parametrize("url", ["file:///a.mp3", "https://host/a.mp3", "s3://bucket/a.mp3"])
def test_a_url_with_a_clip_in_another_notation_is_refused_and_not_the_whole(url: str, fragment: str) -> None:
    with pytest.raises(InvalidAudio, match="is not a clip"):
        Audio.of(f"{url}#{fragment}")


def test_any_other_fragment_of_a_url_and_any_of_a_path_is_no_clip() -> None:
    assert not Audio.of("https://host/a.mp3#topic=1&part=2").is_clip
    assert Audio.of("songs#t").label == "songs#t"


@pytest.mark.parametrize("text", ["a.mp3#t=1%2C2", "a.mp3#%74=1,2", "a.mp3#t=%31,2"])
def test_a_fragment_may_be_percent_encoded(text: str) -> None:
    assert split_fragment(text) == ("a.mp3", 1, 2, None)


@pytest.mark.parametrize(("text", "start", "end"), [("a.mp3#T=10,20", 10, 20), ("a.mp3#t=.5", 0.5, None)])
def test_the_name_may_be_in_upper_case_and_seconds_may_lack_their_zero(
    text: str, start: float, end: float | None
) -> None:
    assert split_fragment(text) == ("a.mp3", start, end, None)


@pytest.mark.parametrize("text", ["talk #1.mp3", "a#b", "a.mp3#part=1", "a.mp3#"])
def test_any_other_hash_belongs_to_the_path(text: str) -> None:
    assert split_fragment(text) == (text, None, None, None)


@given(st.text() | st.text("#t=npt:,.0123456789&").map("a#t={}".format))
@example("a#t=" + "9" * 400)
@example("a#t=١٢")
def test_any_text_is_split_or_refused(text: str) -> None:
    try:
        base, start, end, track = split_fragment(text)
    except AudioError:
        return
    assert text.startswith(base)
    assert all(time is None or time >= 0 for time in (start, end, track))
