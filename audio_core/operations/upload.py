"""Turn any recording into what a gateway takes: opened, checked, and converted or cut only where it must be."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.audio.content import EncodedAudio
from audio_core.errors import AudioTooLarge, InvalidAudio
from audio_core.http.access import Access
from audio_core.http.download import open_or_download
from audio_core.http.flow import Flow, run_blocking
from audio_core.media.probing import Probe, probe

__all__ = [
    "SHORTEST_SECONDS",
    "WRITABLE_FORMATS",
    "check_audible",
    "choose_format",
    "encode_for_upload",
    "estimate_bytes",
    "is_sent_untouched",
    "measure_seconds",
    "prepare_upload",
]

SHORTEST_SECONDS = 0.1
"""OpenAI refuses less: "Minimum audio length is 0.1 seconds"."""
_log = logging.getLogger(__name__)
_MAX_CHAT_BYTES = 2 * 2**30  # no gateway takes as much in a message
_LONGEST_WAV = 60.0  # seconds; longer audio that must be encoded is compressed
_SPEECH_RATE = 16_000  # Hz times channels; up to this, FLAC takes a tenth of the CPU time of MP3 for twice the bytes
_SHORT_FORMATS = ("wav", "mp3", "flac", "m4a", "ogg")
_SPEECH_FORMATS = ("flac", "mp3", "m4a", "ogg", "wav")
_LONG_FORMATS = ("mp3", "m4a", "ogg", "flac", "wav")
_BYTES_PER_SECOND = {"mp3": 8_000, "m4a": 8_000, "ogg": 3_000}  # of one channel, as `encode` writes them
_PCM_SHARE = {"wav": 2, "flac": 1}  # bytes a sample; FLAC halves speech
WRITABLE_FORMATS = frozenset(_LONG_FORMATS)
"""Names of the formats to which a recording can be converted. A gateway must take one of them."""


def prepare_upload(
    audio: Audio, formats: Sequence[str], access: Access | None, *, timeout: float, max_retries: int
) -> Flow[EncodedAudio]:
    """Open a recording for a chat message, download it if it is remote, and encode it for a gateway.

    Args:
        audio: any recording, with or without a clip.
        formats: names of the formats that the gateway takes. A whole recording in one of these is sent untouched.
        access: what may be opened; None if the developer named the recording.
        timeout: seconds on the wall clock for the download.
        max_retries: how many more requests may follow a failed one.

    Raises:
        AudioError: if the recording may not be opened, is not audio, is too short to hear, is too large for a message,
            is damaged or cut short.
    """
    opened = yield from open_or_download(audio, access, timeout=timeout, max_retries=max_retries)
    encoded = yield from run_blocking(partial(encode_for_upload, opened, formats))
    if encoded.content.size > _MAX_CHAT_BYTES:
        raise AudioTooLarge(
            f"{audio.label} has {encoded.content.size:,} bytes, and a message takes {_MAX_CHAT_BYTES:,}. "
            "Send a clip of it (start=, end=), or transcribe it."
        )
    check_audible(audio, encoded.seconds)
    return encoded


def check_audible(audio: Audio, seconds: float) -> None:
    """Check that a recording is long enough to be heard.

    Args:
        audio: the recording, for its name in the message.
        seconds: how long it is.

    Raises:
        InvalidAudio: if it is shorter than `SHORTEST_SECONDS`.
    """
    if seconds < SHORTEST_SECONDS:
        raise InvalidAudio(
            f"{audio.label} lasts {seconds:.3f} s, which is too short to hear. Send at least {SHORTEST_SECONDS} s."
        )


def encode_for_upload(audio: Audio, formats: Sequence[str], properties: Probe | None = None) -> EncodedAudio:
    """Encode an open recording, or its clip, for a gateway.

    A whole recording in one of the formats stays as it is, if it has the same times for whoever ignores timestamps.

    Args:
        audio: a recording that is not remote.
        formats: names of the formats that the gateway takes.
        properties: what `probe` has returned for the recording; None probes it here.

    Raises:
        InvalidAudio: if the recording is damaged or cut short.
    """
    row, properties = audio.detect_format(), properties or probe(audio)
    if is_sent_untouched(audio, formats, properties):
        _log.info("%s: uploaded as it is, %d bytes of %s.", audio.label, audio.open_content().size, row.name)
        return EncodedAudio(audio.open_content(), row.name, properties.duration, properties.warnings)
    from audio_core.media.decode import encode  # noqa: PLC0415 - FFmpeg is loaded when first needed

    target, warnings = _choose_format(formats, audio, properties), list(properties.warnings)
    content = encode(audio, target, warnings=warnings)
    _log.info("%s: converted from %s, uploaded as %d bytes of %s.", audio.label, row.name, content.size, target)
    seconds = probe(Audio.of(content)).duration  # a clip may reach beyond the recording's end
    return EncodedAudio(content, target, seconds, tuple(dict.fromkeys(warnings)))


def estimate_bytes(audio: Audio, formats: Sequence[str], properties: Probe, seconds: float) -> int:
    """Estimate how many bytes an open recording, or a part of it, will have for a gateway. Nothing is encoded.

    The number is exact for a whole recording that is sent untouched.

    Args:
        audio: a recording that is not remote.
        formats: names of the formats that the gateway takes.
        properties: what `probe` has returned for the recording.
        seconds: how many seconds of it are sent.
    """
    if is_sent_untouched(audio, formats, properties):
        share = seconds / properties.duration if properties.duration else 0.0
        return round(audio.open_content().size * min(1.0, share))
    target, channels = _choose_format(formats, audio, properties), min(properties.channels, 2)
    pcm_bytes = properties.sample_rate * channels * _PCM_SHARE.get(target, 0)
    return round(seconds * _BYTES_PER_SECOND.get(target, pcm_bytes))


def is_sent_untouched(audio: Audio, formats: Sequence[str], properties: Probe) -> bool:
    """Tell whether an open recording is uploaded as it is.

    Args:
        audio: the recording, or a clip of it.
        formats: names of the formats that the gateway takes.
        properties: what `probe` has returned for it.
    """
    row = audio.detect_format()
    is_whole = not audio.is_clip and audio.only_channel is None and audio.track is None
    return is_whole and properties.is_continuous and not row.raw and row.name in formats


def measure_seconds(audio: Audio) -> float:
    """Return how many seconds a recording, or its clip, lasts.

    Args:
        audio: a recording that is not remote.

    Raises:
        InvalidAudio: if it is not audio, or is damaged.
    """
    return max(0.0, probe(audio).duration - (audio.start or 0.0))


def choose_format(formats: Sequence[str], rate: int, seconds: float) -> str:
    """Choose the format that audio is encoded in.

    Args:
        formats: names of the formats that the gateway takes.
        rate: samples of all channels in a second.
        seconds: how long it is.
    """
    preferred = _SPEECH_FORMATS if rate <= _SPEECH_RATE else _LONG_FORMATS
    return next(name for name in (_SHORT_FORMATS if seconds <= _LONGEST_WAV else preferred) if name in formats)


def _choose_format(formats: Sequence[str], audio: Audio, properties: Probe) -> str:
    seconds = properties.duration - (audio.start or 0.0)
    return choose_format(formats, properties.sample_rate * properties.channels, seconds)
