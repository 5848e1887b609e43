"""Generated audio."""

from __future__ import annotations

import array
import io
import math
import wave
from fractions import Fraction

__all__ = ["silence", "tone"]


def tone(seconds: float, *, rate: int = 16_000, hertz: float = 440.0) -> bytes:
    """Return a WAV file of a sine tone, 16-bit mono.

    Args:
        seconds: duration in seconds.
        rate: sample rate in Hz.
        hertz: frequency of the tone in Hz.

    Example:
        >>> Audio.of(tone(0.5)).format
        'wav'
    """
    count = round(seconds * rate)
    period = min(count, (Fraction(hertz) / rate).denominator) or 1  # samples after which the same ones come again
    samples = array.array("h", (round(8000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(period)))
    return _write_wav(rate, (samples * (count // period + 1))[:count])


def silence(seconds: float, *, rate: int = 16_000) -> bytes:
    """Return a WAV file of silence, 16-bit mono.

    Args:
        seconds: duration in seconds.
        rate: sample rate in Hz.
    """
    return _write_wav(rate, array.array("h", [0]) * round(seconds * rate))


def _write_wav(rate: int, samples: array.array[int]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return file.getvalue()
