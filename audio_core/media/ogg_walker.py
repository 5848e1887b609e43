"""Walk the pages of an Ogg stream (RFC 3533) as they arrive, and read how long its Opus or Vorbis lasts."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from audio_core.media.ogg import PAGE_HEADER
from audio_core.media.opus import OPUS_RATE

__all__ = ["OggWalker"]

_ENDS_STREAM = 0x04


@dataclass(slots=True)
class _Stream:
    """One of the streams that may follow one another: ticks a second, ticks to drop at the start, ticks that came."""

    rate: int
    skipped: int
    reached: int = 0

    @property
    def seconds(self) -> float:
        """How much audio has arrived, in seconds."""
        return max(0, self.reached - self.skipped) / self.rate


class OggWalker:
    """Walks the pages of an Ogg stream. The last page of each stream says that it is the last."""

    def __init__(self) -> None:
        self._pending, self._skipped = b"", 0
        self._streams: dict[int, _Stream] = {}
        self._open: set[int] = set()
        self._is_lost = False

    @property
    def seconds(self) -> float:
        """How much audio has arrived, in seconds."""
        return sum(stream.seconds for stream in self._streams.values())

    def feed(self, data: bytes) -> None:
        """Read the next bytes."""
        if self._is_lost:
            return
        self._pending += data
        position = 0
        while (size := self._read_page(position)) and not self._is_lost:
            position += size
        self._pending = self._pending[position:]

    def find_fault(self) -> str | None:
        """Return what is wrong with audio that has ended; None if nothing is."""
        if self._is_lost:
            return "what follows its last page is no audio"
        if self._pending:
            return "it ends in the middle of a page"
        return "its last page is missing" if self._open else None

    def _read_page(self, position: int) -> int:
        """Read the page at a position. Return its size in bytes, or 0 if it has not arrived yet."""
        head = self._pending[position : position + PAGE_HEADER.size]
        if len(head) < PAGE_HEADER.size:
            self._is_lost = not b"OggS".startswith(head[:4])
            return 0
        pattern, _, flags, granule, serial, _, _, count = PAGE_HEADER.unpack(head)
        self._is_lost = pattern != b"OggS"
        body = position + PAGE_HEADER.size + count
        size = PAGE_HEADER.size + count + sum(self._pending[position + PAGE_HEADER.size : body])
        if self._is_lost or len(self._pending) < max(body, position + size):
            return 0
        stream = self._streams.setdefault(serial, _parse_stream(self._pending[body : position + size]))
        stream.reached = max(stream.reached, granule)
        (self._open.discard if flags & _ENDS_STREAM else self._open.add)(serial)
        return size


def _parse_stream(packet: bytes) -> _Stream:
    """Read the first packet of a stream. Of another codec than Opus and Vorbis, the length is not known."""
    if packet.startswith(b"OpusHead") and len(packet) >= 12:
        return _Stream(OPUS_RATE, struct.unpack_from("<H", packet, 10)[0])
    if packet.startswith(b"\x01vorbis") and len(packet) >= 16:
        return _Stream(max(1, struct.unpack_from("<I", packet, 12)[0]), 0)
    return _Stream(OPUS_RATE, 0)
