"""Tell how long a recording is, and whether it is whole.

What is sent untouched is not decoded. So plain WAV, FLAC, MP3, Ogg and M4A are read here, frame by frame where need be,
and FFmpeg is loaded only for what is unusual, damaged, or in another format: loading it takes 20 MB, and more CPU time
than most files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.audio.seen_files import SeenFiles
from audio_core.media.clock import check_seconds
from audio_core.media.flac import parse_plain_flac
from audio_core.media.mp3 import parse_plain_mp3
from audio_core.media.mp4 import parse_plain_mp4
from audio_core.media.ogg_probing import parse_plain_ogg
from audio_core.media.properties import CHANNELS, RATES, Probe, check_size
from audio_core.media.wav import parse_plain_wav

__all__ = ["Probe", "probe", "probe_plain"]

_PARSERS: dict[str, Callable[[Content], Probe | None]] = {
    "wav": parse_plain_wav,
    "flac": parse_plain_flac,
    "mp3": parse_plain_mp3,
    "ogg": parse_plain_ogg,
    "m4a": parse_plain_mp4,
    "mp4": parse_plain_mp4,
}
_SOUGHT = {"mp3", "ogg", "m4a", "mp4"}  # FFmpeg need not read what is before the end of a clip
_seen_files = SeenFiles[Probe]()
"""Properties of whole files. A recording in a conversation is sent again, and probed again, with each message."""


def probe(audio: Audio) -> Probe:
    """Read a recording's properties and duration without decoding it.

    The duration comes from the packets, or for a clip from a seek to its end where the format allows one. A file that
    was probed as a whole, and has not changed since, is not read again.

    Raises:
        InvalidAudio: if the recording holds no audio, is damaged, or ends before its header says.
        UnsupportedFormat: if its codec, sample rate or channel count is not supported.
        AudioTooLarge: if its packets last longer than `MAX_SECONDS`.

    Example:
        >>> probe(Audio.of("examples/audio/talk.ogg")).codec
        'opus'
    """
    check_size(audio)
    audio = audio.with_content(audio.open_content())  # of a path, the same file throughout
    if audio.end is not None or audio.track is not None or audio.stated_pcm is not None:
        return _probe(audio)
    properties = _seen_files.find(audio.open_content())
    if properties is None:
        properties = _probe(audio)
        _seen_files.note(audio.open_content(), properties)
    return properties


def _probe(audio: Audio) -> Probe:
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
    if name not in _PARSERS or audio.track or (name in _SOUGHT and audio.end is not None):
        return None
    plain = _PARSERS[name](audio.open_content())
    if plain is None or plain.sample_rate not in RATES or plain.channels not in CHANNELS:
        return None
    seconds = plain.duration if audio.end is None else min(plain.duration, audio.end)
    check_seconds(seconds)
    return replace(plain, duration=round(seconds, 6))
