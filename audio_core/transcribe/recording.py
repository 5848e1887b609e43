"""A recording, however long: in this process, in one request if it fits, else in pieces."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from audio_core.audio import Audio
from audio_core.content import fingerprint
from audio_core.engines import Engine
from audio_core.errors import UnknownProvider
from audio_core.http.access import Access
from audio_core.http.fetch import bring
from audio_core.http.flow import Flow, work
from audio_core.http.gateway import Gateway
from audio_core.prepare import end_of, taken
from audio_core.transcribe.long import LONGEST_REQUEST, transcribe_long
from audio_core.transcribe.request import transcribed
from audio_core.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["transcribe_here", "transcribe_there"]


def transcribe_here(
    engine: Engine, audio: Audio, access: Access | None, options: TranscriptionOptions, *, gateway: Gateway
) -> Flow[Transcript]:
    """Transcribe with an engine in this process."""
    opened = yield from bring(audio, access, timeout=gateway.timeout, max_retries=gateway.max_retries)
    transcript = yield from work(partial(engine.transcribe, opened, options))
    return (yield from _signed(transcript, audio, opened))


def transcribe_there(
    gateway: Gateway,
    model: str,
    audio: Audio,
    access: Access | None,
    options: TranscriptionOptions,
    *,
    at_once: int,
) -> Flow[Transcript]:
    """Transcribe with a gateway; times are of the original recording, also of a clip.

    What the gateway takes in one request goes out untouched; anything longer is cut at pauses.

    Raises:
        UnknownProvider: if the gateway has no transcription endpoint.
        AudioError: if the recording cannot be opened or is damaged.
        TranscriptionIncomplete: if a piece of it failed.
        ProviderError: if the gateway refuses or fails.
    """
    row = gateway.provider
    if row.transcription is None:
        raise UnknownProvider(
            f"{row.name} documents no transcription endpoint. Ask its chat models, or another provider."
        )
    opened = yield from bring(audio, access, timeout=gateway.timeout, max_retries=gateway.max_retries)
    end = yield from work(partial(end_of, opened))
    if end - (audio.start or 0.0) <= (row.max_upload_seconds or LONGEST_REQUEST):
        sound, seconds = yield from taken(opened, row.upload_formats)
        if row.max_upload_bytes is None or sound.content.size <= row.max_upload_bytes:
            heard = yield from transcribed(gateway, model, audio.name, sound, options, seconds)
            segments = tuple(segment.shifted(audio.start or 0.0) for segment in heard.segments)
            return (yield from _signed(replace(heard, segments=segments), audio, opened))
    pieced = yield from transcribe_long(gateway, model, opened, options, seconds=end, at_once=at_once)
    return (yield from _signed(pieced, audio, opened))


def _signed(transcript: Transcript, audio: Audio, opened: Audio) -> Flow[Transcript]:
    """The transcript with the recording that it is of."""
    sha256 = yield from work(partial(fingerprint, opened.open()))
    return replace(transcript, source=audio.source, sha256=sha256)
