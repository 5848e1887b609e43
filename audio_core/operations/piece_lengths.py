"""How many seconds of a recording are sent at once."""

from __future__ import annotations

import math

from audio_core.media.segmentation import BYTES_PER_SECOND
from audio_core.operations.job import Job
from audio_core.operations.model_times import get_longest_segment

__all__ = ["LONGEST_PIECE", "LONGEST_REQUEST", "get_longest_piece", "get_longest_request", "get_longest_whole"]

LONGEST_REQUEST = 1800.0
"""Seconds. A longer recording is cut even if the gateway documents no limit, because gateways abort long requests."""

LONGEST_PIECE = 300.0
"""Seconds. Short enough to transcribe several pieces at a time, long enough to keep the context of the speech."""


def get_longest_request(job: Job) -> float:
    """Return up to how many seconds a recording is transcribed whole."""
    if job.engine is not None:
        return job.engine.longest_piece
    row = job.endpoint.provider
    # A chat model has to write the whole transcript in one answer, and answers are limited too.
    default = LONGEST_PIECE if row.transcription == "chat" else LONGEST_REQUEST
    return row.max_upload_seconds or default


def get_longest_whole(job: Job) -> float:
    """Return up to how many seconds a recording is transcribed whole, and still gets the times of its segments."""
    return min(get_longest_request(job), get_longest_segment(job))


def get_longest_piece(job: Job) -> float:
    """Return how many seconds a piece may have: what fits into one request in any format, even as WAV."""
    if job.engine is not None:
        return job.engine.longest_piece
    row = job.endpoint.provider
    limit_by_size = math.inf if row.max_upload_bytes is None else row.max_upload_bytes * 0.95 / BYTES_PER_SECOND
    return min(LONGEST_PIECE, row.max_upload_seconds or math.inf, limit_by_size, get_longest_segment(job))
