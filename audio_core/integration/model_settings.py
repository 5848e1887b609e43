"""The settings that a model's fields give its client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audio_core.provider_options import split_gateway_options
from audio_core.providers import choose_provider

__all__ = ["build_client_options"]

_SETTINGS = ("base_url", "timeout", "max_retries", "http_client", "http_async_client")


def build_client_options(fields: Mapping[str, Any], *, api_key: str | None) -> dict[str, Any]:
    """Build the arguments of the `AudioClient` of `ChatAudio` or `AudioLLM`. They do not include what each call passes.

    Args:
        fields: the fields of the model.
        api_key: the gateway's key, if the user gave one.

    Raises:
        UnknownProvider: if there is no such provider.
        InvalidOption: if `gateway_options` holds an option that the provider does not have.
    """
    row = choose_provider(fields["provider"], fields["base_url"])
    _, headers = split_gateway_options(row, fields["gateway_options"])
    return {
        "provider": row,
        "api_key": api_key,
        "headers": {**headers, **(fields["extra_headers"] or {})},
        **{name: fields[name] for name in _SETTINGS},
    }
