"""Map a model's answers to LlamaIndex's responses, whole and streamed."""

# LlamaIndex's `additional_kwargs` carry no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, cast

import pybase64
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    ContentBlock,
    LogProb,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.bridge.pydantic import ValidationError

from audio_core import Answer, Delta, Speech, ToolCall, Usage
from audio_core.integration import SpeechDelta, ToolCallDelta, drop_none, to_objects

__all__ = ["ResponseBuilder", "speech_in", "to_chat_response", "to_completion_response"]


def to_chat_response(answer: Answer, delta: Delta | None = None) -> ChatResponse:
    """Map a whole answer. Its text, its speech and each tool call become blocks.

    Args:
        answer: the model's whole answer.
        delta: the last delta, if the answer was streamed.
    """
    message_extras = drop_none(
        {
            "refusal": answer.refusal or None,
            "audio": _map_speech(answer.speech) if answer.speech else None,
            "annotations": [dict(annotation) for annotation in answer.annotations] or None,
            "reasoning_details": [dict(detail) for detail in answer.reasoning_details] or None,
            "tool_calls": [call.to_openai() for call in answer.tool_calls] or None,
        }
    )
    response_extras = {
        "finish_reason": answer.finish_reason,
        "model": answer.model,
        "provider": answer.provider,
        "id": answer.id,
        "request_id": answer.request_id,
        "warnings": list(answer.warnings) or None,
    }
    return ChatResponse(
        message=ChatMessage(role=MessageRole.ASSISTANT, blocks=_build_blocks(answer), additional_kwargs=message_extras),
        raw=_build_raw(answer, message_extras),
        delta=delta.text if delta else None,
        additional_kwargs={
            **drop_none(response_extras),
            **_map_usage(answer.usage),
            **(_build_delta_extras(delta) if delta else {}),
        },
        logprobs=_map_logprobs(answer.logprobs),
    )


def speech_in(source: ChatResponse | ChatMessage) -> Speech | None:
    """Return the spoken reply of a response or message, which can be saved or played. None if there is none.

    Args:
        source: a response of `AudioLLM` or its message. Of a stream, only the last response has the whole speech.

    Example:
        >>> speech_in(ChatMessage(content="Nothing said.")) is None
        True
    """
    message = source.message if isinstance(source, ChatResponse) else source
    facts = cast("dict[str, Any] | None", message.additional_kwargs.get("audio"))
    blocks = [block for block in message.blocks if isinstance(block, AudioBlock) and isinstance(block.audio, bytes)]
    if not facts or not blocks:
        return None
    return Speech(pybase64.b64decode(cast("bytes", blocks[0].audio)), **facts)


def to_completion_response(answer: ChatResponse) -> CompletionResponse:
    """Return the text of a chat response as a completion."""
    return CompletionResponse(
        text=answer.message.content or "",
        raw=answer.raw,
        delta=answer.delta,
        additional_kwargs=answer.additional_kwargs,
        logprobs=answer.logprobs,
    )


def _build_raw(answer: Answer, message_extras: Mapping[str, Any]) -> dict[str, Any]:
    """Build the response in OpenAI's shape, without the data of its speech. LlamaIndex counts its tokens there."""
    message = {"role": "assistant", "content": answer.text, **message_extras}
    choice = {"index": 0, "message": message, "finish_reason": answer.finish_reason}
    usage = answer.usage.to_openai() if answer.usage else None
    return drop_none({"id": answer.id, "model": answer.model, "choices": [choice], "usage": usage})


