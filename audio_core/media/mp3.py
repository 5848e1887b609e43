"""Follow the frames of an MP3 file, and read what the first one says about the whole file.

That is its Xing, Info or VBRI header. Without one, FFmpeg guesses the length from the first bit rate. The guess can be
off by a factor of 60.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from audio_core.audio.content import Content
from audio_core.audio.mpeg_frames import MpegFrame, parse_mpeg_frame
from audio_core.audio.sniffing import skip_id3_tags
from audio_core.media.properties import Probe

__all__ = ["has_frame_count", "list_lengths", "parse_byte_count", "parse_plain_mp3"]

_MARKERS = (b"Xing", b"Info", b"VBRI")
_SEARCHED_BYTES = 512
_HAS_FRAMES, _HAS_BYTES, _HAS_SEEK_TABLE, _HAS_QUALITY = 1, 2, 4, 8
_BLOCK_BYTES = 256 * 1024
_FEWEST_FRAMES = 10  # that prove that a file is MP3
_ID3V1_BYTES, _APE_HEADER_BYTES = 128, 32
_LONGEST_PADDING = 0.2  # seconds
_DECODER_DELAY = 529  # samples that every decoder puts before the first
_KNOW_DELAYS = (b"LAME", b"Lavf", b"Lavc")


@dataclass(frozen=True, slots=True)
class _FrameCount:
    """What a Xing or Info header counts: frames, their bytes, and samples that players remove at both ends."""

    frames: int
    size: int
    removed: int


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


def parse_plain_mp3(content: Content) -> Probe | None:
    """Tell what an MP3 file holds, and how long it is. Its frames are counted by their headers, not decoded.

    Returns:
        None if only a decoder can tell: its frames do not follow one another to the end, or not as the first one says.
    """
    start = skip_id3_tags(content)
    head = content.read_at(start, _SEARCHED_BYTES)
    first = parse_mpeg_frame(head[:4])
    if first is None:
        return None
    stated = _parse_frame_count(head, first)
    if stated is None and has_frame_count(head):
        return None
    count, end = _count_frames(content, start + (first.length if stated else 0))
    if count < _FEWEST_FRAMES or not _has_only_tags_after(content, end):
        return None
    if stated and (stated.frames, stated.size) != (count, end - start):
        return None
    samples = count * first.samples - (stated.removed if stated else 0)
    return Probe("mp3float", first.sample_rate, first.channels, samples / first.sample_rate)


def _parse_frame_count(head: bytes, first: MpegFrame) -> _FrameCount | None:
    """Read a Xing or Info header with both counts (http://gabriel.mp3-tech.org/mp3infotag.html)."""
    start = 4 + first.side_info
    flags = int.from_bytes(head[start + 4 : start + 8], "big")
    if head[start : start + 4] not in (b"Xing", b"Info") or flags & 3 != _HAS_FRAMES | _HAS_BYTES:
        return None
    position = start + 16 + (100 if flags & _HAS_SEEK_TABLE else 0) + (4 if flags & _HAS_QUALITY else 0)
    knows_delays = head[position : position + 4] in _KNOW_DELAYS
    delays = int.from_bytes(head[position + 21 : position + 24], "big") if knows_delays else 0
    delay, padding = delays >> 12, max(delays & 0xFFF, _DECODER_DELAY if knows_delays else 0)
    if padding - _DECODER_DELAY >= _LONGEST_PADDING * first.sample_rate:  # which players do not remove
        return None
    frames, size = (int.from_bytes(head[at : at + 4], "big") for at in (start + 8, start + 12))
    return _FrameCount(frames, size, delay + padding)


def _has_only_tags_after(content: Content, end: int) -> bool:
    """Tell whether nothing follows, or an APEv2 tag, an ID3v1 tag or both."""
    rest = content.size - end
    if content.read_at(content.size - _ID3V1_BYTES, 3) == b"TAG":
        rest -= _ID3V1_BYTES
    head = content.read_at(end, _APE_HEADER_BYTES)
    return rest == 0 or (head[:8] == b"APETAGEX" and int.from_bytes(head[12:16], "little") == rest - _APE_HEADER_BYTES)


def _count_frames(content: Content, start: int) -> tuple[int, int]:
    """Count the frames that follow one another from `start` on, of the same kind as the first.

    Returns:
        How many there are, and where the last of them ends, in bytes.
    """
    count, position, lengths = 0, start, list_lengths(content.read_at(start, 4))
    while (data := content.read_at(position, _BLOCK_BYTES)) and data[:4] in lengths:
        at = 0
        while (length := lengths.get(data[at : at + 4])) is not None:
            count, at = count + 1, at + length
        position += at
    return count, position


def list_lengths(header: bytes) -> dict[bytes, int]:
    """Return the lengths of the frames that FFmpeg takes for the same kind as one, by their headers."""
    if parse_mpeg_frame(header) is None:
        return {}
    version, rate, mode = header[1] & 0xFE, header[2] & 0x0C, header[3] & 0xCF
    seconds, fourths = (version, version | 1), (mode | extension << 4 for extension in range(4))
    thirds = (bitrate << 4 | rate | flags for bitrate in range(1, 15) for flags in range(4))
    headers = map(bytes, itertools.product((0xFF,), seconds, thirds, fourths))
    return {header: frame.length for header in headers if (frame := parse_mpeg_frame(header))}
