"""Where somebody speaks, and reading those stretches."""

import json
from pathlib import Path

import pytest

from audio_core import Audio
from audio_core.media.decode import decode
from audio_core.media.pcm_window import PcmWindow
from audio_core.media.voice_activity import find_speech, find_speech_throughout

RATE = 16_000


def test_speech_lies_where_the_sentences_are(talk: Path) -> None:
    sentences = [each for each in json.loads(talk.with_suffix(".json").read_text()) if each["end"] < 30]
    speech = find_speech(decode(Audio.of(talk, end=30), rate=RATE), RATE)
    for sentence in sentences:
        assert any(start == pytest.approx(sentence["start"], abs=0.15) for start, _ in speech)
        assert any(end == pytest.approx(sentence["end"], abs=0.15) for _, end in speech)


def test_times_are_those_of_the_recording(talk: Path) -> None:
    pcm = b"".join(decode(Audio.of(talk, end=10), rate=RATE))
    moved = [(round(start - 7, 6), round(end - 7, 6)) for start, end in find_speech([pcm], RATE, 7.0)]
    assert moved == [(round(start, 6), round(end, 6)) for start, end in find_speech([pcm], RATE)]


def test_a_recording_that_begins_with_speech_is_heard_from_its_beginning(talk: Path) -> None:
    clip = Audio.of(talk, start=1.0, end=8)
    (start, end), *_ = find_speech_throughout(clip)
    assert (start, end) == (0.0, pytest.approx(5.535 - 1.0, abs=0.15))
    assert find_speech(decode(clip, rate=RATE), RATE)[0][0] > 0.1  # which does not know the levels yet


def test_a_click_is_no_speech() -> None:
    click = bytes(2 * RATE) + b"\x00\x40" * 300 + bytes(2 * RATE)
    assert find_speech([click], RATE) == []


def test_a_window_moves_on_and_back(talk: Path) -> None:
    whole = b"".join(decode(Audio.of(talk, end=8), rate=RATE))
    window = PcmWindow(Audio.of(talk), RATE)
    for start, end in ((0.0, 2.0), (1.5, 4.0), (6.0, 7.0)):
        assert window.read(start, end) == whole[int(start * 2 * RATE) : int(end * 2 * RATE)]
    assert len(window.read(1.0, 2.0)) == 2 * RATE


def test_a_window_of_a_clip_ends_with_it(talk: Path) -> None:
    window = PcmWindow(Audio.of(talk, start=10, end=12), RATE)
    assert len(window.read(10.5, 30.0)) == round(1.5 * 2 * RATE)
    assert window.read(11.9, 30.0)
    assert window.read(12.5, 30.0) == b""
