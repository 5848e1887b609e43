"""`POST /v1/audio/transcriptions`, in the shapes of OpenAI's whisper-1."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from audio_core.audio.audio import Audio
from audio_core.engines.pocketsphinx import PocketSphinx
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["transcribe"]


async def transcribe(request: Request) -> Response:
    """Answer a multipart form with a transcript."""
    async with request.form() as form:
        upload, shape = form.get("file"), str(form.get("response_format") or "json")
        if not isinstance(upload, UploadFile):
            raise ValueError("The form needs a file field named 'file'.")
        if shape not in _SHAPES:
            raise ValueError(f"response_format {shape!r} is not one of {', '.join(_SHAPES)}.")
        wants_words = "word" in (form.getlist("timestamp_granularities[]") or form.getlist("timestamp_granularities"))
        heard = await run_in_threadpool(
            PocketSphinx().transcribe, Audio.of(upload.file), TranscriptionOptions(words=wants_words)
        )
    return _SHAPES[shape](heard)


def _render_json(heard: Transcript) -> Response:
    return JSONResponse({"text": heard.text, "usage": _build_usage(heard)})


def _render_verbose_json(heard: Transcript) -> Response:
    words = [
        {"word": word.text, "start": word.start, "end": word.end}
        for segment in heard.segments
        for word in segment.words
    ]
    body: dict[str, Any] = {
        "task": "transcribe",
        "language": "english",
        "duration": heard.duration,
        "text": heard.text,
        "segments": [_build_segment(number, segment) for number, segment in enumerate(heard.segments)],
        "usage": _build_usage(heard),
    }
    return JSONResponse(body | ({"words": words} if words else {}))


def _build_segment(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "id": number,
        "seek": 0,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": math.log(max(segment.confidence or 0.0, 1e-6)),
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }


def _build_usage(heard: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(heard.duration or 0.0)}


_SHAPES: dict[str, Callable[[Transcript], Response]] = {
    "json": _render_json,
    "verbose_json": _render_verbose_json,
    "text": lambda heard: PlainTextResponse(heard.text + "\n"),
    "srt": lambda heard: PlainTextResponse(heard.to_srt()),
    "vtt": lambda heard: PlainTextResponse(heard.to_vtt(), media_type="text/vtt"),
}
