"""Parse audio blocks of messages, in every shape that frameworks and gateways write.

`Audio.of(block)` makes an `Audio` of the result.

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
from dataclasses import dataclass
from typing import Any, cast

from audio_core.audio.formats import FORMATS
from audio_core.errors import InvalidAudio
from audio_core.lenient_json import to_object

__all__ = ["AudioBlock", "is_audio_block", "is_text_block", "parse_audio_block"]

_PCM_NAMES = {name for row in FORMATS.values() if row.raw for name in (row.name, row.mime, *row.aliases)}
_SOURCE_KEYS = ("url", "base64", "data", "path", "bytes", "file_uri", "file_data", "audio")
_BASE64_KEYS = ("base64", "data", "audio", "bytes", "file_data")


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """What an audio block says.

    Attributes:
        source: the path, URL, bytes or base64 text that the block holds.
        is_base64: whether `source` is base64 text.
        pcm_format: the format name or MIME type if the block says raw PCM; None otherwise, as the bytes tell the format.
        sample_rate: Hz, of raw PCM.
        channels: number of channels, of raw PCM.
        start: seconds of the recording at which the clip starts.
        end: seconds of the recording at which the clip ends.
    """

    source: Any
    is_base64: bool
    pcm_format: str | None
    sample_rate: int | None
    channels: int
    start: float | None
    end: float | None


def is_audio_block(block: Mapping[str, Any]) -> bool:
    """Tell whether a message block is audio, by its type and MIME type alone.

    Example:
        >>> is_audio_block({"type": "media", "mime_type": "audio/wav", "data": "UklGRg=="})
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


def is_text_block(block: Any) -> bool:
    """Tell whether a message block is text: a string, or a mapping of type `"text"`.

    Example:
        >>> is_text_block("hi"), is_text_block({"type": "text", "text": "hi"}), is_text_block({"type": "image_url"})
        (True, True, False)
    """
    return isinstance(block, str) or (isinstance(block, Mapping) and cast("Any", block).get("type") == "text")


def parse_audio_block(block: Mapping[str, Any]) -> AudioBlock:
    """Parse an audio block. Nothing is opened.

    Args:
        block: one of the shapes in this module's table. `start` and `end` (seconds) and, for raw PCM, `sample_rate` (Hz)
            and `channels` may stand beside the source, or in `extras`, where LangChain puts what it does not know.

    Raises:
        InvalidAudio: if the block names no source, or more than one.

    Example:
        >>> parse_audio_block({"type": "audio", "url": "file:///talks/a.mp3", "start": 12.0}).start
        12.0
    """
    inner = _get_inner(block)
    fields = {**to_object(block.get("extras")), **block, **inner}
    given = {key: inner[key] for key in _SOURCE_KEYS if inner.get(key) is not None}
    if len(given) != 1 or block.get("file_id"):
        raise InvalidAudio(_explain_sources(block, list(given)))
    (key, source), mime = given.popitem(), str(_get_mime_type(block) or inner.get("format") or "")
    return AudioBlock(
        source=source,
        is_base64=_is_base64(key, source),
        pcm_format=mime if mime.split(";", maxsplit=1)[0].lower() in _PCM_NAMES else None,
        sample_rate=fields.get("sample_rate") or fields.get("audio_sample_rate"),
        channels=fields.get("channels") or 1,
        start=fields.get("start"),
        end=fields.get("end"),
    )


def _is_base64(key: str, source: Any) -> bool:
    is_text = isinstance(source, str) and key in _BASE64_KEYS
    return is_text and not source.startswith(("data:", "http:", "https:", "file:"))


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
