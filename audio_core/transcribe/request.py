"""One request for a transcript: in the gateway's form, with patience for the recording's length."""

from __future__ import annotations

from dataclasses import replace

from audio_core.errors import InvalidRequest
from audio_core.http.body import Body
from audio_core.http.flow import Flow, Response
from audio_core.http.gateway import Gateway
from audio_core.http.retry import ask
from audio_core.transcribe.by_chat import transcribed_by_chat
from audio_core.transcript import Transcript
from audio_core.wire.chat import Sound
from audio_core.wire.transcription import TranscriptionOptions, json_request, multipart_request, read_transcript

__all__ = ["transcribed"]

_PATH = "/audio/transcriptions"
_SHARE_OF_LENGTH = 0.5  # a long recording takes its time; giving up early would pay for it twice


def transcribed(
    gateway: Gateway, model: str, name: str, sound: Sound, options: TranscriptionOptions, seconds: float
) -> Flow[Transcript]:
    """What a gateway hears in a sound; times count from its beginning.

    Args:
        gateway: whom to ask.
        model: name of the model.
        name: of the file that is sent, without its suffix.
        sound: in a format that the gateway takes.
        options: how to transcribe.
        seconds: how long the sound lasts.
    """
    row = gateway.provider
    if row.transcription == "chat":
        return (yield from transcribed_by_chat(gateway, model, sound, options, seconds))
    response = yield from _ask(gateway, model, name, sound, options, seconds)
    return read_transcript(response.body, response.headers, provider=row.name, model=model, duration=seconds)


def _ask(
    gateway: Gateway, model: str, name: str, sound: Sound, options: TranscriptionOptions, seconds: float
) -> Flow[Response]:
    try:
        return (yield from _ask_once(gateway, model, name, sound, options, seconds))
    except InvalidRequest as error:
        if "response_format" not in str(error) or "response_format" in (options.extra or {}):
            raise
    # Models that know no segments (OpenAI's gpt-4o-transcribe) refuse verbose_json, before any billing.
    plain = replace(options, words=False, extra={**(options.extra or {}), "response_format": "json"})
    return (yield from _ask_once(gateway, model, name, sound, plain, seconds))


def _ask_once(
    gateway: Gateway, model: str, name: str, sound: Sound, options: TranscriptionOptions, seconds: float
) -> Flow[Response]:
    call = gateway.post(_PATH, _body(gateway, model, name, sound, options))
    patient = replace(call, timeout=call.timeout + seconds * _SHARE_OF_LENGTH)
    return (yield from ask(patient, max_retries=gateway.max_retries, doing="transcription"))


def _body(gateway: Gateway, model: str, name: str, sound: Sound, options: TranscriptionOptions) -> Body:
    if gateway.provider.transcription == "json":
        return json_request(model, sound.content, sound.format, options)
    return multipart_request(model, sound.content, name, sound.format, options)
