"""Tell whether a file ends before its own headers say that its audio data does.

Only sizes in bytes prove that a file was cut short. A number of seconds in a header may be nominal, of the video, or
wrong, so it proves nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from audio_core.audio.content import Content
from audio_core.audio.sniffing import measure_id3_tag
from audio_core.media.mp3 import has_frame_count, parse_byte_count
from audio_core.media.ogg import find_end_of_last_page
from audio_core.media.wav import STREAMED, parse_wav_header

__all__ = ["find_missing_bytes", "has_header_length"]

_MISSING_BYTES, _MISSING_SHARE = 4096, 0.001  # how far a file may fall short, as writers miscount a little
_HEAD_BYTES = 4096
_WITHOUT_LENGTH = {"aac", "ac3", "amr", "asf", "au", "eac3", "mpeg", "mpegts", "ogg", "wav"}  # FFmpeg computes one
_MOST_RIFF_CHUNKS = 1000
_EBML_UNKNOWN = {(1 << 7 * length) - 1 for length in range(1, 9)}
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def find_missing_bytes(content: Content, container: str) -> int:
    """Return how many bytes a file lacks at its end.

    Args:
        content: the file.
        container: FFmpeg's name of the container.

    Returns:
        0 also where the file does not say how large it should be, or lacks next to nothing.
    """
    find_end = _END_FINDERS.get(container)
    end = find_end(content) if find_end else None
    if end is None:
        return 0
    tolerance = 0 if container == "ogg" else max(_MISSING_BYTES, _MISSING_SHARE * end)  # a broken page is lost whole
    missing = end - content.size
    return missing if missing > tolerance else 0


def has_header_length(content: Content, container: str) -> bool:
    """Tell whether a length that FFmpeg reports stands in the file, and is not computed from its size or bit rate."""
    return container not in _WITHOUT_LENGTH and (container != "mp3" or has_frame_count(_read_mp3_head(content)[1]))


def _find_wav_end(content: Content) -> int | None:
    header = parse_wav_header(content)
    return header.data_start + header.data_bytes if header and header.data_bytes else None


def _find_avi_end(content: Content) -> int | None:
    """Find the end of the last chunk `RIFF`: files of a gigabyte or more have several (OpenDML AVI 1.02)."""
    position = 0
    for _ in range(_MOST_RIFF_CHUNKS):
        name, size = struct.unpack("<4sI", content.read_at(position, 8).ljust(8, b"\0"))
        if name != b"RIFF":
            break
        if not 0 < size < STREAMED:
            return None
        position += 8 + size + size % 2
    return position or None


def _find_aiff_end(content: Content) -> int | None:
    return 8 + int.from_bytes(content.read_at(4, 4), "big")


def _find_au_end(content: Content) -> int | None:
    start, size = struct.unpack(">II", content.read_at(4, 8).ljust(8, b"\0"))
    return None if size == 0xFFFFFFFF else start + size


def _find_w64_end(content: Content) -> int | None:
    return int.from_bytes(content.read_at(16, 8), "little")  # after the GUID of the file


def _find_caf_end(content: Content) -> int | None:
    """Find the end of the chunk `data` (Apple Core Audio Format Specification 1.0)."""
    position = 8
    while len(head := content.read_at(position, 12)) == 12:
        name, size = struct.unpack(">4sq", head)
        if name == b"data" or size < 0:
            return position + 12 + size if size >= 0 else None
        position += 12 + size
    return None


def _find_mp3_end(content: Content) -> int | None:
    start, head = _read_mp3_head(content)
    size = parse_byte_count(head)
    return start + size if size else None


def _read_mp3_head(content: Content) -> tuple[int, bytes]:
    """Return where the first frame is, and the bytes from there on."""
    start = measure_id3_tag(content.read_at(0, _HEAD_BYTES))
    return start, content.read_at(start, _HEAD_BYTES)


def _find_matroska_end(content: Content) -> int | None:
    """Find the end of the segment (RFC 8794, RFC 9559), unless it was written as a stream, without its size."""
    head, position = content.read_at(0, _HEAD_BYTES), 0
    for identifier in (b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"):
        if head[position : position + 4] != identifier or len(head) < position + 12:
            return None
        length = 9 - head[position + 4].bit_length()
        size = int.from_bytes(head[position + 4 : position + 4 + length], "big") & ((1 << 7 * length) - 1)
        position += 4 + length
        if size in _EBML_UNKNOWN:
            return None
        position += size
    return position


def _find_asf_end(content: Content) -> int | None:
    """Find the end in the File Properties Object (Advanced Systems Format Specification 3.2)."""
    head = content.read_at(0, _HEAD_BYTES)
    start = head.find(_ASF_FILE_PROPERTIES)
    if start < 0 or len(head) < start + 92:
        return None
    size, flags = int.from_bytes(head[start + 40 : start + 48], "little"), head[start + 88]
    return None if flags & 1 else size  # a broadcast does not know its size


_END_FINDERS: dict[str, Callable[[Content], int | None]] = {
    "aiff": _find_aiff_end,
    "asf": _find_asf_end,
    "au": _find_au_end,
    "avi": _find_avi_end,
    "caf": _find_caf_end,
    "matroska": _find_matroska_end,
    "mp3": _find_mp3_end,
    "ogg": find_end_of_last_page,
    "w64": _find_w64_end,
    "wav": _find_wav_end,
}
