"""Read stretches of a recording as PCM, one after another, in one pass."""

from __future__ import annotations

from collections.abc import Generator

from audio_core.audio.audio import Audio
from audio_core.media.decode import decode

__all__ = ["PcmWindow"]


class PcmWindow:
    """A window that moves over the PCM of a recording, or of its clip. Memory holds the window.

    Args:
        audio: a recording that is not remote.
        rate: sample rate of the PCM, in Hz.

    Example:
        >>> window = PcmWindow(Audio.of("examples/audio/talk.ogg"), 16_000)
        >>> len(window.read(1.0, 2.0)), len(window.read(1.5, 2.0))
        (32000, 16000)
    """

    def __init__(self, audio: Audio, rate: int) -> None:
        self._audio, self._rate = audio, rate
        self._restart(audio.start or 0.0)

    def read(self, start: float, end: float) -> bytes:
        """Return 16-bit mono PCM from `start` to `end`, in seconds of the recording, or what there is of it.

        To go back behind the start of the last read is possible, and costs a seek.

        Raises:
            InvalidAudio: if the recording is damaged, cut short, or ends before the window moves.
        """
        begin, stop = round(start * self._rate) * 2, round(end * self._rate) * 2
        if begin < self._begin:
            self._restart(start)
        for piece in self._pieces:
            self._buffer += piece
            self._drop_before(begin)
            if self._begin + len(self._buffer) >= stop:
                break
        self._drop_before(begin)
        return bytes(self._buffer[: max(0, stop - self._begin)])

    def _restart(self, start: float) -> None:
        self._begin, self._buffer = round(start * self._rate) * 2, bytearray()
        clip = self._audio.clip(start) if start else self._audio
        self._pieces: Generator[bytes] = (piece for piece in decode(clip, rate=self._rate))

    def _drop_before(self, offset: int) -> None:
        count = min(len(self._buffer), max(0, offset - self._begin))
        del self._buffer[:count]
        self._begin += count
