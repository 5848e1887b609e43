"""Turn any recording into what a gateway takes: opened, checked, and converted or cut only where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.audio.content import EncodedAudio
from audio_core.http.access import Access
from audio_core.http.download import open_or_download
from audio_core.http.flow import Flow, run_blocking

__all__ = ["encode_for_upload", "measure_seconds", "prepare_upload"]

_LONGEST_WAV = 60.0  # seconds; longer audio that must be encoded is sent as MP3, at a tenth of the size
_SHORT_FORMATS = ("wav", "mp3", "flac", "m4a", "ogg")
_LONG_FORMATS = ("mp3", "m4a", "ogg", "flac", "wav")


def prepare_upload(
    audio: Audio, formats: Sequence[str], access: Access | None, *, timeout: float, max_retries: int
) -> Flow[EncodedAudio]:
    """Open a recording, download it if it is remote, and encode it for a gateway.

    Args:
        audio: any recording, with or without a clip.
        formats: names of the formats that the gateway takes. A whole recording in one of these is sent untouched.
        access: what may be opened; None if the developer named the recording.
        timeout: seconds on the wall clock for the download.
        max_retries: how many more requests may follow a failed one.

    Raises:
        AudioError: if the recording may not be opened, is not audio, is damaged or cut short.
    """
    opened = yield from open_or_download(audio, access, timeout=timeout, max_retries=max_retries)
    return (yield from run_blocking(partial(encode_for_upload, opened, formats)))


def encode_for_upload(audio: Audio, formats: Sequence[str], end: float | None = None) -> EncodedAudio:
    """Encode an open recording, or its clip, for a gateway.

    Args:
        audio: a recording that is not remote.
        formats: names of the formats that the gateway takes. A whole recording in one of these stays as it is.
        end: where the recording or clip ends, in seconds of the recording, if that is known.

    Raises:
        InvalidAudio: if the recording is damaged or cut short.
    """
    from audio_core.media.decode import encode, probe  # noqa: PLC0415 - FFmpeg is loaded when first needed

    row, end = audio.detect_format(), audio.end if end is None else end
    end = probe(audio).duration if end is None else end
    if not audio.is_clip and audio.only_channel is None and not row.raw and row.name in formats:
        return EncodedAudio(audio.open_content(), row.name, end)
    target = _choose_format(formats, end - (audio.start or 0.0))
    content = encode(audio, target)
    seconds = probe(Audio.of(content)).duration  # a clip may reach beyond the recording's end
    return EncodedAudio(content, target, seconds)


def measure_seconds(audio: Audio) -> float:
    """Return how many seconds a recording, or its clip, lasts.

    Args:
        audio: a recording that is not remote.

    Raises:
        InvalidAudio: if it is not audio, or is damaged.
    """
    from audio_core.media.decode import probe  # noqa: PLC0415 - FFmpeg is loaded when first needed

    return max(0.0, probe(audio).duration - (audio.start or 0.0))


def _choose_format(formats: Sequence[str], seconds: float) -> str:
    preferred = _SHORT_FORMATS if seconds <= _LONGEST_WAV else _LONG_FORMATS
    return next(name for name in preferred if name in formats)
