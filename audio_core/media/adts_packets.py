"""Copy stretches of AAC in ADTS frames (ISO/IEC 13818-7), as `.aac` files and broadcasts hold it.

A copy begins with the frame before the stretch, which fades in: a decoder adds its second half to the next one.
"""

from __future__ import annotations

import math

from audio_core.audio.content import Content
from audio_core.audio.content_slices import ContentSlice
from audio_core.audio.mpeg_frames import AAC_RATES, parse_adts_length
from audio_core.media.frame_positions import FramePositions
from audio_core.media.packets import NotCopyable, PacketCopy

__all__ = ["AdtsPackets"]

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
        self._content, self._first = content, content.read_at(first, _HEADER_BYTES)
        self._frames = FramePositions(content, first, _HEADER_BYTES, self._measure)
        if self._measure(self._first) is None or rate not in AAC_RATES[self._first[2] >> 2 & 15 :][:1]:
            raise NotCopyable
        self._frame_seconds = _SAMPLES / rate
        self.margin = (_WARM_UP + 2) * self._frame_seconds

    def _measure(self, header: bytes) -> int | None:
        """Return how many bytes a frame has, by its header; None if it is not one like the first, with a single block."""
        first = self._first
        if len(header) < _HEADER_BYTES or header[:3] != first[:3] or (header[3] ^ first[3]) & 0xF0 or header[6] & 3:
            return None
        length = parse_adts_length(header)
        return length if length > _HEADER_BYTES else None

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the frames of a stretch, as `Packets` says."""
        begin, stop = (seconds / self._frame_seconds for seconds in (start, end))
        first, last = max(0, math.floor(begin + _ROUNDING) - _WARM_UP), math.ceil(stop - _ROUNDING)
        position, end_position = (next(self._frames.walk(number), None) for number in (first, last))
        if position is None or end_position is None or not first < last:
            raise NotCopyable
        copy = ContentSlice(self._content, position, end_position - position)
        return PacketCopy(copy, first * self._frame_seconds, last * self._frame_seconds)
