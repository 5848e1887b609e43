"""Audio in a message block, in every spelling that circulates: the block as a mapping, the recording as an `Audio`.

| block | who writes it |
|---|---|
| `{"type": "audio", "url" or "base64" or "path" or "data": ..., "mime_type"?}` | LangChain v1, and hand-written |
| `{"type": "audio", "source_type": "url" or "base64", "url" or "data": ...}` | LangChain v0 |
| `{"type": "input_audio", "input_audio": {"data": ..., "format": ...}}` | OpenAI chat |
| `{"type": "audio_url", "audio_url": {"url": ...}}` | vLLM |
| `{"type": "media", "mime_type": "audio/...", "data" or "file_uri": ...}` | Google |
| `{"type": "file", "mime_type": "audio/...", ...}` or `{"file": {"file_data": "data:audio/..."}}` | LangChain, OpenAI |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from audio_core.audio.audio import Audio
from audio_core.audio.formats import FORMATS
from audio_core.errors import InvalidAudio
from audio_core.lenient_json import to_object

__all__ = ["is_audio_block", "parse_audio_block"]

_RAW_WORDS = {word for row in FORMATS.values() if row.raw for word in (row.name, row.mime, *row.aliases)}
_SOURCES = ("url", "base64", "data", "path", "bytes", "file_uri", "file_data", "audio")


def is_audio_block(block: Mapping[str, Any]) -> bool:
    """Whether a message block is audio, going by its type and MIME type alone.

    Example:
        >>> holds_audio({"type": "media", "mime_type": "audio/wav", "data": "UklGRg=="})
        True
    """
    match block.get("type"):
        case "audio" | "input_audio" | "audio_url":
            return True
        case "media" | "file":
            inner = _get_inner(block)
            return str(_get_mime_type(block) or inner.get("file_data") or "").removeprefix("data:").startswith("audio/")
        case _:
            return False


def parse_audio_block(block: Mapping[str, Any]) -> Audio:
    """The recording that an audio block means; nothing is opened.

    Args:
        block: one of the shapes in this module's table. `start` and `end` (seconds), and for raw PCM `sample_rate` (Hz)
            and `channels`, may stand beside the source or in `extras`, where LangChain puts what it does not know.

    Raises:
        InvalidAudio: if the block names no source, or more than one.
        UnsupportedFormat: if it is raw PCM without a rate.

    Example:
        >>> audio_in_block({"type": "audio", "url": "file:///talks/a.mp3#t=12,30.5"}).start
        12.0
    """
    inner = _get_inner(block)
    facts = {**to_object(block.get("extras")), **block, **inner}
    given = {key: inner[key] for key in _SOURCES if inner.get(key) is not None}
    if len(given) != 1 or block.get("file_id"):
        raise InvalidAudio(_explain_sources(block, list(given)))
    (key, value), mime = given.popitem(), _get_mime_type(block) or inner.get("format")
    audio = _build_audio(key, value)
    if mime and str(mime).split(";")[0].lower() in _RAW_WORDS:
        rate = facts.get("sample_rate") or facts.get("audio_sample_rate")
        audio = Audio.of(audio, format=str(mime), sample_rate=rate, channels=facts.get("channels") or 1)
    return Audio.of(audio, start=facts.get("start"), end=facts.get("end"))


def _build_audio(key: str, value: Any) -> Audio:
    is_text = isinstance(value, str) and key in ("base64", "data", "audio", "bytes", "file_data")
    if is_text and not value.startswith(("data:", "http:", "https:", "file:")):
        return Audio.from_base64(value)
    return Audio.of(value)


def _explain_sources(block: Mapping[str, Any], given: list[str]) -> str:
    by_id = ["file_id"] if block.get("file_id") else []
    if given:
        return f"The audio block names {len(given + by_id)} sources ({', '.join(given + by_id)}); leave one."
    if by_id or block.get("source_type") == "id":
        return "The audio block holds only a file id, which chat completions cannot carry; give a URL, path or base64."
    return "The audio block has no source; give one of url, base64, data or path."


def _get_inner(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping that holds the source: nested under the type's own name, or the block itself."""
    nested = block.get(str(block.get("type")))
    if isinstance(nested, Mapping):
        return cast("Mapping[str, Any]", nested)
    if isinstance(nested, str) and block.get("type") != "audio":
        return {"url": nested} if nested.startswith(("http", "data:", "file:")) else {"data": nested}
    return block


def _get_mime_type(block: Mapping[str, Any]) -> str | None:
    return block.get("mime_type") or block.get("mimetype") or _get_inner(block).get("mime_type")
