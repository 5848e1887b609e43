"""What a model answered as LangChain's messages: whole, and streamed so that the sum of the chunks is the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pybase64
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from audio_core import Answer, Audio, Delta, Speech, Usage
from audio_core.integration import SpeechDelta
from langchain_audio.messages import get_expiry

__all__ = ["ChunkBuilder", "get_langchain_provider", "speech_in", "to_chat_result"]

_TEXT, _AUDIO = 0, 1
_GROWTH = 4  # pieces of speech grow by a quarter of what has gone out, so that adding chunks up stays linear


def to_chat_result(answer: Answer, *, spoken: bool) -> ChatResult:
    """A whole answer; a spoken one is a text block with the transcript, and an audio block.

    Args:
        answer: what the model answered.
        spoken: whether speech was asked for.
    """
    message = AIMessage(
        content=cast("Any", _build_blocks(answer) if spoken or answer.speech else answer.text),
        tool_calls=[tool_call(id=call.id, name=call.name, args=call.parsed) for call in answer.tool_calls],
        additional_kwargs=_build_kwargs(answer.reasoning, answer.refusal, answer.reasoning_details),
        response_metadata=_build_metadata(answer) | _drop_none({"logprobs": answer.logprobs}),
        usage_metadata=_map_usage(answer.usage),
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def get_langchain_provider(provider: str) -> str:
    """What LangChain is told of a gateway: not its bare name, by which it would take a message for another package's.

    `content_blocks` of a message from "openai" are read as `langchain_openai` writes them; reasoning and audio got lost.
    """
    return f"{provider}_audio"


def speech_in(message: AIMessage) -> Speech | None:
    """The spoken reply in a message, to be saved or played; None if there is none.

    Args:
        message: of `ChatAudio`; also the sum of streamed chunks.

    Example:
        >>> block = {"type": "audio", "base64": "AAAA", "mime_type": "audio/pcm;rate=24000"}
        >>> speech_in(AIMessage([block])).to_wav()[:4]
        b'RIFF'
    """
    blocks = [block for block in message.content if isinstance(block, dict) and block.get("type") == "audio"]
    if not blocks or "base64" not in blocks[0]:
        return None
    data = pybase64.b64decode(str(blocks[0]["base64"]))
    mime = str(blocks[0].get("mime_type") or "")
    audio = Audio.of(data, format=mime) if mime.startswith("audio/pcm") else Audio.of(data)
    id_ = cast("str | None", blocks[0].get("id"))
    return Speech(data, audio.format, message.text, id_, get_expiry(blocks[0]), audio.sample_rate)


class ChunkBuilder:
    """Turns the deltas of one answer into chunks.

    Text and audio blocks carry an index each, so that added chunks hold one block of either. A mix of strings and lists
    would not add up, so an answer that is to be spoken has lists from its first chunk on.

    Args:
        spoken: whether speech was asked for.
    """

    def __init__(self, *, spoken: bool) -> None:
        self._spoken, self._begun = spoken, False
        self._unsent: list[bytes] = []
        self._held = self._sent = 0  # bytes
        self._facts: dict[str, Any] = {}

    def convert(self, delta: Delta) -> ChatGenerationChunk | None:
        """The chunk of a delta, None if there is nothing to give out yet; the last one brings usage and metadata."""
        if not self._spoken and delta.is_text:
            return ChatGenerationChunk(message=AIMessageChunk(content=delta.text))
        content, whole = self._build_content(delta), delta.answer
        if not content and delta.speech and not replace(delta, speech=None).has_content:
            return None
        details = whole.reasoning_details if whole else ()
        message = AIMessageChunk(
            content=cast("Any", content),
            tool_call_chunks=_map_tool_calls(delta),
            additional_kwargs=_build_kwargs(delta.reasoning, delta.refusal, details),
            response_metadata=_drop_none({"logprobs": delta.logprobs}) | (_build_metadata(whole) if whole else {}),
            usage_metadata=_map_usage(delta.usage),
        )
        return ChatGenerationChunk(message=message)

    def _build_content(self, delta: Delta) -> str | list[dict[str, Any]]:
        self._spoken = self._spoken or delta.speech is not None
        if not self._spoken:
            return delta.text
        says = delta.text or not self._begun  # a text block first, even if empty, so that their order never varies
        self._begun = True
        text = [{"type": "text", "text": delta.text, "index": _TEXT}] if says else []
        return text + self._build_audio(delta.speech, is_last=delta.answer is not None)

    def _build_audio(self, speech: SpeechDelta | None, *, is_last: bool) -> list[dict[str, Any]]:
        if speech:
            self._unsent.append(speech.data)
            self._held += len(speech.data)
            self._facts |= _build_audio_facts(speech)
        data = self._take_unsent(is_last) if is_last or self._held * _GROWTH >= self._sent else b""
        if not (data or (is_last and self._facts)):
            return []
        facts, self._facts = self._facts, {}
        return [{"type": "audio", **_encode_base64(data), **facts, "index": _AUDIO}]

    def _take_unsent(self, is_last: bool) -> bytes:
        """What has come, but for the last one or two bytes, which do not fill a base64 group yet."""
        held = b"".join(self._unsent)
        data = held if is_last else held[: len(held) // 3 * 3]
        self._unsent, self._held = [held[len(data) :]], len(held) - len(data)
        self._sent += len(data)
        return data


def _build_blocks(answer: Answer) -> list[dict[str, Any]]:
    text, speech = {"type": "text", "text": answer.text, "index": _TEXT}, answer.speech
    if speech is None:
        return [text]
    return [text, {"type": "audio", **_encode_base64(speech.data), **_build_audio_facts(speech), "index": _AUDIO}]


def _encode_base64(data: bytes) -> dict[str, str]:
    return {"base64": pybase64.b64encode_as_string(data)} if data else {}


def _build_audio_facts(speech: Speech | SpeechDelta) -> dict[str, Any]:
    mime = Speech(b"", speech.format, sample_rate=speech.sample_rate).mime if speech.format else None
    extras = {"expires_at": speech.expires_at} if speech.expires_at else None
    return _drop_none({"id": speech.id, "mime_type": mime, "extras": extras})


def _map_tool_calls(delta: Delta) -> list[ToolCallChunk]:
    return [
        tool_call_chunk(index=call.index, id=call.id, name=call.name, args=call.arguments) for call in delta.tool_calls
    ]


def _build_kwargs(reasoning: str, refusal: str, details: Any) -> dict[str, Any]:
    found = {"reasoning_content": reasoning, "refusal": refusal, "reasoning_details": [dict(item) for item in details]}
    return {name: value for name, value in found.items() if value}


def _build_metadata(answer: Answer) -> dict[str, Any]:
    return _drop_none(
        {
            "model_name": answer.model,
            "model_provider": get_langchain_provider(str(answer.provider)),
            "finish_reason": answer.finish_reason,
            "id": answer.id,
            "request_id": answer.request_id,
            "cost": answer.usage.cost if answer.usage else None,
        }
    )


def _map_usage(usage: Usage | None) -> UsageMetadata | None:
    if usage is None:
        return None
    heard, said = usage.input_tokens or 0, usage.output_tokens or 0
    found = UsageMetadata(input_tokens=heard, output_tokens=said, total_tokens=heard + said)
    read = _drop_none({"audio": usage.input_audio_tokens, "cache_read": usage.input_cached_tokens})
    wrote = _drop_none({"audio": usage.output_audio_tokens, "reasoning": usage.output_reasoning_tokens})
    if read:
        found["input_token_details"] = cast("InputTokenDetails", read)
    if wrote:
        found["output_token_details"] = cast("OutputTokenDetails", wrote)
    return found


def _drop_none(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
