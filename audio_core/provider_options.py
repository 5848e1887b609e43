"""Documented options of gateways beyond OpenAI's fields; `extra_body` and `extra_headers` are for all others.

Sources: https://docs.cortecs.ai (AudioTranscriptionRequest; chat accepts the same routing fields),
https://openrouter.ai/docs/features/provider-routing and /docs/app-attribution,
https://docs.litellm.ai/docs/proxy/user_keys.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from audio_core.errors import InvalidOption
from audio_core.errors.validation import suggest
from audio_core.providers import Provider, find_provider

__all__ = [
    "CortecsOptions",
    "GatewayOptions",
    "LiteLLMOptions",
    "OpenRouterOptions",
    "OpenRouterProvider",
    "split_gateway_options",
]

_NO_EXTRA_KEYS = ConfigDict(extra="forbid")


@with_config(_NO_EXTRA_KEYS)
class CortecsOptions(TypedDict, total=False):
    """Cortecs' rules for the providers that it may route a request to."""

    preference: Literal["speed", "cost", "balanced"]
    allowed_providers: list[str]
    eu_native: bool
    allow_quantization: bool
    allow_zero_data_retention: bool
    enable_model_fallback: bool


@with_config(_NO_EXTRA_KEYS)
class OpenRouterProvider(TypedDict, total=False):
    """OpenRouter's rules for the providers that it may route a request to; prices are in US dollars."""

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


@with_config(_NO_EXTRA_KEYS)
class OpenRouterOptions(TypedDict, total=False):
    """OpenRouter's own options; `referer`, `title` and `categories` are sent as headers and name your application."""

    provider: OpenRouterProvider
    models: list[str]
    reasoning: dict[str, Any]
    plugins: list[dict[str, Any]]
    session_id: str
    user: str
    referer: str
    title: str
    categories: list[str]


@with_config(_NO_EXTRA_KEYS)
class LiteLLMOptions(TypedDict, total=False):
    """Options of the LiteLLM Proxy for logging, routing and fallbacks."""

    metadata: dict[str, Any]
    tags: list[str]
    fallbacks: list[Any]
    user: str


GatewayOptions = CortecsOptions | OpenRouterOptions | LiteLLMOptions
"""The options of any one gateway."""

_OPTION_TYPES: dict[str, type] = {"cortecs": CortecsOptions, "openrouter": OpenRouterOptions, "litellm": LiteLLMOptions}
_HEADER_NAMES = {"referer": "HTTP-Referer", "title": "X-OpenRouter-Title", "categories": "X-OpenRouter-Categories"}


def split_gateway_options(
    provider: str | Provider, options: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Split a gateway's options into fields of the request body and headers.

    Args:
        provider: name of the gateway, or a row of your own.
        options: its `GatewayOptions`, or None.

    Returns:
        The fields to add to the body, and the headers to add to the request.

    Raises:
        UnknownProvider: if there is no such provider.
        InvalidOption: if the gateway has no such option, or does not accept its value.

    Example:
        >>> split_gateway_options("openrouter", {"models": ["a", "b"], "title": "My app"})
        ({'models': ['a', 'b']}, {'X-OpenRouter-Title': 'My app'})
    """
    name = find_provider(provider).name
    if not options:
        return {}, {}
    if name not in _OPTION_TYPES:
        raise InvalidOption(
            f"{name} has no gateway_options of its own; use extra_body=... and extra_headers=..., or name the provider "
            f"that has: {', '.join(_OPTION_TYPES)}."
        )
    try:
        fields = dict(_build_adapter(name).validate_python(dict(options)))
    except ValidationError as error:
        raise InvalidOption(_explain_error(name, error)) from None
    headers = {_HEADER_NAMES[key]: _format_header(fields.pop(key)) for key in list(fields) if key in _HEADER_NAMES}
    return fields, headers


@functools.cache
def _build_adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_OPTION_TYPES[name])


def _format_header(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _explain_error(name: str, error: ValidationError) -> str:
    first = error.errors()[0]
    path = ".".join(str(step) for step in first["loc"])
    known = _OPTION_TYPES[name].__annotations__
    is_unknown = first["type"] == "extra_forbidden"
    problem, nearest = ("there is no such option", suggest(path, known)) if is_unknown else (first["msg"], "")
    return (
        f"gateway_options of {name}, {path}: {problem}.{nearest} It has {', '.join(known)}; "
        "use extra_body=... for anything else."
    )
