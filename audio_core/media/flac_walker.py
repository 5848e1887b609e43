"""Tell whether a FLAC stream that arrives is whole (RFC 9639).

Its frames do not tell their size. So the last frame is looked for once the stream has ended, by its checksums.
"""

from __future__ import annotations

import struct

from audio_core.media.flac import compute_crc16

__all__ = ["FlacWalker"]

_LONGEST_FRAME = 2**17  # bytes; one of speech has a few thousand

_STREAM_INFO = 42  # bytes up to the end of the first block, STREAMINFO
_BLOCK_SIZES = (0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768)


class FlacWalker:
    """Reads the header of a FLAC stream, and holds its end."""

    def __init__(self) -> None:
        self._head, self._tail = b"", bytearray()

    @property
    def seconds(self) -> float:
        """How much audio has arrived, in seconds."""
        end = self._find_end()
        return (end or 0) / self._rate if self._rate else 0.0

    def feed(self, data: bytes) -> None:
        """Read the next bytes."""
        if len(self._head) < _STREAM_INFO:
            self._head = (self._head + data)[:_STREAM_INFO]
        self._tail += data
        if len(self._tail) > 4 * _LONGEST_FRAME:
            del self._tail[:-_LONGEST_FRAME]

    def find_fault(self) -> str | None:
        """Return what is wrong with audio that has ended; None if nothing is."""
        if len(self._head) < _STREAM_INFO:
            return "it ends within its header"
        end = self._find_end()
        if end is None:
            return "it does not end with a whole frame"
        total = int.from_bytes(self._head[21:26], "big") & (1 << 36) - 1
        if total and end < total:
            return "it ends before its header says"
        return None

    @property
    def _rate(self) -> int:
        return int.from_bytes(self._head[18:21], "big") >> 4

    def _find_end(self) -> int | None:
        """Return how many samples there are up to the end of the last frame; None if the stream ends with none."""
        tail = self._tail
        position = len(tail)
        while (position := tail.rfind(b"\xff", max(0, len(tail) - _LONGEST_FRAME), position)) >= 0:
            found = self._parse_frame(bytes(tail[position:]))
            if found is not None:
                return found
        return None

    def _parse_frame(self, frame: bytes) -> int | None:
        """Return the number of the sample behind a frame, if the bytes are one whole frame."""
        if len(frame) < 8 or frame[1] & 0xFE != 0xF8:
            return None
        number_size = _measure_number(frame[4])
        block, rate = frame[2] >> 4, frame[2] & 15
        extra_block, extra_rate = {6: 1, 7: 2}.get(block, 0), {12: 1, 13: 2, 14: 2}.get(rate, 0)
        end = 4 + number_size + extra_block + extra_rate
        if not number_size or len(frame) <= end + 2 or _compute_crc8(frame[:end]) != frame[end]:
            return None
        if compute_crc16(frame) or not (any(frame[-3:]) or compute_crc16(frame[:-3])):  # zeros keep a checksum of 0
            return None
        stated = frame[4 + number_size : 4 + number_size + extra_block]
        samples = int.from_bytes(stated, "big") + 1 if extra_block else _BLOCK_SIZES[block]
        number = _decode_number(frame[4 : 4 + number_size])
        is_variable, (fixed,) = frame[1] & 1, struct.unpack_from(">H", self._head, 10)
        return (number if is_variable else number * fixed) + samples


def _measure_number(first: int) -> int:
    """Return how many bytes a number has that is coded as UTF-8 is; 0 if the first byte begins none."""
    if first < 0x80:
        return 1
    ones = 8 - (first ^ 0xFF).bit_length()
    return ones if 2 <= ones <= 7 else 0


def _decode_number(data: bytes) -> int:
    if len(data) == 1:
        return data[0]
    number = data[0] & (1 << 7 - len(data)) - 1
    for byte in data[1:]:
        number = number << 6 | byte & 0x3F
    return number


def _compute_crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc
