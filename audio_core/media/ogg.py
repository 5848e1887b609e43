"""Whether one can jump in an Ogg file: only within one stream that was written in one piece.

Streams that stand one after the other (chained, RFC 3533 §4) start their positions anew, and what is damaged hides them.
"""

from __future__ import annotations

import struct

from audio_core.audio.content import Content

__all__ = ["is_one_stream_until"]

_PAGE = struct.Struct("<4sBBqIIIB")  # RFC 3533 §6: mark, version, flags, position, serial, number, checksum, lengths
_LONGEST_HEADER = _PAGE.size + 255
_BEGINS_STREAM = 0x02


def is_one_stream_until(position: int, content: Content) -> bool:
    """Whether one unbroken stream reaches from the file's beginning to a position; only the headers of pages are read.

    Args:
        position: in units of the stream's granule position, such as samples.
        content: the file.

    Returns:
        False also if the stream ends before.
    """
    at = reached = 0
    first: int | None = None
    while len(head := content.read_at(at, _LONGEST_HEADER)) >= _PAGE.size:
        mark, _, flags, granule, serial, _, _, lengths = _PAGE.unpack_from(head)
        first = serial if first is None else first
        begins = bool(flags & _BEGINS_STREAM)
        if mark != b"OggS" or serial != first or begins != (at == 0) or -1 < granule < reached:
            return False
        if granule >= position:
            return True
        reached = max(reached, granule)
        at += _PAGE.size + lengths + sum(head[_PAGE.size : _PAGE.size + lengths])
    return False
