"""What events and callbacks see: messages and responses in which audio is a reference, not its bytes.

LlamaIndex puts all messages into every event, once a chunk of a stream; exporters write them out.
"""

# LlamaIndex's `additional_kwargs` carry no types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, cast

from llama_index.core.base.llms.types import AudioBlock, ChatMessage, ChatResponse

from audio_core import Audio, Speech, Turn, at_block, fingerprint

__all__ = ["shown_messages", "shown_response"]


def shown_messages(messages: Sequence[ChatMessage], turns: Sequence[Turn]) -> list[ChatMessage]:
    """The messages with `urn:sha256:...` in place of audio that they hold; paths and URLs stay.

    Args:
        messages: as they were given.
        turns: the same, read.
    """
    pairs = zip(messages, turns, strict=True)
    return [_shown(at, message, turn) for at, (message, turn) in enumerate(pairs)]


def shown_response(response: ChatResponse) -> ChatResponse:
    """The response with a reference in place of what was said aloud."""
    kept = cast("dict[str, Any]", response.additional_kwargs)
    if "audio" not in kept and not any(isinstance(block, AudioBlock) for block in response.message.blocks):
        return response
    blocks = [_named(block) if isinstance(block, AudioBlock) else block for block in response.message.blocks]
    message = response.message.model_copy(update={"blocks": blocks})
    light = {name: _without_data(value) if name == "audio" else value for name, value in kept.items()}
    return response.model_copy(update={"message": message, "additional_kwargs": light})


def _without_data(audio: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in audio.items() if name != "data"}


def _shown(at: int, message: ChatMessage, turn: Turn) -> ChatMessage:
    if not any(isinstance(part, (Audio, Speech)) for part in turn.parts):
        return message
    blocks: list[Any] = []
    for index, (block, part) in enumerate(zip(message.blocks, turn.parts, strict=True)):
        with at_block(at, index):
            blocks.append(_referred(block, part))
    return message.model_copy(update={"blocks": blocks})


def _referred(block: Any, part: Any) -> Any:
    if isinstance(part, Speech):
        return _named(block)
    if not isinstance(part, Audio) or part.is_named:
        return block
    return AudioBlock(url=f"urn:sha256:{fingerprint(part.open())}", format=getattr(block, "format", None))


def _named(block: AudioBlock) -> AudioBlock:
    """A spoken block by the digest of what it holds."""
    if not isinstance(block.audio, bytes):
        return block
    return AudioBlock(url=f"urn:sha256:{hashlib.sha256(block.audio).hexdigest()}", format=block.format)
