"""Walk the chunks of RIFF files, and find the lists of comments that claim to be larger than their file.

FFmpeg allocates what such a list claims: up to 2 GiB for a file of a few bytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from audio_core.audio.content import Content
from audio_core.audio.sniffing import skip_id3_tags

__all__ = ["find_safe_end", "walk_chunks"]

_FORMS = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"ON2 ")
_SIZE_IS_IN_DS64 = (b"RF64", b"BW64")
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # of samples that were written as a stream
_MAX_CHUNKS = 1000  # a forged file may hold millions of empty ones
_BLOCK_BYTES = 2**20
_INFO_LIST = re.compile(rb"LIST(?P<size>.{4})INFO", re.DOTALL)


def walk_chunks(content: Content, start: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, position and size of each chunk of a RIFF file, in bytes. Only their heads are read.

    Args:
        content: the file.
        start: position of the RIFF header.
    """
    form, position, data_size = content.read_at(start, 4), start + 12, 0
    for _ in range(_MAX_CHUNKS):
        head = content.read_at(position, 8)
        if len(head) < 8:
            return
        name, size = struct.unpack(">4sI" if form == b"RIFX" else "<4sI", head)
        yield name, position + 8, size
        if name == b"ds64":
            data_size = int.from_bytes(content.read_at(position + 16, 8), "little")
        if name == b"data" and form in _SIZE_IS_IN_DS64:
            size = data_size
        elif name == b"data" and size in _UNKNOWN_SIZES:
            return
        position += 8 + size + size % 2  # chunks of an odd size are padded


def find_safe_end(content: Content) -> int:
    """Return up to which position FFmpeg may read a file.

    It is the file's end, or the beginning of a list that claims to reach beyond that. Behind such a list there is
    nothing else to read.
    """
    start = skip_id3_tags(content)
    head = content.read_at(start, 12)
    if head[:4] not in _FORMS:
        return content.size
    lists = _walk_lists(content, start) if head[8:] == b"WAVE" else _search_lists(content, start)
    return next((position for position, end in lists if end > content.size), content.size)


def _walk_lists(content: Content, start: int) -> Iterator[tuple[int, int]]:
    """Yield beginning and end of each list of a WAV file, and as one without end what is too many chunks to walk."""
    chunks = list(walk_chunks(content, start))
    yield from ((position - 8, position + size) for name, position, size in chunks if name == b"LIST")
    if len(chunks) == _MAX_CHUNKS:
        yield chunks[-1][1] - 8, content.size + 1


def _search_lists(content: Content, start: int) -> Iterator[tuple[int, int]]:
    """Yield beginning and end of each list of comments of an AVI file, in which any list may hold others."""
    for block_start in range(start, content.size, _BLOCK_BYTES):
        for match in _INFO_LIST.finditer(content.read_at(block_start, _BLOCK_BYTES + 11)):
            position = block_start + match.start()
            yield position, position + 8 + int.from_bytes(match["size"], "little")
