"""Takes from a vendor's OpenAPI file what the tests hold our requests to: `python extract.py openai.yaml > openai.json`.

- openai.json: github.com/openai/openai-openapi, openapi.yaml at f85dbe2 (MIT)
- openrouter.json: github.com/OpenRouterTeam/docs, openapi/openapi.yaml at c26125a, 2026-08-22 (MIT)
- cortecs.json: docs.cortecs.ai, Audio Transcription API 1.0.0; `nullable` written as JSON Schema's null
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

WANTED = (
    "CreateChatCompletionRequest",
    "CreateChatCompletionResponse",
    "CreateTranscriptionRequest",
    "ChatRequest",
    "STTRequest",
)
PROSE = {"description", "example", "examples", "title", "externalDocs", "deprecated", "summary"}


def main(path: str) -> None:
    schemas = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["components"]["schemas"]
    found = {name: slim(schema) for name, schema in closure(schemas).items()}
    json.dump({"components": {"schemas": found}}, sys.stdout, separators=(",", ":"), default=str)


def closure(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas wanted, and all that they refer to."""
    seen: dict[str, Any] = {}
    left = [name for name in WANTED if name in schemas]
    while left:
        name = left.pop()
        if name not in seen:
            seen[name] = schemas[name]
            left += references(schemas[name])
    return seen


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"].rsplit("/", 1)[1]] if isinstance(value.get("$ref"), str) else []
        return own + [name for item in value.values() for name in references(item)]
    return [name for item in value for name in references(item)] if isinstance(value, list) else []


def slim(value: Any, *, are_names: bool = False) -> Any:
    """A schema without its prose."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if are_names or (k not in PROSE and not k.startswith("x-"))}
        return {key: slim(item, are_names=key == "properties") for key, item in kept.items()}
    return [slim(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main(sys.argv[1])
