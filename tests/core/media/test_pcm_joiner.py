"""Parts of speech are joined to the sample, without clicks."""

import array
import itertools

import pytest

from audio_core.media.pcm_joiner import PcmJoiner
from audio_core.testing import tone

RATE = 24_000


def join(*parts: bytes, step: int = 1001) -> bytes:
    joiner, joined = PcmJoiner(RATE), b""
    for part in parts:
        joined += b"".join(joiner.add(part[start : start + step]) for start in range(0, len(part), step))
        joined += joiner.end_part()
    assert joiner.seconds == sum(map(len, parts)) / (2 * RATE)
    return joined + joiner.close()


def make(seconds: float, hertz: float = 440.0) -> bytes:
    return tone(seconds, rate=RATE, hertz=hertz)[44:]


def find_largest_step(pcm: bytes) -> int:
    samples = array.array("h", pcm)
    return max(abs(b - a) for a, b in itertools.pairwise(samples))


@pytest.mark.parametrize("step", [1, 7, 960, 10**6])
def test_parts_that_fit_together_are_joined_unchanged(step: int) -> None:
    parts = [make(0.5), make(0.25), make(0.05)]  # whole periods: each ends where the next begins
    assert join(*parts, step=step) == b"".join(parts)


def test_a_jump_between_parts_is_faded_and_no_sample_is_lost() -> None:
    parts = [make(0.5 + 1 / 1760), make(0.5)]  # the first ends at its crest
    joined = join(*parts)
    assert find_largest_step(b"".join(parts)) > 7000
    assert find_largest_step(joined) < 1200
    assert len(joined) == sum(map(len, parts))
    assert joined[: len(parts[0]) - 240] == parts[0][:-240]
    assert joined[len(parts[0]) + 240 :] == parts[1][240:]


def test_parts_that_are_shorter_than_a_seam_are_kept_whole() -> None:
    assert len(join(make(0.001), make(0.002), b"", make(0.001))) == 2 * 96
