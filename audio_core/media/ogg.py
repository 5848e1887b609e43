"""Read the pages of Ogg files: where the last one ends, and whether a seek is reliable.

A seek is reliable only within a single unbroken stream.

Chained streams (RFC 3533 §4) follow one another in one file, and each restarts its positions. Damaged pages can hide
where one stream ends and the next begins.
"""

from __future__ import annotations

import struct

from audio_core.audio.content import Content

__all__ = ["BEGINS_STREAM", "LONGEST_HEADER", "PAGE_HEADER", "find_end_of_last_page", "is_one_stream_between"]

# RFC 3533 §6: capture pattern, version, flags, granule position, serial, sequence number, checksum, number of lengths
PAGE_HEADER = struct.Struct("<4sBBqIIIB")
LONGEST_HEADER = PAGE_HEADER.size + 255
_LONGEST_PAGE = LONGEST_HEADER + 255 * 255
BEGINS_STREAM = 0x02


def is_one_stream_between(first: float, last: float, content: Content) -> bool:
    """Tell whether a single unbroken stream reaches from the file's beginning over a stretch.

    Only the page headers are read.

    Args:
        first: where the stretch begins, in units of the stream's granule position, such as samples.
        last: where it ends, if the file does not end before.
        content: the file.

    Returns:
        False also if the file ends before the stretch begins.
    """
    offset = reached = 0
    first_serial: int | None = None
    while len(head := content.read_at(offset, LONGEST_HEADER)) >= PAGE_HEADER.size:
        pattern, _, flags, granule, serial, _, _, length_count = PAGE_HEADER.unpack_from(head)
        first_serial = serial if first_serial is None else first_serial
        is_first_page = bool(flags & BEGINS_STREAM)
        if (
            pattern != b"OggS"
            or serial != first_serial
            or is_first_page != (offset == 0)
            or -1 < granule < reached  # -1: no packet ends on this page
        ):
            return False
        if granule >= last:
            return True
        reached = max(reached, granule)
        offset += PAGE_HEADER.size + length_count + sum(head[PAGE_HEADER.size : PAGE_HEADER.size + length_count])
    return reached >= first


def find_end_of_last_page(content: Content) -> int | None:
    """Return where the last page of a file ends by its own header, in bytes; None if no page is found near the end."""
    tail_start = max(0, content.size - _LONGEST_PAGE)
    tail = content.read_at(tail_start, _LONGEST_PAGE)
    start = tail.rfind(b"OggS")
    head = tail[start:]
    if start < 0 or len(head) < PAGE_HEADER.size:
        return None
    length_count = head[PAGE_HEADER.size - 1]
    lengths = head[PAGE_HEADER.size : PAGE_HEADER.size + length_count]
    return tail_start + start + PAGE_HEADER.size + length_count + sum(lengths)
