"""Time goes on by what is heard, whatever the time stamps say."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import AudioTooLarge
from audio_core.media import clock
from audio_core.media.clock import GAP, Clock

TICK = 1 / 48_000
FRAMES = st.lists(st.tuples(st.none() | st.integers(-(2**40), 2**40), st.integers(0, 960)), max_size=40)


def clocked(frames: list[tuple[int | None, int]], origin: float = 0.0) -> list[tuple[float, float, bool]]:
    """Where each frame begins and ends, and whether it jumped."""
    told, found = Clock(TICK, origin), list[tuple[float, float, bool]]()
    for stamp, ticks in frames:
        before = told.seconds
        jumped = told.advance(stamp, ticks)
        found.append((told.seconds - ticks * TICK if jumped else before, told.seconds, jumped))
    return found


@given(lengths=st.lists(st.integers(1, 960), min_size=1, max_size=60), first=st.integers(0, 48_000))
def test_stamps_that_follow_each_other_are_true(lengths: list[int], first: int) -> None:
    stamps = [first + sum(lengths[:at]) for at in range(len(lengths))]
    found = clocked(list(zip(stamps, lengths, strict=True)))
    assert [begin for begin, _, _ in found] == pytest.approx([stamp * TICK for stamp in stamps], abs=1e-6)
    assert [jumped for _, _, jumped in found] == [True] + [False] * (len(lengths) - 1)


def test_stamps_count_from_where_the_recording_begins() -> None:
    assert clocked([(1_200, 480)], origin=0.025)[0][0] == pytest.approx(0.0)


def test_what_is_missing_is_jumped_over_and_what_is_out_by_a_little_is_not() -> None:
    second = 48_000
    found = clocked([(0, second), (second + 100, second), (5 * second, second)])
    assert [jumped for _, _, jumped in found] == [True, False, True]
    assert found[-1][:2] == (5.0, 6.0)


def test_where_a_packet_is_missing_its_length_is_kept_however_short() -> None:
    told = Clock(TICK, 0.0)
    told.advance(0, 1_000)
    told.expect_gap()
    assert told.advance(2_000, 1_000)
    assert told.seconds == pytest.approx(3_000 * TICK)
    assert not told.advance(4_000, 1_000)


@given(FRAMES)
def test_time_never_goes_back(frames: list[tuple[int | None, int]]) -> None:
    try:
        found = clocked(frames)
    except AudioTooLarge:
        return
    for (_, before, _), (begin, end, jumped) in pairwise(found):
        assert begin <= end
        assert begin > before + GAP if jumped else begin == before


def test_a_recording_that_claims_to_last_for_days_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "MAX_SECONDS", 3600.0)
    with pytest.raises(AudioTooLarge, match="longer than 1 hours"):
        clocked([(0, 48_000), (3600 * 48_000, 48_000)])
