"""Tell how many samples the packets of Opus have (RFC 6716)."""

from __future__ import annotations

from audio_core.media.packets import NotCopyable

__all__ = ["OPUS_RATE", "count_opus_samples"]

OPUS_RATE = 48_000
"""Hz of all times of Opus, whatever the input had (RFC 7845, 4)."""
_COUNTED = 3  # of a packet that says how many frames it holds
# samples of a frame, by the first five bits of a packet (RFC 6716, table 2)
_FRAMES = [480, 960, 1920, 2880] * 3 + [480, 960] * 2 + [120, 240, 480, 960] * 4
_SAMPLES = [0 if head & 3 == _COUNTED else _FRAMES[head >> 3] * (min(head & 3, 1) + 1) for head in range(256)]


def count_opus_samples(packet: bytes) -> int:
    """Return how many samples a packet has (RFC 6716, 3.1).

    Raises:
        NotCopyable: if it does not tell.
    """
    samples = _SAMPLES[packet[0]] if packet else 0
    if not samples and len(packet) > 1:
        samples = _FRAMES[packet[0] >> 3] * (packet[1] & 63)
    if not samples:
        raise NotCopyable
    return samples
