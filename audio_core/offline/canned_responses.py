"""What the offline server answers: what it heard; or a tool call or JSON whose fields it fills from the words at hand.

There is no model here. It lets a chain or an agent run from end to end on a laptop, and is deterministic.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from audio_core.lenient_json import to_list, to_object, to_objects

__all__ = ["CannedResponse", "Question", "choose_response", "fill_schema"]

_NOTHING = "I heard no speech."
_NO_AUDIO = "I am an offline speech recogniser: send me input_audio and I will tell you what I hear."
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_QUOTED = re.compile(r"[\"'“‘「『]([^\"'”’」』]+)[\"'”’」』]")


@dataclass(frozen=True)
class Question:
    """What is asked: the last message, what was heard in its clips, and how the answer is wanted.

    A tool's recording comes in a user message after its answer; such a message is no tool's result, but follows one.
    """

    text: str
    heard: tuple[str, ...] = ()
    is_tool_result: bool = False
    is_after_tool: bool = False
    tools: tuple[dict[str, Any], ...] = ()
    tool_choice: Any = None
    response_format: dict[str, Any] = field(default_factory=dict[str, Any])
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None

    @property
    def words(self) -> str:
        """All that was said and written."""
        return "\n".join((self.text, *self.heard)).strip()


@dataclass(frozen=True)
class CannedResponse:
    """What is answered: a text, or the names and arguments of tools to call."""

    text: str = ""
    tool_calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    finish_reason: str = "stop"


def choose_response(question: Question) -> CannedResponse:
    """The answer to a question."""
    if tool := _choose_tool(question):
        arguments = fill_schema(to_object(tool.get("parameters")), question.words)
        return CannedResponse(tool_calls=((str(tool.get("name")), arguments),), finish_reason="tool_calls")
    text = _choose_text(question)
    for stop in question.stop:
        text = text.split(stop)[0]
    words = text.split(" ")
    if question.max_tokens and len(words) > question.max_tokens:
        return CannedResponse(" ".join(words[: question.max_tokens]), finish_reason="length")
    return CannedResponse(text)


def _choose_tool(question: Question) -> dict[str, Any] | None:
    """The tool that must be called; of those that may be called, the first, unless one has just answered."""
    choice, tools = question.tool_choice, question.tools
    if not tools or choice == "none" or (question.is_after_tool and choice in (None, "auto")):
        return None
    wanted = to_object(to_object(choice).get("function")).get("name")
    return next((tool for tool in tools if wanted in (None, tool.get("name"))), None)


def _choose_text(question: Question) -> str:
    match question.response_format.get("type"):
        case "json_schema":
            schema = to_object(to_object(question.response_format.get("json_schema")).get("schema"))
            return json.dumps(fill_schema(schema, question.words), ensure_ascii=False)
        case "json_object":
            names = _QUOTED.findall(question.text) or ["answer"]
            return json.dumps(dict.fromkeys(names, question.words), ensure_ascii=False)
        case _:
            return f"The tool answered: {question.text}" if question.is_tool_result else _report_heard(question.heard)


def _report_heard(heard: tuple[str, ...]) -> str:
    texts = [text or _NOTHING for text in heard]
    if len(texts) <= 1:
        return f"I heard: {texts[0]}" if texts else _NO_AUDIO
    return "\n".join(f"In clip {number} I heard: {text}" for number, text in enumerate(texts, 1))


def fill_schema(schema: dict[str, Any], words: str, *, root: dict[str, Any] | None = None) -> Any:
    """A value that fits a JSON schema, with numbers and quoted texts taken from `words`.

    Example:
        >>> filled({"type": "object", "properties": {"n": {"type": "integer"}}}, "What is magic(3)?")
        {'n': 3}
    """
    root = root or schema
    if reference := schema.get("$ref"):
        name = str(reference).rsplit("/", 1)[-1]
        return fill_schema(
            to_object({**to_object(root.get("definitions")), **to_object(root.get("$defs"))}.get(name)),
            words,
            root=root,
        )
    if choices := to_objects(schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")):
        real = [choice for choice in choices if choice.get("type") != "null"]
        return fill_schema((real or choices)[0], words, root=root)
    if fixed := [schema["const"]] if "const" in schema else to_list(schema.get("enum")):
        return fixed[0]
    return _fill_type(schema, words, root)


def _fill_type(schema: dict[str, Any], words: str, root: dict[str, Any]) -> Any:
    number = _NUMBER.search(words)
    match schema.get("type"):
        case "integer":
            return int(float(number[0])) if number else 0
        case "number":
            return float(number[0]) if number else 0.0
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            return [fill_schema(to_object(schema.get("items")), words, root=root)]
        case "string":
            quoted = _QUOTED.search(words)
            return quoted[1] if quoted else words
        case _:
            properties = to_object(schema.get("properties"))
            needed = to_list(schema.get("required")) or list(properties)
            return {
                name: fill_schema(to_object(each), words, root=root)
                for name, each in properties.items()
                if name in needed
            }
