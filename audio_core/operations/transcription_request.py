"""One request for a transcript: in the gateway's form, with patience for the recording's length."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.audio.content import EncodedAudio
from audio_core.errors import InvalidRequest
from audio_core.http.body import Body
from audio_core.http.flow import Flow, Response, run_blocking
from audio_core.operations.job import Job
from audio_core.operations.transcription_by_chat import transcribe_by_chat
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import encode_json_request, encode_multipart_request, parse_transcript

__all__ = ["open_transcription", "request_transcript"]

_PATH = "/audio/transcriptions"
_SHARE_OF_LENGTH = 0.5  # a long recording takes its time; giving up early would pay for it twice


def request_transcript(job: Job, name: str, audio: EncodedAudio) -> Flow[Transcript]:
    """What a gateway hears in a audio; times count from its beginning.

    Args:
        job: whom to ask, and how.
        name: of the file that is sent, without its suffix.
        audio: in a format that the gateway takes.
    """
    job, row = _extend_timeout(job, audio.seconds), job.endpoint.provider
    if row.transcription == "chat":
        heard = yield from transcribe_by_chat(job.endpoint, job.model, audio, job.options)
    else:
        response = yield from _post_lenient(job, name, audio)
        heard = parse_transcript(
            response.body, response.headers, provider=row.name, model=job.model, duration=audio.seconds
        )
    if job.options.words and not any(segment.words for segment in heard.segments):
        return (yield from run_blocking(partial(_align, heard, audio, job.options.language)))
    return heard


def _align(heard: Transcript, audio: EncodedAudio, language: str | None) -> Transcript:
    from audio_core.engines.alignment import align_words  # noqa: PLC0415 - FFmpeg is loaded when first needed

    return align_words(heard, Audio.of(audio.content), language)


def open_transcription(job: Job, name: str, audio: EncodedAudio) -> Flow[Response]:
    """Ask for a stream, up to the point where the reply begins; the arguments are those of `transcribed`."""
    streaming = replace(job.options, extra={"stream": True, **(job.options.extra or {})})
    return (
        yield from _post_lenient(
            replace(_extend_timeout(job, audio.seconds), options=streaming), name, audio, streamed=True
        )
    )


def _extend_timeout(job: Job, seconds: float) -> Job:
    return replace(job, endpoint=replace(job.endpoint, timeout=job.endpoint.timeout + seconds * _SHARE_OF_LENGTH))


def _post_lenient(job: Job, name: str, audio: EncodedAudio, *, streamed: bool = False) -> Flow[Response]:
    try:
        return (yield from _post(job, name, audio, streamed))
    except InvalidRequest as error:
        is_shape = re.search("response_format|verbose_json", str(error))
        if not is_shape or "response_format" in (job.options.extra or {}):
            raise
    # Models that know no segments (OpenAI's gpt-4o-transcribe) refuse verbose_json, before any billing.
    plain = replace(job.options, words=False, extra={**(job.options.extra or {}), "response_format": "json"})
    return (yield from _post(replace(job, options=plain), name, audio, streamed))


def _post(job: Job, name: str, audio: EncodedAudio, streamed: bool) -> Flow[Response]:
    return (
        yield from job.endpoint.post(_PATH, _build_body(job, name, audio), doing="transcription", streamed=streamed)
    )


def _build_body(job: Job, name: str, audio: EncodedAudio) -> Body:
    if job.endpoint.provider.transcription == "json":
        return encode_json_request(job.model, audio.content, audio.format, job.options)
    return encode_multipart_request(job.model, audio.content, name, audio.format, job.options)
