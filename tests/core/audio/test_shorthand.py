"""Short forms of what an `Audio` does."""

import copy
import pickle
from pathlib import Path

import pytest

from audio_core import Audio, InvalidAudio


@pytest.mark.parametrize(
    "source",
    [
        "talks/a.mp3",
        "talks/a.mp3#t=3,9",
        "film.mkv#track=1&t=1,2",
        "https://example.org/a.mp3",
        Path("a.mp3"),
        {"type": "audio", "url": "file:///a.mp3#t=1,2"},
        {"type": "audio", "url": "data:audio/pcm;rate=8000;base64,AAAA"},
        Audio.of("a.mp3").select_channel(1).clip(1, 2),
    ],
)
def test_an_audio_is_made_of_anything_that_of_takes(source: object) -> None:
    made, expected = Audio(source), Audio.of(source)
    assert (repr(made), made.reference, made.stated_pcm, made.track) == (
        repr(expected),
        expected.reference,
        expected.stated_pcm,
        expected.track,
    )
    assert repr(pickle.loads(pickle.dumps(made))) == repr(copy.deepcopy(made)) == repr(expected)


def test_a_clip_is_stated_as_of_takes_it() -> None:
    assert Audio("a.mp3", only_channel=1, track=2) == Audio.of("a.mp3").select_channel(1).select_track(2)
    assert Audio("a.mp3", start=1, end=2) == Audio.of("a.mp3", start=1, end=2)


def test_what_is_no_audio_is_refused_at_once() -> None:
    with pytest.raises(InvalidAudio, match="int is not audio"):
        Audio(5)


def test_a_slice_is_a_clip_in_seconds() -> None:
    talk = Audio("a.mp3")
    assert (talk[5:10], talk[5:], talk[:10.5]) == (talk.clip(5, 10), talk.clip(5), talk.clip(None, 10.5))
    assert talk[5:10][6:7].reference == talk.clip(6, 7).reference


@pytest.mark.parametrize("seconds", [5, slice(0, 10, 2), "5"])
def test_what_is_no_clip_says_how_to_make_one(seconds: object) -> None:
    with pytest.raises(InvalidAudio, match=r"audio\[5:10\], or audio\.clip\(5, 10\)"):
        Audio("a.mp3")[seconds]
