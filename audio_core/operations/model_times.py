"""Which models send times, learned from their replies, and the pieces that recordings are cut into if they send none.

It is remembered for each base URL and model while the process lives, and in the store, so that other processes know it.
"""

from __future__ import annotations

import logging
import math
from functools import partial

from audio_core.errors import StoreError
from audio_core.http.flow import Flow, run_blocking
from audio_core.operations.job import Job
from audio_core.operations.process_memory import ProcessMemory
from audio_core.operations.transcript_store import ModelKey, TranscriptStore

__all__ = ["get_longest_segment", "is_to_learn_times", "learn_times", "recall_times", "sends_times"]

_log = logging.getLogger(__name__)
_times = ProcessMemory[ModelKey, bool](1000)


def sends_times(job: Job) -> bool | None:
    """Tell whether the model sends the times of segments or words. None until its first reply.

    A chat model only guesses them.
    """
    if job.engine is not None:
        return True
    if job.endpoint.provider.transcription == "chat":
        return False
    return _times.find(_build_key(job))


def get_longest_segment(job: Job) -> float:
    """Return how many seconds of a recording may be sent at once, so that the times of its segments are known."""
    is_untimed = job.options.segment_seconds is not None and sends_times(job) is False
    return job.options.segment_seconds or math.inf if is_untimed else math.inf


def is_to_learn_times(job: Job) -> bool:
    """Tell whether pieces of a recording are to be sent alone, and the first short, to learn whether times come."""
    return job.options.segment_seconds is not None and sends_times(job) is None


def recall_times(job: Job) -> Flow[None]:
    """Look up in the store whether the model sends times, unless this process knows it."""
    key = _build_key(job)
    if job.store is None or sends_times(job) is not None:
        return
    known = yield from run_blocking(partial(job.store.find_times, key))
    if known is not None:
        _times.note(key, known)


def learn_times(job: Job, has_times: bool) -> Flow[None]:
    """Remember whether a reply had times."""
    key = _build_key(job)
    if job.engine is not None or _times.find(key) is has_times:
        return
    _times.note(key, has_times)
    if job.store is not None:
        yield from run_blocking(partial(_save_times, job.store, key, has_times))


def _save_times(store: TranscriptStore, key: ModelKey, has_times: bool) -> None:
    try:
        store.save_times(key, has_times)
    except StoreError as error:  # the reply is paid for, so the caller gets it
        _log.warning("Whether %s sends times was not saved. %s", key.model, error)


def _build_key(job: Job) -> ModelKey:
    """Return what decides whether times come. Some models send them with speakers only."""
    options, endpoint = job.options, job.endpoint
    response_format = (options.extra or {}).get("response_format", "diarized" if options.diarize else "timed")
    return ModelKey(endpoint.provider.find_base_url(endpoint.base_url), job.model, str(response_format))
