"""What the audio in messages says: kept beside it, and put in its place for a model that takes text only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from audio_core import Audio
from audio_core.integration import Listener, is_audio_block
from langchain_audio.messages import parse_tool_blocks

__all__ = ["alisten_to", "listen_to", "replace_audio"]

MessageT = TypeVar("MessageT", bound=BaseMessage)
_FIELD = "heard"  # of `additional_kwargs`, which checkpoints keep


def listen_to(message: MessageT, listener: Listener) -> MessageT:
    """Return a message that also holds what its audio says, or the same one if it does already or holds no audio.

    Args:
        message: of the user or of a tool. The model's own speech has its words beside it.
        listener: tells what a recording says.

    Raises:
        AudioError: if a recording may not be opened, is damaged, or the gateway refuses or fails.
    """
    unheard = _list_unheard(message)
    return _add_texts(message, [listener.listen(audio) for audio in unheard]) if unheard else message


async def alisten_to(message: MessageT, listener: Listener) -> MessageT:
    """Do what `listen_to` does on the running event loop."""
    unheard = _list_unheard(message)
    return _add_texts(message, [await listener.alisten(audio) for audio in unheard]) if unheard else message


def replace_audio(message: MessageT) -> MessageT:
    """Return a message with what its audio says, quoted, in place of the audio."""
    blocks = _list_blocks(message)
    if not any(map(_is_audio, blocks)):
        return message
    texts = iter(_list_texts(message))
    content = [_to_text(next(texts, "")) if _is_audio(block) else block for block in blocks]
    return message.model_copy(update={"content": [block for block in content if block]})


def _list_unheard(message: BaseMessage) -> list[Audio]:
    blocks = [block for block in _list_blocks(message) if _is_audio(block)]
    is_known = isinstance(message, AIMessage) or len(_list_texts(message)) == len(blocks)
    return [] if is_known else [Audio.of(block) for block in blocks]


def _list_texts(message: BaseMessage) -> Sequence[str]:
    return message.additional_kwargs.get(_FIELD) or ()


def _add_texts(message: MessageT, texts: Sequence[str]) -> MessageT:
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, _FIELD: [*texts]}})


def _list_blocks(message: BaseMessage) -> list[Any]:
    if isinstance(message.content, list):
        return cast("list[Any]", message.content)
    return (parse_tool_blocks(message.content) if isinstance(message, ToolMessage) else None) or []


def _is_audio(block: Any) -> bool:
    return isinstance(block, dict) and is_audio_block(cast("dict[str, Any]", block))


def _to_text(text: str) -> dict[str, str] | None:
    return {"type": "text", "text": text} if text else None
