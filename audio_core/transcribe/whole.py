"""A recording that fits into one request: prepare it, send it in the gateway's form, read what comes back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from audio_core.audio import Audio
from audio_core.content import fingerprint
from audio_core.engines import Engine
from audio_core.errors import AudioTooLarge, InvalidRequest, UnknownProvider
from audio_core.http.access import Access
from audio_core.http.body import Body
from audio_core.http.fetch import bring
from audio_core.http.flow import Flow, Response, work
from audio_core.http.gateway import Gateway
from audio_core.http.retry import ask
from audio_core.prepare import taken
from audio_core.transcript import Transcript
from audio_core.wire.chat import Sound
from audio_core.wire.transcription import TranscriptionOptions, json_request, multipart_request, read_transcript

__all__ = ["transcribe_here", "transcribe_there"]

_PATH = "/audio/transcriptions"
_SHARE_OF_LENGTH = 0.5  # a long recording takes its time; giving up early would pay for it twice


def transcribe_here(
    engine: Engine, audio: Audio, access: Access | None, options: TranscriptionOptions, *, gateway: Gateway
) -> Flow[Transcript]:
    """Transcribe with an engine in this process."""
    opened = yield from bring(audio, access, timeout=gateway.timeout, max_retries=gateway.max_retries)
    transcript = yield from work(partial(engine.transcribe, opened, options))
    return (yield from _signed(transcript, audio, opened))


def transcribe_there(
    gateway: Gateway, model: str, audio: Audio, access: Access | None, options: TranscriptionOptions
) -> Flow[Transcript]:
    """Transcribe with one request to a gateway; times are of the original recording, also of a clip.

    Raises:
        UnknownProvider: if the gateway has no transcription endpoint.
        AudioTooLarge: if it takes no recording of this size.
        AudioError: if the recording cannot be opened or is damaged.
        ProviderError: if the gateway refuses or fails.
    """
    row = gateway.provider
    if row.transcription is None:
        raise UnknownProvider(
            f"{row.name} documents no transcription endpoint. Ask its chat models, or another provider."
        )
    opened = yield from bring(audio, access, timeout=gateway.timeout, max_retries=gateway.max_retries)
    sound, seconds = yield from taken(opened, row.upload_formats)
    if row.max_upload_bytes is not None and sound.content.size > row.max_upload_bytes:
        raise AudioTooLarge(
            f"{audio.label} has {sound.content.size:,} bytes as {sound.format}; {row.name} takes "
            f"{row.max_upload_bytes:,}. Send clips of it: Audio.of(..., start=0, end=600)."
        )
    response = yield from _ask(gateway, model, audio, sound, options, seconds)
    read = read_transcript(response.body, response.headers, provider=row.name, model=model, duration=seconds)
    segments = tuple(segment.shifted(audio.start or 0.0) for segment in read.segments)
    return (yield from _signed(replace(read, segments=segments), audio, opened))


def _ask(
    gateway: Gateway, model: str, audio: Audio, sound: Sound, options: TranscriptionOptions, seconds: float
) -> Flow[Response]:
    try:
        return (yield from _ask_once(gateway, model, audio, sound, options, seconds))
    except InvalidRequest as error:
        if "response_format" not in str(error) or "response_format" in (options.extra or {}):
            raise
    # Models that know no segments (OpenAI's gpt-4o-transcribe) refuse verbose_json, before any billing.
    plain = replace(options, words=False, extra={**(options.extra or {}), "response_format": "json"})
    return (yield from _ask_once(gateway, model, audio, sound, plain, seconds))


def _ask_once(
    gateway: Gateway, model: str, audio: Audio, sound: Sound, options: TranscriptionOptions, seconds: float
) -> Flow[Response]:
    call = gateway.post(_PATH, _body(gateway, model, audio, sound, options))
    patient = replace(call, timeout=call.timeout + seconds * _SHARE_OF_LENGTH)
    return (yield from ask(patient, max_retries=gateway.max_retries, doing="transcription"))


def _body(gateway: Gateway, model: str, audio: Audio, sound: Sound, options: TranscriptionOptions) -> Body:
    if gateway.provider.transcription == "json":
        return json_request(model, sound.content, sound.format, options)
    return multipart_request(model, sound.content, audio.name, sound.format, options)


def _signed(transcript: Transcript, audio: Audio, opened: Audio) -> Flow[Transcript]:
    """The transcript with the recording that it is of."""
    sha256 = yield from work(partial(fingerprint, opened.open()))
    return replace(transcript, source=audio.source, sha256=sha256)
