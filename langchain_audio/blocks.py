"""LangChain's messages to messages on the wire, with an `Audio` wherever a block is audio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from langchain_core.messages import BaseMessage, HumanMessage, convert_to_openai_messages

from audio_core import InvalidAudio, at_block, audio_in_block, holds_audio

__all__ = ["wire_messages"]

_PASSED_ON = {"text", "image", "image_url", "file", "video", "text-plain"}


def wire_messages(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as OpenAI defines them, in order, block by block.

    Args:
        messages: of any role; audio may stand in human messages.

    Raises:
        AudioError: naming message and block, if a block cannot be sent.
    """
    return [_wire_message(at, message) for at, message in enumerate(messages)]


def _wire_message(at: int, message: BaseMessage) -> dict[str, Any]:
    parts = cast("list[Any]", message.content) if isinstance(message.content, list) else []
    if not any(isinstance(part, dict) and holds_audio(cast("dict[str, Any]", part)) for part in parts):
        return convert_to_openai_messages(message)
    if not isinstance(message, HumanMessage):
        raise InvalidAudio(f"messages[{at}]: a {message.type} message cannot carry audio; put it into a human message.")
    whole = convert_to_openai_messages(HumanMessage("", name=message.name))
    return {**whole, "content": [_wire_part(at, index, part) for index, part in enumerate(parts)]}


def _wire_part(at: int, index: int, part: Any) -> Any:
    block = {"type": "text", "text": part} if isinstance(part, str) else cast("dict[str, Any]", part)
    with at_block(at, index):
        if holds_audio(block):
            return audio_in_block(block)
        if block.get("type") not in _PASSED_ON:
            raise InvalidAudio(f"a block of type {block.get('type')!r} cannot be sent.")
    (found,) = convert_to_openai_messages([HumanMessage([block])])
    content = found["content"]
    return {"type": "text", "text": content} if isinstance(content, str) else content[0]
