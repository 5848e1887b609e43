"""Messages without the audio that they carried: what was inside them is kept in a folder, and they name it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from langchain_core.messages import BaseMessage, ToolMessage

from audio_core import InvalidAudio, SoundFolder, UnsupportedFormat, audio_in_block, holds_audio
from langchain_audio.messages import written_blocks

__all__ = ["by_reference", "with_base64"]

MessageT = TypeVar("MessageT", bound=BaseMessage)


def by_reference(value: Any, folder: SoundFolder) -> Any:
    """A message, a block, or lists and mappings of them, with references in place of audio; the same object if there is none.

    Audio that cannot be kept, as it is damaged or no audio, stays where it is, for the model's own error.
    """
    if isinstance(value, BaseMessage):
        return _message(value, folder)
    if isinstance(value, Mapping):
        found = cast("Mapping[str, Any]", value)
        return _block(found, folder) if holds_audio(found) else _mapping(found, folder)
    if isinstance(value, (list, tuple)):
        items = cast("Sequence[Any]", value)
        changed = [by_reference(item, folder) for item in items]
        is_same = all(new is old for new, old in zip(changed, items, strict=True))
        return cast("Any", value) if is_same else type(items)(changed)  # pyright: ignore[reportCallIssue]
    return value


def with_base64(message: MessageT, folder: SoundFolder) -> MessageT:
    """The message with the sounds of the folder inside it again, for models that open no references."""
    if isinstance(message.content, str):
        return message
    content = [_filled(block, folder) for block in message.content]
    return message.model_copy(update={"content": content})


def _message(message: MessageT, folder: SoundFolder) -> MessageT:
    content: Any = message.content
    if isinstance(content, str):
        blocks = written_blocks(content) if isinstance(message, ToolMessage) else None
        changed = by_reference(blocks, folder)
        return message if changed is blocks else message.model_copy(update={"content": json.dumps(changed)})
    changed = by_reference(content, folder)
    return message if changed is content else message.model_copy(update={"content": changed})


def _mapping(value: Mapping[str, Any], folder: SoundFolder) -> Mapping[str, Any]:
    changed = {name: by_reference(item, folder) for name, item in value.items()}
    return value if all(changed[name] is value[name] for name in value) else changed


def _block(block: Mapping[str, Any], folder: SoundFolder) -> Mapping[str, Any]:
    try:
        audio = audio_in_block(block)
        if audio.is_named:
            return block
        kept = folder.keep(audio)
    except (InvalidAudio, UnsupportedFormat):
        return block
    extras = {**cast("dict[str, Any]", block.get("extras") or {}), "seconds": kept.seconds}
    extras = {name: value for name, value in extras.items() if name not in ("start", "end")}  # the URL says them
    named = {"id": block["id"]} if "id" in block else {}
    return {"type": "audio", "url": kept.url, "mime_type": kept.mime, **named, "extras": extras}


def _filled(block: Any, folder: SoundFolder) -> Any:
    url = str(cast("dict[str, Any]", block).get("url") or "") if isinstance(block, dict) else ""
    if not folder.holds(url):
        return cast("Any", block)
    data, mime = folder.inline(url)
    return {"type": "audio", "base64": data, "mime_type": mime}
