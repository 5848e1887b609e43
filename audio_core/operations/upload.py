"""From any recording to what a gateway takes: opened, checked, and converted or cut only where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.http.access import Access
from audio_core.http.download import bring
from audio_core.http.flow import Flow, work
from audio_core.wire.chat_request import Sound

__all__ = ["encoded", "prepared", "seconds_of", "taken"]

_LONGEST_WAV = 60.0
"""Seconds; a longer stretch that must be encoded goes out as MP3, at a tenth of the size."""


def prepared(
    audio: Audio, formats: Sequence[str], access: Access | None, *, timeout: float, max_retries: int
) -> Flow[tuple[Sound, float]]:
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
    opened = yield from bring(audio, access, timeout=timeout, max_retries=max_retries)
    return (yield from taken(opened, formats))


def taken(opened: Audio, formats: Sequence[str], end: float | None = None) -> Flow[tuple[Sound, float]]:
    """The same for a recording that is open already, and whose end may be known."""
    return (yield from work(partial(_as_taken, opened, formats, end)))


def seconds_of(audio: Audio) -> float:
    """How long a recording, or its clip, lasts.

    Args:
        audio: a recording that is not remote.

    Raises:
        InvalidAudio: if it is no audio, or is damaged.
    """
    from audio_core.media.decode import probe  # noqa: PLC0415 - FFmpeg is loaded when first needed

    return max(0.0, probe(audio).duration - (audio.start or 0.0))


def encoded(audio: Audio, formats: Sequence[str], seconds: float) -> Sound:
    """A recording in the cheapest of the formats.

    Args:
        audio: a recording that is open, or a clip of it.
        formats: format names to choose from.
        seconds: how long it lasts.
    """
    from audio_core.media.decode import encode  # noqa: PLC0415 - FFmpeg is loaded when first needed

    target = _cheapest(formats, seconds)
    return Sound(encode(audio, target), target)


def _as_taken(audio: Audio, formats: Sequence[str], end: float | None) -> tuple[Sound, float]:
    from audio_core.media.decode import probe  # noqa: PLC0415 - FFmpeg is loaded when first needed

    row, end = audio.sniffed(), audio.end if end is None else end
    end = probe(audio).duration if end is None else end
    if not audio.is_clip and audio.only_channel is None and not row.raw and row.name in formats:
        return Sound(audio.open(), row.name), end
    sound = encoded(audio, formats, end - (audio.start or 0.0))
    return sound, probe(Audio.of(sound.content)).duration  # a clip may reach beyond the recording's end


def _cheapest(formats: Sequence[str], seconds: float) -> str:
    wanted = ("wav", "mp3", "flac", "m4a", "ogg") if seconds <= _LONGEST_WAV else ("mp3", "m4a", "ogg", "flac", "wav")
    return next(name for name in wanted if name in formats)
