"""Where recordings are cut."""

import math
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_core import Audio
from audio_core.media.segmentation import RATE, Piece, Segmenter, cut_recording
from audio_core.media.vad_energy import EnergyVad
from audio_core.testing import silence, tone

LONGEST = 4.0


def loud(seconds: float) -> bytes:
    return array("h", (round(8000 * math.sin(n / 6)) for n in range(round(seconds * RATE)))).tobytes()


def quiet(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


def cut(pcm: bytes, *, longest: float = LONGEST, start: float = 0.0, step: int = 10_000) -> list[Piece]:
    cutter = Segmenter(start, longest)
    found = [piece for at in range(0, len(pcm), step) for piece in cutter.feed(pcm[at : at + step])]
    return found + list(cutter.close())


RUNS = st.lists(st.tuples(st.booleans(), st.floats(0.05, 3.0)), min_size=1, max_size=10)


@settings(max_examples=40, deadline=None)
@given(runs=RUNS, step=st.integers(300, 50_000).map(lambda n: 2 * n))
def test_pieces_hold_all_of_a_recording_and_say_truly_what_they_share(runs: list, step: int) -> None:
    pcm = b"".join((loud if is_loud else quiet)(seconds) for is_loud, seconds in runs)
    found = cut(pcm, step=step)
    reached = 0.0
    for piece in found:
        assert piece.start == pytest.approx(reached - piece.shared if reached else 0.0, abs=1e-6)
        assert piece.end - piece.start <= LONGEST + 0.021
        begin = 2 * round(piece.start * RATE)
        assert piece.content.open_reader().read() == pcm[begin : begin + piece.content.size]
        assert piece.content.size == 2 * round((piece.end - piece.start) * RATE)
        reached = piece.end
    assert len(pcm) / (2 * RATE) - reached < 0.1


def test_a_cut_lies_in_the_longest_pause_of_the_last_fifth() -> None:
    pcm = loud(3.3) + quiet(0.32) + loud(0.1) + quiet(0.1) + loud(3)
    first, second = cut(pcm)
    assert first.end == second.start == pytest.approx(3.46, abs=0.03)
    assert second.shared == 0


def test_a_pause_that_is_not_over_yet_counts() -> None:
    first, *_ = cut(loud(3.5) + quiet(2) + loud(2))
    assert first.end == pytest.approx(3.75, abs=0.03)


def test_without_a_pause_both_pieces_hold_the_cut() -> None:
    first, second, *_ = cut(loud(10), longest=8.0)  # the overlap is at most a sixth of a piece, to either side
    assert second.shared == pytest.approx(first.end - second.start)
    assert second.shared == pytest.approx(8 / 3, abs=0.001)


def test_a_pause_that_is_too_short_for_one_is_none() -> None:
    assert cut(loud(3.4) + quiet(0.2) + loud(3))[1].shared > 0


@pytest.mark.parametrize("noise", [0, 40, 400])
def test_steady_noise_is_learned(noise: int) -> None:
    import random

    hiss = random.Random(1)
    clean = array("h", loud(5.0) + quiet(0.6) + loud(0.2) + quiet(0.1) + loud(3))
    noisy = array("h", (sample + hiss.randint(-noise, noise) for sample in clean)).tobytes()
    first, *_ = cut(noisy, longest=6.0)
    assert first.end == pytest.approx(5.3, abs=0.1)


def test_silence_is_told_from_speech() -> None:
    assert [piece.is_silent for piece in cut(quiet(LONGEST + 1) + loud(LONGEST))] == [True, False, False]


def test_a_clip_is_cut_on_the_recordings_own_timeline() -> None:
    audio = Audio.of(tone(10.0)).clip(2.0, 9.0)
    found = list(cut_recording(audio, 4.0))
    assert (found[0].start, found[-1].end) == (2.0, pytest.approx(9.0, abs=0.001))
    assert found[0].audio.format == "pcm16"


def test_a_short_recording_is_one_piece() -> None:
    (piece,) = cut_recording(Audio.of(silence(1.5)), 4.0)
    assert (piece.start, piece.end, piece.shared, piece.is_silent) == (0.0, pytest.approx(1.5), 0.0, True)


def test_talk_without_a_pause_never_counts_as_quiet() -> None:
    """The noise floor rises while nobody pauses; it must not rise above the speech."""
    vad, samples = EnergyVad(RATE), array("h", (round(3000 * math.sin(n / 6)) for n in range(RATE)))
    for _ in range(120):  # seconds
        assert not any(frame.is_quiet for frame in vad.feed(samples.tobytes()))


def test_talk_without_a_pause_is_cut_with_an_overlap() -> None:
    pcm = loud(1.0) * 60
    assert all(piece.shared > 0 for piece in cut(pcm, longest=7.0)[1:])
