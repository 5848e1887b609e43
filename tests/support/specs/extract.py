"""Extract the schemas that the tests use from a vendor's OpenAPI file: `python extract.py openai.yaml > openai.json`.

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

SCHEMAS = (
    "CreateChatCompletionRequest",
    "CreateChatCompletionResponse",
    "CreateSpeechRequest",
    "CreateTranscriptionRequest",
    "ChatRequest",
    "STTRequest",
    "SpeechRequest",
)
PROSE = {"description", "example", "examples", "title", "externalDocs", "deprecated", "summary"}


def main(path: str) -> None:
    schemas = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["components"]["schemas"]
    extracted = {name: remove_prose(schema) for name, schema in collect_schemas(schemas).items()}
    json.dump({"components": {"schemas": extracted}}, sys.stdout, separators=(",", ":"), default=str)


def collect_schemas(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas of `SCHEMAS`, and all that they refer to."""
    collected: dict[str, Any] = {}
    remaining = [name for name in SCHEMAS if name in schemas]
    while remaining:
        name = remaining.pop()
        if name not in collected:
            collected[name] = schemas[name]
            remaining += find_references(schemas[name])
    return collected


def find_references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"].rsplit("/", 1)[1]] if isinstance(value.get("$ref"), str) else []
        return own + [name for item in value.values() for name in find_references(item)]
    return [name for item in value for name in find_references(item)] if isinstance(value, list) else []


def remove_prose(value: Any, *, are_names: bool = False) -> Any:
    """Return a schema without its descriptions and examples."""
    if isinstance(value, dict):
        fields = {k: v for k, v in value.items() if are_names or (k not in PROSE and not k.startswith("x-"))}
        return {key: remove_prose(item, are_names=key == "properties") for key, item in fields.items()}
    return [remove_prose(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main(sys.argv[1])
