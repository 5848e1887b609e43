"""Encode PCM in another format, piece by piece."""

# PyAV's packets are generic, and its own methods leave the parameter open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Any, Self, cast

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from audio_core.media.resample import get_channel_layout

__all__ = ["ENCODERS", "Encoder", "choose_rate"]

ENCODERS = {"wav": "pcm_s16le", "mp3": "libmp3lame", "flac": "flac", "ogg": "libopus", "m4a": "aac", "aac": "aac"}
"""Formats that `encode` writes, with FFmpeg's names of their encoders."""
_MUXERS = {"m4a": "ipod", "aac": "adts"}
_BITRATES = {
    "mp3": 64_000,
    "ogg": 24_000,
    "m4a": 64_000,
    "aac": 64_000,
}  # bits a second and channel: transparent for speech
_AAC_RATES = (24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)  # below, the padding of a frame is long
_MPEG_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# Hz that encoders take; WAV and FLAC take any. Opus always decodes at 48 kHz (RFC 6716).
_ENCODER_RATES = {"mp3": _MPEG_RATES, "m4a": _AAC_RATES, "aac": _AAC_RATES, "ogg": (48_000,)}


def choose_rate(format: str, rate: int) -> int:
    """Return the lowest sample rate that an encoder takes and that loses nothing, or the highest that it takes.

    Args:
        format: a key of `ENCODERS`.
        rate: sample rate of the PCM, in Hz.
    """
    rates = _ENCODER_RATES.get(format, (rate,))
    return next((each for each in rates if each >= rate), rates[-1])


class Encoder:
    """An encoder of 16-bit little-endian PCM, to be used as a context manager.

    Args:
        file: a binary file object that is written to. If it cannot seek, headers do not state the length.
        format: a key of `ENCODERS`.
        rate: sample rate of the PCM, in Hz.
        channels: 1 or 2.
    """

    def __init__(self, file: Any, format: str, rate: int, channels: int = 1) -> None:
        self._layout, self._rate, self._block_bytes, self._position = (
            get_channel_layout(channels),
            rate,
            2 * channels,
            0,
        )
        self._container = av.open(file, "w", format=_MUXERS.get(format, format))
        stream = self._container.add_stream(ENCODERS[format], rate=choose_rate(format, rate), layout=self._layout)
        self._stream = cast("AudioStream", stream)
        if format in _BITRATES:
            self._stream.codec_context.bit_rate = _BITRATES[format] * channels

    def write(self, pcm: bytes) -> None:
        """Encode a piece of whole samples."""
        frame = AudioFrame(format="s16", layout=self._layout, samples=len(pcm) // self._block_bytes, align=1)
        frame.planes[0].update(pcm)
        frame.sample_rate, frame.pts = self._rate, self._position
        self._position += frame.samples
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what is left, and close the container; the file stays open."""
        try:
            self._container.mux(self._stream.encode(None))
        except BaseException:
            self._abandon()
            raise
        self._container.close()

    def _abandon(self) -> None:
        """Close the container after an error, which would be lost behind the one of writing in vain once more."""
        with contextlib.suppress(OSError, av.error.FFmpegError):
            self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._abandon()
