"""Where somebody speaks in a recording."""

from __future__ import annotations

from collections.abc import Iterable

from audio_core.media.vad_energy import FRAME_SECONDS, EnergyVad

__all__ = ["find_speech"]

_SHORTEST_PAUSE = 0.1  # seconds; shorter ones stand within words, such as before a "t"
_SHORTEST_SPEECH = 0.06  # seconds; what is shorter is a click


def find_speech(pcm: Iterable[bytes], rate: int, start: float = 0.0) -> list[tuple[float, float]]:
    """Return start and end of each stretch of speech, in seconds and in order of time.

    Args:
        pcm: pieces of 16-bit mono PCM.
        rate: sample rate in Hz.
        start: where the PCM begins, in seconds of the recording.

    Example:
        >>> find_speech([bytes(64_000)], 16_000)
        []
    """
    vad, spans = EnergyVad(rate, contrast=1.0), list[tuple[int, int]]()
    for frame in (frame for piece in pcm for frame in vad.feed(piece) if not frame.is_quiet):
        begin = frame.start
        if spans and begin - spans[-1][1] < _SHORTEST_PAUSE * rate:
            begin = spans.pop()[0]
        spans.append((begin, frame.start + round(FRAME_SECONDS * rate)))
    return [
        (start + begin / rate, start + end / rate) for begin, end in spans if end - begin >= _SHORTEST_SPEECH * rate
    ]
