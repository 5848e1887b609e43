"""LlamaIndex's messages as core_messages of a conversation, with an `Audio` wherever a block is audio."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from llama_index.core.base.llms.types import (
    AudioBlock,
    CachePoint,
    ChatMessage,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)

from audio_core import Audio, InvalidAudio, Speech, ToolCall, UnsupportedFormat
from audio_core.integration import ChatMessage as CoreMessage
from audio_core.integration import at_block, find_format

__all__ = ["list_call_blocks", "to_chat_messages"]

_ROLES = {
    MessageRole.CHATBOT: MessageRole.ASSISTANT,
    MessageRole.MODEL: MessageRole.ASSISTANT,
    MessageRole.FUNCTION: MessageRole.TOOL,
}
_ACCEPTED = "TextBlock, AudioBlock, VideoBlock (its sound), ImageBlock, DocumentBlock"


def to_chat_messages(messages: Sequence[ChatMessage]) -> list[CoreMessage]:
    """Messages of any role, in order, block by block; nothing is opened.

    Raises:
        AudioError: naming message and block, if a block cannot be sent.
    """
    return [_map_message(at, message) for at, message in enumerate(messages)]


def _map_message(at: int, message: ChatMessage) -> CoreMessage:
    role = _ROLES.get(message.role, message.role)
    spoken = cast("dict[str, Any]", message.additional_kwargs.get("audio") or {})
    parts: list[Any] = []
    for index, block in enumerate(message.blocks):
        with at_block(at, index):
            is_spoken = role is MessageRole.ASSISTANT and isinstance(block, AudioBlock)
            parts.append(_map_speech(spoken) if is_spoken else _map_block(block))
    return CoreMessage(
        role.value,
        parts,
        tool_calls=_map_tool_calls(message) if role is MessageRole.ASSISTANT else (),
        tool_call_id=message.additional_kwargs.get("tool_call_id") if role is MessageRole.TOOL else None,
        reasoning_details=message.additional_kwargs.get("reasoning_details") or (),
    )


def _map_block(block: ContentBlock) -> Any:
    match block:
        case TextBlock():
            return block.text
        case AudioBlock():
            return _map_audio(block, block.audio, block.path, block.url, block.format)
        case VideoBlock():
            return _map_audio(block, block.video, block.path, block.url)
        case DocumentBlock() if _is_recording(block):
            return _map_audio(block, block.data, block.path, block.url, block.document_mimetype)
        case DocumentBlock():
            return _map_document(block)
        case ImageBlock():
            return _map_image(block)
        case ThinkingBlock() | ToolCallBlock() | CachePoint():
            return ""  # sent in other ways, or not meant for these gateways
        case _:
            raise InvalidAudio(f"a {type(block).__name__} cannot be sent. Accepted: {_ACCEPTED}.")


def _map_audio(block: ContentBlock, held: Any, path: Any, url: Any, format: str | None = None) -> Audio:
    given = [source for source in (held, path, url) if source is not None]
    if len(given) != 1:
        raise InvalidAudio(
            f"the {type(block).__name__} names {len(given) or 'no'} sources; give one of its bytes, path or url."
        )
    is_raw = (format or "").split(";")[0].lower() in ("pcm16", "pcm24", "audio/pcm")
    return Audio.of(_choose_source(held, path, url), format=format if is_raw else None)


def _choose_source(held: Any, path: Any, url: Any) -> Any:
    if isinstance(held, bytes):  # LlamaIndex holds bytes as base64
        return Audio.from_base64(held.decode("ascii"))
    if isinstance(held, io.IOBase):
        return cast("BinaryIO", held)
    return str(url) if url is not None else Path(path)


def _is_recording(block: DocumentBlock) -> bool:
    kind = block.document_mimetype or Path(str(block.path or block.url or "")).suffix
    try:
        find_format(kind)
    except UnsupportedFormat:
        return kind.startswith("audio/")
    return True


def _map_document(block: DocumentBlock) -> dict[str, Any]:
    if block.url:
        raise InvalidAudio("a document by URL cannot be sent: give its data or path.")
    return {"type": "file", "file": {"filename": block.title or "document", "file_data": block.inline_url()}}


def _map_image(block: ImageBlock) -> dict[str, Any]:
    detail = {"detail": block.detail} if block.detail else {}
    return {"type": "image_url", "image_url": {"url": str(block.url) if block.url else block.inline_url(), **detail}}


def _map_speech(kept: Mapping[str, Any]) -> Speech:
    """What an assistant said, as `AudioLLM` keeps it in `additional_kwargs`."""
    return Speech(b"", "", kept.get("transcript") or "", kept.get("id"), kept.get("expires_at"))


def list_call_blocks(message: ChatMessage) -> list[ToolCallBlock]:
    """The tool calls among a message's blocks."""
    return [block for block in message.blocks if isinstance(block, ToolCallBlock)]


def _map_tool_calls(message: ChatMessage) -> list[ToolCall]:
    if blocks := list_call_blocks(message):
        return [ToolCall.of(block.tool_call_id, block.tool_name, block.tool_kwargs) for block in blocks]
    kept = cast("list[Any]", message.additional_kwargs.get("tool_calls") or [])
    return [
        _map_tool_call(cast("dict[str, Any]", call if isinstance(call, dict) else call.model_dump())) for call in kept
    ]


def _map_tool_call(call: dict[str, Any]) -> ToolCall:
    """A call as OpenAI defines it, as other LLMs keep it in `additional_kwargs`."""
    return ToolCall.of(call["id"], call["function"]["name"], call["function"]["arguments"])
