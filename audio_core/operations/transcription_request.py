"""Request one transcript, in the form that the gateway accepts, with a timeout that fits the recording's length."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from audio_core.audio.content import EncodedAudio
from audio_core.errors import InvalidRequest
from audio_core.http.body import Body
from audio_core.http.error_responses import attribute_errors
from audio_core.http.flow import Flow, Response, run_blocking
from audio_core.http.tracebacks import HiddenFrames
from audio_core.operations.diarization import build_speakers_error, choose_diarization, name_words, warn_of_refusal
from audio_core.operations.job import Job
from audio_core.operations.limits import LimitLearned, has_segments, learn_limit, learn_response_format
from audio_core.operations.missing_times import add_missing_times, lacks_words, mark_unheard_speech
from audio_core.operations.model_times import get_longest_segment, learn_times
from audio_core.operations.speaker_references import explain_refusal
from audio_core.operations.transcription_by_chat import transcribe_by_chat
from audio_core.transcript.transcript import Transcript
from audio_core.wire.speaker_samples import rename_speakers
from audio_core.wire.transcription import TranscriptionOptions, encode_json_request, encode_multipart_request
from audio_core.wire.transcription_stream import read_transcript

__all__ = ["open_transcription", "request_transcript"]

_PATH = "/audio/transcriptions"


def request_transcript(job: Job, name: str, audio: EncodedAudio) -> Flow[Transcript]:
    """Request a transcript. Its times are seconds from the beginning of the audio that is sent.

    Args:
        job: the settings of the transcription.
        name: the file name to send, without its suffix.
        audio: in a format that the gateway accepts.

    Raises:
        LimitLearned: if the gateway refuses the recording for its length, size or format, or timed segments of one that
            can be cut.
        InvalidOption: if speakers are to be told apart, and the model refuses that.
        IncompleteResponse: if the response holds no transcript, or only a part of one.
        ProviderError: if the gateway refuses or fails.
    """
    job = _extend_timeout(job, audio.seconds)
    try:
        transcript = yield from _request(job, name, audio)
    except InvalidRequest as error:
        raise learn_limit(job.endpoint, job.model, error, audio) or error from None
    transcript = warn_of_refusal(job.endpoint, job.model, job.options, transcript)
    if not transcript.text.strip():
        return name_words((yield from run_blocking(partial(mark_unheard_speech, transcript, audio))))
    is_timed = bool(transcript.segments) and job.endpoint.provider.transcription != "chat"  # such a model guesses them
    yield from learn_times(job, is_timed)
    if not is_timed or lacks_words(transcript, job.options):
        add_times = partial(add_missing_times, transcript, audio, job.options, is_timed=is_timed)
        transcript = yield from run_blocking(add_times)
    return name_words(transcript)


def _request(job: Job, name: str, audio: EncodedAudio) -> Flow[Transcript]:
    row = job.endpoint.provider
    if row.transcription == "chat":
        return (yield from transcribe_by_chat(job.endpoint, job.model, audio, job.options))
    response = yield from _post_with_fallback(job, name, audio)
    with HiddenFrames(), attribute_errors(response.status, response.headers, response.attempts):
        transcript = read_transcript(
            response.body, response.headers, provider=row.name, model=job.model, duration=audio.seconds
        )
        return rename_speakers(transcript, job.samples)


def open_transcription(job: Job, name: str, audio: EncodedAudio) -> Flow[Response]:
    """Request a streamed transcript and return the open response, before its first event.

    Args:
        job: the settings of the transcription.
        name: the file name to send, without its suffix.
        audio: in a format that the gateway accepts.

    Raises:
        LimitLearned: if the gateway refuses the recording for its length, size or format.
        InvalidOption: if speakers are to be told apart, and the model refuses that.
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
    """Post a request for speakers, if they are wanted, and timed segments, but not for what the model has refused.

    OpenAI's gpt-4o-transcribe, for example, refuses `verbose_json` and `diarized_json`. Nothing was billed then.
    """
    options = _choose_options(job)
    try:
        return (yield from _post(replace(job, options=options), name, audio, streamed))
    except InvalidRequest as error:
        is_diarized = bool(options.diarize)
        if is_diarized and (refusal := explain_refusal(job, error)):
            raise refusal from error
        if "response_format" in (options.extra or {}) or not learn_response_format(
            job.endpoint, job.model, error, audio, is_diarized=is_diarized
        ):
            raise
        if is_diarized and job.options.diarize is True:
            raise build_speakers_error(job.endpoint, job.model) from error
        job = replace(job, endpoint=job.endpoint.continue_after(error))
        if not is_diarized:
            yield from learn_times(job, False)
        if audio.seconds > get_longest_segment(job) and not streamed:
            raise LimitLearned from None
    return (yield from _post_with_fallback(job, name, audio, streamed=streamed))


def _choose_options(job: Job) -> TranscriptionOptions:
    """Return the options to send: those that the model has not refused, unless the user has set a format."""
    extra = job.options.extra or {}
    if "response_format" in extra:
        return job.options
    options = choose_diarization(job.endpoint, job.model, job.options)
    if options.diarize or has_segments(job.endpoint, job.model):
        return options
    return replace(options, words=False, extra={**extra, "response_format": "json"})


def _post(job: Job, name: str, audio: EncodedAudio, streamed: bool) -> Flow[Response]:
    return (
        yield from job.endpoint.post(_PATH, _build_body(job, name, audio), doing="transcription", streamed=streamed)
    )


def _build_body(job: Job, name: str, audio: EncodedAudio) -> Body:
    provider = job.endpoint.provider
    if provider.transcription == "json":
        return encode_json_request(job.model, audio.content, audio.format, job.options, provider)
    return encode_multipart_request(job.model, audio.content, name, audio.format, job.options, provider, job.samples)
