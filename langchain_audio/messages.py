"""Map LangChain's messages to the chat messages of `audio_core`, with an `Audio` for each audio block."""

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
from audio_core.integration import ShortTraceback, at_block, is_audio_block, parse_json, to_list

__all__ = ["get_expiry", "parse_tool_blocks", "to_chat_messages"]

_OPENAI_TYPES = {"image", "image_url", "file", "text-plain"}  # LangChain converts these
_NOT_SENT = {  # as content: they are sent in other fields of a message, or not at all
    "reasoning",
    "thinking",
    "redacted_thinking",
    "tool_call",
    "tool_call_chunk",
    "tool_use",
    "refusal",
    "invalid_tool_call",
}
_PDF_URI = "data:application/pdf;base64,"
_ROLES: dict[type[BaseMessage], str] = {HumanMessage: "user", AIMessage: "assistant", ToolMessage: "tool"}


def to_chat_messages(messages: Sequence[BaseMessage]) -> list[CoreMessage]:
    """Map messages of any role, in order, with one part for each content block. Nothing is opened.

    Raises:
        AudioError: if a block cannot be sent. The text of the error names the message and the block.
    """
    with ShortTraceback():
        return [_map_message(index, message) for index, message in enumerate(messages)]


def _map_message(index: int, message: BaseMessage) -> CoreMessage:
    role = _get_role(index, message)
    parts = [_map_block(index, block_index, block, role) for block_index, block in enumerate(_list_blocks(message))]
    if not isinstance(message, AIMessage):
        call_id = message.tool_call_id if isinstance(message, ToolMessage) else None
        return CoreMessage(role, parts, None if call_id else message.name, tool_call_id=call_id)
    speech = _map_openai_speech(message)
    details = message.additional_kwargs.get("reasoning_details") or ()
    return CoreMessage(role, [*parts, *speech], message.name, _map_tool_calls(message), reasoning_details=details)


def _get_role(index: int, message: BaseMessage) -> str:
    if isinstance(message, SystemMessage):
        return message.additional_kwargs.get("__openai_role__", "system")
    if isinstance(message, ChatMessage):
        return message.role
    for kind, role in _ROLES.items():
        if isinstance(message, kind):
            return role
    raise InvalidAudio(f"messages[{index}]: a {type(message).__name__} cannot be sent.")


def _list_blocks(message: BaseMessage) -> list[Any]:
    if isinstance(message.content, list):
        return cast("list[Any]", message.content)
    blocks = parse_tool_blocks(message.content) if isinstance(message, ToolMessage) else None
    return blocks or [message.content]


def parse_tool_blocks(text: str) -> list[Any] | None:
    """Parse the content blocks in the text of a tool message.

    LangChain does not support audio in tool messages. If a tool returns a list with audio, LangChain stores it as JSON.

    Returns:
        The blocks. None if the text is not a list of blocks, or none of them is audio.
    """
    if not text.startswith('[{"') or '"audio' not in text:
        return None
    blocks = to_list(parse_json(text))
    is_block_list = all(isinstance(block, dict) and "type" in block for block in blocks)
    return blocks if is_block_list and any(is_audio_block(block) for block in blocks) else None


def _map_block(message_index: int, block_index: int, value: str | dict[str, Any], role: str) -> Any:
    block: dict[str, Any] = {"type": "text", "text": value} if isinstance(value, str) else value
    with at_block(message_index, block_index):
        match block.get("type"):
            case "text" if not isinstance(block.get("text"), str):
                raise InvalidAudio("a block of type 'text' holds no text. Give it as its field text.")
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
            case kind if kind in _OPENAI_TYPES:
                return _find_file_audio(block) or _to_openai_part(block)
            case kind:
                accepted = "text, audio, input_audio, audio_url, media, video (its audio), image, image_url, file"
                raise InvalidAudio(f"a block of type {kind!r} cannot be sent. Accepted: {accepted}.")


def _to_openai_part(block: dict[str, Any]) -> Any:
    if block["type"] == "file" and not {"filename", "extras", "metadata", "file"} & block.keys():
        block = {**block, "filename": "document"}  # OpenAI requires a name
    (message,) = convert_to_openai_messages([HumanMessage([block])])
    content = message["content"]
    return content if isinstance(content, str) else content[0]


def _find_file_audio(block: dict[str, Any]) -> Audio | None:
    """Return the audio in an OpenAI `file` part. LangChain labels the content of every such part as PDF."""
    data = _find_pdf_data(block)
    if data is None:
        return None
    if data.startswith("JVBERi"):  # "%PDF-" in base64
        return None
    try:
        audio = Audio.from_base64(data)
        return audio if audio.format else None
    except InvalidAudio:
        return None


def _find_pdf_data(block: dict[str, Any]) -> str | None:
    inner: Any = block.get("file")
    if isinstance(inner, dict):
        data = str(cast("dict[str, Any]", inner).get("file_data"))
        return data.removeprefix(_PDF_URI) if data.startswith(_PDF_URI) else None
    data = block.get("base64")
    is_pdf = block.get("type") == "file" and block.get("mime_type") == "application/pdf"
    return data if is_pdf and isinstance(data, str) else None


def _map_speech(block: Mapping[str, Any]) -> Speech:
    block_id = str(block.get("id") or "")
    speech_id = block_id if block_id and not block_id.startswith("lc_") else None  # LangChain's own ids begin with lc_
    return Speech(b"", "", id=speech_id, expires_at=get_expiry(block))


def get_expiry(block: Mapping[str, Any]) -> float | None:
    """Return when the id of an audio block in a response expires at the gateway, in seconds of Unix time."""
    return cast("dict[str, Any]", block.get("extras") or {}).get("expires_at")


def _map_openai_speech(message: AIMessage) -> list[Speech]:
    """Return the speech that `langchain_openai.ChatOpenAI` stores outside the content of a message."""
    audio = message.additional_kwargs.get("audio")
    if not isinstance(audio, dict):
        return []
    facts = cast("dict[str, Any]", audio)
    return [Speech(b"", "", facts.get("transcript") or "", facts.get("id"), facts.get("expires_at"))]


def _map_tool_calls(message: AIMessage) -> list[ToolCall]:
    calls = [ToolCall.of(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    invalid_calls = [
        ToolCall.of(call["id"], call["name"] or "", call["args"] or "") for call in message.invalid_tool_calls
    ]
    return calls + invalid_calls
