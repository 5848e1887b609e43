"""LangChain's messages as core_messages of a conversation, with an `Audio` wherever a block is audio."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_openai_messages,
)

from audio_core import Audio, InvalidAudio, Speech, ToolCall
from audio_core.integration import ChatMessage as CoreMessage
from audio_core.integration import at_block, is_audio_block

__all__ = ["get_expiry", "parse_tool_blocks", "to_chat_messages"]

_CONVERTED = {"image", "image_url", "file", "video", "text-plain"}
_NOT_SENT = {
    "reasoning",
    "thinking",
    "redacted_thinking",
    "tool_call",
    "tool_call_chunk",
    "tool_use",
    "refusal",
    "invalid_tool_call",
}
_ROLES: dict[type[BaseMessage], str] = {HumanMessage: "user", AIMessage: "assistant", ToolMessage: "tool"}


def to_chat_messages(messages: Sequence[BaseMessage]) -> list[CoreMessage]:
    """Messages of any role, in order, block by block; nothing is opened.

    Raises:
        AudioError: naming message and block, if a block cannot be sent.
    """
    return [_map_message(at, message) for at, message in enumerate(messages)]


def _map_message(at: int, message: BaseMessage) -> CoreMessage:
    role = _get_role(at, message)
    parts = [_map_block(at, index, block, role) for index, block in enumerate(_list_blocks(message))]
    if not isinstance(message, AIMessage):
        called = message.tool_call_id if isinstance(message, ToolMessage) else None
        return CoreMessage(role, parts, None if called else message.name, tool_call_id=called)
    spoken = _map_openai_speech(message)
    details = message.additional_kwargs.get("reasoning_details") or ()
    return CoreMessage(role, [*parts, *spoken], message.name, _map_tool_calls(message), reasoning_details=details)


def _get_role(at: int, message: BaseMessage) -> str:
    if isinstance(message, SystemMessage):
        return message.additional_kwargs.get("__openai_role__", "system")
    if isinstance(message, ChatMessage):
        return message.role
    for kind, role in _ROLES.items():
        if isinstance(message, kind):
            return role
    raise InvalidAudio(f"messages[{at}]: a {type(message).__name__} cannot be sent.")


def _list_blocks(message: BaseMessage) -> list[Any]:
    if isinstance(message.content, list):
        return cast("list[Any]", message.content)
    written = parse_tool_blocks(message.content) if isinstance(message, ToolMessage) else None
    return written or [message.content]


def parse_tool_blocks(text: str) -> list[Any] | None:
    """The blocks of a tool's answer that LangChain has written into a text, if audio is among them.

    LangChain knows no audio in tool messages: what a tool returned as a list of blocks arrives here as its JSON.
    """
    if not text.startswith('[{"') or '"audio' not in text:
        return None
    try:
        blocks = json.loads(text)
    except (ValueError, RecursionError):
        return None
    are_blocks = all(isinstance(block, dict) and "type" in block for block in blocks)
    return blocks if are_blocks and any(is_audio_block(block) for block in blocks) else None


def _map_block(at: int, index: int, given: Any, role: str) -> Any:
    block: dict[str, Any] = {"type": "text", "text": given} if isinstance(given, str) else given
    with at_block(at, index):
        match block.get("type"):
            case "text" if "cache_control" in block:
                return {"type": "text", "text": block["text"], "cache_control": block["cache_control"]}
            case "text":
                return block["text"]
            case _ if role == "assistant" and is_audio_block(block):
                return _map_speech(block)
            case _ if is_audio_block(block):
                return Audio.of(block)
            case "json" if role == "tool":
                return json.dumps(block.get("json"), ensure_ascii=False)
            case kind if kind in _NOT_SENT:
                return ""
            case kind if kind in _CONVERTED:
                return _find_hidden_audio(block) or _convert_block(block)
            case kind:
                accepted = "text, audio, input_audio, audio_url, media, image, image_url, file"
                raise InvalidAudio(f"a block of type {kind!r} cannot be sent. Accepted: {accepted}.")


def _convert_block(block: dict[str, Any]) -> Any:
    if block["type"] == "file" and not {"filename", "extras", "metadata", "file"} & block.keys():
        block = {**block, "filename": "document"}  # OpenAI wants one
    (found,) = convert_to_openai_messages([HumanMessage([block])])
    content = found["content"]
    return content if isinstance(content, str) else content[0]


def _find_hidden_audio(block: dict[str, Any]) -> Audio | None:
    """Audio in an OpenAI `file` part: LangChain calls whatever such a part holds a PDF."""
    data = block.get("base64")
    if block.get("type") != "file" or block.get("mime_type") != "application/pdf" or not isinstance(data, str):
        return None
    if data.startswith("JVBERi"):  # "%PDF-" in base64
        return None
    try:
        audio = Audio.from_base64(data)
        return audio if audio.format else None
    except InvalidAudio:
        return None


def _map_speech(block: Mapping[str, Any]) -> Speech:
    id_ = str(block.get("id") or "")
    known = id_ if id_ and not id_.startswith("lc_") else None  # LangChain makes up ids of its own
    return Speech(b"", "", id=known, expires_at=get_expiry(block))


def get_expiry(block: Mapping[str, Any]) -> float | None:
    """When the gateway forgets the id of a spoken reply's block, in Unix time."""
    return cast("dict[str, Any]", block.get("extras") or {}).get("expires_at")


def _map_openai_speech(message: AIMessage) -> list[Speech]:
    """What `langchain_openai.ChatOpenAI` keeps of a spoken reply."""
    audio = message.additional_kwargs.get("audio")
    if not isinstance(audio, dict):
        return []
    kept = cast("dict[str, Any]", audio)
    return [Speech(b"", "", kept.get("transcript") or "", kept.get("id"), kept.get("expires_at"))]


def _map_tool_calls(message: AIMessage) -> list[ToolCall]:
    calls = [ToolCall.of(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    broken = [ToolCall.of(call["id"], call["name"] or "", call["args"] or "") for call in message.invalid_tool_calls]
    return calls + broken
