"""The waveform of a recording, in one pass and constant memory."""

from __future__ import annotations

import array

from audio_core.audio.audio import Audio
from audio_core.media.decode import decode
from audio_core.transcript.page.waveform import Waveform

__all__ = ["compute_waveform"]

_RATE = 8000  # Hz; for a picture, the voice is all there
_FULL_SCALE = 2**15
_FIRST_STRETCH = 80  # samples: a hundredth of a second
_MOST_PEAKS = 2000  # as many as a wide screen has pixels


def compute_waveform(audio: Audio, warnings: list[str] | None = None) -> Waveform:
    """Decode a recording, or its clip, and return how loud it is over its length.

    It has at most 2,000 peaks. Memory does not grow with the recording's length.

    Args:
        audio: a recording that is not remote.
        warnings: what a user must know about the recording is appended to this list.

    Raises:
        InvalidAudio: if the recording does not decode, is damaged or is cut short.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
        AudioTooLarge: if it decodes to more than this project reads.

    Example:
        >>> waveform = compute_waveform(Audio.of("examples/audio/talk.ogg", end=2))
        >>> len(waveform.peaks), round(waveform.end, 2)
        (200, 2.0)
    """
    start, meter = audio.start or 0.0, _PeakMeter()
    for piece in decode(audio, rate=_RATE, warnings=warnings):
        meter.feed(piece)
    return Waveform(meter.list_peaks(), start, start + meter.count / _RATE)


class _PeakMeter:
    """A meter of the loudest sample of each stretch. Once there are too many stretches, they are joined in pairs."""

    def __init__(self) -> None:
        self.count = 0
        self._peaks, self._stretch = list[float](), _FIRST_STRETCH
        self._remainder = array.array("h")

    def feed(self, pcm: bytes) -> None:
        samples, begin = self._remainder, 0
        samples.frombytes(pcm)
        self.count += len(pcm) // 2
        while begin + self._stretch <= len(samples):
            self._peaks.append(_measure_peak(samples[begin : begin + self._stretch]))
            begin += self._stretch
            if len(self._peaks) == _MOST_PEAKS:
                self._peaks = list(map(max, self._peaks[::2], self._peaks[1::2]))
                self._stretch *= 2
        self._remainder = samples[begin:]

    def list_peaks(self) -> tuple[float, ...]:
        """Return the peaks. The last stretch may be shorter than the others."""
        return (*self._peaks, *([_measure_peak(self._remainder)] if self._remainder else []))


def _measure_peak(samples: array.array[int]) -> float:
    highest, lowest = max(samples), min(samples)
    return max(highest, -lowest) / _FULL_SCALE
