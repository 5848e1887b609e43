"""How long a file says that it is, where its header can be trusted to know.

A file that ends before its promise was cut off. Estimates are no promise: FFmpeg guesses the duration of ADTS and of MP3
without a Xing header from the first bit rate, and was seen to be wrong by a factor of 60.
"""

from __future__ import annotations

import struct

__all__ = ["has_frame_count", "promised_wav_bytes"]

_STREAMED = 0x7FFF0000  # a writer that could not seek back left 0 or a huge number
_ID3_HEADER = 10


def promised_wav_bytes(head: bytes) -> int | None:
    """The size of a WAV's sample data by its header; None if it was written as a stream.

    Args:
        head: the first kilobytes of the file.

    Example:
        >>> promised_wav_bytes(b"RIFF....WAVEdata" + (8).to_bytes(4, "little"))
        8
    """
    at = head.find(b"data", 12)
    if at < 0 or len(head) < at + 8:
        return None
    (size,) = struct.unpack_from("<I", head, at + 4)
    return size if 0 < size < _STREAMED else None


def has_frame_count(head: bytes) -> bool:
    """Whether an MP3 counts its frames in a Xing, Info or VBRI header, so that its duration is exact.

    Args:
        head: the first kilobytes after any ID3 tag.
    """
    return any(mark in head[:512] for mark in (b"Xing", b"Info", b"VBRI"))


def measure_id3_tag(head: bytes) -> int:
    """How many bytes of ID3v2 tag stand before the audio (ID3v2.4 structure, §3.1: a 28-bit size).

    Example:
        >>> id3_bytes(b"ID3" + bytes([4, 0, 0, 0, 0, 1, 0]))
        138
    """
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER:
        return 0
    size = 0
    for byte in head[6:_ID3_HEADER]:
        size = size << 7 | byte & 0x7F
    return size + _ID3_HEADER
