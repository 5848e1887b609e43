"""Voice activity detection by adaptive energy, in one pass and constant memory.

A frame is quiet only if that is certain: its level is near the noise floor, which is the lowest of the last minute, and
far below the loudest of the last seconds. So talk without a pause, a quiet speaker after a loud one, music and noise
that swells never count as quiet. Levels are those of the changes between samples, so that hum and offsets count little.
"""

from __future__ import annotations

import array
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from operator import sub

__all__ = ["FRAME_SECONDS", "SILENT", "EnergyVad", "VadFrame"]

FRAME_SECONDS = 0.02
SILENT = 2.0
"""Level (mean of absolute changes of 16-bit samples) below which a frame is always silent; dither is below it."""

_FLOOR_SECONDS, _PEAK_SECONDS = 60, 10  # of the past, in which the noise floor and the loudest frame are found
_FLOOR_FACTOR = 2.0  # a frame is near the floor below this many times its level
_SMOOTHED_FRAMES = 5  # the floor is that of a tenth of a second: a moment within a word may be quieter
_FRAMES_PER_SECOND = round(1 / FRAME_SECONDS)
_LEVEL_RATE = 4000  # samples a second used to measure levels: every fourth sample of 16 kHz is enough


@dataclass(frozen=True, slots=True)
class VadFrame:
    """A fiftieth of a second, classified as quiet or not.

    Attributes:
        start: samples since the detector's first.
        level: mean of the absolute changes from sample to sample, at 4 kHz.
        is_quiet: whether it is certain that nobody speaks.
    """

    start: int
    level: float
    is_quiet: bool


class EnergyVad:
    """A voice activity detector for a stream of 16-bit mono PCM.

    Args:
        rate: sample rate of the PCM, in Hz.
        contrast: how many times louder than a quiet frame something must have been in the last ten seconds. With 1, any
            frame near the floor is quiet: a guess instead of certainty.

    Example:
        >>> vad = EnergyVad(8000)
        >>> [frame.is_quiet for frame in vad.feed(bytes(2 * 320))]
        [True, True]
    """

    def __init__(self, rate: int, contrast: float = 4.0) -> None:
        self._contrast = contrast
        self._frame_bytes = 2 * round(rate * FRAME_SECONDS)
        self._step = max(1, rate // _LEVEL_RATE)
        self._remainder = b""
        self._frame_count = 0
        self._recent: deque[float] = deque(maxlen=_SMOOTHED_FRAMES)
        self._floors: deque[float] = deque([math.inf], maxlen=_FLOOR_SECONDS)
        self._peaks: deque[float] = deque([0.0], maxlen=_PEAK_SECONDS)

    def feed(self, pcm: bytes) -> Iterator[VadFrame]:
        """Yield the frames that `pcm` completes."""
        data = self._remainder + pcm
        end = len(data) // self._frame_bytes * self._frame_bytes
        self._remainder = data[end:]
        size, step = self._frame_bytes // 2 // self._step, self._step
        samples = array.array("h", data[:end])[::step]
        for start in range(0, len(samples), size):
            frame = samples[start : start + size]
            yield self._classify(sum(map(abs, map(sub, frame[1:], frame))) / (size - 1))

    def _classify(self, level: float) -> VadFrame:
        start, self._frame_count = self._frame_count * self._frame_bytes // 2, self._frame_count + 1
        if self._frame_count % _FRAMES_PER_SECOND == 0:
            self._floors.append(math.inf)
            self._peaks.append(0.0)
        self._recent.append(level)
        self._floors[-1] = min(self._floors[-1], sum(self._recent) / len(self._recent))
        self._peaks[-1] = max(self._peaks[-1], level)
        limit = max(SILENT, min(_FLOOR_FACTOR * min(self._floors), max(self._peaks) / self._contrast))
        return VadFrame(start, level, level < limit)
