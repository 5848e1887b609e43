"""Tell how long a recording is, and whether it is whole.

What is sent untouched is not decoded. So plain WAV, FLAC and MP3 are read here, frame by frame where need be, and FFmpeg is
loaded only for what is unusual, damaged, or in another format: loading it takes 20 MB, and more CPU time than most files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.media.clock import check_seconds
from audio_core.media.flac import parse_plain_flac
from audio_core.media.mp3 import parse_plain_mp3
from audio_core.media.properties import CHANNELS, RATES, Probe, check_size
from audio_core.media.wav import parse_plain_wav

__all__ = ["Probe", "probe", "probe_plain"]

_PARSERS: dict[str, Callable[[Content], Probe | None]] = {
    "wav": parse_plain_wav,
    "flac": parse_plain_flac,
    "mp3": parse_plain_mp3,
}


def probe(audio: Audio) -> Probe:
    """Read a recording's properties and duration without decoding it.

    The duration comes from the packets, or for a clip from a seek to its end where the format allows one.

    Raises:
        InvalidAudio: if the recording holds no audio, is damaged, or ends before its header says.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
        AudioTooLarge: if its packets last longer than `MAX_SECONDS`.

    Example:
        >>> probe(Audio.of("examples/audio/talk.ogg")).codec
        'opus'
    """
    check_size(audio)
    if plain := probe_plain(audio):
        return plain
    from audio_core.media.decode import probe_packets  # noqa: PLC0415 - FFmpeg is loaded when first needed

    return probe_packets(audio)


def probe_plain(audio: Audio) -> Probe | None:
    """Do what `probe` does without FFmpeg, many times faster. Most uploads are such files.

    Returns:
        None if only FFmpeg can tell: the format is another, or the file is unusual, damaged or cut short.

    Raises:
        AudioTooLarge: if the recording lasts longer than `MAX_SECONDS`.
    """
    name = audio.detect_format().name
    if name not in _PARSERS or audio.track or (name == "mp3" and audio.end is not None):  # FFmpeg seeks in MP3
        return None
    plain = _PARSERS[name](audio.open_content())
    if plain is None or plain.sample_rate not in RATES or plain.channels not in CHANNELS:
        return None
    seconds = plain.duration if audio.end is None else min(plain.duration, audio.end)
    check_seconds(seconds)
    return replace(plain, duration=round(seconds, 6))
