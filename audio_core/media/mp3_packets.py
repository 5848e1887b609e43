"""Copy stretches of an MP3 file (ISO/IEC 11172-3 and 13818-3, layer III).

The bits of a frame may begin in the frames before it, in the "bit reservoir". So a copy begins with the frames that
hold these bits, muted: their side information is zero, which says that nothing in them is sound. They decode to
silence.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from itertools import islice, pairwise

from audio_core.audio.content import BytesContent, Content
from audio_core.audio.content_slices import ContentSlice, JoinedContents
from audio_core.audio.mpeg_frames import MpegFrame, parse_mpeg_frame
from audio_core.media.frame_positions import FramePositions
from audio_core.media.mp3 import list_lengths
from audio_core.media.packets import NotCopyable, PacketCopy

__all__ = ["Mp3Packets", "open_mp3_frames"]

_HEADER_BYTES, _CRC_BYTES = 4, 2
_MPEG1_SAMPLES = 1152  # of a frame
_MOST_MUTED = 12  # frames; at 32 kbit/s, a reservoir of 511 bytes lies in eight
_HAS_FRAMES, _HAS_BYTES = 1, 2  # flags of what counts the frames
_COUNTING_BITRATE = 0x80  # 112 or 64 kbit/s: there is room for the counts at any sample rate
_ROUNDING = 1e-6  # of a frame


class Mp3Packets:
    """The frames of an MP3 file.

    Args:
        content: the file.
        first: position of the first frame that holds sound.
        origin: how much of the beginning a decoder of the whole file leaves out, in seconds.

    Raises:
        NotCopyable: if there is no frame of layer III.
    """

    def __init__(self, content: Content, first: int, origin: float) -> None:
        self._content, self._origin = content, origin
        self._first, frame = _read_first_header(content, first)
        self._frames, self._frame_seconds = open_mp3_frames(content, first)
        self._lengths = list_lengths(self._first)
        self._side_info, is_mpeg1 = frame.side_info, frame.samples == _MPEG1_SAMPLES
        self._reservoir_shift = 7 if is_mpeg1 else 8  # 9 bits tell where the bits of a frame begin, or 8
        self._warm_up = 1 if is_mpeg1 else 2  # frames, until the decoder's filters have settled
        self.margin = (_MOST_MUTED + self._warm_up + 2) * self._frame_seconds

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the frames of a stretch, as `Packets` says."""
        begin, end = ((seconds + self._origin) / self._frame_seconds for seconds in (start, end))
        first, last = max(0, math.floor(begin + _ROUNDING) - self._warm_up), math.ceil(end - _ROUNDING)
        before = max(0, first - _MOST_MUTED)
        positions = list(islice(self._frames.walk(before), first - before + 1))
        stop = next(self._frames.walk(last), None)
        if stop is None or len(positions) <= first - before:
            raise NotCopyable
        muted = self._mute_reservoir(positions)
        sound = ContentSlice(self._content, positions[-1], stop - positions[-1])
        parts, count = [BytesContent(b"".join(muted)), sound], last - first + len(muted)
        copy = JoinedContents([BytesContent(self._count(JoinedContents(parts), count)), *parts])
        return PacketCopy(
            copy, (last - count) * self._frame_seconds - self._origin, last * self._frame_seconds - self._origin
        )

    def _count(self, frames: Content, count: int) -> bytes:
        """Return a frame that counts others, unless the size of the first of them tells how many there are.

        Some decoders guess by that, and stop too early. The frame names no encoder: decoders leave out what that has
        padded.
        """
        first = parse_mpeg_frame(frames.read_at(0, _HEADER_BYTES))
        if first and abs(frames.size - count * first.length) <= count:  # padded by a byte or not
            return b""
        header = bytes([0xFF, self._first[1] | 1, self._first[2] & 0x0C | _COUNTING_BITRATE, self._first[3]])
        length = self._lengths[header]
        counts = struct.pack(">4sIII", b"Xing", _HAS_FRAMES | _HAS_BYTES, count, frames.size + length)
        return (header + bytes(self._side_info) + counts).ljust(length, b"\0")

    def _mute_reservoir(self, positions: Sequence[int]) -> list[bytes]:
        """Return the frames that hold the first bits of the frame at the last position, muted."""
        frames = [self._content.read_at(start, end - start) for start, end in pairwise(positions)]
        needed, first = self._read_reservoir(positions[-1]), len(frames)
        while needed > 0 and first > 0:
            first -= 1
            needed -= len(frames[first]) - self._find_main_data(frames[first])
        muted, held = list[bytes](), 0
        for frame in frames[first:]:
            muted.append(self._mute(frame, held))
            held += len(frame) - self._find_main_data(frame)
        return muted

    def _mute(self, frame: bytes, held: int) -> bytes:
        """Return a frame that is silent, whose bits begin `held` bytes before it, so that a decoder keeps these."""
        begin = min(held, (1 << 16 >> self._reservoir_shift) - 1) << self._reservoir_shift
        side_information = begin.to_bytes(2, "big").ljust(self._find_main_data(frame) - _HEADER_BYTES, b"\0")
        header = bytes([frame[0], frame[1] | 1, *frame[2:_HEADER_BYTES]])  # without a checksum
        return header + side_information + frame[self._find_main_data(frame) :]

    def _read_reservoir(self, position: int) -> int:
        """Return how many bytes before a frame its bits begin."""
        frame = self._content.read_at(position, _HEADER_BYTES + _CRC_BYTES + 2)
        start = _find_side_information(frame)
        return int.from_bytes(frame[start : start + 2], "big") >> self._reservoir_shift

    def _find_main_data(self, frame: bytes) -> int:
        return _find_side_information(frame) + self._side_info


def open_mp3_frames(content: Content, first: int) -> tuple[FramePositions, float]:
    """Return the positions of the frames of a file, and how long each is, in seconds.

    Args:
        content: the file.
        first: position of the first frame.

    Raises:
        NotCopyable: if there is no frame of layer III.
    """
    head, frame = _read_first_header(content, first)
    positions = FramePositions(content, first, _HEADER_BYTES, list_lengths(head).get)
    return positions, frame.samples / frame.sample_rate


def _read_first_header(content: Content, first: int) -> tuple[bytes, MpegFrame]:
    head = content.read_at(first, _HEADER_BYTES)
    frame = parse_mpeg_frame(head)
    if frame is None:
        raise NotCopyable
    return head, frame


def _find_side_information(frame: bytes) -> int:
    return _HEADER_BYTES if frame[1] & 1 else _HEADER_BYTES + _CRC_BYTES
