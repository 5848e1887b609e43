"""Tell whether an MP3 header states the file's length.

Without a Xing, Info or VBRI header, FFmpeg guesses the length from the first bit rate. The guess can be off by a factor
of 60.
"""

from __future__ import annotations

__all__ = ["has_frame_count"]


def has_frame_count(head: bytes) -> bool:
    """Tell whether an MP3 file counts its frames in a Xing, Info or VBRI header, so that its length is exact.

    Args:
        head: the first kilobytes after any ID3 tag.
    """
    return any(marker in head[:512] for marker in (b"Xing", b"Info", b"VBRI"))
