"""Parse audio blocks of messages, in every shape that frameworks and gateways use.

`Audio.of(block)` makes an `Audio` from the result.

| block | used by |
|---|---|
| `{"type": "audio", "url" or "base64" or "path" or "data": ..., "mime_type"?}` | LangChain v1, handwritten blocks |
| `{"type": "audio", "source_type": "url" or "base64", "url" or "data": ...}` | LangChain v0 |
| `{"type": "input_audio", "input_audio": {"data": ..., "format": ...}}` | OpenAI chat |
| `{"type": "audio_url", "audio_url": {"url": ...}}` | vLLM |
| `{"type": "media", "mime_type": "audio/...", "data" or "file_uri": ...}` | Google |
| `{"type": "file", "mime_type": "audio/...", ...}` or `{"file": {"file_data": "data:audio/..."}}` | LangChain, OpenAI |
| `{"type": "video", "url" or "base64" or "path" or "data": ..., "mime_type"?}`: its audio track | LangChain |
| `{"type": "image_url", "image_url": {"url": "data:audio/..."}}`, also `image`, `video_url` | handwritten blocks |
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from audio_core.audio.formats import is_raw
from audio_core.errors import InvalidAudio
from audio_core.lenient_json import to_object, to_text

__all__ = ["AudioBlock", "is_audio_block", "parse_audio_block"]

_SOURCE_KEYS = ("url", "base64", "data", "path", "bytes", "file_uri", "file_data", "audio")
_BASE64_KEYS = ("base64", "data", "audio", "bytes", "file_data")
_URL = re.compile("(?:data|https?|file):", re.IGNORECASE)
_MAX_NUMBER = 1e9  # of Hz, channels or seconds


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """The contents of an audio block.

    Attributes:
        source: the path, URL, bytes or base64 text in the block.
        is_base64: whether `source` is base64 text.
        raw_format: the block's format name or MIME type if it has no header; None otherwise, as the bytes show it.
        sample_rate: sample rate of raw samples, in Hz.
        channels: number of channels of raw samples.
        start: start of the clip, in seconds of the recording.
        end: end of the clip, in seconds of the recording.
    """

    source: Any
    is_base64: bool
    raw_format: str | None
    sample_rate: int | None
    channels: int | None
    start: float | None
    end: float | None


def is_audio_block(block: Mapping[str, Any]) -> bool:
    """Return whether a message block is audio, judged by its type and MIME type alone.

    Example:
        >>> is_audio_block({"type": "media", "mime_type": "audio/wav", "data": "UklGRg=="})
        True
    """
    match block.get("type"):
        case "audio" | "input_audio" | "audio_url" | "video":
            return True
        case "media" | "file" | "image" | "image_url" | "video_url":
            inner = _get_inner(block)
            places = (_get_mime_type(block), to_text(inner.get("file_data")), to_text(inner.get("url")))
            return any((place or "")[:16].lower().removeprefix("data:").startswith("audio/") for place in places)
        case _:
            return False


def parse_audio_block(block: Mapping[str, Any]) -> AudioBlock:
    """Parse an audio block without opening its source.

    Args:
        block: a block of one of the shapes in this module's table. It may also hold `start` and `end` (seconds) and,
            for raw samples, `sample_rate` (Hz) and `channels`, beside the source or in `extras`, where LangChain puts
            keys that it does not know.

    Raises:
        InvalidAudio: if the block has no source or more than one, or if a number in it is none.

    Example:
        >>> parse_audio_block({"type": "audio", "url": "file:///talks/a.mp3", "start": 12.0}).start
        12.0
    """
    inner = _get_inner(block)
    fields = {**to_object(block.get("extras")), **block, **inner}
    sources = {key: inner[key] for key in _SOURCE_KEYS if inner.get(key) is not None}
    if len(sources) != 1 or block.get("file_id"):
        raise InvalidAudio(_explain_sources(block, list(sources)))
    (key, source), mime = sources.popitem(), _get_mime_type(block) or to_text(inner.get("format")) or ""
    if isinstance(source, str) and source.startswith("urn:"):
        raise InvalidAudio(
            "The audio block holds only the digest that stands for audio in a trace, as its message was taken from one. "
            "Pass the recording itself."
        )
    rate, channels = _parse_number(fields, "sample_rate", "audio_sample_rate"), _parse_number(fields, "channels")
    return AudioBlock(
        source=source,
        is_base64=isinstance(source, str) and key in _BASE64_KEYS and not _URL.match(source),
        raw_format=mime if is_raw(mime) else None,
        sample_rate=None if rate is None else int(rate),
        channels=None if channels is None else int(channels),
        start=_parse_number(fields, "start"),
        end=_parse_number(fields, "end"),
    )


def _parse_number(fields: Mapping[str, Any], *names: str) -> float | None:
    """Return the first of the named numbers that the block has, or None. It may be written as text."""
    name = next((name for name in names if fields.get(name) is not None), None)
    if name is None:
        return None
    try:
        number = float(fields[name])
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 <= number < _MAX_NUMBER:
        raise InvalidAudio(f"{name} of the audio block must be a number, not {str(fields[name])[:40]!r}.")
    return number


def _explain_sources(block: Mapping[str, Any], keys: list[str]) -> str:
    file_id = ["file_id"] if block.get("file_id") else []
    if keys:
        return f"The audio block has {len(keys + file_id)} sources ({', '.join(keys + file_id)}); give only one."
    if file_id or block.get("source_type") == "id":
        return "The audio block holds only a file id, which chat completions do not accept; give a URL, path or base64."
    return "The audio block has no source; give one of url, base64, data or path."


def _get_inner(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the mapping that holds the source: the one nested under the block's type, or the block itself."""
    nested = block.get(str(block.get("type")))
    if isinstance(nested, Mapping):
        return cast("Mapping[str, Any]", nested)
    if isinstance(nested, str) and block.get("type") != "audio":
        return {"url": nested} if _URL.match(nested) else {"data": nested}
    return block


def _get_mime_type(block: Mapping[str, Any]) -> str | None:
    places = (block.get("mime_type"), block.get("mimetype"), _get_inner(block).get("mime_type"))
    return next((mime for place in places if (mime := to_text(place))), None)
