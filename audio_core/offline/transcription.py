"""`POST /v1/audio/transcriptions`, with the response formats of OpenAI's whisper-1, whole or streamed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from audio_core.audio.audio import Audio
from audio_core.engines.pocketsphinx import PocketSphinx
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["transcribe"]

_WORD = re.compile(r"\s*\S+")


async def transcribe(request: Request) -> Response:
    """Transcribe the file of a multipart form.

    Raises:
        ValueError: if the form has no file, or names an unknown response format or a language other than English.
        AudioError: if the file cannot be read as audio.
    """
    async with request.form() as form:
        upload, response_format = form.get("file"), str(form.get("response_format") or "json")
        if not isinstance(upload, UploadFile):
            raise ValueError("The form needs a file field named 'file'.")
        if response_format not in _RENDERERS:
            reason = " This server cannot tell speakers apart." if response_format == "diarized_json" else ""
            raise ValueError(f"response_format {response_format!r} is not one of {', '.join(_RENDERERS)}.{reason}")
        language = str(form.get("language") or "en")
        if not PocketSphinx.languages.fullmatch(language):
            raise ValueError(f"This server knows English only, not language {language[:20]!r}.")
        is_streamed = form.get("stream") in ("true", "True", "1")
        wants_words = "word" in (form.getlist("timestamp_granularities[]") or form.getlist("timestamp_granularities"))
        transcript = await run_in_threadpool(
            PocketSphinx().transcribe, Audio.of(upload.file), TranscriptionOptions(words=wants_words)
        )
    if is_streamed:
        return StreamingResponse(_stream_events(transcript), media_type="text/event-stream")
    return _RENDERERS[response_format](transcript)


def _stream_events(transcript: Transcript) -> Iterator[str]:
    """Yield the events of OpenAI's streamed transcriptions: a delta for each word, and the whole text."""
    deltas = ({"type": "transcript.text.delta", "delta": word} for word in _WORD.findall(transcript.text))
    for event in (*deltas, {"type": "transcript.text.done", "text": transcript.text}):
        yield f"data: {json.dumps(event)}\n\n"


def _render_json(transcript: Transcript) -> Response:
    return JSONResponse({"text": transcript.text, "usage": _build_usage(transcript)})


def _render_verbose_json(transcript: Transcript) -> Response:
    words = [
        {"word": word.text, "start": word.start, "end": word.end}
        for segment in transcript.segments
        for word in segment.words
    ]
    body: dict[str, Any] = {
        "task": "transcribe",
        "language": "english",
        "duration": transcript.duration,
        "text": transcript.text,
        "segments": [_build_segment(number, segment) for number, segment in enumerate(transcript.segments)],
        "usage": _build_usage(transcript),
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


def _build_usage(transcript: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(transcript.duration or 0.0)}


_RENDERERS: dict[str, Callable[[Transcript], Response]] = {
    "json": _render_json,
    "verbose_json": _render_verbose_json,
    "text": lambda transcript: PlainTextResponse(transcript.text + "\n"),
    "srt": lambda transcript: PlainTextResponse(transcript.to_srt()),
    "vtt": lambda transcript: PlainTextResponse(transcript.to_vtt(), media_type="text/vtt"),
}
