"""`POST /v1/chat/completions`: the answer is what was heard in the clips of the last user message."""

from __future__ import annotations

import json
import math
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from audio_core.audio import Audio
from audio_core.blocks import audio_in_block, holds_audio
from audio_core.engines.pocketsphinx import PocketSphinx
from audio_core.transcript import Transcript
from audio_core.wire.loose import as_object, objects_in
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["complete"]

_TOKENS_PER_SECOND = 10  # what gpt-4o-audio was seen to count, roughly; here it is only a stated rate
_PIECES = re.compile(r"\s*\S+")
_NOTHING = "I heard no speech."
_NO_AUDIO = "I am an offline speech recogniser: send me input_audio and I will tell you what I hear."


async def complete(request: Request) -> Response:
    """Answer a chat request, whole or streamed."""
    try:
        body: dict[str, Any] = await request.json()
        clips = _clips(body["messages"])
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError):
        raise ValueError("The body must be a JSON object with messages, each with a role and content.") from None
    answer = await run_in_threadpool(_listen, clips, body)
    if not body.get("stream"):
        return JSONResponse(answer.whole())
    return StreamingResponse(answer.streamed(), media_type="text/event-stream")


def _clips(messages: list[dict[str, Any]]) -> list[Audio]:
    last = next(message for message in reversed(messages) if message["role"] == "user") if messages else {}
    blocks = [block for block in objects_in(last.get("content")) if holds_audio(block)]
    if any(block.get("type") != "input_audio" for block in blocks):
        raise ValueError("Audio must come as input_audio with base64 data and a format.")
    return [audio_in_block(block) for block in blocks]


def _listen(clips: list[Audio], body: Mapping[str, Any]) -> _Answer:
    engine = PocketSphinx()
    heard = [engine.transcribe(clip, TranscriptionOptions()) for clip in clips]
    seconds = sum(transcript.duration or 0.0 for transcript in heard)
    wants_usage = bool(as_object(body.get("stream_options")).get("include_usage"))
    return _Answer(_told(heard), seconds, str(body.get("model")), wants_usage)


def _told(heard: list[Transcript]) -> str:
    if not heard:
        return _NO_AUDIO
    texts = [transcript.text or _NOTHING for transcript in heard]
    if len(texts) == 1:
        return f"I heard: {texts[0]}"
    return "\n".join(f"In clip {number} I heard: {text}" for number, text in enumerate(texts, 1))


@dataclass(frozen=True)
class _Answer:
    text: str
    seconds: float
    model: str
    wants_usage: bool

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": self.text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self._envelope("chat.completion"), "choices": [choice], "usage": self._usage()}

    def streamed(self) -> Iterator[str]:
        envelope = self._envelope("chat.completion.chunk")
        yield _event(envelope, {"role": "assistant", "content": ""})
        for piece in _PIECES.findall(self.text):
            yield _event(envelope, {"content": piece})
        yield _event(envelope, {}, "stop")
        if self.wants_usage:
            yield f"data: {json.dumps({**envelope, 'choices': [], 'usage': self._usage()})}\n\n"
        yield "data: [DONE]\n\n"

    def _envelope(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex[:24]}",
            "object": kind,
            "created": int(time.time()),
            "model": self.model,
            "system_fingerprint": "pocketsphinx",
        }

    def _usage(self) -> dict[str, Any]:
        heard, said = math.ceil(self.seconds * _TOKENS_PER_SECOND), len(self.text.split())
        return {
            "prompt_tokens": heard,
            "completion_tokens": said,
            "total_tokens": heard + said,
            "prompt_tokens_details": {"audio_tokens": heard, "cached_tokens": 0},
            "completion_tokens_details": {"audio_tokens": 0, "reasoning_tokens": 0},
        }


def _event(envelope: dict[str, Any], delta: dict[str, Any], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return f"data: {json.dumps({**envelope, 'choices': [choice]})}\n\n"
