"""Tool calls: put together from fragments, and handed on only if they are whole.

A call whose arguments were cut still parses leniently: `{"path": "/data/cus` becomes a call on another file. So arguments
must be a JSON object by the strict parser, or the reply is an error.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from audio_core.errors import IncompleteResponse, InvalidOption
from audio_core.lenient_json import to_object, to_objects

__all__ = ["CUT_SHORT", "ToolCall", "ToolCallBuilder", "ToolCallDelta", "parse_tool_calls", "to_openai_tool_choice"]

CUT_SHORT = ("length", "content_filter")
"""Finish reasons that say why an answer, or what is left of it, did not come."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asks for.

    Attributes:
        id: by which its result is sent back.
        name: of the tool.
        arguments: a JSON object, as text.

    Example:
        >>> ToolCall.of("call_1", "listen", {"path": "a.mp3"}).arguments
        '{"path": "a.mp3"}'
    """

    id: str
    name: str
    arguments: str

    @classmethod
    def of(cls, id: str | None, name: str, arguments: Mapping[str, Any] | str) -> ToolCall:
        """A call with its arguments as a mapping, or as text."""
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        return cls(id or _create_id(), name, text if text.strip() else "{}")

    @property
    def parsed(self) -> dict[str, Any]:
        """The arguments."""
        return cast("dict[str, Any]", json.loads(self.arguments, strict=False))

    def to_openai(self) -> dict[str, Any]:
        """As OpenAI defines it in an assistant message."""
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A fragment of a call: `id` and `name` stand in its first one, `arguments` is the next of their text."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(slots=True)
class _Slot:
    id: str
    name: str
    said: list[str]


class ToolCallBuilder:
    """Puts streamed calls together by their index; where a gateway gives every call the same one, by their id."""

    def __init__(self) -> None:
        self._slots: list[_Slot] = []
        self._by_index: dict[Any, int] = {}

    def add(self, fragments: Any) -> tuple[ToolCallDelta, ...]:
        """Take the `tool_calls` of a delta, and give them out with an index and id of their own."""
        return tuple(self._add_fragment(fragment) for fragment in to_objects(fragments))

    def _add_fragment(self, fragment: dict[str, Any]) -> ToolCallDelta:
        function = to_object(fragment.get("function"))
        id_, name, said = fragment.get("id"), function.get("name"), str(function.get("arguments") or "")
        at = self._by_index.get(fragment.get("index"))
        is_new = at is None or bool(id_ and id_ != self._slots[at].id)
        if is_new:
            at = self._by_index[fragment.get("index")] = len(self._slots)
            self._slots.append(_Slot(str(id_ or _create_id()), "", []))
        slot = self._slots[cast("int", at)]
        slot.said.append(said)
        first_name = name if name and not slot.name else None
        slot.name = slot.name or str(name or "")
        return ToolCallDelta(cast("int", at), slot.id if is_new else None, first_name, said)

    def build_calls(self, finish_reason: Any, *, provider: str, partial: str | None) -> tuple[ToolCall, ...]:
        """The calls, once the answer has ended; IncompleteResponse if one is not whole."""
        calls = [(slot.id, slot.name, "".join(slot.said)) for slot in self._slots]
        return tuple(_build_whole_call(*call, finish_reason, provider, partial) for call in calls)


def parse_tool_calls(
    message: Mapping[str, Any], finish_reason: Any, *, provider: str, partial: str | None
) -> tuple[ToolCall, ...]:
    """The calls in a whole message.

    Raises:
        IncompleteResponse: if the arguments of one are not a whole JSON object, or it names no tool.
    """
    parts = ToolCallBuilder()
    parts.add([{**call, "index": at} for at, call in enumerate(to_objects(message.get("tool_calls")))])
    return parts.build_calls(finish_reason, provider=provider, partial=partial)


def to_openai_tool_choice(choice: Any, tools: Sequence[Mapping[str, Any]]) -> Any:
    """The ways to say which tool must be called, as OpenAI defines it.

    Args:
        choice: `"auto"`, `"none"`, `"any"`, `"required"`, True (which means the same), the name of a tool, or a mapping as
            OpenAI defines it.
        tools: as OpenAI defines them.

    Raises:
        InvalidOption: if no tool has that name.
    """
    names = [tool.get("function", {}).get("name") for tool in tools]
    match choice:
        case None | "auto" | "none" | "required" | Mapping():
            return cast("Any", choice)
        case "any" | True:
            return "required"
        case False:
            return None
        case name if name in names:
            return {"type": "function", "function": {"name": name}}
        case _:
            raise InvalidOption(
                f"tool_choice {choice!r} is no tool. There are {', '.join(names)}, or 'auto', 'any', 'none'."
            )


def _build_whole_call(
    id_: str, name: str, arguments: str, finish_reason: Any, provider: str, partial: str | None
) -> ToolCall:
    is_empty = not arguments.strip()  # what models send for a tool without parameters
    if name and (_is_object(arguments) or (is_empty and finish_reason not in CUT_SHORT)):
        return ToolCall.of(id_, name, arguments)
    what = f"{len(arguments)} characters of arguments, no whole JSON object" if name else "no name"
    raise IncompleteResponse(
        f"{provider} answered with a call of tool {name or '?'!r} that has {what} (finish reason: {finish_reason}). "
        "It is not handed on. Ask again, with more max_tokens if the reason is 'length'.",
        provider=provider,
        partial=partial,
        may_have_been_billed=True,
    )


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, strict=False), dict)
    except (ValueError, RecursionError):
        return False


def _create_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"
