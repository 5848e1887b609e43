"""Map a model's response to LangChain's messages: complete, or streamed as chunks whose sum is the complete message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pybase64
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import TypeAdapter, ValidationError

from audio_core import Answer, Audio, Delta, Speech, Usage
from audio_core.integration import SpeechDelta, drop_none, open_stored
from langchain_audio.messages import get_expiry
from langchain_audio.refusals import register_refusals

__all__ = ["ChunkBuilder", "build_audio_block", "get_langchain_provider", "speech_in", "to_chat_result"]

_TEXT, _AUDIO = 0, 1  # indexes of the content blocks
# A piece of speech holds at least a quarter of the bytes sent before it. So the time to add up all chunks stays linear.
_GROWTH = 4


def to_chat_result(answer: Answer, *, is_spoken: bool) -> ChatResult:
    """Map a complete response. A spoken one becomes a text block with the transcript, and an audio block.

    Args:
        answer: the model's response.
        is_spoken: whether the request asked for speech.
    """
    message = AIMessage(
        content=cast("Any", _build_blocks(answer) if is_spoken or answer.speech else answer.text),
        tool_calls=[tool_call(id=call.id, name=call.name, args=call.parsed) for call in answer.tool_calls],
        additional_kwargs=_build_kwargs(answer.reasoning, answer.refusal, answer),
        response_metadata=_build_metadata(answer) | drop_none({"logprobs": answer.logprobs}),
        usage_metadata=_map_usage(answer.usage),
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def get_langchain_provider(provider: str) -> str:
    """Return the name of a gateway for LangChain, which differs from the names of other packages' providers.

    LangChain reads the `content_blocks` of a message from "openai" as `langchain_openai` writes them. It would lose our
    reasoning and audio.
    """
    name = f"{provider}_audio"
    register_refusals(name)
    return name


def speech_in(message: AIMessage | ToolMessage) -> Speech | None:
    """Return the speech in a message, to save or play; None if there is none.

    Args:
        message: from `ChatAudio` or `AnswerSpeaker`, or the sum of its streamed chunks; or that of a `SpeakTool`. The
            file to which `AudioOffloadMiddleware` moved the speech is read.

    Raises:
        AudioNotFound: if this file is no longer there.

    Example:
        >>> block = {"type": "audio", "base64": "AAAA", "mime_type": "audio/pcm;rate=24000"}
        >>> speech_in(AIMessage([block])).to_wav()[:4]
        b'RIFF'
    """
    if isinstance(message, ToolMessage):
        return _read_artifact(message.artifact)
    blocks = (block for block in message.content if isinstance(block, dict) and block.get("type") == "audio")
    block = next(blocks, None)
    audio = _open_speech(block) if block else None
    if block is None or audio is None:
        return None
    with audio.open_content().open_reader() as reader:
        data = reader.read()
    return Speech(data, audio.format, message.text, block.get("id"), get_expiry(block), audio.sample_rate)


def _read_artifact(artifact: Any) -> Speech | None:
    """Return the speech in a tool's artifact, which a checkpoint has turned into a dict."""
    try:
        return artifact if isinstance(artifact, Speech) else TypeAdapter(Speech).validate_python(artifact)
    except ValidationError:
        return None


def _open_speech(block: Mapping[str, Any]) -> Audio | None:
    if "base64" not in block:
        return open_stored(str(block.get("url") or ""))
    mime = str(block.get("mime_type") or "")
    return Audio.from_base64(str(block["base64"]), format=mime if mime.startswith("audio/pcm") else None)


