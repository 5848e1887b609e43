"""From any recording to what a gateway takes: opened, checked, and converted or cut only where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.http.access import Access
from audio_core.http.download import open_or_download
from audio_core.http.flow import Flow, run_blocking
from audio_core.wire.chat_request import EncodedAudio

__all__ = ["encode_cheapest", "encode_for_upload", "measure_seconds", "prepare_upload"]

_LONGEST_WAV = 60.0
"""Seconds; a longer stretch that must be encoded goes out as MP3, at a tenth of the size."""


def prepare_upload(
    audio: Audio, formats: Sequence[str], access: Access | None, *, timeout: float, max_retries: int
) -> Flow[tuple[EncodedAudio, float]]:
    """A recording as a gateway takes it, and its length.

    Args:
        audio: any recording, with or without a clip.
        formats: the format names that the gateway takes. One of these goes out untouched.
        access: what may be opened, or None if the developer named it.
        timeout: seconds on the clock for fetching it, if it is remote.
        max_retries: how many more requests may follow a failed one.

    Returns:
        The sound, and the seconds it lasts.

    Raises:
        AudioError: if it may not be opened, is not audio, is damaged or cut short.
    """
    opened = yield from open_or_download(audio, access, timeout=timeout, max_retries=max_retries)
    return (yield from encode_for_upload(opened, formats))


def encode_for_upload(
    opened: Audio, formats: Sequence[str], end: float | None = None
) -> Flow[tuple[EncodedAudio, float]]:
    """The same for a recording that is open already, and whose end may be known."""
    return (yield from run_blocking(partial(_encode_or_keep, opened, formats, end)))


def measure_seconds(audio: Audio) -> float:
    """How long a recording, or its clip, lasts.

    Args:
        audio: a recording that is not remote.

    Raises:
        InvalidAudio: if it is no audio, or is damaged.
    """
    from audio_core.media.decode import probe  # noqa: PLC0415 - FFmpeg is loaded when first needed

    return max(0.0, probe(audio).duration - (audio.start or 0.0))


def encode_cheapest(audio: Audio, formats: Sequence[str], seconds: float) -> EncodedAudio:
    """A recording in the cheapest of the formats.

    Args:
        audio: a recording that is open, or a clip of it.
        formats: format names to choose from.
        seconds: how long it lasts.
    """
    from audio_core.media.decode import encode  # noqa: PLC0415 - FFmpeg is loaded when first needed

    target = _choose_format(formats, seconds)
    return EncodedAudio(encode(audio, target), target)


def _encode_or_keep(audio: Audio, formats: Sequence[str], end: float | None) -> tuple[EncodedAudio, float]:
    from audio_core.media.decode import probe  # noqa: PLC0415 - FFmpeg is loaded when first needed

    row, end = audio.detect_format(), audio.end if end is None else end
    end = probe(audio).duration if end is None else end
    if not audio.is_clip and audio.only_channel is None and not row.raw and row.name in formats:
        return EncodedAudio(audio.open_content(), row.name), end
    sound = encode_cheapest(audio, formats, end - (audio.start or 0.0))
    return sound, probe(Audio.of(sound.content)).duration  # a clip may reach beyond the recording's end


def _choose_format(formats: Sequence[str], seconds: float) -> str:
    wanted = ("wav", "mp3", "flac", "m4a", "ogg") if seconds <= _LONGEST_WAV else ("mp3", "m4a", "ogg", "flac", "wav")
    return next(name for name in wanted if name in formats)
