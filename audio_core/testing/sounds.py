"""Generated audio."""

from __future__ import annotations

import array
import io
import math
import wave
from typing import Any

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
    return _write_wav(
        rate, (round(8000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(round(seconds * rate)))
    )


def silence(seconds: float, *, rate: int = 16_000) -> bytes:
    """Return a WAV file of silence, 16-bit mono.

    Args:
        seconds: duration in seconds.
        rate: sample rate in Hz.
    """
    return _write_wav(rate, (0 for _ in range(round(seconds * rate))))


def _write_wav(rate: int, samples: Any) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(array.array("h", samples).tobytes())
    return file.getvalue()
