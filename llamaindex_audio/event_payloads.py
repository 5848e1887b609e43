"""The payloads of events and callbacks: messages and responses in which audio is a reference instead of bytes.

LlamaIndex puts all messages into every event, which is one per chunk of a stream, and exporters write them out.
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
from llamaindex_audio.citations import ClipBlock

__all__ = ["redact_messages", "redact_response"]


def redact_messages(messages: Sequence[ChatMessage], core_messages: Sequence[CoreMessage]) -> list[ChatMessage]:
    """Return the messages with `urn:sha256:...` in place of audio data. Paths and URLs stay.

    Args:
        messages: LlamaIndex's messages.
        core_messages: the same messages, as `to_chat_messages` returns them.

    Raises:
        AudioError: if audio cannot be read. The error names message and block.
    """
    pairs = zip(messages, core_messages, strict=True)
    return [_redact_message(index, message, core_message) for index, (message, core_message) in enumerate(pairs)]


def redact_response(response: ChatResponse) -> ChatResponse:
    """Return the response with a reference in place of the data of a spoken reply."""
    extras = cast("dict[str, Any]", response.additional_kwargs)
    if "audio" not in extras and not any(isinstance(block, AudioBlock) for block in response.message.blocks):
        return response
    blocks = [_redact_speech(block) if isinstance(block, AudioBlock) else block for block in response.message.blocks]
    message = response.message.model_copy(update={"blocks": blocks})
    redacted = {name: _drop_data(value) if name == "audio" else value for name, value in extras.items()}
    return response.model_copy(update={"message": message, "additional_kwargs": redacted})


def _drop_data(audio: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in audio.items() if name != "data"}


def _redact_message(index: int, message: ChatMessage, core_message: CoreMessage) -> ChatMessage:
    if not any(isinstance(part, (Audio, Speech)) for part in core_message.parts):
        return message
    blocks: list[Any] = []
    for block_index, (block, part) in enumerate(zip(message.blocks, core_message.parts, strict=True)):
        with at_block(index, block_index):
            blocks.append(_redact_block(block, part))
    return message.model_copy(update={"blocks": blocks})


def _redact_block(block: Any, part: Any) -> Any:
    if isinstance(part, Speech):
        return _redact_speech(block)
    return _redact_audio(block, part) if isinstance(part, Audio) else block


def _redact_audio(block: Any, audio: Audio) -> ClipBlock:
    """Return the block's reference, of which handlers can estimate the tokens without opening anything."""
    format_name = getattr(block, "format", None)
    if audio.has_reference:
        return ClipBlock.model_construct(path=block.path, url=block.url, format=format_name)
    return ClipBlock(url=f"urn:sha256:{compute_sha256(audio.open_content())}", format=format_name)


def _redact_speech(block: AudioBlock) -> AudioBlock:
    if not isinstance(block.audio, bytes):
        return block
    return ClipBlock(url=f"urn:sha256:{hashlib.sha256(block.audio).hexdigest()}", format=block.format)