class ChunkBuilder:
    """A converter of the deltas of one response into chunks.

    Text blocks share one index, and audio blocks another, so that the sum of the chunks holds one block of each.
    LangChain cannot add strings and lists. So if speech was requested, the content is a list from the first chunk on.

    Args:
        is_spoken: whether the request asked for speech.
    """

    def __init__(self, *, is_spoken: bool) -> None:
        self._is_spoken, self._has_text_block = is_spoken, False
        self._unsent: list[bytes] = []
        self._unsent_size = self._sent_size = 0  # bytes
        self._facts: dict[str, Any] = {}

    def convert(self, delta: Delta) -> ChatGenerationChunk | None:
        """Return the chunk for a delta, or None if there is nothing to send yet. The last has usage and metadata."""
        if not self._is_spoken and delta.is_text:
            return ChatGenerationChunk(message=AIMessageChunk(content=delta.text))
        content, answer = self._build_content(delta), delta.answer
        if not content and delta.speech and not replace(delta, speech=None).has_content:
            return None
        message = AIMessageChunk(
            content=cast("Any", content),
            tool_call_chunks=_map_tool_calls(delta),
            additional_kwargs=_build_kwargs(delta.reasoning, delta.refusal, answer),
            response_metadata=drop_none({"logprobs": delta.logprobs}) | (_build_metadata(answer) if answer else {}),
            usage_metadata=_map_usage(delta.usage),
        )
        return ChatGenerationChunk(message=message)

    def _build_content(self, delta: Delta) -> str | list[dict[str, Any]]:
        self._is_spoken = self._is_spoken or delta.speech is not None
        if not self._is_spoken:
            return delta.text
        has_text = delta.text or not self._has_text_block  # an empty text block comes first, to keep the order
        self._has_text_block = True
        text = [{"type": "text", "text": delta.text, "index": _TEXT}] if has_text else []
        return text + self._build_audio(delta.speech, is_last=delta.answer is not None)

    def _build_audio(self, speech: SpeechDelta | None, *, is_last: bool) -> list[dict[str, Any]]:
        if speech:
            self._unsent.append(speech.data)
            self._unsent_size += len(speech.data)
            self._facts |= _build_audio_facts(speech)
        is_due = is_last or self._unsent_size * _GROWTH >= self._sent_size
        data = self._take_unsent(is_last) if is_due else b""
        if not (data or (is_last and self._facts)):
            return []
        facts, self._facts = self._facts, {}
        return [{"type": "audio", **_encode_base64(data), **facts, "index": _AUDIO}]

    def _take_unsent(self, is_last: bool) -> bytes:
        """Take the unsent bytes, but leave one or two that do not fill a base64 group of three yet."""
        unsent = b"".join(self._unsent)
        data = unsent if is_last else unsent[: len(unsent) // 3 * 3]
        self._unsent, self._unsent_size = [unsent[len(data) :]], len(unsent) - len(data)
        self._sent_size += len(data)
        return data


def _build_blocks(answer: Answer) -> list[dict[str, Any]]:
    text, speech = {"type": "text", "text": answer.text, "index": _TEXT}, answer.speech
    if speech is None:
        return [text]
    return [text, {**build_audio_block(speech.data, speech), "index": _AUDIO}]


def build_audio_block(data: bytes, facts: Speech | SpeechDelta) -> dict[str, Any]:
    """Build the audio block for speech, or for a piece of it.

    Args:
        data: its bytes.
        facts: its format and id. Of a piece, only what is new.
    """
    return {"type": "audio", **_encode_base64(data), **_build_audio_facts(facts)}


def _encode_base64(data: bytes) -> dict[str, str]:
    return {"base64": pybase64.b64encode_as_string(data)} if data else {}


def _build_audio_facts(speech: Speech | SpeechDelta) -> dict[str, Any]:
    mime = Speech(b"", speech.format, sample_rate=speech.sample_rate).mime if speech.format else None
    extras = {"expires_at": speech.expires_at} if speech.expires_at else None
    return drop_none({"id": speech.id, "mime_type": mime, "extras": extras})


def _map_tool_calls(delta: Delta) -> list[ToolCallChunk]:
    return [
        tool_call_chunk(index=call.index, id=call.id, name=call.name, args=call.arguments) for call in delta.tool_calls
    ]


def _build_kwargs(reasoning: str, refusal: str, answer: Answer | None) -> dict[str, Any]:
    kwargs: dict[str, Any] = {"reasoning_content": reasoning, "refusal": refusal}
    if answer:
        kwargs["reasoning_details"] = [dict(detail) for detail in answer.reasoning_details]
        kwargs["annotations"] = [dict(annotation) for annotation in answer.annotations]
    return {name: value for name, value in kwargs.items() if value}


def _build_metadata(answer: Answer) -> dict[str, Any]:
    return drop_none(
        {
            "model_name": answer.model,
            "model_provider": get_langchain_provider(str(answer.provider)),
            "finish_reason": answer.finish_reason,
            "id": answer.id,
            "request_id": answer.request_id,
            "cost": answer.usage.cost if answer.usage else None,
            "audio_seconds": answer.usage.audio_seconds if answer.usage else None,
            "warnings": list(answer.warnings) or None,
        }
    )


def _map_usage(usage: Usage | None) -> UsageMetadata | None:
    if usage is None:
        return None
    input_tokens, output_tokens = usage.input_tokens or 0, usage.output_tokens or 0
    metadata = UsageMetadata(
        input_tokens=input_tokens, output_tokens=output_tokens, total_tokens=input_tokens + output_tokens
    )
    input_details = drop_none({"audio": usage.input_audio_tokens, "cache_read": usage.input_cached_tokens})
    output_details = drop_none({"audio": usage.output_audio_tokens, "reasoning": usage.output_reasoning_tokens})
    if input_details:
        metadata["input_token_details"] = cast("InputTokenDetails", input_details)
    if output_details:
        metadata["output_token_details"] = cast("OutputTokenDetails", output_details)
    return metadata
