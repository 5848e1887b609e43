"""Copy stretches of AAC in ADTS frames (ISO/IEC 13818-7), as `.aac` files and broadcasts hold it.

A copy begins with the frame before the stretch, which fades in: a decoder adds its second half to the next one.
"""

from __future__ import annotations

import functools
import math

from audio_core.audio.content import Content
from audio_core.audio.content_slices import ContentSlice
from audio_core.audio.mpeg_frames import AAC_RATES, parse_adts_length
from audio_core.media.frame_positions import FramePositions
from audio_core.media.packets import NotCopyable, PacketCopy

__all__ = ["AdtsPackets", "open_adts_frames"]

_HEADER_BYTES = 7
_SAMPLES = 1024  # of a frame
_WARM_UP = 1  # frame
_ROUNDING = 1e-6  # of a frame


class AdtsPackets:
    """The frames of an ADTS file.

    Args:
        content: the file.
        first: position of the first frame.
        rate: sample rate that it decodes to, in Hz.

    Raises:
        NotCopyable: if its frames hold something else than AAC-LC of one rate.
    """

    def __init__(self, content: Content, first: int, rate: int) -> None:
        self._content = content
        self._frames, self._frame_seconds = open_adts_frames(content, first)
        if rate != round(_SAMPLES / self._frame_seconds):
            raise NotCopyable
        self.margin = (_WARM_UP + 2) * self._frame_seconds

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the frames of a stretch, as `Packets` says."""
        begin, stop = (seconds / self._frame_seconds for seconds in (start, end))
        first, last = max(0, math.floor(begin + _ROUNDING) - _WARM_UP), math.ceil(stop - _ROUNDING)
        position, end_position = (next(self._frames.walk(number), None) for number in (first, last))
        if position is None or end_position is None or not first < last:
            raise NotCopyable
        copy = ContentSlice(self._content, position, end_position - position)
        return PacketCopy(copy, first * self._frame_seconds, last * self._frame_seconds)


def open_adts_frames(content: Content, first: int) -> tuple[FramePositions, float]:
    """Return the positions of the frames of a file, and how long each is, in seconds.

    Args:
        content: the file.
        first: position of the first frame.

    Raises:
        NotCopyable: if there is no frame, or one of several blocks.
    """
    head = content.read_at(first, _HEADER_BYTES)
    rates = AAC_RATES[head[2] >> 2 & 15 :][:1] if _measure(head, head) else ()
    if not rates:
        raise NotCopyable
    return FramePositions(content, first, _HEADER_BYTES, functools.partial(_measure, head)), _SAMPLES / rates[0]


def _measure(first: bytes, header: bytes) -> int | None:
    """Return how many bytes a frame has, by its header; None if it is not one like the first, with a single block."""
    if len(header) < _HEADER_BYTES or header[:3] != first[:3] or (header[3] ^ first[3]) & 0xF0 or header[6] & 3:
        return None
    length = parse_adts_length(header)
    return length if length > _HEADER_BYTES else None
