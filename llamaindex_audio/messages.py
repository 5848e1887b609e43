"""Map LlamaIndex's messages to the core's chat messages, with an `Audio` for every block that holds audio."""

from __future__ import annotations

import io
import math
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
from llama_index.core.schema import MediaResource

from audio_core import Audio, InvalidAudio, Speech, ToolCall, UnsupportedFormat
from audio_core.integration import ChatMessage as CoreMessage
from audio_core.integration import ShortTraceback, at_block, find_format, is_raw

__all__ = ["list_call_blocks", "to_audio", "to_chat_messages"]

_ROLES = {
    MessageRole.CHATBOT: MessageRole.ASSISTANT,
    MessageRole.MODEL: MessageRole.ASSISTANT,
    MessageRole.FUNCTION: MessageRole.TOOL,
}
_ACCEPTED = "TextBlock, AudioBlock, VideoBlock (its audio), ImageBlock, DocumentBlock"


def to_chat_messages(messages: Sequence[ChatMessage]) -> list[CoreMessage]:
    """Map messages of any role to the core's, one part for each block. No recording is opened.

    Raises:
        AudioError: if a block cannot be sent. The error names message and block.
    """
    with ShortTraceback():
        return [_map_message(index, message) for index, message in enumerate(messages)]


def _map_message(index: int, message: ChatMessage) -> CoreMessage:
    role = _ROLES.get(message.role, message.role)
    speech = _map_speech(message.additional_kwargs)
    parts: list[Any] = []
    for block_index, block in enumerate(message.blocks):
        with at_block(index, block_index):
            is_speech = role is MessageRole.ASSISTANT and isinstance(block, AudioBlock)
            parts.append(speech if is_speech else _map_block(block))
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
            return to_audio(block, block.audio, block.path, block.url, block.format)
        case VideoBlock():
            return to_audio(block, block.video, block.path, block.url)
        case DocumentBlock() if _is_recording(block):
            return to_audio(block, block.data, block.path, block.url, block.document_mimetype)
        case DocumentBlock():
            return _map_document(block)
        case ImageBlock() if _is_mislabelled_audio(block):
            return to_audio(block, block.image, block.path, block.url)
        case ImageBlock():
            return _map_image(block)
        case ThinkingBlock() | ToolCallBlock() | CachePoint():
            return ""  # sent as another field of the message, or not meant for these gateways
        case _:
            raise InvalidAudio(f"a {type(block).__name__} cannot be sent. Accepted: {_ACCEPTED}.")


def to_audio(holder: ContentBlock | MediaResource, data: Any, path: Any, url: Any, format: str | None = None) -> Audio:
    """Return the recording of a block, or of a node's resource.

    Args:
        holder: the block or resource, whose type an error names.
        data: its bytes, as LlamaIndex stores them, or a file object; None if it has none.
        path: its path, or None.
        url: its URL, or None.
        format: its format or MIME type, which counts for raw samples only.

    Raises:
        InvalidAudio: if it has none of these, or several.
    """
    sources = [source for source in (data, path, url) if source is not None]
    if len(sources) != 1:
        raise InvalidAudio(
            f"the {type(holder).__name__} names {len(sources) or 'no'} sources; give one of its bytes, path or url."
        )
    return Audio.of(_choose_source(data, path, url), format=format if format and is_raw(format) else None)


def _choose_source(data: Any, path: Any, url: Any) -> Any:
    if isinstance(data, bytes):  # LlamaIndex stores bytes as base64
        return Audio.from_base64(data)
    if isinstance(data, io.IOBase):
        return cast("BinaryIO", data)
    return str(url) if url is not None else Path(path)


def _is_recording(block: DocumentBlock) -> bool:
    file_type = block.document_mimetype or Path(str(block.path or block.url or "")).suffix
    try:
        find_format(file_type)
    except UnsupportedFormat:
        return file_type.startswith("audio/")
    return True


def _map_document(block: DocumentBlock) -> dict[str, Any]:
    if block.url:
        raise InvalidAudio("a document by URL cannot be sent: give its data or path.")
    return {"type": "file", "file": {"filename": block.title or "document", "file_data": block.inline_url()}}


def _is_mislabelled_audio(block: ImageBlock) -> bool:
    return (block.image_mimetype or str(block.url or "")[:16].removeprefix("data:")).startswith("audio/")


def _map_image(block: ImageBlock) -> dict[str, Any]:
    detail = {"detail": block.detail} if block.detail else {}
    return {"type": "image_url", "image_url": {"url": str(block.url) if block.url else block.inline_url(), **detail}}


def _map_speech(extras: Mapping[str, Any]) -> Speech:
    """Map an assistant's speech, as `AudioLLM` or LlamaIndex's `OpenAI` store it in `additional_kwargs`.

    `OpenAI` keeps the id alone, so that only the gateway can tell whether it has expired.
    """
    if reference := extras.get("reference_audio_id"):
        return Speech(b"", "", id=reference, expires_at=math.inf)
    speech = cast("dict[str, Any]", extras.get("audio") or {})
    return Speech(b"", "", speech.get("transcript") or "", speech.get("id"), speech.get("expires_at"))


def list_call_blocks(message: ChatMessage) -> list[ToolCallBlock]:
    """List the tool calls among a message's blocks."""
    return [block for block in message.blocks if isinstance(block, ToolCallBlock)]


def _map_tool_calls(message: ChatMessage) -> list[ToolCall]:
    if blocks := list_call_blocks(message):
        return [ToolCall.of(block.tool_call_id, block.tool_name, block.tool_kwargs) for block in blocks]
    calls = cast("list[Any]", message.additional_kwargs.get("tool_calls") or [])
    return [
        _map_tool_call(cast("dict[str, Any]", call if isinstance(call, dict) else call.model_dump())) for call in calls
    ]


def _map_tool_call(call: dict[str, Any]) -> ToolCall:
    """Map a call in OpenAI's shape, in which other LLMs store it in `additional_kwargs`."""
    return ToolCall.of(call["id"], call["function"]["name"], call["function"]["arguments"])
