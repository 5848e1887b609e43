"""Choose the offline server's chat responses: transcripts, tool calls and JSON that fits a schema.

There is no chat model. A tool's arguments and a schema's fields are filled with the numbers and quoted texts of the
request, so responses are deterministic.

Without this module, nothing that calls tools or asks for structured output could run without a key. It serves:

- every end-to-end test of tool calls, agents and structured output in `tests/langchain` and `tests/llamaindex`,
  LangChain's standard integration tests, and the tests through a real LiteLLM Proxy in `tests/gateway` (tests of exact
  requests and of failures use `audio_core.testing.ScriptedGateway` instead);
- `examples/meeting_minutes.py` (structured output) and `examples/voice_note_agent.py` (agents with tools);
- the code in `docs/chatting.md` (structured output) and `docs/agents.md` (agents).

It needs no dependency, and only the server imports it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from audio_core.lenient_json import to_list, to_object, to_objects, to_text

__all__ = ["CannedResponse", "Question", "choose_response", "fill_schema"]

_NO_SPEECH = "I heard no speech."
_NO_AUDIO = "I am an offline speech recogniser: send me input_audio and I will tell you what I hear."
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_FILE_NAME = re.compile(r"[^\s\"'“”‘’(]+\.[A-Za-z]\w{1,4}\b")
_FILE_FIELDS = ("audio", "file", "file_name", "file_path", "path", "recording")
_QUOTED = re.compile(r"[\"'“‘「『]([^\"'”’」』]+)[\"'”’」』]")


@dataclass(frozen=True)
class Question:
    """The last message of a chat request, with the options of its response.

    Attributes:
        text: the text of the message.
        heard: the transcripts of its clips.
        is_tool_result: whether the message is a tool's result.
        is_after_tool: whether a tool has returned a result since the last assistant message. A recording that a tool
            returned is in a user message after the result.
        tools: the functions that may be called, in OpenAI's shape.
        tool_choice: OpenAI's field of that name.
        response_format: OpenAI's field of that name.
        stop: texts before which the response ends.
        max_tokens: the maximum length of the response, in words.
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
        """The text and the transcripts, one per line."""
        return "\n".join((self.text, *self.heard)).strip()


@dataclass(frozen=True)
class CannedResponse:
    """A response: a text, or the names and arguments of the tools to call."""

    text: str = ""
    tool_calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    finish_reason: str = "stop"


def choose_response(question: Question) -> CannedResponse:
    """Choose the response to a question."""
    if tool := _choose_tool(question):
        arguments = fill_schema(to_object(tool.get("parameters")), question.words)
        return CannedResponse(tool_calls=((to_text(tool.get("name")) or "", arguments),), finish_reason="tool_calls")
    text = _choose_text(question)
    for stop in question.stop:
        text = text.split(stop)[0]
    words = text.split(" ")
    if question.max_tokens and len(words) > question.max_tokens:
        return CannedResponse(" ".join(words[: question.max_tokens]), finish_reason="length")
    return CannedResponse(text)


def _choose_tool(question: Question) -> dict[str, Any] | None:
    """Return the tool to call: the one that `tool_choice` names, or the first one.

    After a tool's result, no tool is called unless `tool_choice` requires it.
    """
    choice, tools = question.tool_choice, question.tools
    if not tools or choice == "none" or (question.is_after_tool and choice in (None, "auto")):
        return None
    name = to_object(to_object(choice).get("function")).get("name")
    return next((tool for tool in tools if name in (None, tool.get("name"))), None)


def _choose_text(question: Question) -> str:
    match question.response_format.get("type"):
        case "json_schema":
            schema = to_object(to_object(question.response_format.get("json_schema")).get("schema"))
            return json.dumps(fill_schema(schema, question.words), ensure_ascii=False)
        case "json_object":
            names = _QUOTED.findall(question.text) or ["answer"]
            return json.dumps(dict.fromkeys(names, question.words), ensure_ascii=False)
        case _ if question.is_tool_result:
            return f"The tool answered: {question.text}"
        case _:
            return _list_transcripts(question.heard)


def _list_transcripts(transcripts: tuple[str, ...]) -> str:
    texts = [text or _NO_SPEECH for text in transcripts]
    if len(texts) <= 1:
        return f"I heard: {texts[0]}" if texts else _NO_AUDIO
    return "\n".join(f"In clip {number} I heard: {text}" for number, text in enumerate(texts, 1))


def fill_schema(
    schema: dict[str, Any], words: str, *, root: dict[str, Any] | None = None, parents: tuple[str, ...] = ()
) -> Any:
    """Return a value that fits a JSON schema. Where the schema refers to itself, lists are empty and choices null.

    Args:
        schema: the schema.
        words: a text. Its first number fills numbers, and its first quoted text fills strings. The first file name
            fills the fields that ask for one, such as `audio`.
        root: the schema that holds the definitions to which a `$ref` points. By default it is `schema`.
        parents: names of the definitions that are being filled.

    Raises:
        ValueError: if a definition refers to itself without an end.

    Example:
        >>> fill_schema({"type": "object", "properties": {"n": {"type": "integer"}}}, "What is magic(3)?")
        {'n': 3}
    """
    root = root or schema
    if name := _get_reference(schema):
        if name in parents:
            raise ValueError(f"{name} in the schema refers to itself without an end.")
        definition = {**to_object(root.get("definitions")), **to_object(root.get("$defs"))}.get(name)
        return fill_schema(to_object(definition), words, root=root, parents=(*parents, name))
    if choices := to_objects(schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")):
        finite = [choice for choice in choices if _get_reference(choice) not in parents] or choices
        not_null = [choice for choice in finite if choice.get("type") != "null"]
        return fill_schema((not_null or finite)[0], words, root=root, parents=parents)
    if values := [schema["const"]] if "const" in schema else to_list(schema.get("enum")):
        return values[0]
    return _fill_type(schema, words, root, parents)


def _get_reference(schema: Any) -> str | None:
    """Return the name of the definition that a schema refers to, or None."""
    reference = to_text(to_object(schema).get("$ref"))
    return reference.rsplit("/", 1)[-1] if reference else None


def _fill_type(schema: dict[str, Any], words: str, root: dict[str, Any], parents: tuple[str, ...]) -> Any:
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
            items = to_object(schema.get("items"))
            return [] if _get_reference(items) in parents else [fill_schema(items, words, root=root, parents=parents)]
        case "string":
            quoted = _QUOTED.search(words)
            return quoted[1] if quoted else words
        case _:
            properties = to_object(schema.get("properties"))
            finite = [name for name, value in properties.items() if _get_reference(value) not in parents]
            required = to_list(schema.get("required")) or finite
            return {
                name: fill_schema(to_object(value), _select_words(name, words), root=root, parents=parents)
                for name, value in properties.items()
                if name in required
            }


def _select_words(field_name: str, words: str) -> str:
    """Return the words that may fill a field: the name of a file alone if the field asks for one."""
    file_name = _FILE_NAME.search(words) if field_name in _FILE_FIELDS and not _QUOTED.search(words) else None
    return file_name[0] if file_name else words