class ResponseBuilder:
    """Builds responses from the deltas of one answer.

    Each response holds the text and tool calls so far, and the last one the whole answer. The speech of a delta is in
    `additional_kwargs["audio"]` of its response, as base64 that can be decoded by itself.
    """

    def __init__(self) -> None:
        self._text = ""
        self._calls: list[ToolCall] = []

    def add(self, delta: Delta) -> ChatResponse:
        """Add a delta and return the response so far."""
        if delta.answer:
            return to_chat_response(delta.answer, delta)
        self._text += delta.text
        if delta.is_text and not self._calls:
            message = ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text=self._text)])
            return ChatResponse(message=message, delta=delta.text)
        for call in delta.tool_calls:
            self._add_call(call)
        calls, text = self._calls, self._text
        blocks: list[ContentBlock] = [*([TextBlock(text=text)] if text else []), *map(_to_call_block, calls)]
        extras = {"tool_calls": [call.to_openai() for call in calls] or None}
        message = ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks, additional_kwargs=drop_none(extras))
        return ChatResponse(message=message, delta=delta.text, additional_kwargs=_build_delta_extras(delta))

    def _add_call(self, fragment: ToolCallDelta) -> None:
        if fragment.index == len(self._calls):
            self._calls.append(ToolCall("", "", ""))
        call = self._calls[fragment.index]
        self._calls[fragment.index] = ToolCall(
            fragment.id or call.id, fragment.name or call.name, call.arguments + fragment.arguments
        )


def _build_blocks(answer: Answer) -> list[ContentBlock]:
    blocks: list[ContentBlock] = []
    if answer.reasoning:
        blocks.append(ThinkingBlock(content=answer.reasoning))
    if answer.text or not (answer.speech or answer.tool_calls):
        blocks.append(TextBlock(text=answer.text))
    if answer.speech:
        # As base64, because LlamaIndex would decode raw bytes that happen to be valid base64.
        blocks.append(AudioBlock(audio=pybase64.b64encode(answer.speech.data), format=answer.speech.format))
    return [*blocks, *map(_to_call_block, answer.tool_calls)]


def _to_call_block(call: ToolCall) -> ToolCallBlock:
    return ToolCallBlock(tool_call_id=call.id, tool_name=call.name, tool_kwargs=call.arguments)


def _build_delta_extras(delta: Delta) -> dict[str, Any]:
    return drop_none(
        {"thinking_delta": delta.reasoning or None, "audio": _map_speech_delta(delta.speech) if delta.speech else None}
    )


def _map_speech(speech: Speech) -> dict[str, Any]:
    names = ("format", "transcript", "id", "expires_at", "sample_rate")
    return drop_none({name: getattr(speech, name) for name in names})


def _map_speech_delta(speech: SpeechDelta) -> dict[str, Any]:
    names = ("format", "sample_rate", "id", "expires_at")
    data = pybase64.b64encode_as_string(speech.data) if speech.data else None
    return drop_none({"data": data, **{name: getattr(speech, name) for name in names}})


def _map_logprobs(logprobs: Mapping[str, Any] | None) -> list[list[LogProb]] | None:
    tokens = to_objects((logprobs or {}).get("content"))
    candidates = [_list_logprobs(token.get("top_logprobs")) or _list_logprobs([token]) for token in tokens]
    return list(filter(None, candidates)) or None


def _list_logprobs(tokens: Any) -> list[LogProb]:
    """Return the tokens in OpenAI's shape, without any others."""
    logprobs: list[LogProb] = []
    for token in to_objects(tokens):
        with contextlib.suppress(ValidationError):
            fields = {name: token.get(name) for name in ("token", "logprob")}  # else LlamaIndex invents a default
            logprobs.append(LogProb.model_validate({**fields, "bytes": token.get("bytes") or []}))
    return logprobs


def _map_usage(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    return drop_none(
        {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": (usage.input_tokens or 0) + (usage.output_tokens or 0),
            "prompt_audio_tokens": usage.input_audio_tokens,
            "completion_audio_tokens": usage.output_audio_tokens,
            "prompt_cached_tokens": usage.input_cached_tokens,
            "completion_reasoning_tokens": usage.output_reasoning_tokens,
            "audio_seconds": usage.audio_seconds,
            "cost": usage.cost,
        }
    )
