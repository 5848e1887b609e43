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
CHAT = {"openai": "CreateChatCompletionRequest", "openrouter": "ChatRequest"}
SPEECH = {"openai": "CreateSpeechRequest", "openrouter": "SpeechRequest"}
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


@functools.cache
def create_validator(vendor: str, schema: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"urn:spec#/components/schemas/{schema}"}, registry=load_registry(vendor))


create_adapter = functools.cache(TypeAdapter[Any])  # it takes longer to create one than to use it


def violations(vendor: str, schema: str, body: Any) -> list[str]:
    """List where a body violates a schema of the vendor's file; the list is empty if it fits."""
    validator = create_validator(vendor, schema)
    return sorted(f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(body))


def check_chat(body: dict[str, Any], *, vendor: str = "openai") -> None:
    """Raise if a chat request does not fit the vendor's file, or OpenAI's types."""
    assert violations(vendor, CHAT[vendor], body) == []
    if vendor == "openai":
        _check_messages(body)


def check_speech(body: dict[str, Any], *, vendor: str = "openai") -> None:
    """Raise if a request for speech does not fit the vendor's file."""
    assert violations(vendor, SPEECH[vendor], body) == []


def check_any_chat(body: dict[str, Any]) -> None:
    """Raise if a chat request does not fit OpenAI's file and types, nor OpenRouter's file."""
    if violations("openai", CHAT["openai"], body):
        check_chat(body, vendor="openrouter")
    else:
        _check_messages(body)


def check_any_speech(body: dict[str, Any]) -> None:
    """Raise if a request for speech fits neither OpenAI's file nor OpenRouter's."""
    if violations("openai", SPEECH["openai"], body):
        check_speech(body, vendor="openrouter")


def _check_messages(body: dict[str, Any]) -> None:
    for message in body["messages"]:
        _check_message(message)


def _check_message(message: dict[str, Any]) -> None:
    create_adapter(MESSAGES[message["role"]]).validate_python(message, strict=True)
    content = message.get("content")
    for part in content if isinstance(content, list) else []:  # the message types validate parts lazily, if at all
        create_adapter(PARTS[part["type"]]).validate_python(part, strict=True)
