"""Transcribe a recording of any length: in this process, in one request if it fits, else in pieces."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.audio.content import FileContent
from audio_core.audio.hashing import HashedContent
from audio_core.engines import Engine
from audio_core.errors import InvalidAudio, ProviderError, TranscriptionIncomplete
from audio_core.http.access import Access
from audio_core.http.download import open_or_download
from audio_core.http.flow import Flow, gather, run_blocking, run_limited
from audio_core.media.probing import probe
from audio_core.operations.claims import transcribe_once
from audio_core.operations.gaps import FailedStretch, build_incomplete_error, count_unanswered, mark_gaps, name_some
from audio_core.operations.job import Job, Recording
from audio_core.operations.limits import LimitLearned, has_speakers
from audio_core.operations.long_transcription import transcribe_long
from audio_core.operations.model_times import recall_times
from audio_core.operations.models import check_transcribing
from audio_core.operations.piece_lengths import get_longest_whole
from audio_core.operations.speaker_references import open_known_speakers
from audio_core.operations.spending import spend_budget
from audio_core.operations.stored_pieces import find_stored
from audio_core.operations.transcription_request import request_transcript
from audio_core.operations.upload import SHORTEST_SECONDS, encode_for_upload, is_sent_untouched
from audio_core.transcript.merge import merge_channels
from audio_core.transcript.segment import UNCLEAR_SPEECH, Segment, format_range
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import describe_cost
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["inspect_recording", "open_recording", "transcribe"]

_log = logging.getLogger(__name__)
_CHANNEL = re.compile(r"channel \d+")


class _UploadTooLarge(Exception):
    """The encoded recording is larger than the gateway accepts in one request."""


def transcribe(job: Job, audio: Audio, access: Access | None) -> Flow[Transcript]:
    """Transcribe a recording, or its clip. Times are seconds of the original recording.

    A recording that fits into one request is sent whole. A longer one is cut at pauses.

    Args:
        job: the settings of the transcription.
        audio: what to transcribe.
        access: what may be opened; None if the developer named the recording.

    Raises:
        AudioError: if the recording cannot be opened or is damaged.
        TranscriptionIncomplete: if a piece of a long recording, or a channel, failed.
        ProviderError: if the gateway refuses or fails.
    """
    recording = yield from open_recording(job, audio, access)
    _log.info(
        "%s: %.1f s of audio are transcribed by %s of %s.",
        recording.audio.label,
        recording.seconds,
        job.model_label,
        job.endpoint.provider.name,
    )
    if job.store is not None:
        yield from run_blocking(partial(recording.identify, job.store))
    job = yield from open_known_speakers(job, access)
    job.report_progress(recording, 0.0)
    try:
        transcript = yield from _transcribe(job, recording)
    except TranscriptionIncomplete as error:
        error.transcript = _complete(job, recording, error.transcript)
        raise
    yield from _identify(recording)
    job.report_progress(recording, recording.seconds, transcript.usage)
    count = len(transcript.segments)
    _log.info("%s: done, %d segments%s.", recording.audio.label, count, describe_cost(transcript.usage))
    return _complete(job, recording, transcript)


def _transcribe(job: Job, recording: Recording) -> Flow[Transcript]:
    if recording.seconds < SHORTEST_SECONDS:
        warning = f"It lasts {recording.seconds:.3f} s, which is too short to hold speech, and was not sent."
        return Transcript("", (), duration=recording.seconds, model=job.model, warnings=(warning,))
    is_split = job.options.channels == "separate" and recording.properties.channels > 1
    return (yield from (_transcribe_channels if is_split else _transcribe_recording)(job, recording))


def _complete(job: Job, recording: Recording, transcript: Transcript) -> Transcript:
    """Add to a transcript what is known of its recording, and log what a user must know."""
    complete = transcript.add_warnings((*recording.properties.warnings, *_list_unmet_wishes(job, transcript)))
    for warning in complete.warnings:
        _log.warning("%s: %s", recording.audio.label, warning)
    model = job.model_label if job.engine else complete.model
    return replace(complete, source=recording.audio.source, sha256=recording.sha256, model=model)


def _list_unmet_wishes(job: Job, transcript: Transcript) -> Iterator[str]:
    """Yield what was asked for and is not in the transcript, or not as it should be."""
    segments = [segment for segment in transcript.segments if not segment.is_gap]
    is_unheard = any(each.text == UNCLEAR_SPEECH for each in transcript.events)
    if not transcript.text.strip() and not transcript.warnings and not is_unheard:
        yield f"{job.model_label} found no speech."
    if estimated := sum(segment.is_estimated for segment in segments):
        yield f"The times of {estimated} of {len(segments)} segments are estimated."
    is_refused = not has_speakers(job.endpoint, job.model)  # which is told already
    yield from list_unmet_options(
        job.model_label, replace(job.options, diarize=False) if is_refused else job.options, segments
    )
    if invented := [
        f"{format_range(each.start, each.end)} {each.left_out!r}" for each in transcript.events if each.left_out
    ]:
        yield f"{job.model_label} wrote text where nobody speaks. It was left out: {name_some(invented)}."
    if unclear := [format_range(each.start, each.end) for each in transcript.events if each.text == UNCLEAR_SPEECH]:
        yield f"{job.model_label} wrote nothing for what sounds like speech: {name_some(unclear)}."


def list_unmet_options(model: str, options: TranscriptionOptions, segments: Sequence[Segment]) -> Iterator[str]:
    """Yield what was asked for and is in no segment.

    Args:
        model: name of the model.
        options: what was asked for.
        segments: the transcript, without its gaps.
    """
    if segments and options.words and not any(segment.words for segment in segments):
        yield f"{model} gave no times of words."
    if segments and options.diarize and not any(map(_has_voice, segments)):
        yield f"{model} did not tell speakers apart."


def _has_voice(segment: Segment) -> bool:
    """Tell whether a speaker was told apart by voice, and not by the channel alone."""
    return segment.speaker is not None and _CHANNEL.fullmatch(segment.speaker) is None


def open_recording(job: Job, audio: Audio, access: Access | None) -> Flow[Recording]:
    """Open a recording, download it if it is remote, and measure it.

    Args:
        job: the settings of the transcription.
        audio: the recording, or a clip of it.
        access: what may be opened; None if the developer named the recording.

    Raises:
        InvalidOption: if the model is known neither to transcribe nor to hear.
        AccessDenied: if it may not be opened.
        InvalidAudio: if it is missing, is not audio, is damaged or holds no samples.
    """
    endpoint = job.endpoint
    if job.engine is None:
        yield from check_transcribing(endpoint, job.model)
    opened = yield from open_or_download(audio, access, timeout=endpoint.timeout, max_retries=endpoint.max_retries)
    return (yield from run_blocking(partial(inspect_recording, opened)))


def inspect_recording(audio: Audio) -> Recording:
    """Measure an open recording.

    Raises:
        InvalidAudio: if it is not audio, is damaged or holds no samples.
    """
    content = audio.open_content()
    if isinstance(content, FileContent):  # it may have been touched since it was opened
        audio = audio.with_content(content.reopen())
    properties = probe(audio)
    if properties.duration <= (audio.start or 0.0):
        reason = "starts after the recording's end" if audio.start else "holds no samples"
        raise InvalidAudio(f"{audio.label} {reason}.")
    return Recording(audio, properties)


def _transcribe_recording(job: Job, recording: Recording) -> Flow[Transcript]:
    job = job.with_limits()
    yield from recall_times(job)
    if not _is_sent_whole(job, recording):
        yield from _identify(recording)
    if stored := (yield from find_stored(job, recording)):
        return stored.shift(recording.start)
    if recording.seconds > get_longest_whole(job):
        return (yield from transcribe_long(job, recording))
    if job.engine is not None:
        return (yield from _transcribe_once(job, recording, _run_engine(job.engine, job, recording)))
    try:
        transcript = yield from _transcribe_once(job, recording, _request_whole(job, recording))
    except _UploadTooLarge:
        return (yield from transcribe_long(job, recording))
    except LimitLearned as limit:
        transcript = yield from _transcribe_recording(job.with_attempts(limit.attempts), recording)
        return transcript.add_warnings(filter(None, [limit.warning]))
    return transcript.shift(recording.start)


def _identify(recording: Recording) -> Flow[None]:
    if not recording.is_identified:
        yield from run_blocking(recording.identify)


def _is_sent_whole(job: Job, recording: Recording) -> bool:
    """Tell whether the bytes of a file are sent as they are, so that they can be hashed meanwhile."""
    content, row = recording.audio.open_content(), job.endpoint.provider
    return (
        job.engine is None
        and isinstance(content, FileContent)
        and recording.seconds <= get_longest_whole(job)
        and content.size <= (row.max_upload_bytes or content.size)
        and is_sent_untouched(recording.audio, row.upload_formats, recording.properties)
    )


def _transcribe_once(job: Job, recording: Recording, request: Flow[Transcript]) -> Flow[Transcript]:
    key = job.build_key(recording, recording.start, recording.end)
    paid = spend_budget(job, recording.audio.label, recording.seconds, request)
    try:
        return (yield from run_limited(transcribe_once(job.store, key, paid)))
    except ProviderError as error:
        if usage := count_unanswered(error, recording.seconds):
            job.report_progress(recording, 0.0, usage)
        raise


def _run_engine(engine: Engine, job: Job, recording: Recording) -> Flow[Transcript]:
    transcript = yield from run_blocking(partial(engine.transcribe, recording.audio, job.options))
    yield from run_blocking(recording.check_unchanged)
    return transcript


def _request_whole(job: Job, recording: Recording) -> Flow[Transcript]:
    row = job.endpoint.provider
    audio = yield from run_blocking(
        partial(encode_for_upload, recording.audio, row.upload_formats, recording.properties)
    )
    if not recording.is_identified:
        audio = replace(audio, content=HashedContent(audio.content))
    if row.max_upload_bytes is not None and audio.content.size > row.max_upload_bytes:
        raise _UploadTooLarge
    transcript = yield from request_transcript(job, recording.audio.name, audio)
    yield from run_blocking(recording.check_unchanged)
    return transcript.add_warnings(audio.warnings)


def _transcribe_channels(job: Job, recording: Recording) -> Flow[Transcript]:
    """Transcribe each channel by itself, as a speaker of its own."""
    channels = [
        replace(recording, audio=recording.audio.select_channel(index))
        for index in range(recording.properties.channels)
    ]
    part_job = job.without_progress()
    results = yield from gather((_transcribe_channel(part_job, each) for each in channels), job.max_concurrency)
    merged = merge_channels([transcript for transcript, _ in results])
    failures = [failure for _, channel_failures in results for failure in channel_failures]
    if failures:
        job.report_progress(recording, 0.0, merged.usage)
    if failures and all(segment.is_gap for segment in merged.segments):
        raise failures[0][2]
    if failures and job.options.gaps == "raise":
        raise build_incomplete_error(recording.audio.label, merged, failures)
    return merged


def _transcribe_channel(job: Job, channel: Recording) -> Flow[tuple[Transcript, Sequence[FailedStretch]]]:
    try:
        return (yield from _transcribe_recording(job, channel)), ()
    except TranscriptionIncomplete as error:
        return error.transcript, error.failures
    except ProviderError as error:  # the transcripts of the other channels are kept
        failures = ((channel.start, channel.end, error),)
        usage = count_unanswered(error, channel.seconds)
        return mark_gaps(Transcript("", duration=channel.seconds, usage=usage), failures), failures
