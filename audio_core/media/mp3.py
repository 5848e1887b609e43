"""Tell whether an MP3 header states the file's length.

Without a Xing, Info or VBRI header, FFmpeg guesses the length from the first bit rate. The guess can be off by a factor
of 60.
"""

from __future__ import annotations

__all__ = ["has_frame_count", "measure_id3_tag"]

_ID3_HEADER_BYTES = 10


def has_frame_count(head: bytes) -> bool:
    """Tell whether an MP3 file counts its frames in a Xing, Info or VBRI header, so that its length is exact.

    Args:
        head: the first kilobytes after any ID3 tag.
    """
    return any(marker in head[:512] for marker in (b"Xing", b"Info", b"VBRI"))


def measure_id3_tag(head: bytes) -> int:
    """Return how many bytes of ID3v2 tag precede the audio (ID3v2.4 structure, §3.1: a 28-bit size).

    Example:
        >>> measure_id3_tag(b"ID3" + bytes([4, 0, 0, 0, 0, 1, 0]))
        138
    """
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER_BYTES:
        return 0
    size = 0
    for byte in head[6:_ID3_HEADER_BYTES]:
        size = size << 7 | byte & 0x7F
    return size + _ID3_HEADER_BYTES
