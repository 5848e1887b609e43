"""`Waveform`: how loud a recording is over its length, to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Waveform"]


@dataclass(frozen=True, slots=True)
class Waveform:
    """How loud a recording, or its clip, is over its length.

    Attributes:
        peaks: the loudest sample of each of many equal stretches, from 0 (digital silence) to 1 (full scale).
        start: where the first stretch starts, in seconds of the original recording.
        end: where the last stretch ends, in seconds of the original recording.

    Example:
        >>> Waveform((0.0, 0.5), 0.0, 1.0).scale(255)
        [0, 128]
    """

    peaks: Sequence[float]
    start: float
    end: float

    def scale(self, full: int) -> list[int]:
        """Return the peaks as whole numbers, of which `full` is full scale."""
        return [round(full * peak) for peak in self.peaks]
