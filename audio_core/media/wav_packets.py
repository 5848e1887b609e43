"""Copy stretches of a WAV file of plain samples."""

from __future__ import annotations

import math

from audio_core.audio.content import BytesContent, Content
from audio_core.audio.content_slices import ContentSlice, JoinedContents
from audio_core.media.packets import NotCopyable, PacketCopy
from audio_core.media.riff import walk_chunks
from audio_core.media.wav import build_wav_header, parse_wav_header

__all__ = ["WavPackets"]

_ROUNDING = 1e-4  # of a sample
_MOST_BYTES = 2**32 - 2**16  # that a RIFF header can count


class WavPackets:
    """The samples of a WAV file.

    Args:
        content: the file.

    Raises:
        NotCopyable: if it does not hold plain samples.
    """

    def __init__(self, content: Content) -> None:
        header = parse_wav_header(content)
        if header is None or header.codec is None:
            raise NotCopyable
        self._content, self._header = content, header
        formats = (content.read_at(at, size) for name, at, size in walk_chunks(content) if name == b"fmt ")
        self._format = next(formats)
        self.margin = 2 / header.sample_rate

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the samples of a stretch, as `Packets` says."""
        rate, block, begin = self._header.sample_rate, self._header.block_bytes, self._header.data_start
        first, last = math.floor(start * rate + _ROUNDING), math.ceil(end * rate - _ROUNDING)
        size = (last - first) * block
        if not 0 < size < _MOST_BYTES or begin + last * block > self._content.size:
            raise NotCopyable
        head = build_wav_header(self._format, size)
        samples = ContentSlice(self._content, begin + first * block, size)
        return PacketCopy(JoinedContents([BytesContent(head), samples]), first / rate, last / rate)
