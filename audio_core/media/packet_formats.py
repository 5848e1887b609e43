"""Open the packets of a recording whose stretches can be copied."""

from __future__ import annotations

from collections.abc import Callable, Container

from audio_core.audio.audio import Audio
from audio_core.media.adts_packets import AdtsPackets
from audio_core.media.demux import open_demuxer
from audio_core.media.flac_packets import FlacPackets
from audio_core.media.mp3_packets import Mp3Packets
from audio_core.media.mp4 import parse_mp4_sound
from audio_core.media.mp4_packets import Mp4Packets
from audio_core.media.opus_packets import OpusPackets, write_opus
from audio_core.media.packets import NotCopyable, Packets
from audio_core.media.properties import Probe
from audio_core.media.track import is_alone
from audio_core.media.vorbis_packets import VorbisPackets
from audio_core.media.wav_packets import WavPackets

__all__ = ["open_packets"]


def open_packets(audio: Audio, properties: Probe, formats: Container[str]) -> Packets | None:
    """Open the packets of a recording, or return None if stretches of it must be encoded.

    That is so for formats that are not listed here, files that are not plain, and more than two channels, which not
    every decoder mixes so that nothing is lost.

    Args:
        audio: a recording that is not remote, or a clip of it.
        properties: what `probe` has returned for it.
        formats: names of the formats that copies may have. That is the recording's own, but Ogg for
            Opus in Matroska, and M4A for MP4.
    """
    name = audio.detect_format().name
    is_plain = properties.is_continuous and audio.only_channel is None and audio.track is None
    open_format = _OPENERS.get(name) if _COPIED_AS.get(name, name) in formats else None
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


def _open_mp4(audio: Audio) -> Packets:
    content = audio.open_content()
    sound = parse_mp4_sound(content)
    if sound.skipped is not None:
        return Mp4Packets(content, sound, sound.skipped / sound.timescale)
    with open_demuxer(audio) as demuxer:
        return Mp4Packets(content, sound, demuxer.origin)


def _open_aac(audio: Audio) -> Packets:
    with open_demuxer(audio) as demuxer:
        packet, codec = next(demuxer.read_packets(), None), demuxer.stream.codec_context
        if packet is None or packet.pos is None or demuxer.origin or codec.profile != "LC":
            raise NotCopyable
        return AdtsPackets(audio.open_content(), packet.pos, codec.sample_rate)


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


def _open_matroska(audio: Audio) -> Packets:
    """Write the packets to an Ogg file, as in Matroska only those before a packet tell its time to the sample."""
    with open_demuxer(audio) as demuxer:
        codec = demuxer.stream.codec_context
        if codec.name != "opus" or not is_alone(demuxer.stream, demuxer.container):
            raise NotCopyable
        packets, head = demuxer.read_packets(), codec.extradata or b""
        return OpusPackets(write_opus(head, (bytes(packet) for packet in packets)))


_MOST_CHANNELS = 2
_COPIED_AS = {"webm": "ogg", "mkv": "ogg", "mp4": "m4a"}
_OPENERS: dict[str, Callable[[Audio], Packets]] = {
    "mp3": _open_mp3,
    "flac": lambda audio: FlacPackets(audio.open_content()),
    "ogg": _open_ogg,
    "webm": _open_matroska,
    "mkv": _open_matroska,
    "m4a": _open_mp4,
    "mp4": _open_mp4,
    "aac": _open_aac,
    "wav": lambda audio: WavPackets(audio.open_content()),
}
