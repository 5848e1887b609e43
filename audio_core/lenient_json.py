"""Parse JSON from untrusted sources leniently: a value of an unexpected type counts as absent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, cast

from pydantic_core import from_json

__all__ = [
    "decode_text",
    "drop_none",
    "load_json",
    "parse_body",
    "parse_json",
    "replace_half_characters",
    "replace_halves_within",
    "to_list",
    "to_number",
    "to_object",
    "to_objects",
    "to_text",
]

_CHARSET = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_NOT_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^][{}"]+', re.DOTALL)  # texts, and what is between brackets
_MAX_DEPTH = 201  # as deep as pydantic_core reads
_MAX_NUMBER = 2**53  # beyond it, floats skip whole numbers


def parse_json(text: bytes | str, *, keep_halves: bool = False) -> Any:
    """Parse JSON text; return None if it is not JSON. All texts in it can be encoded.

    `pydantic_core` is twice as fast as the standard library, which parses only what the former rejects: a lone
    surrogate or a byte order mark.

    Args:
        text: the JSON text.
        keep_halves: whether to keep lone surrogates, whose other halves may follow.

    Example:
        >>> parse_json('{"text": "hi"}'), parse_json("<html>")
        ({'text': 'hi'}, None)
    """
    try:
        return from_json(text)
    except ValueError:
        pass
    try:
        value = load_json(text)
        return value if keep_halves else replace_halves_within(value)
    except ValueError:
        return None


def load_json(text: bytes | str, *, strict: bool = True) -> Any:
    """Parse JSON text as `json.loads` does, unless it is nested so deeply that Python comes near its recursion limit.

    What Python calls there, such as finalizers when it collects garbage, fails, and the program is not told.

    Args:
        text: the JSON text.
        strict: whether to refuse control characters in texts.

    Raises:
        ValueError: if the text is not JSON, or is nested more than 201 levels deep.

    Example:
        >>> load_json('{"text": "hi"}')
        {'text': 'hi'}
    """
    if not isinstance(text, str):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    if _measure_depth(text) > _MAX_DEPTH:
        raise ValueError(f"The JSON is nested more than {_MAX_DEPTH} levels deep.")
    return json.loads(text, strict=strict)


def _measure_depth(text: str) -> int:
    brackets = _NOT_BRACKETS.sub("", text)
    return max(accumulate(1 if bracket in "[{" else -1 for bracket in brackets), default=0)


def parse_body(body: bytes, content_type: str) -> Any:
    """Parse the JSON of a response, which may be in another charset; return None if it is not JSON.

    Args:
        body: of the response.
        content_type: value of its `Content-Type` header, or `""`.
    """
    value = parse_json(body)
    return value if value is not None else parse_json(decode_text(body, content_type))


def decode_text(body: bytes, content_type: str) -> str:
    r"""Decode the text of a response: UTF-8, or else the charset that it states. What is neither becomes U+FFFD.

    Example:
        >>> decode_text(b"gr\xfc\xdfe", "text/plain; charset=iso-8859-1")
        'grüße'
    """
    stated = _CHARSET.search(content_type)
    for charset in ("utf-8-sig", *((stated[1],) if stated else ())):
        try:
            return body.decode(charset)
        except (ValueError, LookupError):
            continue
    return body.decode("utf-8", "replace")


def to_object(value: Any) -> dict[str, Any]:
    """Return the value if it is a JSON object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def to_list(value: Any) -> list[Any]:
    """Return the value if it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def to_objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a JSON array without its other items; an empty list if the value is not an array."""
    return [to_object(item) for item in to_list(value) if isinstance(item, dict)]


def to_text(value: Any) -> str | None:
    """Return the value if it is a text that is not empty, else None. It can be encoded."""
    return replace_half_characters(value) if isinstance(value, str) and value else None


def replace_half_characters(text: str) -> str:
    r"""Join the halves of surrogate pairs in a text, and replace other halves by U+FFFD, so that it can be encoded.

    Example:
        >>> replace_half_characters("\ud83d\ude00") == "\U0001f600"
        True
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def replace_halves_within(value: Any) -> Any:
    """Return a JSON value with U+FFFD in place of halves of surrogate pairs, in all texts and names of it."""
    text = json.dumps(value, ensure_ascii=False)
    clean = replace_half_characters(text)
    return value if clean is text else json.loads(clean)


def to_number(value: Any) -> float | None:
    """Return the value if it is a number of usual size, else None. A boolean is no number."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and -_MAX_NUMBER < value < _MAX_NUMBER else None


def drop_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not None: unknown fields are omitted."""
    return {name: value for name, value in values.items() if value is not None}
