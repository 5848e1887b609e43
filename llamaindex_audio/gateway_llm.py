"""The fields of `AudioLLM`, and the client and requests that are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import httpx
from llama_index.core.bridge.pydantic import ConfigDict, Field, model_validator
from pydantic import NonNegativeInt, PositiveFloat, PrivateAttr, SkipValidation

from audio_core import AudioClient, Provider, SpeechOptions
from audio_core.integration import (
    AccessLike,
    GatewayOptions,
    Memo,
    ProviderName,
    build_client_options,
    check_fields,
    choose_provider,
    split_gateway_options,
    to_access,
)
from llamaindex_audio.tool_calling import ToolCallingLLM

__all__ = ["GatewayLLM"]

_OPTIONS = (
    "model",
    "temperature",
    "max_tokens",
    "top_p",
    "seed",
    "stop",
    "logprobs",
    "top_logprobs",
    "modalities",
    "audio",
)


class GatewayLLM(ToolCallingLLM):
    """An LLM with the settings of a gateway's model. A wrong setting raises pydantic's `ValidationError`."""

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    model: str
    """Name of the model at the gateway."""
    provider: ProviderName | str | Provider | None = None
    """Name of the gateway in `audio_core.PROVIDERS`, or a row of your own. By default `"local"`, or what `base_url` names."""
    api_key: str | None = Field(default=None, exclude=True, repr=False)
    """The gateway's key. By default it is read from the environment when it is needed."""
    base_url: str | None = None
    """Base URL of the gateway's API. By default that of the provider."""
    temperature: float | None = None
    """Sampling temperature. By default the model's own."""
    max_tokens: int | None = None
    """How many tokens a response may have. By default as many as the model allows."""
    top_p: float | None = None
    """Share of the most probable tokens that are sampled from, between 0 and 1."""
    seed: int | None = None
    """Number with which sampling begins, for responses that can be repeated."""
    stop: list[str] | None = None
    """Texts that end a response."""
    logprobs: bool | None = None
    """Whether to return the log probability of each token."""
    top_logprobs: int | None = None
    """How many of the most probable tokens to return at each place, with `logprobs`."""
    modalities: list[str] | None = None
    """Types of output that the model may return: `["text", "audio"]` for spoken responses."""
    audio: SkipValidation[SpeechOptions] | None = None
    """Voice and format of spoken responses. Most gateways stream `"pcm16"` only."""
    timeout: PositiveFloat = 60.0
    """Seconds that each request may take. For a stream, the longest time without data. Half the audio's length is added."""
    max_retries: NonNegativeInt = 2
    """How many more requests may follow a failed one, in total."""
    context_window: int = 128_000
    """Tokens that the model can read at once. Gateways do not report it."""
    gateway_options: SkipValidation[GatewayOptions] | None = None
    """Options of this gateway beyond OpenAI's: `CortecsOptions`, `OpenRouterOptions` or `LiteLLMOptions`."""
    extra_body: dict[str, Any] | None = None
    """Further fields of the request's body."""
    extra_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Further headers of the request. They may hold secrets, so they are not serialized."""
    access: AccessLike | None = None
    """What messages may open: an `Access`, a folder or several. By default no file, and public hosts only."""
    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    """Your own `httpx.Client`, used as it is."""
    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)
    """Your own `httpx.AsyncClient`, used as it is."""

    _memo: Memo[AudioClient] = PrivateAttr(default_factory=Memo)
    _check_fields = model_validator(mode="before")(check_fields)

    @model_validator(mode="after")
    def _check_gateway_options(self) -> Self:
        split_gateway_options(self._row, self.gateway_options)
        return self

    @property
    def _row(self) -> Provider:
        """The provider for the fields as they are now."""
        return choose_provider(self.provider, self.base_url)

    @property
    def _client(self) -> AudioClient:
        """The client for the fields as they are now."""
        options = build_client_options(vars(self), api_key=self.api_key)
        memo = self._memo = self._memo.refresh(AudioClient, options)
        return memo.value

    @property
    def _rules(self) -> dict[str, Any]:
        return {"access": to_access(self.access), "trusts_paths": True}

    def _build_options(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        gateway_fields, _ = split_gateway_options(self._row, self.gateway_options)
        fields = {name: getattr(self, name) for name in _OPTIONS}
        options = {**fields, **gateway_fields, **(self.extra_body or {}), **kwargs}
        return {name: value for name, value in options.items() if value is not None and value != []}
