"""Follow the frames of a FLAC file (RFC 9639), which tell whether it is whole, without decoding them."""

from __future__ import annotations

import contextlib
import functools
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from audio_core.audio.content import Content
from audio_core.audio.sniffing import skip_id3_tags
from audio_core.media.properties import Probe

__all__ = [
    "StreamInfo",
    "build_crc_table",
    "compute_crc16",
    "encode_number",
    "find_number_end",
    "is_numbered_throughout",
    "list_frames",
    "parse_frame_samples",
    "parse_plain_flac",
]

_STREAMINFO_BYTES = 34
_STREAMINFO_HEADS = (b"\0\0\0\x22", b"\x80\0\0\x22")  # of a block that is followed by others, or is alone
_MAX_BLOCKS = 1000  # of metadata
_SYNC = b"\xff\xf8"  # of frames that all have the same number of samples, but for the last
_HEADER_BYTES = 16  # of a frame, at most
_BLOCK_BYTES = 256 * 1024
_LONGEST_FRAME = 2**20  # bytes; a longer one is damage
_LOOKS, _LOOK_BYTES = 16, 128 * 1024  # places of a file at which its frames are looked at; two frames fit in
_MAX_FRAMES = 0x110000  # whose numbers are written as UTF-8 writes characters
_CRC_POLYNOMIAL = 0x8005


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What the metadata says: samples of a frame, Hz, channels, samples in all, and where the first frame is."""

    frame_samples: int
    sample_rate: int
    channels: int
    samples: int
    frames_start: int


def parse_plain_flac(content: Content) -> Probe | None:
    """Tell what a FLAC file holds, and how long it is. Its frames are found and counted, not decoded.

    Returns:
        None if only a decoder can tell: frames are missing, the last is damaged, nobody counted the samples, the frames
        are of several lengths, or something follows them.
    """
    found = list_frames(content)
    if found is None:
        return None
    info, _ = found
    return Probe("flac", info.sample_rate, info.channels, info.samples / info.sample_rate)


def _parse_stream_info(content: Content) -> StreamInfo | None:
    """Read the first metadata block, and step over those that follow."""
    position = skip_id3_tags(content) + 4
    head = content.read_at(position, 4 + _STREAMINFO_BYTES)
    if head[:4] not in _STREAMINFO_HEADS:
        return None
    for _ in range(_MAX_BLOCKS):
        block = content.read_at(position, 4)
        position += 4 + int.from_bytes(block[1:], "big")
        if block[:1] >= b"\x80":  # the last one
            return _unpack_stream_info(head[4:], position)
    return None


def _unpack_stream_info(block: bytes, frames_start: int) -> StreamInfo | None:
    shortest, longest = int.from_bytes(block[:2], "big"), int.from_bytes(block[2:4], "big")
    fields = int.from_bytes(block[10:18], "big")  # 20 bits of rate, 3 of channels, 5 of width, 36 of samples
    rate, channels, samples = fields >> 44, (fields >> 41 & 7) + 1, fields & (1 << 36) - 1
    return StreamInfo(shortest, rate, channels, samples, frames_start) if rate and shortest == longest else None


def list_frames(content: Content) -> tuple[StreamInfo, array[int]] | None:
    """Return what the metadata says, and where each frame begins, in bytes.

    Returns:
        None if only a decoder can tell, as `parse_plain_flac` says.
    """
    info = _parse_stream_info(content)
    if info is None or not info.frame_samples < info.samples < info.frame_samples * _MAX_FRAMES:
        return None
    head = content.read_at(info.frames_start, _HEADER_BYTES)
    if head[:2] != _SYNC or parse_frame_samples(head) != info.frame_samples:
        return None
    frames = array("q", _find_frames(content, info.frames_start, head[:3]))
    count, rest = divmod(info.samples, info.frame_samples)
    if rest and frames:
        frames.append(_find_short_frame(content, frames[-1], len(frames), rest))
    return (info, frames) if len(frames) == count + bool(rest) and _is_whole_frame(content, frames[-1]) else None


def _find_frames(content: Content, start: int, sync: bytes) -> Iterator[int]:
    """Yield where each frame is that begins as the first does and is numbered in order, in bytes."""
    count, number = 0, encode_number(0)
    for position in range(start, content.size, _BLOCK_BYTES):
        data, at = content.read_at(position, _BLOCK_BYTES + _HEADER_BYTES), -1
        while (at := data.find(sync, at + 1, _BLOCK_BYTES + len(sync) - 1)) >= 0:
            if data.startswith(number, at + 4):
                yield position + at
                count += 1
                number = encode_number(count)


def is_numbered_throughout(content: Content) -> bool:
    """Tell whether frames are numbered from the beginning of a file to its end. Those of joined files are not.

    A few places are looked at, so that a file of any size costs the same.

    Args:
        content: the file.

    Returns:
        False also if that cannot be told so.
    """
    info = _parse_stream_info(content)
    if info is None:
        return False
    sync, step = content.read_at(info.frames_start, 3), (content.size - info.frames_start) // _LOOKS
    looks = [_list_numbers(content, info.frames_start + step * look, sync) for look in range(_LOOKS)]
    last = _list_numbers(content, max(info.frames_start, content.size - _LOOK_BYTES), sync)
    if not all((*looks, last)):
        return False
    is_whole = last[-1] == info.samples // info.frame_samples - 1 if info.samples else last[-1] >= looks[-1][0]
    return is_whole and all(before[0] <= after[0] for before, after in pairwise(looks))


def _list_numbers(content: Content, position: int, sync: bytes) -> list[int]:
    """Return the numbers of frames near a position that follow the number before them: others are no frames."""
    data, at, numbers = content.read_at(position, _LOOK_BYTES), -1, list[int]()
    while (at := data.find(sync, at + 1, len(data) - _HEADER_BYTES)) >= 0:
        head = data[at : at + _HEADER_BYTES]
        with contextlib.suppress(UnicodeDecodeError):
            numbers.append(ord(head[4 : find_number_end(head)].decode("utf-8", "surrogatepass")))
    known = set(numbers)
    return [number for number in numbers if number - 1 in known]


def _find_short_frame(content: Content, start: int, number: int, samples: int) -> int:
    """Return where the last frame begins, which has fewer samples; -1 if there is none with this number."""
    data, at = content.read_at(start, 2 * _LONGEST_FRAME), 0
    while (at := data.find(_SYNC, at + 1)) >= 0:
        head, encoded = data[at : at + _HEADER_BYTES], encode_number(number)
        if head.startswith(encoded, 4) and parse_frame_samples(head.ljust(_HEADER_BYTES)) == samples:
            return start + at
    return -1


def parse_frame_samples(head: bytes) -> int:
    """Return how many samples a frame has, by its first 16 bytes; 0 if they are no valid header."""
    if len(head) < _HEADER_BYTES:
        return 0
    code, position = head[2] >> 4, find_number_end(head)
    if code in (6, 7):
        return int.from_bytes(head[position : position + code - 5], "big") + 1
    return 0 if not code else 192 if code == 1 else 576 << code - 2 if code < 6 else 256 << code - 8


def find_number_end(head: bytes | memoryview) -> int:
    """Return where the number of a frame ends in its header."""
    return 4 + max(1, 8 - (head[4] ^ 0xFF).bit_length())


def encode_number(number: int) -> bytes:
    """Return the number of a frame as its header holds it."""
    return chr(number).encode("utf-8", "surrogatepass")


def _is_whole_frame(content: Content, start: int) -> bool:
    """Tell whether the file ends with the checksum of the frame that begins at `start`."""
    if start < 0 or content.size - start > _LONGEST_FRAME:
        return False
    frame = content.read_at(start, content.size - start)
    return compute_crc16(frame) == 0 and frame[-2:] != b"\0\0"  # zeros behind it would not change the sum


def compute_crc16(data: bytes | memoryview) -> int:
    """Return the checksum of a frame; it is 0 if the frame ends with its own checksum."""
    crc, table = 0, build_crc_table()
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ table[crc >> 8 ^ byte]
    return crc


@functools.cache
def build_crc_table() -> list[int]:
    """Return what each byte does to a checksum of 16 bits."""
    table = list(range(0, 0x10000, 0x100))
    for _ in range(8):
        table = [(crc << 1 ^ (_CRC_POLYNOMIAL if crc & 0x8000 else 0)) & 0xFFFF for crc in table]
    return table
