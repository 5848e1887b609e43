"""Open the packets of a recording whose stretches can be copied."""

from __future__ import annotations

from collections.abc import Callable

from audio_core.audio.audio import Audio
from audio_core.media.demux import open_demuxer
from audio_core.media.flac_packets import FlacPackets
from audio_core.media.mp3_packets import Mp3Packets
from audio_core.media.mp4_packets import Mp4Packets
from audio_core.media.opus_packets import OpusPackets
from audio_core.media.packets import NotCopyable, Packets
from audio_core.media.properties import Probe
from audio_core.media.vorbis_packets import VorbisPackets
from audio_core.media.wav_packets import WavPackets

__all__ = ["open_packets"]


def open_packets(audio: Audio, properties: Probe) -> Packets | None:
    """Open the packets of a recording, or return None if stretches of it must be encoded.

    That is so for formats that are not listed here, files that are not plain, and more than two channels, which not every
    decoder mixes so that nothing is lost.

    Args:
        audio: a recording that is not remote, or a clip of it.
        properties: what `probe` has returned for it.
    """
    is_plain = properties.is_continuous and audio.only_channel is None and audio.track is None
    open_format = _OPENERS.get(audio.detect_format().name)
    if open_format is None or not is_plain or properties.channels > _MOST_CHANNELS:
        return None
    try:
        return open_format(audio)
    except NotCopyable:
        return None


def _open_mp3(audio: Audio) -> Packets:
    with open_demuxer(audio) as demuxer:
        packet = next(demuxer.read_packets(), None)
        if packet is None or packet.pos is None or packet.pts != 0:
            raise NotCopyable
        return Mp3Packets(audio.open_content(), packet.pos, demuxer.origin)


def _open_ogg(audio: Audio) -> Packets:
    content = audio.open_content()
    with open_demuxer(audio) as demuxer:
        if demuxer.origin:
            raise NotCopyable
        if demuxer.stream.codec_context.name == "vorbis":
            return VorbisPackets(content)
        packets, packet = OpusPackets(content), next(demuxer.read_packets(), None)
        if packet is None or packet.pts != -packets.skipped:
            raise NotCopyable
    return packets


_MOST_CHANNELS = 2
_OPENERS: dict[str, Callable[[Audio], Packets]] = {
    "mp3": _open_mp3,
    "flac": lambda audio: FlacPackets(audio.open_content()),
    "ogg": _open_ogg,
    "m4a": Mp4Packets,
    "mp4": Mp4Packets,
    "wav": lambda audio: WavPackets(audio.open_content()),
}
