"""Messages without the audio that they carried: what was inside them is kept in a folder, and they name it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from langchain_core.messages import BaseMessage, ToolMessage

from audio_core import Audio, InvalidAudio, UnsupportedFormat
from audio_core.integration import AudioStore, is_audio_block
from langchain_audio.messages import parse_tool_blocks

__all__ = ["inline_audio", "offload_audio"]

MessageT = TypeVar("MessageT", bound=BaseMessage)


def offload_audio(value: Any, folder: AudioStore) -> Any:
    """A message, a block, or lists and mappings of them, with references in place of audio; the same object if there is none.

    Audio that cannot be kept, as it is damaged or no audio, stays where it is, for the model's own error.
    """
    if isinstance(value, BaseMessage):
        return _offload_message(value, folder)
    if isinstance(value, Mapping):
        found = cast("Mapping[str, Any]", value)
        return _offload_block(found, folder) if is_audio_block(found) else _offload_mapping(found, folder)
    if isinstance(value, (list, tuple)):
        items = cast("Sequence[Any]", value)
        changed = [offload_audio(item, folder) for item in items]
        is_same = all(new is old for new, old in zip(changed, items, strict=True))
        return cast("Any", value) if is_same else type(items)(changed)  # pyright: ignore[reportCallIssue]
    return value


def inline_audio(message: MessageT, folder: AudioStore) -> MessageT:
    """The message with the sounds of the folder inside it again, for models that open no references."""
    if isinstance(message.content, str):
        return message
    content = [_inline_block(block, folder) for block in message.content]
    return message.model_copy(update={"content": content})


def _offload_message(message: MessageT, folder: AudioStore) -> MessageT:
    content: Any = message.content
    if isinstance(content, str):
        blocks = parse_tool_blocks(content) if isinstance(message, ToolMessage) else None
        changed = offload_audio(blocks, folder)
        return message if changed is blocks else message.model_copy(update={"content": json.dumps(changed)})
    changed = offload_audio(content, folder)
    return message if changed is content else message.model_copy(update={"content": changed})


def _offload_mapping(value: Mapping[str, Any], folder: AudioStore) -> Mapping[str, Any]:
    changed = {name: offload_audio(item, folder) for name, item in value.items()}
    return value if all(changed[name] is value[name] for name in value) else changed


def _offload_block(block: Mapping[str, Any], folder: AudioStore) -> Mapping[str, Any]:
    try:
        audio = Audio.of(block)
        if audio.has_reference:
            return block
        kept = folder.save(audio)
    except (InvalidAudio, UnsupportedFormat):
        return block
    extras = {**cast("dict[str, Any]", block.get("extras") or {}), "seconds": kept.seconds}
    extras = {name: value for name, value in extras.items() if name not in ("start", "end")}  # the URL says them
    named = {"id": block["id"]} if "id" in block else {}
    return {"type": "audio", "url": kept.url, "mime_type": kept.mime, **named, "extras": extras}


def _inline_block(block: Any, folder: AudioStore) -> Any:
    url = str(cast("dict[str, Any]", block).get("url") or "") if isinstance(block, dict) else ""
    if not folder.has(url):
        return cast("Any", block)
    data, mime = folder.read_base64(url)
    return {"type": "audio", "base64": data, "mime_type": mime}
