"""The properties of a recording, and the limits that they are held to."""

from __future__ import annotations

from dataclasses import dataclass

from audio_core.audio.audio import Audio
from audio_core.errors import AudioTooLarge

__all__ = ["CHANNELS", "RATES", "Probe", "check_size"]

RATES, CHANNELS = range(1_000, 768_001), range(1, 65)
"""Accepted sample rates (Hz) and channel counts. Only a forged header has others: at 1 Hz, 1 MB lasts for days."""
MAX_FILE_BYTES = 64 * 2**30
"""A larger file is refused before it is read."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The properties of a recording.

    Attributes:
        codec: FFmpeg's name of the codec.
        sample_rate: Hz.
        channels: number of channels.
        duration: seconds, counted packet by packet. For a clip, the time at which it ends, or at which the recording
            ends if that is earlier.
        is_continuous: whether the recording has the same times for whoever ignores its timestamps, as gateways do, and
            nothing stands around its audio that they might not know.
        warnings: what a user must know about the recording.
    """

    codec: str
    sample_rate: int
    channels: int
    duration: float
    is_continuous: bool = True
    warnings: tuple[str, ...] = ()


def check_size(audio: Audio) -> None:
    """Check that a recording is not too large to be decoded, before it is read.

    Raises:
        AudioTooLarge: if it is over `MAX_FILE_BYTES`.
    """
    size = audio.open_content().size
    if size > MAX_FILE_BYTES:
        raise AudioTooLarge(f"{audio.label} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read.")
