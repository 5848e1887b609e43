"""`POST /v1/chat/completions`.

The request is parsed here, `canned_responses` chooses the response, and `completion` puts it into OpenAI's shapes.
"""

from __future__ import annotations

import json
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from audio_core.audio.audio import Audio
from audio_core.audio.content_blocks import is_audio_block
from audio_core.engines.pocketsphinx import PocketSphinx
from audio_core.lenient_json import to_list, to_object, to_objects
from audio_core.offline.canned_responses import Question, choose_response
from audio_core.offline.completion import Completion
from audio_core.offline.speech import synthesize
from audio_core.wire.chat_response import get_text
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["complete"]


async def complete(request: Request) -> Response:
    """Respond to a chat request, whole or streamed.

    Raises:
        ValueError: if the request is malformed or asks for a format of speech that cannot be encoded.
        AudioError: if a clip cannot be read as audio.
    """
    try:
        body: dict[str, Any] = await request.json()
        last, clips = _get_last_message(body["messages"]), _read_clips(body["messages"])
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError):
        raise ValueError("The body must be a JSON object with messages, each with a role and content.") from None
    completion = await run_in_threadpool(_build_completion, body, last, clips)
    if not body.get("stream"):
        return JSONResponse(completion.to_openai())
    return StreamingResponse(completion.stream_openai(), media_type="text/event-stream")


def _get_last_message(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return next(message for message in reversed(messages) if message["role"] in ("user", "tool"))


def _is_after_tool(messages: list[dict[str, Any]]) -> bool:
    """Tell whether there is a tool result after the last assistant message."""
    roles = [message["role"] for message in messages]
    start = len(roles) - roles[::-1].index("assistant") if "assistant" in roles else 0
    return "tool" in roles[start:]


def _read_clips(messages: list[dict[str, Any]]) -> list[Audio]:
    contents = [message.get("content") for message in messages if message["role"] == "user"]
    blocks = [block for block in to_objects(contents[-1] if contents else None) if is_audio_block(block)]
    if any(block.get("type") != "input_audio" for block in blocks):
        raise ValueError("Audio must come as input_audio with base64 data and a format.")
    return [Audio.of(block) for block in blocks]


def _build_completion(body: dict[str, Any], last: dict[str, Any], clips: list[Audio]) -> Completion:
    engine, is_tool_result = PocketSphinx(), last["role"] == "tool"
    transcripts = [] if is_tool_result else [engine.transcribe(clip, TranscriptionOptions()) for clip in clips]
    question = Question(
        text=get_text(last) or "",
        heard=tuple(transcript.text for transcript in transcripts),
        is_tool_result=is_tool_result,
        is_after_tool=_is_after_tool(body["messages"]),
        tools=tuple(to_object(tool.get("function")) for tool in to_objects(body.get("tools"))),
        tool_choice=body.get("tool_choice"),
        response_format=to_object(body.get("response_format")),
        stop=tuple(to_list(body.get("stop")) or [stop for stop in [body.get("stop")] if stop]),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
    )
    response = choose_response(question)
    speaks = "audio" in to_list(body.get("modalities")) and not response.tool_calls
    return Completion(
        response,
        speech=synthesize(clips, to_object(body.get("audio")), streamed=bool(body.get("stream"))) if speaks else None,
        model=str(body.get("model")),
        words_read=len(question.text.split()),
        seconds_heard=sum(transcript.duration or 0.0 for transcript in transcripts),
        wants_usage=bool(to_object(body.get("stream_options")).get("include_usage")),
        created=int(time.time()),
    )
