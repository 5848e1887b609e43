"""Count the packets of an Ogg file that is a single stream of Opus or Vorbis (RFC 3533, RFC 7845, Vorbis I)."""

from __future__ import annotations

from collections.abc import Iterator

from audio_core.audio.content import Content
from audio_core.media.ogg_pages import NO_END, OggPacket, OggPages
from audio_core.media.opus import OPUS_RATE, count_opus_samples
from audio_core.media.packets import NotCopyable
from audio_core.media.properties import Probe
from audio_core.media.vorbis import parse_vorbis_stream

__all__ = ["parse_plain_ogg"]

_OPUS_HEAD, _OPUS_TAGS = b"OpusHead", b"OpusTags"
_OPUS_HEAD_BYTES = 19


def parse_plain_ogg(content: Content) -> Probe | None:
    """Tell what an Ogg file holds, and how long it is. Its packets are counted, not decoded.

    FFmpeg's timestamps of Vorbis are off by half a block wherever long blocks change to short ones. So they do not
    tell.

    Returns:
        None if only a decoder can tell: there are several streams, something is missing or damaged, or packets are not
        as long as their pages say.
    """
    try:
        pages = OggPages(content)
        head = pages.read(0).data
        return _count_opus(pages, head) if head.startswith(_OPUS_HEAD) else _count_vorbis(pages)
    except NotCopyable:
        return None


def _count_opus(pages: OggPages, head: bytes) -> Probe:
    skipped, tags = int.from_bytes(head[10:12], "little"), next(pages.read_packets(1), None)
    if len(head) < _OPUS_HEAD_BYTES or tags is None or not tags.data.startswith(_OPUS_TAGS):
        raise NotCopyable
    packets = pages.read_packets(tags.page + 1)
    samples = _sum_samples(pages, ((packet, count_opus_samples(packet.data)) for packet in packets)) - skipped
    if samples <= 0:
        raise NotCopyable
    return Probe("opus", OPUS_RATE, head[9], samples / OPUS_RATE)


def _count_vorbis(pages: OggPages) -> Probe:
    stream = parse_vorbis_stream(pages)
    packets = stream.count_samples(pages.read_packets(stream.first_page))
    return Probe("vorbis", stream.rate, stream.channels, _sum_samples(pages, packets) / stream.rate)


def _sum_samples(pages: OggPages, packets: Iterator[tuple[OggPacket, int]]) -> int:
    """Return how many samples packets have, up to the end that the last page states.

    Raises:
        NotCopyable: if their pages say something else.
    """
    begin = end = 0
    packet, last = None, len(pages) - 1
    for packet, samples in packets:
        begin, end = end, end + samples
        if packet.granule not in (NO_END, end) and packet.page != last:
            raise NotCopyable
    if packet is None or packet.page != last or not begin < packet.granule <= end or not pages.read(last).is_last:
        raise NotCopyable
    return packet.granule
