"""Check what we send against the vendors' OpenAPI files (`specs/`) and the types of OpenAI's own client."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionContentPartImageParam,
    ChatCompletionContentPartInputAudioParam,
    ChatCompletionContentPartTextParam,
    ChatCompletionDeveloperMessageParam,
    ChatCompletionSystemMessageParam,
    ChatCompletionToolMessageParam,
    ChatCompletionUserMessageParam,
)
from openai.types.chat.chat_completion_content_part_param import File
from pydantic import TypeAdapter
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SPECS = Path(__file__).parent / "specs"
MESSAGES: dict[str, Any] = {
    "system": ChatCompletionSystemMessageParam,
    "developer": ChatCompletionDeveloperMessageParam,
    "user": ChatCompletionUserMessageParam,
    "assistant": ChatCompletionAssistantMessageParam,
    "tool": ChatCompletionToolMessageParam,
}
PARTS: dict[str, Any] = {
    "text": ChatCompletionContentPartTextParam,
    "input_audio": ChatCompletionContentPartInputAudioParam,
    "image_url": ChatCompletionContentPartImageParam,
    "file": File,
}


@functools.cache
def load_registry(vendor: str) -> Registry[Any]:
    document = json.loads((SPECS / f"{vendor}.json").read_text())
    return Registry().with_resource("urn:spec", Resource(contents=document, specification=DRAFT202012))


def violations(vendor: str, schema: str, body: Any) -> list[str]:
    """List where a body violates a schema of the vendor's file; the list is empty if it fits."""
    validator = Draft202012Validator({"$ref": f"urn:spec#/components/schemas/{schema}"}, registry=load_registry(vendor))
    return sorted(f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(body))


def check_chat(body: dict[str, Any], *, vendor: str = "openai") -> None:
    """Raise if a chat request does not fit the vendor's file, or OpenAI's types."""
    schema = {"openai": "CreateChatCompletionRequest", "openrouter": "ChatRequest"}[vendor]
    assert violations(vendor, schema, body) == []
    if vendor == "openai":
        for message in body["messages"]:
            _check_message(message)


def check_speech(body: dict[str, Any], *, vendor: str = "openai") -> None:
    """Raise if a request for speech does not fit the vendor's file."""
    schema = {"openai": "CreateSpeechRequest", "openrouter": "SpeechRequest"}[vendor]
    assert violations(vendor, schema, body) == []


def _check_message(message: dict[str, Any]) -> None:
    TypeAdapter(MESSAGES[message["role"]]).validate_python(message, strict=True)
    content = message.get("content")
    for part in content if isinstance(content, list) else []:  # the message types validate parts lazily, if at all
        TypeAdapter(PARTS[part["type"]]).validate_python(part, strict=True)
