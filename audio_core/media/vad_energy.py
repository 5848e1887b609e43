"""Pauses in speech, found while it is decoded: adaptive energy, in one pass and constant memory.

A frame is quiet if its level is near the noise floor, or far below the speech around it. The floor falls at once and rises
slowly, so steady noise is learned within seconds and a loud passage is not taken for noise.
"""

from __future__ import annotations

import array
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["FRAME_SECONDS", "SILENT", "EnergyVad", "VadFrame"]

FRAME_SECONDS = 0.02
_FLOOR_RISE, _SPEECH_DECAY = 1.003, 0.9995  # a frame; 16 % a second up, 2.5 % a second down
_ABOVE_FLOOR, _OF_SPEECH = 2.0, 0.1
SILENT = 16.0  # mean of absolute 16-bit samples; dither and hiss are below it
_LISTENED = 4000  # samples a second that are looked at: for a level, every fourth of 16 kHz says as much


@dataclass(frozen=True, slots=True)
class VadFrame:
    """A fiftieth of a second.

    Attributes:
        start: samples from where the finder began.
        level: mean of the absolute samples.
        quiet: whether nobody seems to speak.
    """

    start: int
    level: float
    is_quiet: bool


class EnergyVad:
    """Judges 16-bit mono PCM frame by frame, as it comes.

    Args:
        rate: of the PCM, in Hz.

    Example:
        >>> vad = EnergyVad(8000)
        >>> [frame.is_quiet for frame in vad.feed(bytes(2 * 320))]
        [True, True]
    """

    def __init__(self, rate: int) -> None:
        self._bytes = 2 * round(rate * FRAME_SECONDS)
        self._step = max(1, rate // _LISTENED)
        self._rest = b""
        self._count = 0
        self._floor = self._speech = 0.0

    def feed(self, pcm: bytes) -> Iterator[VadFrame]:
        """The frames that are whole once `pcm` has come."""
        data = self._rest + pcm
        end = len(data) // self._bytes * self._bytes
        self._rest = data[end:]
        size, step = self._bytes // 2 // self._step, self._step
        samples = array.array("h", data[:end])[::step]
        for at in range(0, len(samples), size):
            yield self._judge(sum(map(abs, samples[at : at + size])) / size)

    def _judge(self, level: float) -> VadFrame:
        start, self._count = self._count * self._bytes // 2, self._count + 1
        self._floor = min(level, max(self._floor, 1.0) * _FLOOR_RISE)
        self._speech = max(level, self._speech * _SPEECH_DECAY)
        limit = max(SILENT, self._floor * _ABOVE_FLOOR, self._speech * _OF_SPEECH)
        return VadFrame(start, level, level < limit)
