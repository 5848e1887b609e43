"""Read what the first frame of an MP3 file says about the whole file: its Xing, Info or VBRI header.

Without one, FFmpeg guesses the length from the first bit rate. The guess can be off by a factor of 60.
"""

from __future__ import annotations

__all__ = ["has_frame_count", "parse_byte_count"]

_MARKERS = (b"Xing", b"Info", b"VBRI")
_SEARCHED_BYTES = 512
_HAS_FRAMES, _HAS_BYTES = 1, 2


def has_frame_count(head: bytes) -> bool:
    """Tell whether an MP3 file counts its frames in a Xing, Info or VBRI header, so that its length is exact.

    Args:
        head: the first kilobytes after any ID3 tag.
    """
    return any(marker in head[:_SEARCHED_BYTES] for marker in _MARKERS)


def parse_byte_count(head: bytes) -> int | None:
    """Return how many bytes the frames of an MP3 file have by its header; None if that does not say.

    Args:
        head: the first kilobytes after any ID3 tag.
    """
    if (start := head.find(b"VBRI", 0, _SEARCHED_BYTES)) >= 0:
        return int.from_bytes(head[start + 10 : start + 14], "big") or None
    start = max(head.find(marker, 0, _SEARCHED_BYTES) for marker in (b"Xing", b"Info"))
    flags = int.from_bytes(head[start + 4 : start + 8], "big") if start >= 0 else 0
    if not flags & _HAS_BYTES:
        return None
    position = start + (12 if flags & _HAS_FRAMES else 8)
    return int.from_bytes(head[position : position + 4], "big") or None
