"""The rows of a bulk job: one for each recording, with its segments nested, or with the error that it ended in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from audio_core.errors import AudioError, ProviderError, TranscriptionIncomplete
from audio_core.errors.secrets import scrub
from audio_core.integration.rows.packages import pa
from audio_core.transcript.segment import AudioEvent, Segment, Word
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage

__all__ = ["ID_COLUMN", "RESULT_SCHEMA", "build_failed_row", "build_row", "build_transcript", "get_own_columns"]

ID_COLUMN = "uri"
"""The column that names the recording: a path or a URL."""

_WORD = pa.struct(
    {
        "start": pa.float64(),
        "end": pa.float64(),
        "text": pa.string(),
        "speaker": pa.string(),
        "confidence": pa.float64(),
    }
)
_SEGMENT = pa.struct(
    {
        "start": pa.float64(),
        "end": pa.float64(),
        "text": pa.string(),
        "speaker": pa.string(),
        "language": pa.string(),
        "confidence": pa.float64(),
        "is_gap": pa.bool_(),
        "is_estimated": pa.bool_(),
        "alignment_score": pa.float64(),
        "words": pa.list_(_WORD),
    }
)
_EVENT = pa.struct({"start": pa.float64(), "end": pa.float64(), "text": pa.string(), "left_out": pa.string()})
_RANGE = pa.struct({"start": pa.float64(), "end": pa.float64()})
_ERROR = pa.struct({"class": pa.string(), "message": pa.string(), "range": _RANGE, "retryable": pa.bool_()})
_USAGE = pa.struct(
    {
        "input_tokens": pa.int64(),
        "output_tokens": pa.int64(),
        "input_audio_tokens": pa.int64(),
        "output_audio_tokens": pa.int64(),
        "audio_seconds": pa.float64(),
        "input_cached_tokens": pa.int64(),
        "output_reasoning_tokens": pa.int64(),
        "unanswered_seconds": pa.float64(),
    }
)

RESULT_SCHEMA = pa.schema(
    {
        "source": pa.string(),
        "sha256": pa.string(),
        "text": pa.string(),
        "language": pa.string(),
        "duration": pa.float64(),
        "model": pa.string(),
        "provider": pa.string(),
        "segments": pa.list_(_SEGMENT),
        "events": pa.list_(_EVENT),
        "warnings": pa.list_(pa.string()),
        "cost": pa.float64(),
        "usage": _USAGE,
        "possible_double_charges": pa.list_(_RANGE),
        "error": _ERROR,
    }
)
"""The columns that a job adds to those of its manifest. Times are seconds of the recording, costs are US dollars."""


def build_row(transcript: Transcript) -> dict[str, Any]:
    """Return the columns of a recording that was transcribed.

    Example:
        >>> build_row(Transcript("hi", (Segment(0.0, 1.0, "hi"),)))["segments"][0]["end"]
        1.0
    """
    fields = asdict(transcript)
    usage = fields.pop("usage")
    cost = usage and usage.pop("cost")
    return {**fields, "cost": cost, "usage": usage}


def build_failed_row(error: Exception) -> dict[str, Any]:
    """Return the columns of a recording that failed, with what was transcribed of it.

    Args:
        error: what it ended in. The message of one that is not ours is left out, as it may show what is private.

    Example:
        >>> build_failed_row(AudioError("talk.mp3 is damaged."))["error"]["class"]
        'AudioError'
    """
    message = scrub(str(error)) if isinstance(error, AudioError) else "An unexpected error; the worker's log has it."
    described = {
        "class": type(error).__name__,
        "message": message,
        "range": _find_range(error),
        "retryable": _is_retryable(error),
    }
    transcript = error.transcript if isinstance(error, TranscriptionIncomplete) else None
    return {**(build_row(transcript) if transcript else {}), "error": described}


def _find_range(error: Exception) -> dict[str, float] | None:
    """Return from where to where parts of the recording are missing; None if all of it is."""
    failures = error.failures if isinstance(error, TranscriptionIncomplete) else ()
    if not failures:
        return None
    return {"start": min(start for start, _, _ in failures), "end": max(end for _, end, _ in failures)}


def _is_retryable(error: Exception) -> bool:
    if isinstance(error, TranscriptionIncomplete):
        return any(_is_retryable(reason) for _, _, reason in error.failures)
    return isinstance(error, ProviderError) and error.retryable


def build_transcript(row: Mapping[str, Any]) -> Transcript:
    """Return the transcript that a row holds.

    Args:
        row: its columns; that of a failed recording holds what was transcribed of it.

    Example:
        >>> transcript = Transcript("hi", (Segment(0.0, 1.0, "hi", words=(Word(0.0, 1.0, "hi"),)),))
        >>> build_transcript(build_row(transcript)) == transcript
        True
    """
    usage = None if row.get("usage") is None and row.get("cost") is None else Usage(**_merge_usage(row))
    return Transcript(
        text=row.get("text") or "",
        segments=tuple(map(_build_segment, row.get("segments") or ())),
        usage=usage,
        warnings=tuple(row.get("warnings") or ()),
        events=tuple(AudioEvent(**event) for event in row.get("events") or ()),
        **{name: row.get(name) for name in ("language", "duration", "model", "provider", "source", "sha256")},
    )


def _merge_usage(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**(row.get("usage") or {}), "cost": row.get("cost")}


def _build_segment(fields: Mapping[str, Any]) -> Segment:
    own: dict[str, Any] = {**fields, "words": tuple(Word(**word) for word in fields.get("words") or ())}
    return Segment(**own)


def get_own_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row has of the manifest's further columns, if it is known.

    Example:
        >>> get_own_columns({"uri": "a.mp3", "case": 7, "note": None, "text": "hi"})
        {'case': 7}
    """
    own = {name: value for name, value in row.items() if name != ID_COLUMN and name not in RESULT_SCHEMA.names}
    return {name: value for name, value in own.items() if value is not None}
