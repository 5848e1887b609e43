"""Parse tool calls, join their streamed fragments, and reject incomplete ones.

A lenient parser accepts arguments that were cut short: it turns `{"path": "/data/cus` into a call on another file. So
the arguments must be a complete JSON object, or the response is an error.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from audio_core.errors import IncompleteResponse, InvalidOption
from audio_core.lenient_json import load_json, to_object, to_objects, to_text

__all__ = ["CUT_SHORT", "ToolCall", "ToolCallBuilder", "ToolCallDelta", "parse_tool_calls", "to_openai_tool_choice"]

CUT_SHORT = ("length", "content_filter")
"""Finish reasons that explain why an answer is missing or ends early."""

_WHOLE_ESCAPES = re.compile(  # up to an escape that is cut, or may be the first of a pair
    r"(?:[^\\]|\\[^u]|\\u(?![dD][89abAB])[0-9a-fA-F]{4}"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}(?=[^\\]|\\[^u]|\\u[0-9a-fA-F]{4}))*"
)
_HALF_ESCAPE = re.compile(r"(\\[^u]|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|\\u[dD][89a-fA-F]..")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that a model asks for.

    Attributes:
        id: id of the call. The tool's result is sent back with it.
        name: name of the tool.
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
        """Build a call whose arguments are a mapping or JSON text.

        Args:
            id: id of the call. None makes a new one.
            name: name of the tool.
            arguments: arguments of the tool. Blank text stands for `{}`.
        """
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        return cls(id or _create_id(), name, text if text.strip() else "{}")

    @property
    def parsed(self) -> dict[str, Any]:
        """The arguments as a mapping."""
        return cast("dict[str, Any]", load_json(self.arguments, strict=False))

    def to_openai(self) -> dict[str, Any]:
        """Return the call in OpenAI's shape, as an assistant message has it."""
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A fragment of a tool call.

    Attributes:
        index: position of the call in the answer, from 0.
        id: id of the call; only its first fragment has it.
        name: new text of the name of the tool, if any.
        arguments: new text of the arguments.
    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(slots=True)
class _PartialCall:
    id: str
    name: str
    fragments: list[str]
    rest: str = ""  # an escape that is not whole yet

    def add_name(self, name: str) -> str | None:
        """Add a piece of the name, and return what is new of it. Some gateways send it again, whole or in part."""
        is_again = self.name and (any(self.fragments) or self.name.endswith(name))
        new = None if is_again else name.removeprefix(self.name) or None
        self.name += new or ""
        return new

    def add(self, arguments: str) -> str:
        """Add a fragment, and return what it completes. An escape for half of a character becomes one for U+FFFD."""
        text = self.rest + arguments
        whole = _WHOLE_ESCAPES.match(text) if "\\" in text else None
        end = whole.end() if whole else len(text)
        self.rest = text[end:]
        self.fragments.append(_HALF_ESCAPE.sub(lambda escape: escape[1] or r"\ufffd", text[:end]))
        return self.fragments[-1]


class ToolCallBuilder:
    """Builder of tool calls from fragments, told apart by index, or by id where all calls have the same index."""

    def __init__(self) -> None:
        self._calls: list[_PartialCall] = []
        self._positions: dict[Any, int] = {}  # by the gateway's index

    def add(self, fragments: Any) -> tuple[ToolCallDelta, ...]:
        """Add the `tool_calls` of a delta, and return them with an index and an id that are unique to each call."""
        return tuple(self._add_fragment(fragment) for fragment in to_objects(fragments))

    def _add_fragment(self, fragment: dict[str, Any]) -> ToolCallDelta:
        function = to_object(fragment.get("function"))
        call_id, name, arguments = to_text(fragment.get("id")), to_text(function.get("name")), _get_arguments(function)
        index = fragment.get("index") if isinstance(fragment.get("index"), (int, str)) else None
        position = self._positions.get(index)
        is_new = position is None or bool(call_id and call_id != self._calls[position].id)
        if is_new:
            position = self._positions[index] = len(self._calls)
            self._calls.append(_PartialCall(call_id or _create_id(), "", []))
        call = self._calls[cast("int", position)]
        new_name = call.add_name(name or "")
        arguments = call.add(arguments)
        return ToolCallDelta(cast("int", position), call.id if is_new else None, new_name, arguments)

    def build_calls(self, finish_reason: Any, *, provider: str, partial: str | None) -> tuple[ToolCall, ...]:
        """Build the calls once all fragments are added.

        Args:
            finish_reason: finish reason of the answer.
            provider: name of the gateway, for error messages.
            partial: text of the answer, for errors.

        Raises:
            IncompleteResponse: if the arguments of a call are not a complete JSON object, or the call has no name.
        """
        return tuple(
            _build_complete_call(
                call.id, call.name, "".join((*call.fragments, call.rest)), finish_reason, provider, partial
            )
            for call in self._calls
        )


def parse_tool_calls(
    message: Mapping[str, Any], finish_reason: Any, *, provider: str, partial: str | None
) -> tuple[ToolCall, ...]:
    """Parse the tool calls of a message that is not streamed.

    Args:
        message: the assistant message, in OpenAI's shape.
        finish_reason: finish reason of the answer.
        provider: name of the gateway, for error messages.
        partial: text of the answer, for errors.

    Raises:
        IncompleteResponse: if the arguments of a call are not a complete JSON object, or the call has no name.
    """
    builder = ToolCallBuilder()
    builder.add([{**call, "index": index} for index, call in enumerate(to_objects(message.get("tool_calls")))])
    return builder.build_calls(finish_reason, provider=provider, partial=partial)


def to_openai_tool_choice(choice: Any, tools: Sequence[Mapping[str, Any]]) -> Any:
    """Return the value of OpenAI's `tool_choice` for a framework's choice of tool. None leaves the field out.

    Args:
        choice: the name of a tool, a mapping in OpenAI's shape, `"auto"` or `"none"`. `"any"`, `"required"` and True
            mean that some tool must be called. None and False leave the choice to the gateway.
        tools: definitions of the tools, in OpenAI's shape.

    Raises:
        InvalidOption: if no tool has that name.

    Example:
        >>> to_openai_tool_choice("listen", [{"type": "function", "function": {"name": "listen"}}])
        {'type': 'function', 'function': {'name': 'listen'}}
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
                f"tool_choice {choice!r} is not a tool. Use a tool's name ({', '.join(names)}), "
                "'auto', 'any' or 'none'."
            )


def _build_complete_call(
    call_id: str, name: str, arguments: str, finish_reason: Any, provider: str, partial: str | None
) -> ToolCall:
    is_empty = not arguments.strip()  # models send this for a tool without parameters
    if name and (_is_object(arguments) or (is_empty and finish_reason not in CUT_SHORT)):
        return ToolCall.of(call_id, name, arguments)
    problem = f"{len(arguments)} characters of arguments but no complete JSON object" if name else "no name"
    raise IncompleteResponse(
        f"{provider} sent a call of the tool {name or '?'!r} that has {problem} (finish reason: {finish_reason}). "
        "It is not handed on. Ask again, with more max_tokens if the reason is 'length'.",
        provider=provider,
        partial=partial,
        may_have_been_billed=True,
    )


def _get_arguments(function: Mapping[str, Any]) -> str:
    """Return the arguments as text. Some gateways send the object itself; what else is sent stays to be refused."""
    arguments = function.get("arguments")
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _is_object(text: str) -> bool:
    try:
        return isinstance(load_json(text, strict=False), dict)
    except ValueError:
        return False


def _create_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"
