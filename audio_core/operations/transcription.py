"""A recording, however long: in this process, in one request if it fits, else in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.audio.content import fingerprint
from audio_core.engines import Engine
from audio_core.errors import ProviderError, TranscriptionIncomplete
from audio_core.http.access import Access
from audio_core.http.download import bring
from audio_core.http.flow import Flow, gather, in_turn, work
from audio_core.operations.upload import taken
from audio_core.operations.job import Job, Recording
from audio_core.operations.long_transcription import Failed, incomplete, longest_request, transcribe_long, with_gaps
from audio_core.operations.transcription_request import transcribed
from audio_core.transcript.merge import side_by_side
from audio_core.operations.transcript_store import kept
from audio_core.transcript.transcript import Transcript

__all__ = ["opened", "transcription"]


class _DoesNotFit(Exception):
    """The recording as it would be sent is larger than the gateway takes."""


def transcription(job: Job, audio: Audio, access: Access | None) -> Flow[Transcript]:
    """Transcribe a recording; times are of the original recording, also of a clip.

    What the gateway takes in one request goes out untouched; anything longer is cut at pauses.

    Args:
        job: who transcribes, and how.
        audio: what to transcribe.
        access: what may be opened, or None if the developer named it.

    Raises:
        AudioError: if the recording cannot be opened or is damaged.
        TranscriptionIncomplete: if a piece of it failed.
        ProviderError: if the gateway refuses or fails.
    """
    recording = yield from opened(job, audio, access)
    job.tell(recording, 0.0)
    is_split = job.options.channels == "separate" and recording.channels > 1
    transcript = yield from (_by_channel if is_split else _heard)(job, recording)
    job.tell(recording, recording.seconds, transcript.usage)
    return replace(transcript, source=audio.source, sha256=recording.sha256)


def opened(job: Job, audio: Audio, access: Access | None) -> Flow[Recording]:
    """Open a recording and look what is in it."""
    gateway = job.gateway
    brought = yield from bring(audio, access, timeout=gateway.timeout, max_retries=gateway.max_retries)
    return (yield from work(partial(_looked_at, brought)))


def _looked_at(audio: Audio) -> Recording:
    from audio_core.media.decode import probe  # noqa: PLC0415 - FFmpeg is loaded when first needed

    found = probe(audio)
    return Recording(audio, found.duration, found.channels, fingerprint(audio.open()))


def _heard(job: Job, recording: Recording) -> Flow[Transcript]:
    if job.engine is not None:
        return (yield from _kept(job, recording, _here(job.engine, job, recording)))
    if recording.seconds > longest_request(job.gateway.provider):
        return (yield from transcribe_long(job, recording))
    try:
        heard = yield from _kept(job, recording, _in_one_request(job, recording))
    except _DoesNotFit:
        return (yield from transcribe_long(job, recording))
    return heard.shifted(recording.start)


def _kept(job: Job, recording: Recording, asking: Flow[Transcript]) -> Flow[Transcript]:
    key = job.key(recording, recording.start, recording.end)
    return (yield from in_turn(kept(job.store, key, asking)))


def _here(engine: Engine, job: Job, recording: Recording) -> Flow[Transcript]:
    return (yield from work(partial(engine.transcribe, recording.audio, job.options)))


def _in_one_request(job: Job, recording: Recording) -> Flow[Transcript]:
    row = job.gateway.provider
    sound, seconds = yield from taken(recording.audio, row.upload_formats, recording.end)
    if row.max_upload_bytes is not None and sound.content.size > row.max_upload_bytes:
        raise _DoesNotFit
    return (yield from transcribed(job, recording.audio.name, sound, seconds))


def _by_channel(job: Job, recording: Recording) -> Flow[Transcript]:
    """Each channel by itself, as whoever speaks on it."""
    alone = [replace(recording, audio=recording.audio.channel(number)) for number in range(recording.channels)]
    silent = replace(job, options=replace(job.options, progress=None))
    heard = yield from gather((_as_far_as_heard(silent, channel) for channel in alone), job.at_once)
    whole = side_by_side([transcript for transcript, _ in heard])
    failures = [failure for _, failed in heard for failure in failed]
    if failures and all(segment.is_gap for segment in whole.segments):
        raise failures[0][2]
    if failures and job.options.gaps == "raise":
        raise incomplete(recording.audio.label, whole, failures)
    return whole


def _as_far_as_heard(job: Job, channel: Recording) -> Flow[tuple[Transcript, Sequence[Failed]]]:
    try:
        return (yield from _heard(job, channel)), ()
    except TranscriptionIncomplete as error:
        return error.transcript, error.failures
    except ProviderError as error:  # what was heard on the other channels is not thrown away
        failures = ((channel.start, channel.end, error),)
        return with_gaps(Transcript("", duration=channel.seconds), failures), failures
