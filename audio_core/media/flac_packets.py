"""Copy stretches of a FLAC file (RFC 9639), frame by frame, numbered from 0, as some decoders want it.

The number is in a frame's header, which two checksums cover. That of the whole frame is corrected by what has changed,
as a checksum is linear: the other bytes are not looked at.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import BinaryIO

from audio_core.audio.content import Content, FileContent
from audio_core.audio.sniffing import skip_id3_tags
from audio_core.media.flac import build_crc_table, compute_crc16, encode_number, find_number_end, list_frames
from audio_core.media.packets import NotCopyable, PacketCopy

__all__ = ["FlacPackets"]

_LONGEST_FRAME = 0.11  # seconds; more before the start of a piece would be heard
_STREAMINFO = 8  # where its data begins: behind the mark and the header of a block
_MARK = b"fLaC\x80\0\0\x22"  # and the header of its only block
_ROUNDING = 1e-6  # of a frame
_BATCH = 64  # frames that are read at once
_SIZE_BYTES, _RATE_BYTES = {6: 1, 7: 2}, {12: 1, 13: 2, 14: 2}  # of a header, by codes in its third byte
_CRC8_POLYNOMIAL, _CRC16_POLYNOMIAL = 0x107, 0x18005


class FlacPackets:
    """The frames of a FLAC file.

    Args:
        content: the file.

    Raises:
        NotCopyable: if its frames are not plain, or so long that what comes before a stretch would be heard.
    """

    def __init__(self, content: Content) -> None:
        found = list_frames(content)
        if found is None or found[0].frame_samples > _LONGEST_FRAME * found[0].sample_rate:
            raise NotCopyable
        self._content = content
        self._info, self._positions = found
        self._positions.append(content.size)
        self._stream_info = content.read_at(skip_id3_tags(content) + _STREAMINFO, 34)
        self.margin = 2 * self._info.frame_samples / self._info.sample_rate

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the frames of a stretch, as `Packets` says."""
        size, rate = self._info.frame_samples, self._info.sample_rate
        first, last = math.floor(start * rate / size + _ROUNDING), math.ceil(end * rate / size - _ROUNDING)
        if not first < last < len(self._positions):
            raise NotCopyable
        samples = min(last * size, self._info.samples) - first * size
        content = FileContent.write_temporary(lambda file: self._write(file, first, last, samples))
        return PacketCopy(content, first * size / rate, (first * size + samples) / rate)

    def _write(self, file: BinaryIO, first: int, last: int, samples: int) -> None:
        kept = int.from_bytes(self._stream_info[10:18], "big") >> 36 << 36
        sizes, counts = (
            self._stream_info[:4] + bytes(6),
            (kept | samples).to_bytes(8, "big"),
        )  # of frames in bytes: unknown
        file.write(_MARK + sizes + counts + bytes(16))  # nor is the hash of all samples known
        for begin in range(first, last, _BATCH):
            frames = self._read_frames(begin, min(begin + _BATCH, last))
            renumbered = (_renumber(frame, number) for number, frame in enumerate(frames, begin - first))
            file.write(b"".join(chain.from_iterable(renumbered)))

    def _read_frames(self, first: int, last: int) -> Iterator[memoryview]:
        start, ends = self._positions[first], self._positions[first : last + 1]
        data = memoryview(self._content.read_at(start, ends[-1] - start))
        return (data[begin - start : end - start] for begin, end in pairwise(ends))


def _renumber(frame: memoryview, number: int) -> tuple[bytes, memoryview, bytes]:
    """Return the parts of a frame with another number and the checksums that belong to it."""
    begin = find_number_end(frame)
    end = begin + _SIZE_BYTES.get(frame[2] >> 4, 0) + _RATE_BYTES.get(frame[2] & 15, 0)
    head = b"".join((frame[:4], encode_number(number), frame[begin:end]))
    head += bytes([_compute_crc8(head)])
    body = frame[end + 1 : -2]
    change = compute_crc16(head) ^ compute_crc16(frame[: end + 1])
    checksum = int.from_bytes(frame[-2:], "big") ^ _multiply(change, _raise(len(body)))
    return head, body, checksum.to_bytes(2, "big")


def _compute_crc8(data: bytes) -> int:
    crc, table = 0, _build_crc8_table()
    for byte in data:
        crc = table[crc ^ byte]
    return crc


@functools.cache
def _build_crc8_table() -> list[int]:
    table = list(range(0x100))
    for _ in range(8):
        table = [crc << 1 ^ (_CRC8_POLYNOMIAL if crc & 0x80 else 0) for crc in table]
    return table


@functools.lru_cache(maxsize=2**14)
def _raise(count: int) -> int:
    """Return what so many bytes of zeros make of a checksum of 1."""
    if count == 0:
        return 1
    half = _raise(count // 2)
    crc = _multiply(half, half)
    return (crc << 8 & 0xFFFF) ^ build_crc_table()[crc >> 8] if count % 2 else crc


def _multiply(first: int, second: int) -> int:
    """Multiply polynomials over two elements, modulo that of the checksum."""
    product = 0
    while second:
        if second & 1:
            product ^= first
        first <<= 1
        if first & 0x10000:
            first ^= _CRC16_POLYNOMIAL
        second >>= 1
    return product
