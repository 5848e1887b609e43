"""Parse the JSON events of a stream of text, of which two may share a character.

A gateway that counts in UTF-16 may cut a pair of surrogates, such as an emoji, and send each half in an event of its
own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from audio_core.lenient_json import parse_json, replace_half_characters, replace_halves_within, to_object

__all__ = ["EventParser"]

_PIECES = {
    "arguments",
    "content",
    "delta",
    "reasoning",
    "reasoning_content",
    "refusal",
    "summary",
    "text",
    "transcript",
}
_WHOLE = (".done", ".segment")  # types of events whose texts are whole
_MAX_DEPTH = 8  # of the fields that come in pieces
_Path = tuple[str | tuple[str | int], ...]  # the index of an item of a list is in a tuple of its own


class EventParser:
    r"""Parser of the events of a stream. What it returns can be encoded.

    The first half of a character at the end of a field is held back for the next event that has this field.

    Example:
        >>> parser = EventParser()
        >>> parser.parse('{"delta": "a\\ud83d"}'), parser.parse('{"delta": "\\ude00b"}') == {"delta": "\U0001f600b"}
        ({'delta': 'a'}, True)
    """

    def __init__(self) -> None:
        self._held: dict[_Path, str] = {}

    def parse(self, event: str) -> Any:
        """Return the value of an event; None if it is not JSON."""
        if not self._held and "\\ud" not in event and "\\uD" not in event:
            return parse_json(event)
        value = parse_json(event, keep_halves=True)
        if not str(to_object(value).get("type")).endswith(_WHOLE):
            self._join_fields(value, ())
        return replace_halves_within(value)

    def close(self) -> list[dict[str, Any]]:
        """Return events with U+FFFD for each half that is held back and has no other."""
        held, self._held = self._held, {}
        return [_nest(path) for path in held]

    def _join_fields(self, value: Any, path: _Path) -> None:
        for key, step, item in _list_items(value):
            if isinstance(item, str) and key in _PIECES:
                value[key] = self._join(item, (*path, step))
            elif len(path) < _MAX_DEPTH:
                self._join_fields(item, (*path, step))

    def _join(self, text: str, path: _Path) -> str:
        text = self._held.pop(path, "") + text
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._held[path] = text[:-1], text[-1]
        return replace_half_characters(text)


def _list_items(value: Any) -> Iterable[tuple[Any, str | tuple[str | int], Any]]:
    """Return the key of each item of a JSON value, its step in a path, and the item."""
    if isinstance(value, dict):
        return [(key, key, item) for key, item in cast("dict[str, Any]", value).items()]
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [(position, (_get_index(item, position),), item) for position, item in enumerate(items)]


def _get_index(item: Any, position: int) -> str | int:
    """Return the index that a tool call or a choice states, or else its position."""
    index = cast("dict[str, Any]", item).get("index") if isinstance(item, dict) else None
    return index if isinstance(index, (str, int)) else position


def _nest(path: _Path) -> dict[str, Any]:
    value: Any = "\ufffd"
    for step in reversed(path):
        value = [{"index": step[0], **value}] if isinstance(step, tuple) else {step: value}
    return value
