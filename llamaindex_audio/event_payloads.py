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

from audio_core import Audio, Speech
from audio_core.integration import ChatMessage as CoreMessage
from audio_core.integration import at_block, compute_sha256

__all__ = ["redact_messages", "redact_response"]


def redact_messages(messages: Sequence[ChatMessage], core_messages: Sequence[CoreMessage]) -> list[ChatMessage]:
    """The messages with `urn:sha256:...` in place of audio that they hold; paths and URLs stay.

    Args:
        messages: as they were given.
        core_messages: the same, read.
    """
    pairs = zip(messages, core_messages, strict=True)
    return [_redact_message(at, message, core_message) for at, (message, core_message) in enumerate(pairs)]


def redact_response(response: ChatResponse) -> ChatResponse:
    """The response with a reference in place of what was said aloud."""
    kept = cast("dict[str, Any]", response.additional_kwargs)
    if "audio" not in kept and not any(isinstance(block, AudioBlock) for block in response.message.blocks):
        return response
    blocks = [_redact_speech(block) if isinstance(block, AudioBlock) else block for block in response.message.blocks]
    message = response.message.model_copy(update={"blocks": blocks})
    light = {name: _drop_data(value) if name == "audio" else value for name, value in kept.items()}
    return response.model_copy(update={"message": message, "additional_kwargs": light})


def _drop_data(audio: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in audio.items() if name != "data"}


def _redact_message(at: int, message: ChatMessage, core_message: CoreMessage) -> ChatMessage:
    if not any(isinstance(part, (Audio, Speech)) for part in core_message.parts):
        return message
    blocks: list[Any] = []
    for index, (block, part) in enumerate(zip(message.blocks, core_message.parts, strict=True)):
        with at_block(at, index):
            blocks.append(_redact_block(block, part))
    return message.model_copy(update={"blocks": blocks})


def _redact_block(block: Any, part: Any) -> Any:
    if isinstance(part, Speech):
        return _redact_speech(block)
    if not isinstance(part, Audio) or part.has_reference:
        return block
    return AudioBlock(url=f"urn:sha256:{compute_sha256(part.open_content())}", format=getattr(block, "format", None))


def _redact_speech(block: AudioBlock) -> AudioBlock:
    """A spoken block by the digest of what it holds."""
    if not isinstance(block.audio, bytes):
        return block
    return AudioBlock(url=f"urn:sha256:{hashlib.sha256(block.audio).hexdigest()}", format=block.format)
