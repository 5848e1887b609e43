"""What a gateway takes beyond OpenAI's fields, where it is documented; `extra_body` and `extra_headers` are for the rest.

Sources: https://docs.cortecs.ai (AudioTranscriptionRequest; chat takes the same routing fields),
https://openrouter.ai/docs/features/provider-routing and /docs/app-attribution, https://docs.litellm.ai/docs/proxy/user_keys.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from audio_core.errors import InvalidOption
from audio_core.providers import find_provider

__all__ = [
    "CortecsOptions",
    "GatewayOptions",
    "LiteLLMOptions",
    "OpenRouterOptions",
    "OpenRouterProvider",
    "split_gateway_options",
]

_CLOSED = ConfigDict(extra="forbid")


@with_config(_CLOSED)
class CortecsOptions(TypedDict, total=False):
    """Which of its providers Cortecs may route to."""

    preference: Literal["speed", "cost", "balanced"]
    allowed_providers: list[str]
    eu_native: bool
    allow_quantization: bool
    allow_zero_data_retention: bool
    enable_model_fallback: bool


@with_config(_CLOSED)
class OpenRouterProvider(TypedDict, total=False):
    """Which of its providers OpenRouter may route to; prices are US dollars."""

    order: list[str]
    only: list[str]
    ignore: list[str]
    allow_fallbacks: bool
    require_parameters: bool
    data_collection: Literal["allow", "deny"]
    zdr: bool
    quantizations: list[str]
    sort: Any
    max_price: dict[str, Any]
    preferred_min_throughput: Any
    preferred_max_latency: Any
    enforce_distillable_text: bool


@with_config(_CLOSED)
class OpenRouterOptions(TypedDict, total=False):
    """OpenRouter's own fields; `referer`, `title` and `categories` are headers that name your application."""

    provider: OpenRouterProvider
    models: list[str]
    reasoning: dict[str, Any]
    plugins: list[dict[str, Any]]
    session_id: str
    user: str
    referer: str
    title: str
    categories: list[str]


@with_config(_CLOSED)
class LiteLLMOptions(TypedDict, total=False):
    """What a LiteLLM Proxy logs, and routes and falls back by."""

    metadata: dict[str, Any]
    tags: list[str]
    fallbacks: list[Any]
    user: str


GatewayOptions = CortecsOptions | OpenRouterOptions | LiteLLMOptions
"""The options of whichever gateway is used."""

_KINDS: dict[str, type] = {"cortecs": CortecsOptions, "openrouter": OpenRouterOptions, "litellm": LiteLLMOptions}
_HEADERS = {"referer": "HTTP-Referer", "title": "X-OpenRouter-Title", "categories": "X-OpenRouter-Categories"}


def split_gateway_options(provider: str, options: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, str]]:
    """What a gateway's options are on the wire: fields of the body, and headers.

    Args:
        provider: name of the gateway.
        options: its `GatewayOptions`, or None.

    Raises:
        UnknownProvider: if there is no such provider.
        InvalidOption: if it has no such option, or not with that value.

    Example:
        >>> split_gateway_options("openrouter", {"models": ["a", "b"], "title": "My app"})
        ({'models': ['a', 'b']}, {'X-OpenRouter-Title': 'My app'})
    """
    name = find_provider(provider).name
    if not options:
        return {}, {}
    if name not in _KINDS:
        raise InvalidOption(f"{name} has no gateway_options of its own; use extra_body=... and extra_headers=...")
    try:
        found = dict(_build_adapter(name).validate_python(dict(options)))
    except ValidationError as error:
        raise InvalidOption(_explain_error(name, error)) from None
    headers = {_HEADERS[key]: _format_header(found.pop(key)) for key in list(found) if key in _HEADERS}
    return found, headers


@functools.cache
def _build_adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_KINDS[name])


def _format_header(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _explain_error(name: str, error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"])
    known = ", ".join(_KINDS[name].__annotations__)
    said = "there is no such option" if first["type"] == "extra_forbidden" else first["msg"]
    return f"gateway_options of {name}, {where}: {said}. It has {known}; use extra_body=... for anything else."
