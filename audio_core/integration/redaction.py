"""Replace the audio in payloads of any package by its digest, for traces and logs."""

from __future__ import annotations

import copy
import dataclasses
import io
from collections.abc import Mapping
from typing import Any, cast

from pydantic import AnyUrl, BaseModel

from audio_core.audio.audio import Audio
from audio_core.audio.content_blocks import is_audio_block
from audio_core.audio.formats import is_raw
from audio_core.errors import AudioError
from audio_core.integration.audio_text import URN, redact_bytes, redact_text
from audio_core.media.probing import probe_plain

__all__ = ["redact_audio"]

_DATA = ("base64", "data", "audio", "bytes", "video", "delta", "file_data", "file", "media", "audio_url")
_MIME_TYPES = ("mime_type", "mimetype", "mimeType", "media_type", "document_mimetype", "content_type")
_LABELS = ("audio", "input_audio")
_LONGEST_NAME = 1024  # characters of a path or URL under one of these labels
_MOST_MEASURED = 2**22  # bytes; the length of an MP3 file is counted frame by frame
_DEEPEST = 60


def redact_audio(value: Any) -> Any:
    """Replace the audio in a value by `urn:sha256:...`, the digest of its bytes, so that traces and logs stay small.

    Audio is found in lists, mappings, dataclasses, pydantic models (as the messages of LangChain and LlamaIndex are)
    and JSON, as bytes, base64 or a `data:` URI: by the type of its block, or by its first bytes. A block also gets the
    seconds of its recording, where its header tells them. Paths and URLs stay. Nothing is opened, decoded or
    downloaded.

    LangSmith: `Client(hide_inputs=redact_audio, hide_outputs=redact_audio)`.

    Args:
        value: of any kind. It is not changed.

    Returns:
        A copy, or the same object if there is no audio in it. A value that holds itself is cut there.

    Example:
        >>> redact_audio({"type": "audio", "base64": "AAAA", "mime_type": "audio/pcm"})["url"][:19]
        'urn:sha256:709e80c8'
        >>> redact_audio({"text": "hello"})
        {'text': 'hello'}
    """
    return _Redaction().redact(value)


