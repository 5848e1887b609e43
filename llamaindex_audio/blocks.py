"""LlamaIndex's messages to messages on the wire, with an `Audio` wherever a block is audio."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from llama_index.core.base.llms.types import AudioBlock, ChatMessage, ContentBlock, ImageBlock, MessageRole, TextBlock

from audio_core import Audio, InvalidAudio, at_block

__all__ = ["wire_messages"]

_HEARING = {MessageRole.USER}


def wire_messages(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Messages as OpenAI defines them, in order, block by block.

    Args:
        messages: of any role; audio may stand in user messages.

    Raises:
        AudioError: naming message and block, if a block cannot be sent.
    """
    return [_wire_message(at, message) for at, message in enumerate(messages)]


def _wire_message(at: int, message: ChatMessage) -> dict[str, Any]:
    role = MessageRole.ASSISTANT if message.role in (MessageRole.CHATBOT, MessageRole.MODEL) else message.role
    sent: dict[str, Any] = {"role": role.value}
    if all(isinstance(block, TextBlock) for block in message.blocks):
        return {**sent, "content": message.content or ""}
    return {**sent, "content": [_wire_part(at, index, role, block) for index, block in enumerate(message.blocks)]}


def _wire_part(at: int, index: int, role: MessageRole, block: ContentBlock) -> Any:
    with at_block(at, index):
        return _part(role, block)


def _part(role: MessageRole, block: ContentBlock) -> Any:
    match block:
        case TextBlock():
            return {"type": "text", "text": block.text}
        case AudioBlock() if role in _HEARING:
            return audio_of(block)
        case AudioBlock():
            raise InvalidAudio(f"a {role.value} message cannot carry audio; put it into a user message.")
        case ImageBlock():
            return {"type": "image_url", "image_url": {"url": block.inline_url() if not block.url else str(block.url)}}
        case _:
            raise InvalidAudio(f"a {type(block).__name__} cannot be sent.")


def audio_of(block: AudioBlock) -> Audio:
    """The recording that an AudioBlock means; nothing is opened.

    Raises:
        InvalidAudio: if the block names no source, or more than one.
    """
    given = [source for source in (block.audio, block.path, block.url) if source is not None]
    if len(given) != 1:
        raise InvalidAudio(f"the AudioBlock names {len(given) or 'no'} sources; give one of audio, path or url.")
    (source,) = given
    if isinstance(source, bytes):  # LlamaIndex holds bytes as base64
        source = Audio.from_base64(source.decode("ascii"))
    elif isinstance(source, io.IOBase):
        source = cast("BinaryIO", source)
    elif source is block.url:
        source = str(source)
    is_raw = (block.format or "").split(";")[0].lower() in ("pcm16", "pcm24", "audio/pcm")
    return Audio.of(source, format=block.format if is_raw else None)
