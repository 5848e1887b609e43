"""Find audio in bytes and text of any kind, such as base64, `data:` URIs and JSON, and name it by its digest."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from audio_core.audio.content import Base64Content, BytesContent, Content
from audio_core.audio.hashing import compute_sha256
from audio_core.audio.sniffing import sniff_content
from audio_core.errors import InvalidAudio
from audio_core.lenient_json import parse_json

__all__ = ["URN", "redact_bytes", "redact_text"]

URN = "urn:sha256:"
_SHORTEST = 64  # characters; less than that is a word, an id or a key
_LONGEST_PATH = 4096  # characters
_WORD = rf"[A-Za-z0-9+/_-]{{{_SHORTEST},}}+"
_BREAK = r"(?:(?:\\[rn]|[\r\n])[ \t]*)+"
_RUN = re.compile(rf"(?<![A-Za-z0-9+/_-]){_WORD}(?:(?:{_BREAK}{_WORD})+(?:{_BREAK}[A-Za-z0-9+/_-]+)?)?={{0,2}}")
_HEAD = re.compile(rf"\s*[A-Za-z0-9+/_-]{{{_SHORTEST}}}")
_URI = re.compile(rf"data:(?P<mime>[\w.+-]+/[\w.+-]+)(?:;[\w.=+-]*)*,(?P<data>{_RUN.pattern})", re.IGNORECASE)
_LINE_BREAK = re.compile(_BREAK)
_RUN_OF_X, _ALPHABET = b"x" * _SHORTEST, f"{string.ascii_letters}{string.digits}+/-_".encode()
_TO_X = bytes(ord("x") if code in _ALPHABET else ord(" ") for code in range(256))
_AUDIO_URI = re.compile("data:audio/", re.IGNORECASE)


def redact_bytes(data: bytes, *, is_audio: bool) -> str | None:
    """Return the URN of audio that is given as its bytes, or as base64 in bytes; None if it is something else.

    Args:
        data: the bytes.
        is_audio: whether they are known to be audio, so that samples without a header count too.
    """
    content = BytesContent(data)
    if sniff_content(content):
        return _build_urn(content)
    encoded = _open_base64(data) if len(data) >= _SHORTEST else None
    if encoded and (is_audio or sniff_content(encoded)):
        return _build_urn(encoded)
    return _build_urn(content) if is_audio and data and not data.startswith(URN.encode()) else None


def redact_text(text: str, redact: Callable[[Any], Any], *, is_audio: bool) -> str:
    """Return a text with URNs in place of the audio in it, or the same text if it holds none.

    Args:
        text: base64, a `data:` URI, JSON, or prose with such in it.
        redact: replaces the audio in what JSON holds.
        is_audio: whether the text is known to be the base64 of audio, if it is base64.
    """
    if _AUDIO_URI.match(text):
        return _redact_uri(text)
    if is_audio and (content := _open_base64(text)):
        return _build_urn(content)
    if not _has_run(text):
        return text
    if _HEAD.match(text) and (content := _open_base64(text)) and sniff_content(content):
        return _build_urn(content)
    if is_audio and len(text) > _LONGEST_PATH:  # damaged, but still no text that a trace needs
        return _build_urn(BytesContent(text.encode(errors="replace")))
    if text.lstrip()[:1] in ("{", "["):
        value = parse_json(text)
        if value is not None:
            redacted = redact(value)
            return text if redacted is value else json.dumps(redacted, ensure_ascii=False)
    redacted = _RUN.sub(_redact_run, _URI.sub(_redact_inner_uri, text))
    return text if redacted == text else redacted


def _has_run(text: str) -> bool:
    """Return whether a text may hold base64. Most do not, and the regular expression takes long to say so."""
    return _RUN_OF_X in text.encode("ascii", "replace").translate(_TO_X) if len(text) >= _SHORTEST else False


def _redact_uri(uri: str) -> str:
    header, _, data = uri.partition(",")
    data, hash_sign, fragment = data.partition("#")
    content = _open_base64(unquote(data)) if header.lower().endswith(";base64") else None
    return _build_urn(content or BytesContent(data.encode(errors="replace"))) + hash_sign + fragment


def _redact_inner_uri(uri: re.Match[str]) -> str:
    return _redact_data(uri["data"], is_audio=uri["mime"].lower().startswith("audio/")) or uri[0]


def _redact_run(run: re.Match[str]) -> str:
    return _redact_data(run[0]) or run[0]


def _redact_data(data: str, *, is_audio: bool = False) -> str | None:
    data = _LINE_BREAK.sub("", data) if "\n" in data or "\\" in data else data
    whole = data if data.endswith("=") else data[: len(data) // 4 * 4]  # what was cut off may end anywhere
    content = _open_base64(whole)
    return _build_urn(content) if content and (is_audio or sniff_content(content)) else None


def _open_base64(text: str | bytes) -> Base64Content | None:
    try:
        content = Base64Content(text)
    except InvalidAudio:
        return None
    return content if content.size else None


def _build_urn(content: Content) -> str:
    return URN + compute_sha256(content)