class _Redaction:
    """The redaction of one value, which may hold the same object many times."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[Any, Any]] = {}  # the objects too, so that their ids stay theirs
        self._depth = 0

    def redact(self, value: Any, is_audio: bool = False) -> Any:
        """Return a value without audio, or the same one if there is none.

        Args:
            value: of any kind.
            is_audio: whether what it holds is known to be audio.
        """
        match value:
            case str():
                return redact_text(value, self.redact, is_audio=is_audio)
            case bytes() | bytearray() | memoryview():
                return redact_bytes(bytes(cast("bytes", value)), is_audio=is_audio) or cast("Any", value)
            case AnyUrl():
                text = str(value)
                redacted = redact_text(text, self.redact, is_audio=is_audio)
                return value if redacted is text else redacted
            case io.BytesIO():
                return redact_bytes(value.getvalue(), is_audio=is_audio) or value
            case io.IOBase() if is_audio:  # whoever writes the trace would read it, and leave nothing to send
                return f"<{type(value).__name__}>"
            case _ if _is_container(value):
                return self._redact_once(value, is_audio)
            case _:
                return value

    def _redact_once(self, value: Any, is_audio: bool) -> Any:
        if id(value) in self._seen:
            return self._seen[id(value)][1]
        self._seen[id(value)] = (value, "...")
        if self._depth == _DEEPEST:
            return "..."
        self._depth += 1
        try:
            redacted = self._redact_container(value, is_audio)
        except Exception:  # a trace is not worth an error, and what cannot be read is not written either
            redacted = f"<{type(value).__name__}>"
        self._depth -= 1
        self._seen[id(value)] = (value, redacted)
        return redacted

    def _redact_container(self, value: Any, is_audio: bool) -> Any:
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._redact_items(cast("Any", value), is_audio)
        fields = _list_fields(value)
        is_audio = is_audio or _is_audio(fields)
        pairs = {name: self.redact(item, _is_data(name, item, is_audio)) for name, item in fields.items()}
        changes = {name: new for name, new in pairs.items() if new is not fields[name]}
        if not changes:
            return value
        if isinstance(value, Mapping):
            return _rebuild_mapping(fields, changes)
        return _rebuild_object(value, fields, changes)

    def _redact_items(self, items: Any, is_audio: bool) -> Any:
        new_items = [self.redact(item, is_audio) for item in items]
        if all(new is old for new, old in zip(new_items, items, strict=True)):
            return items
        return new_items if isinstance(items, (list, set, frozenset)) else tuple(new_items)


def _is_container(value: Any) -> bool:
    if isinstance(value, (Mapping, list, tuple, set, frozenset, BaseModel)):
        return True
    return dataclasses.is_dataclass(value) and not isinstance(value, (type, Audio))


def _list_fields(value: Any) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return {**cast("Mapping[Any, Any]", value)}
    if isinstance(value, BaseModel):
        return {**value.__dict__, **(value.__pydantic_extra__ or {})}
    return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}


def _is_audio(fields: Mapping[Any, Any]) -> bool:
    """Return whether the data among these fields is audio, by the type that they state."""
    kind = str(fields.get("type") or fields.get("block_type"))
    if kind.endswith("audio.delta") or is_audio_block({**fields, "type": kind}):
        return True
    return is_raw(str(fields.get("format"))) or any(
        str(fields.get(name))[:6].lower() == "audio/" for name in _MIME_TYPES
    )


def _is_data(name: Any, item: Any, is_audio: bool) -> bool:
    if is_audio and name in _DATA:
        return True
    return name in _LABELS and not (isinstance(item, str) and len(item) < _LONGEST_NAME)


def _rebuild_mapping(fields: dict[Any, Any], changes: dict[Any, Any]) -> dict[Any, Any]:
    """Return a mapping with a reference in place of its data: as `url` in LangChain's blocks, which have that."""
    redacted, key = {**fields, **changes}, _find_reference(changes)
    seconds = _measure(fields) if key else None
    if fields.get("type") != "audio" or key is None:
        return redacted if seconds is None else {**redacted, "seconds": seconds}
    redacted = {("url" if name == key else name): item for name, item in redacted.items()}
    if "source_type" in fields:
        redacted["source_type"] = "url"
    return redacted if seconds is None else {**redacted, "extras": _add_seconds(fields.get("extras"), seconds)}


def _find_reference(changes: Mapping[Any, Any]) -> Any:
    """Return the name of the field whose data became a reference; None if that happened further down."""
    return next((name for name, new in changes.items() if isinstance(new, str) and new.startswith(URN)), None)


def _add_seconds(extras: Any, seconds: float) -> dict[Any, Any]:
    return {"seconds": seconds, **(cast("dict[Any, Any]", extras) if isinstance(extras, Mapping) else {})}


def _measure(fields: Mapping[Any, Any]) -> float | None:
    """Return the seconds of the recording in a block, or of its clip, if reading its headers tells them."""
    try:
        audio = Audio.of({**fields, "type": "audio"})
        if audio.open_content().size > _MOST_MEASURED and audio.format != "wav":
            return None
        plain = probe_plain(audio)
    except AudioError:
        return None
    return round(max(0.0, plain.duration - (audio.start or 0.0)), 3) if plain else None


def _rebuild_object(value: Any, fields: Mapping[str, Any], changes: dict[Any, Any]) -> Any:
    """Return a copy of an object with other values, each of the type that it had, for those who write it out."""
    key = _find_reference(changes)
    if key and key != "url" and "url" in fields:
        changes = {**changes, key: None, "url": changes[key]}
    changes = {name: new.encode() if new and isinstance(fields[name], bytes) else new for name, new in changes.items()}
    if isinstance(value, BaseModel):
        return value.model_copy(update=changes)
    copied = copy.copy(value)
    for name, new in changes.items():
        object.__setattr__(copied, name, new)
    return copied
