"""Request one transcript, in the form that the gateway accepts, with a timeout that fits the recording's length."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.audio.content import EncodedAudio
from audio_core.errors import InvalidRequest
from audio_core.http.body import Body
from audio_core.http.error_responses import attribute_errors
from audio_core.http.flow import Flow, Response, run_blocking
from audio_core.http.tracebacks import HiddenFrames
from audio_core.operations.job import Job
from audio_core.operations.limits import has_segments, learn_limit, learn_response_format
from audio_core.operations.transcription_by_chat import transcribe_by_chat
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import encode_json_request, encode_multipart_request
from audio_core.wire.transcription_response import parse_transcript

__all__ = ["open_transcription", "request_transcript"]

_PATH = "/audio/transcriptions"


def request_transcript(job: Job, name: str, audio: EncodedAudio) -> Flow[Transcript]:
    """Request a transcript. Its times are seconds from the beginning of the audio that is sent.

    Args:
        job: the settings of the transcription.
        name: the file name to send, without its suffix.
        audio: in a format that the gateway accepts.

    Raises:
        LimitLearned: if the gateway refuses the recording for its length, size or format.
        IncompleteResponse: if the response holds no transcript, or only a part of one.
        ProviderError: if the gateway refuses or fails.
    """
    job = _extend_timeout(job, audio.seconds)
    try:
        transcript = yield from _request(job, name, audio)
    except InvalidRequest as error:
        raise learn_limit(job.endpoint, job.model, error, audio) or error from None
    if job.options.words and not any(segment.words for segment in transcript.segments):
        return (yield from run_blocking(partial(_align, transcript, audio, next(iter(job.options.languages), None))))
    return transcript


def _request(job: Job, name: str, audio: EncodedAudio) -> Flow[Transcript]:
    row = job.endpoint.provider
    if row.transcription == "chat":
        return (yield from transcribe_by_chat(job.endpoint, job.model, audio, job.options))
    response = yield from _post_with_fallback(job, name, audio)
    with HiddenFrames(), attribute_errors(response.status, response.headers, response.attempts):
        return parse_transcript(
            response.body, response.headers, provider=row.name, model=job.model, duration=audio.seconds
        )


def _align(transcript: Transcript, audio: EncodedAudio, language: str | None) -> Transcript:
    from audio_core.engines.alignment import align_words  # noqa: PLC0415 - FFmpeg is loaded when first needed

    return align_words(transcript, Audio.of(audio.content), language)


def open_transcription(job: Job, name: str, audio: EncodedAudio) -> Flow[Response]:
    """Request a streamed transcript and return the open response, before its first event.

    Args:
        job: the settings of the transcription.
        name: the file name to send, without its suffix.
        audio: in a format that the gateway accepts.

    Raises:
        LimitLearned: if the gateway refuses the recording for its length, size or format.
        ProviderError: if the gateway refuses or fails.
    """
    options = replace(job.options, extra={"stream": True, **(job.options.extra or {})})
    streaming_job = replace(_extend_timeout(job, audio.seconds), options=options)
    try:
        return (yield from _post_with_fallback(streaming_job, name, audio, streamed=True))
    except InvalidRequest as error:
        raise learn_limit(job.endpoint, job.model, error, audio) or error from None


def _extend_timeout(job: Job, seconds: float) -> Job:
    return replace(job, endpoint=job.endpoint.extend_timeout(seconds))


def _post_with_fallback(job: Job, name: str, audio: EncodedAudio, *, streamed: bool = False) -> Flow[Response]:
    """Post a request for timed segments, or for text alone if the model has none and the user set no format.

    OpenAI's gpt-4o-transcribe, for example, refuses `verbose_json`. Nothing was billed then.
    """
    if "response_format" in (job.options.extra or {}):
        return (yield from _post(job, name, audio, streamed))
    if has_segments(job.endpoint, job.model):
        try:
            return (yield from _post(job, name, audio, streamed))
        except InvalidRequest as error:
            if not learn_response_format(job.endpoint, job.model, error, audio):
                raise
            job = replace(job, endpoint=job.endpoint.continue_after(error))
    plain_options = replace(job.options, words=False, extra={**(job.options.extra or {}), "response_format": "json"})
    return (yield from _post(replace(job, options=plain_options), name, audio, streamed))


def _post(job: Job, name: str, audio: EncodedAudio, streamed: bool) -> Flow[Response]:
    return (
        yield from job.endpoint.post(_PATH, _build_body(job, name, audio), doing="transcription", streamed=streamed)
    )


def _build_body(job: Job, name: str, audio: EncodedAudio) -> Body:
    if job.endpoint.provider.transcription == "json":
        return encode_json_request(job.model, audio.content, audio.format, job.options, job.endpoint.provider)
    return encode_multipart_request(job.model, audio.content, name, audio.format, job.options, job.endpoint.provider)
