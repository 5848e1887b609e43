"""`POST /v1/chat/completions`: what was asked is read here, thought about in `thinking`, and told in `completion`."""

from __future__ import annotations

import json
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from audio_core.audio.audio import Audio
from audio_core.audio.content_blocks import audio_in_block, holds_audio
from audio_core.engines.pocketsphinx import PocketSphinx
from audio_core.offline.completion import Completion
from audio_core.offline.speech import spoken
from audio_core.offline.canned_responses import Question, thought
from audio_core.wire.chat_response import text_in
from audio_core.lenient_json import as_list, to_object, objects_in
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["complete"]


async def complete(request: Request) -> Response:
    """Answer a chat request, whole or streamed."""
    try:
        body: dict[str, Any] = await request.json()
        last, clips = _last_message(body["messages"]), _clips(body["messages"])
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError):
        raise ValueError("The body must be a JSON object with messages, each with a role and content.") from None
    completion = await run_in_threadpool(_answer, body, last, clips)
    if not body.get("stream"):
        return JSONResponse(completion.whole())
    return StreamingResponse(completion.streamed(), media_type="text/event-stream")


def _last_message(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return next(message for message in reversed(messages) if message["role"] in ("user", "tool"))


def _follows_a_tool(messages: list[dict[str, Any]]) -> bool:
    """Whether a tool has answered since the last call."""
    roles = [message["role"] for message in messages]
    since = len(roles) - roles[::-1].index("assistant") if "assistant" in roles else 0
    return "tool" in roles[since:]


def _clips(messages: list[dict[str, Any]]) -> list[Audio]:
    said = [message.get("content") for message in messages if message["role"] == "user"]
    blocks = [block for block in objects_in(said[-1] if said else None) if holds_audio(block)]
    if any(block.get("type") != "input_audio" for block in blocks):
        raise ValueError("Audio must come as input_audio with base64 data and a format.")
    return [audio_in_block(block) for block in blocks]


def _answer(body: dict[str, Any], last: dict[str, Any], clips: list[Audio]) -> Completion:
    engine, is_tool = PocketSphinx(), last["role"] == "tool"
    heard = [] if is_tool else [engine.transcribe(clip, TranscriptionOptions()) for clip in clips]
    question = Question(
        text=text_in(last) or "",
        heard=tuple(transcript.text for transcript in heard),
        is_tool_result=is_tool,
        follows_a_tool=_follows_a_tool(body["messages"]),
        tools=tuple(to_object(tool.get("function")) for tool in objects_in(body.get("tools"))),
        tool_choice=body.get("tool_choice"),
        response_format=to_object(body.get("response_format")),
        stop=tuple(as_list(body.get("stop")) or [stop for stop in [body.get("stop")] if stop]),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
    )
    found = thought(question)
    speaks = "audio" in as_list(body.get("modalities")) and not found.tool_calls
    return Completion(
        found,
        speech=spoken(clips, to_object(body.get("audio")), streamed=bool(body.get("stream"))) if speaks else None,
        model=str(body.get("model")),
        words_read=len(question.text.split()),
        seconds_heard=sum(transcript.duration or 0.0 for transcript in heard),
        wants_usage=bool(to_object(body.get("stream_options")).get("include_usage")),
        created=int(time.time()),
    )
