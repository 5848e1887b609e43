"""`POST /v1/chat/completions`.

The request is parsed here, `canned_responses` chooses the response, and `completion` puts it into OpenAI's shapes.
"""

from __future__ import annotations

import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from audio_core.audio.audio import Audio
from audio_core.audio.content_blocks import is_audio_block
from audio_core.engines.pocketsphinx import PocketSphinx
from audio_core.lenient_json import parse_json, to_list, to_number, to_object, to_objects, to_text
from audio_core.offline.canned_responses import Question, choose_response
from audio_core.offline.completion import Completion
from audio_core.offline.speech import synthesize
from audio_core.wire.chat_response import get_text
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["complete"]

_ASKERS = ("user", "tool")


async def complete(request: Request) -> Response:
    """Respond to a chat request, whole or streamed.

    Raises:
        ValueError: if the request is malformed or asks for a format of speech that cannot be encoded.
        AudioError: if a clip cannot be read as audio.
    """
    body = to_object(parse_json(await request.body()))
    messages = _parse_messages(body.get("messages"))
    completion = await run_in_threadpool(_build_completion, body, messages, _read_clips(messages))
    if not body.get("stream"):
        return JSONResponse(completion.to_openai())
    return StreamingResponse(completion.stream_openai(), media_type="text/event-stream")


def _parse_messages(value: Any) -> list[dict[str, Any]]:
    messages = [message for message in to_objects(value) if to_text(message.get("role"))]
    if not messages or len(messages) < len(to_list(value)):
        raise ValueError("The body must be a JSON object with messages, each with a role and content.")
    if not any(message["role"] in _ASKERS for message in messages):
        raise ValueError("messages must hold a user or tool message: there is nothing to respond to.")
    return messages


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


def _build_completion(body: dict[str, Any], messages: list[dict[str, Any]], clips: list[Audio]) -> Completion:
    last = next(message for message in reversed(messages) if message["role"] in _ASKERS)
    engine, is_tool_result = PocketSphinx(), last["role"] == "tool"
    transcripts = [] if is_tool_result else [engine.transcribe(clip, TranscriptionOptions()) for clip in clips]
    question = Question(
        text=get_text(last) or "",
        heard=tuple(transcript.text for transcript in transcripts),
        is_tool_result=is_tool_result,
        is_after_tool=_is_after_tool(messages),
        tools=tuple(to_object(tool.get("function")) for tool in to_objects(body.get("tools"))),
        tool_choice=body.get("tool_choice"),
        response_format=to_object(body.get("response_format")),
        stop=tuple(stop for stop in (to_list(body.get("stop")) or [body.get("stop")]) if to_text(stop)),
        max_tokens=_parse_count(body.get("max_completion_tokens")) or _parse_count(body.get("max_tokens")),
    )
    response = choose_response(question)
    speaks = "audio" in to_list(body.get("modalities")) and not response.tool_calls
    return Completion(
        response,
        speech=synthesize(response.text, clips, to_object(body.get("audio")), streamed=bool(body.get("stream")))
        if speaks
        else None,
        model=to_text(body.get("model")) or engine.model,
        words_read=len(question.text.split()),
        seconds_heard=sum(transcript.duration or 0.0 for transcript in transcripts),
        wants_usage=bool(to_object(body.get("stream_options")).get("include_usage")),
        created=int(time.time()),
    )


def _parse_count(value: Any) -> int | None:
    number = to_number(value)
    return int(number) if number and number >= 1 else None
