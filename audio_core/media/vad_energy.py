"""Voice activity detection by adaptive energy, in one pass and constant memory.

A frame is quiet if its level is near the noise floor, or far below the level of the speech around it. The floor falls
at once and rises slowly, so steady noise is learned within seconds and a loud passage does not count as noise.
"""

from __future__ import annotations

import array
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["FRAME_SECONDS", "SILENT", "EnergyVad", "VadFrame"]

FRAME_SECONDS = 0.02
SILENT = 2.0
"""Level (mean of absolute 16-bit samples) below which a frame is silent in any recording; dither is below it."""

_FLOOR_RISE, _SPEECH_DECAY = 1.003, 0.9995  # factors a frame: 16 % a second up, 2.5 % a second down
_FLOOR_FACTOR, _SPEECH_FACTOR = 2.0, 0.1  # a frame is quiet below this many times the noise floor or speech level
_MAX_SPEECH_FACTOR = 0.35  # in talk without pauses the floor rises into the speech, which must not count as quiet
_LEVEL_RATE = 4000  # samples a second used to measure levels: every fourth sample of 16 kHz is enough


@dataclass(frozen=True, slots=True)
class VadFrame:
    """A fiftieth of a second, classified as quiet or not.

    Attributes:
        start: samples since the detector's first.
        level: mean of the absolute samples.
        is_quiet: whether nobody seems to be speaking.
    """

    start: int
    level: float
    is_quiet: bool


class EnergyVad:
    """A voice activity detector for a stream of 16-bit mono PCM.

    Args:
        rate: sample rate of the PCM, in Hz.

    Example:
        >>> vad = EnergyVad(8000)
        >>> [frame.is_quiet for frame in vad.feed(bytes(2 * 320))]
        [True, True]
    """

    def __init__(self, rate: int) -> None:
        self._frame_bytes = 2 * round(rate * FRAME_SECONDS)
        self._step = max(1, rate // _LEVEL_RATE)
        self._remainder = b""
        self._frame_count = 0
        self._floor = self._speech = 0.0

    def feed(self, pcm: bytes) -> Iterator[VadFrame]:
        """Yield the frames that `pcm` completes."""
        data = self._remainder + pcm
        end = len(data) // self._frame_bytes * self._frame_bytes
        self._remainder = data[end:]
        size, step = self._frame_bytes // 2 // self._step, self._step
        samples = array.array("h", data[:end])[::step]
        for start in range(0, len(samples), size):
            yield self._classify(sum(map(abs, samples[start : start + size])) / size)

    def _classify(self, level: float) -> VadFrame:
        start, self._frame_count = self._frame_count * self._frame_bytes // 2, self._frame_count + 1
        self._floor = min(level, max(self._floor, 1.0) * _FLOOR_RISE)
        self._speech = max(level, self._speech * _SPEECH_DECAY)
        near_floor = min(self._floor * _FLOOR_FACTOR, self._speech * _MAX_SPEECH_FACTOR)
        limit = max(SILENT, near_floor, self._speech * _SPEECH_FACTOR)
        return VadFrame(start, level, level < limit)
