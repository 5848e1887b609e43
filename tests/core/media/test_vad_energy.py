"""What counts as quiet, and what does not."""

import math
import random
from array import array

import pytest

from audio_core.media.vad_energy import EnergyVad

RATE = 16_000


def speak(seconds: float, loudness: float) -> list[float]:
    """Speech as far as levels go: five syllables a second, with hardly a sound between them."""
    count = round(seconds * RATE)
    return [loudness * math.sin(n / 4) * max(0.02, abs(math.sin(math.pi * 5 * n / RATE))) for n in range(count)]


def pause(seconds: float) -> list[float]:
    return [0.0] * round(seconds * RATE)


def find_quiet(sound: list[float]) -> list[float]:
    """Return where the quiet frames start, in seconds."""
    vad = EnergyVad(RATE)
    return [frame.start / RATE for frame in vad.feed(array("h", map(round, sound)).tobytes()) if frame.is_quiet]


def add_hiss(sound: list[float], loudness: float) -> list[float]:
    rng = random.Random(1)
    return [sample + rng.uniform(-loudness, loudness) for sample in sound]


def find_runs(quiet: list[float]) -> list[tuple[float, float]]:
    """Return start and end of what is quiet for a third of a second or more."""
    runs: list[tuple[float, float]] = []
    for time in quiet:
        start = runs.pop()[0] if runs and time - runs[-1][1] < 0.001 else time
        runs.append((start, time + 0.02))
    return [run for run in runs if run[1] - run[0] > 0.33]


def test_a_quiet_speaker_after_a_loud_one_is_no_pause() -> None:
    sound = add_hiss([*speak(10, 20_000), *pause(0.5), *speak(10, 200), *pause(0.5), *speak(2, 20_000)], 5)
    (first, second) = find_runs(find_quiet(sound))
    assert first == (pytest.approx(10.0, abs=0.05), pytest.approx(10.5, abs=0.05))
    assert second == (pytest.approx(20.5, abs=0.05), pytest.approx(21.0, abs=0.05))


@pytest.mark.parametrize("seconds", [3, 90])
def test_talk_without_a_pause_has_none(seconds: int) -> None:
    assert find_runs(find_quiet(add_hiss(speak(seconds, 5000), 20))) == []


@pytest.mark.parametrize("loudness", [4000, 12_000])
def test_noise_that_is_nearly_as_loud_as_speech_is_no_pause(loudness: float) -> None:
    assert find_quiet(add_hiss([*speak(5, 8000), *pause(2), *speak(2, 8000)], loudness)) == []


@pytest.mark.parametrize("frequency", [0, 50, 60])
def test_a_pause_is_found_under_hum_and_with_an_offset(frequency: int) -> None:
    hum = [1500 * math.cos(2 * math.pi * frequency * n / RATE) for n in range(6 * RATE)]
    sound = [*speak(3, 8000), *pause(1), *speak(2, 8000)]
    (found,) = find_runs(find_quiet([one + other for one, other in zip(sound, hum, strict=True)]))
    assert found == (pytest.approx(3.0, abs=0.1), pytest.approx(4.0, abs=0.1))


def test_with_a_contrast_of_one_noise_before_speech_is_quiet() -> None:
    sound = array("h", map(round, add_hiss([*pause(2), *speak(1, 5000)], 100))).tobytes()
    certain, guessed = (
        [frame.is_quiet for frame in EnergyVad(RATE, contrast).feed(sound)][:100] for contrast in (4.0, 1.0)
    )
    assert not any(certain)
    assert sum(guessed) > 95
