"""Read the headers of a Vorbis stream (Vorbis I), which tell how many samples each of its packets has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from audio_core.media.ogg_pages import OggPacket, OggPages
from audio_core.media.packets import NotCopyable

__all__ = ["VorbisStream", "parse_vorbis_stream"]

_HEADERS = [b"\x01vorbis", b"\x03vorbis", b"\x05vorbis"]
_MODE_BITS, _MOST_MODES, _MOST_MAPPINGS = 41, 64, 64


@dataclass(frozen=True, slots=True)
class VorbisStream:
    """What the headers of a stream say.

    Attributes:
        head: the first of the three packets that describe the others.
        setup: the last of them.
        first_page: the page on which the packets with sound begin.
        sizes: of the blocks of each mode, in samples.
    """

    head: bytes
    setup: bytes
    first_page: int
    sizes: tuple[int, ...]

    @property
    def rate(self) -> int:
        """Sample rate in Hz."""
        return int.from_bytes(self.head[12:16], "little")

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.head[11]

    def count_samples(self, packets: Iterable[OggPacket]) -> Iterator[tuple[OggPacket, int]]:
        """Yield packets with how many samples a decoder gives out for each: none for the first that it gets.

        Raises:
            NotCopyable: if a packet holds no sound.
        """
        before = 0
        for packet in packets:
            size = self._measure_block(packet.data)
            yield packet, (before + size) // 4 if before else 0
            before = size

    def _measure_block(self, packet: bytes) -> int:
        mode = packet[0] >> 1 & (1 << (len(self.sizes) - 1).bit_length()) - 1 if packet else len(self.sizes)
        if mode >= len(self.sizes) or packet[0] & 1:
            raise NotCopyable
        return self.sizes[mode]


def parse_vorbis_stream(pages: OggPages) -> VorbisStream:
    """Read the headers of a stream.

    Raises:
        NotCopyable: if they are not those of Vorbis.
    """
    headers = list(islice(pages.read_packets(0), len(_HEADERS)))
    if [header.data[:7] for header in headers] != _HEADERS or len(headers[0].data) < 30:
        raise NotCopyable
    head, setup = headers[0].data, headers[2].data
    short, long = 1 << (head[28] & 15), 1 << (head[28] >> 4)
    sizes = tuple(long if is_long else short for is_long in _parse_modes(setup))
    stream = VorbisStream(head, setup, headers[2].page + 1, sizes)
    if not sizes or not stream.rate or stream.first_page >= len(pages):
        raise NotCopyable
    return stream


def _parse_modes(setup: bytes) -> list[bool]:
    """Tell whether the blocks of each mode are long. The modes end the header, before a bit that is set.

    It is read from its end, as FFmpeg does it: what comes before the modes has no length. A mode has a bit for its
    blocks, 32 that are zero, and 8 for its mapping. Before the first of them, six bits say how many there are.
    """
    bits = int.from_bytes(setup, "little")
    position, modes, found = bits.bit_length() - 1, list[bool](), list[bool]()
    while position > _MODE_BITS and len(modes) < _MOST_MODES:
        position -= _MODE_BITS
        mode = bits >> position & (1 << _MODE_BITS) - 1
        if mode >> 1 & 0xFFFFFFFF or mode >> 33 >= _MOST_MAPPINGS:
            break
        modes.insert(0, bool(mode & 1))
        if (bits >> max(0, position - 6) & _MOST_MODES - 1) + 1 == len(modes):
            found = list(modes)
    return found
