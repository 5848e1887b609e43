"""WAV files of plain samples, whose length their header and size tell without a look at the rest.

Layout: the RIFF chunks `fmt ` and `data`, as Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" (1991)
and `WAVEFORMATEXTENSIBLE` define them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["PlainWav", "parse_plain_wav"]

_STREAMED = 0x7FFF0000  # a writer that could not seek back left 0 or a huge number
_EXTENSIBLE = 0xFFFE
_CODECS = {
    (1, 8): "pcm_u8",
    (1, 16): "pcm_s16le",
    (1, 24): "pcm_s24le",
    (1, 32): "pcm_s32le",
    (3, 32): "pcm_f32le",
    (3, 64): "pcm_f64le",
}


@dataclass(frozen=True, slots=True)
class PlainWav:
    """What a header says: FFmpeg's name of the codec, Hz, channels, and seconds."""

    codec: str
    sample_rate: int
    channels: int
    seconds: float


def parse_plain_wav(head: bytes, size: int) -> PlainWav | None:
    """What is in a WAV file; None if only a decoder can tell, as it is compressed, damaged, cut short or unusual.

    Args:
        head: the first kilobytes of the file.
        size: of the file, in bytes.

    Example:
        >>> wav = tone(2)
        >>> plain_wav(wav[:100], len(wav))
        PlainWav(codec='pcm_s16le', sample_rate=16000, channels=1, seconds=2.0)
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    form: tuple[str, int, int, int] | None = None
    for name, at, length in _walk_chunks(head):
        if name == b"fmt ":
            form = _parse_format(head[at : at + length])
        elif name == b"data":
            return _told(form, length, size - at) if form else None
    return None


def _walk_chunks(head: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and length of each chunk that begins within the head."""
    at = 12
    while at + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, at)
        yield name, at + 8, length
        at += 8 + length + length % 2


def _parse_format(chunk: bytes) -> tuple[str, int, int, int] | None:
    """Codec, rate, channels and bytes of one sample of all channels."""
    if len(chunk) < 16:
        return None
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    codec = _CODECS.get((tag, bits))
    return (codec, rate, channels, block) if codec and rate and block and block == channels * bits // 8 else None


def _told(form: tuple[str, int, int, int], declared: int, there: int) -> PlainWav | None:
    codec, rate, channels, block = form
    is_streamed = not 0 < declared < _STREAMED
    if there < block or (not is_streamed and declared > there):
        return None
    samples = (there if is_streamed else declared) // block
    return PlainWav(codec, rate, channels, samples / rate) if samples else None
