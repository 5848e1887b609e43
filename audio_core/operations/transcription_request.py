"""One request for a transcript: in the gateway's form, with patience for the recording's length."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.errors import InvalidRequest
from audio_core.http.body import Body
from audio_core.http.flow import Flow, Response, work
from audio_core.http.retry import ask
from audio_core.operations.transcription_by_chat import transcribed_by_chat
from audio_core.operations.job import Job
from audio_core.transcript.transcript import Transcript
from audio_core.wire.chat_request import Sound
from audio_core.wire.transcription import json_request, multipart_request, read_transcript

__all__ = ["open_transcription", "transcribed"]

_PATH = "/audio/transcriptions"
_SHARE_OF_LENGTH = 0.5  # a long recording takes its time; giving up early would pay for it twice


def transcribed(job: Job, name: str, sound: Sound, seconds: float) -> Flow[Transcript]:
    """What a gateway hears in a sound; times count from its beginning.

    Args:
        job: whom to ask, and how.
        name: of the file that is sent, without its suffix.
        sound: in a format that the gateway takes.
        seconds: how long the sound lasts.
    """
    job, row = _patient(job, seconds), job.gateway.provider
    if row.transcription == "chat":
        heard = yield from transcribed_by_chat(job.gateway, job.model, sound, job.options, seconds)
    else:
        response = yield from _ask(job, name, sound)
        heard = read_transcript(response.body, response.headers, provider=row.name, model=job.model, duration=seconds)
    if job.options.words and not any(segment.words for segment in heard.segments):
        return (yield from work(partial(_aligned, heard, sound, job.options.language)))
    return heard


def _aligned(heard: Transcript, sound: Sound, language: str | None) -> Transcript:
    from audio_core.engines.alignment import aligned  # noqa: PLC0415 - FFmpeg is loaded when first needed

    return aligned(heard, Audio.of(sound.content), language)


def open_transcription(job: Job, name: str, sound: Sound, seconds: float) -> Flow[Response]:
    """Ask for a stream, up to the point where the reply begins; the arguments are those of `transcribed`."""
    streaming = replace(job.options, extra={"stream": True, **(job.options.extra or {})})
    return (yield from _ask(replace(_patient(job, seconds), options=streaming), name, sound, streamed=True))


def _patient(job: Job, seconds: float) -> Job:
    return replace(job, gateway=replace(job.gateway, timeout=job.gateway.timeout + seconds * _SHARE_OF_LENGTH))


def _ask(job: Job, name: str, sound: Sound, *, streamed: bool = False) -> Flow[Response]:
    try:
        return (yield from _ask_once(job, name, sound, streamed))
    except InvalidRequest as error:
        is_shape = re.search("response_format|verbose_json", str(error))
        if not is_shape or "response_format" in (job.options.extra or {}):
            raise
    # Models that know no segments (OpenAI's gpt-4o-transcribe) refuse verbose_json, before any billing.
    plain = replace(job.options, words=False, extra={**(job.options.extra or {}), "response_format": "json"})
    return (yield from _ask_once(replace(job, options=plain), name, sound, streamed))


def _ask_once(job: Job, name: str, sound: Sound, streamed: bool) -> Flow[Response]:
    call = job.gateway.post(_PATH, _body(job, name, sound), streamed=streamed)
    return (yield from ask(call, max_retries=job.gateway.max_retries, doing="transcription"))


def _body(job: Job, name: str, sound: Sound) -> Body:
    if job.gateway.provider.transcription == "json":
        return json_request(job.model, sound.content, sound.format, job.options)
    return multipart_request(job.model, sound.content, name, sound.format, job.options)
