"""A length that is told without decoding is that of what is heard, in odd containers and in files that were cut."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audio_core import Audio, InvalidAudio
from audio_core.media.decode import decode
from audio_core.media.probing import probe
from tests.support.encoded_sounds import make_sound, write_audio

RATE = 44_100


def measure(audio: Audio) -> float:
    return sum(map(len, decode(audio, rate=RATE))) / 2 / RATE


@pytest.mark.parametrize("seconds", [0.05, 3.3, 7.37])
@pytest.mark.parametrize(
    ("container", "codec"), [("matroska", "alac"), ("matroska", "wavpack"), ("caf", "alac"), ("ipod", "alac")]
)
def test_the_last_packet_is_as_long_as_its_sound(container: str, codec: str, seconds: float) -> None:
    audio = Audio.of(write_audio(make_sound(seconds, RATE), RATE, container, codec))
    found = probe(audio)
    assert found.is_continuous
    assert found.duration == pytest.approx(seconds, abs=0.002)
    assert measure(audio) == pytest.approx(seconds, abs=0.002)


@pytest.mark.skipif(which("ffmpeg") is None, reason="PyAV does not write WMA to Matroska")
def test_wma_in_matroska_is_as_long_as_its_sound(talk: Path, tmp_path: Path) -> None:
    path = tmp_path / "talk.mkv"
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", talk, "-t", "9", "-c:a", "wmav2", path], check=True)
    assert probe(Audio.of(path)).duration == pytest.approx(measure(Audio.of(path)), abs=0.002)


@pytest.mark.parametrize("name", ["tta", "ac3", "eac3"])
@settings(max_examples=10)
@given(share=st.floats(0.2, 1.0))
@example(share=0.7)
def test_a_last_packet_that_is_cut_counts_if_it_is_heard(name: str, share: float) -> None:
    data = write_audio(make_sound(5.0, RATE), RATE, name, name)
    cut = Audio.of(data[: round(share * len(data))])
    try:
        heard = measure(cut)
    except InvalidAudio:
        return
    assert probe(cut).duration == pytest.approx(heard, abs=0.005)
