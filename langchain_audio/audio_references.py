"""Replace the audio in messages with references to files in a folder, and put it back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from langchain_core.messages import BaseMessage, ToolMessage

from audio_core import Audio, InvalidAudio, UnsupportedFormat
from audio_core.integration import AudioStore, is_audio_block
from langchain_audio.messages import parse_tool_blocks

__all__ = ["inline_audio", "offload_audio"]

MessageT = TypeVar("MessageT", bound=BaseMessage)
_ARTIFACT_LEVELS = 5  # that are looked into, as an artifact may be any object, also a circular one


def offload_audio(value: Any, folder: AudioStore, levels: float = math.inf) -> Any:
    """Replace the audio in a value with references to files in a folder.

    Audio that is damaged, or is not audio at all, stays in place. The request to the model then raises the error.

    Args:
        value: a message, a content block, or lists and mappings of them.
        folder: where the audio is saved.
        levels: how many levels of lists and mappings are looked into.

    Returns:
        A copy that holds references, or the same object if there was no audio to replace.

    Raises:
        StoreError: if the folder cannot be used.
    """
    if isinstance(value, BaseMessage):
        return _offload_message(value, folder)
    if isinstance(value, Mapping) and levels > 0:
        mapping = cast("Mapping[str, Any]", value)
        return _offload_block(mapping, folder) if is_audio_block(mapping) else _offload_mapping(mapping, folder, levels)
    if isinstance(value, (list, tuple)) and levels > 0:
        items = cast("Sequence[Any]", value)
        new_items = [offload_audio(item, folder, levels - 1) for item in items]
        is_same = all(new is old for new, old in zip(new_items, items, strict=True))
        build: Any = getattr(items, "_make", type(items))  # a named tuple takes its items one by one
        return cast("Any", value) if is_same else build(new_items)
    return cast("Any", value)


def inline_audio(message: MessageT, folder: AudioStore) -> MessageT:
    """Put the audio that a message references back into it as base64, for models that cannot open references.

    Args:
        message: one that `offload_audio` returned.
        folder: where the audio was saved. Other references stay as they are.

    Raises:
        InvalidAudio: if a file is no longer in the folder.
    """
    if isinstance(message.content, str):
        return message
    content = [_inline_block(block, folder) for block in message.content]
    return message.model_copy(update={"content": content})


def _offload_message(message: MessageT, folder: AudioStore) -> MessageT:
    if not isinstance(message, ToolMessage):
        return _update_message(message, content=offload_audio(message.content, folder))
    artifact, content = offload_audio(message.artifact, folder, _ARTIFACT_LEVELS), message.content
    if not isinstance(content, str):
        return _update_message(message, content=offload_audio(content, folder), artifact=artifact)
    blocks = parse_tool_blocks(content)
    new_blocks = offload_audio(blocks, folder)
    content = content if new_blocks is blocks else json.dumps(new_blocks, ensure_ascii=False)
    return _update_message(message, content=content, artifact=artifact)


def _update_message(message: MessageT, **fields: Any) -> MessageT:
    is_same = all(getattr(message, name) is value for name, value in fields.items())
    return message if is_same else message.model_copy(update=fields)


def _offload_mapping(mapping: Mapping[str, Any], folder: AudioStore, levels: float) -> Mapping[str, Any]:
    new_items = {name: offload_audio(item, folder, levels - 1) for name, item in mapping.items()}
    return mapping if all(new_items[name] is mapping[name] for name in mapping) else new_items


def _offload_block(block: Mapping[str, Any], folder: AudioStore) -> Mapping[str, Any]:
    try:
        audio = Audio.of(block)
        if audio.has_reference:
            return block
        stored = folder.save(audio)
    except (InvalidAudio, UnsupportedFormat):
        return block
    extras = {**cast("dict[str, Any]", block.get("extras") or {}), "seconds": stored.seconds}
    extras = {name: value for name, value in extras.items() if name not in ("start", "end")}  # they are in the URL
    block_id = {"id": block["id"]} if "id" in block else {}
    return {"type": "audio", "url": stored.url, "mime_type": stored.mime, **block_id, "extras": extras}


def _inline_block(block: Any, folder: AudioStore) -> Any:
    url = str(cast("dict[str, Any]", block).get("url") or "") if isinstance(block, dict) else ""
    if not folder.has(url):
        return cast("Any", block)
    data, mime = folder.read_base64(url)
    return {"type": "audio", "base64": data, "mime_type": mime}
