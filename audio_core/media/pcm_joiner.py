"""Join speech that was made in parts to one stream of PCM, sample by sample and without clicks."""

from __future__ import annotations

import array
import sys
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["PcmJoiner"]

_SEAM_SECONDS = 0.005  # how much of each part is looked at, and faded if need be
_LOWEST_STEP = 64  # of 32,768; a smaller jump from sample to sample is not heard


class PcmJoiner:
    """Joins parts of 16-bit little-endian mono PCM.

    Every sample of every part is kept. Where the last one of a part and the first one of the next differ by more than
    neighbours around them do, which would be heard as a click, five milliseconds on both sides are faded.

    Args:
        rate: sample rate in Hz.

    Example:
        >>> joiner = PcmJoiner(24_000)
        >>> len(joiner.add(bytes(48_000)) + joiner.end_part() + joiner.add(bytes(4_800)) + joiner.close())
        52800
    """

    def __init__(self, rate: int) -> None:
        self._rate, self._seam = rate, round(rate * _SEAM_SECONDS) * 2  # bytes
        self._before, self._part = b"", b""  # what is held back of the parts that have ended, and of this one
        self._size = self._ended = 0  # bytes
        self._is_joined = True

    @property
    def seconds(self) -> float:
        """How much the parts that have ended last, in seconds."""
        return self._ended / (2 * self._rate)

    def add(self, pcm: bytes) -> bytes:
        """Add a piece of the current part, and return what can be given out."""
        self._size += len(pcm)
        self._part += pcm
        if not self._is_joined and len(self._part) < self._seam:
            return b""
        joined = self._join()
        kept = max(0, len(self._part) - self._seam) // 2 * 2  # a piece may end in the middle of a sample
        given, self._part = self._part[:kept], self._part[kept:]
        return joined + given

    def end_part(self) -> bytes:
        """End the current part, and return what can be given out."""
        joined = self._join()
        given, self._before = self._part[: -self._seam], self._part[-self._seam :]
        self._part, self._ended, self._is_joined = b"", self._size, False
        return joined + given

    def close(self) -> bytes:
        """Return what was held back."""
        rest, self._before, self._part = self._before + self._part, b"", b""
        return rest

    def _join(self) -> bytes:
        """Return the end of the part before, once the beginning of this one is known."""
        if self._is_joined:
            return b""
        self._is_joined = True
        head = self._part[: self._seam]
        before, head, self._before = *_smooth(self._before, head), b""
        self._part = head + self._part[self._seam :]
        return before


def _smooth(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """Return the two sides of a seam, faded if it would click."""
    left, right = _to_samples(before), _to_samples(after)
    if not (left and right):
        return before, after
    usual = max([_LOWEST_STEP, *(abs(b - a) for side in (left, right) for a, b in pairwise(side))])
    if abs(right[0] - left[-1]) <= usual:
        return before, after
    return _to_bytes(_fade(left[::-1])[::-1]), _to_bytes(_fade(right))


def _fade(samples: Sequence[int]) -> list[int]:
    """Return samples that grow from silence to what they are."""
    return [sample * index // len(samples) for index, sample in enumerate(samples)]


def _to_samples(pcm: bytes) -> array.array[int]:
    samples = array.array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _to_bytes(samples: Sequence[int]) -> bytes:
    data = array.array("h", samples)
    if sys.byteorder == "big":
        data.byteswap()
    return data.tobytes()
