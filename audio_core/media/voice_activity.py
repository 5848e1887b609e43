"""Where somebody speaks in a recording."""

from __future__ import annotations

from collections.abc import Iterable

from audio_core.audio.audio import Audio
from audio_core.media.vad_energy import FRAME_SECONDS, EnergyVad

__all__ = ["SpeechFinder", "find_speech", "find_speech_throughout"]

_SHORTEST_PAUSE = 0.1  # seconds; shorter ones stand within words, such as before a "t"
_SHORTEST_SPEECH = 0.06  # seconds; what is shorter is a click
_RATE = 16_000  # Hz, at which a whole recording is heard


class SpeechFinder:
    """Finds where somebody speaks in 16-bit mono PCM that comes in pieces.

    Args:
        rate: sample rate in Hz.
        start: where the PCM begins, in seconds of the recording.
    """

    def __init__(self, rate: int, start: float = 0.0) -> None:
        self._vad, self._rate, self._start = EnergyVad(rate, contrast=1.0), rate, start
        self._spans = list[tuple[int, int]]()  # in samples

    def feed(self, pcm: bytes) -> None:
        """Take the next piece."""
        for frame in (frame for frame in self._vad.feed(pcm) if not frame.is_quiet):
            begin = frame.start
            if self._spans and begin - self._spans[-1][1] < _SHORTEST_PAUSE * self._rate:
                begin = self._spans.pop()[0]
            self._spans.append((begin, frame.start + round(FRAME_SECONDS * self._rate)))

    def get_spans(self) -> list[tuple[float, float]]:
        """Return start and end of each stretch of speech so far, in seconds and in order of time."""
        return [
            (self._start + begin / self._rate, self._start + end / self._rate)
            for begin, end in self._spans
            if end - begin >= _SHORTEST_SPEECH * self._rate
        ]


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
    finder = SpeechFinder(rate, start)
    for piece in pcm:
        finder.feed(piece)
    return finder.get_spans()


def find_speech_throughout(audio: Audio) -> list[tuple[float, float]]:
    """Return where somebody speaks in a short recording, which is held as PCM: 2 MB a minute.

    It is heard twice, so that its levels are known from the beginning.

    Args:
        audio: the recording.

    Returns:
        Start and end of each stretch of speech, in seconds from the beginning of the audio.

    Raises:
        InvalidAudio: if it is damaged or cut short.
    """
    from audio_core.media.decode import decode  # noqa: PLC0415 - FFmpeg is loaded when first needed

    pcm = b"".join(decode(audio, rate=_RATE))
    spans = find_speech([pcm, pcm], _RATE, start=-len(pcm) / (2 * _RATE))
    return [(max(0.0, start), end) for start, end in spans if end > 0]
