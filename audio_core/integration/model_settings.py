"""The settings that a model of either framework has, and the client and request fields that are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import httpx
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PrivateAttr,
    SkipValidation,
    model_validator,
)

from audio_core.client import AudioClient
from audio_core.errors.validation import check_fields
from audio_core.http.access import AccessLike
from audio_core.integration.memo import Memo
from audio_core.provider_options import GatewayOptions, split_gateway_options
from audio_core.providers import Provider, ProviderName, choose_provider
from audio_core.transcript.speech import SpeechOptions

__all__ = ["ModelSettings"]

_REQUEST_FIELDS = (
    "model",
    "temperature",
    "max_tokens",
    "top_p",
    "seed",
    "logprobs",
    "top_logprobs",
    "modalities",
    "audio",
)
_CLIENT_FIELDS = ("base_url", "timeout", "max_retries", "http_client", "http_async_client")


class ModelSettings(BaseModel):
    """The settings of a gateway's model. A wrong one raises pydantic's `ValidationError`.

    A framework's class has this one and the framework's own as its bases. It adds what the frameworks type in their own
    way, such as the key.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, use_attribute_docstrings=True)

    model: str
    """Name of the model at the gateway."""
    provider: ProviderName | str | Provider | None = None
    """Name of the gateway in `audio_core.PROVIDERS`, or your own row. By default `"local"` or what `base_url` names."""
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
    logprobs: bool | None = None
    """Whether to return the log probability of each token."""
    top_logprobs: int | None = None
    """How many of the most probable tokens to return at each place, with `logprobs`."""
    modalities: list[str] | None = None
    """Types of output that the model may return: `["text", "audio"]` for spoken responses."""
    audio: SkipValidation[SpeechOptions] | None = None
    """Voice and format of spoken responses. Most gateways stream `"pcm16"` only."""
    timeout: PositiveFloat = 60.0
    """Seconds that a request may take; of a stream, the longest time without data. Half the audio's length is added."""
    max_retries: NonNegativeInt = 2
    """How many more requests may follow a failed one, in total."""
    gateway_options: SkipValidation[GatewayOptions] | None = None
    """Options of this gateway beyond OpenAI's: `CortecsOptions`, `OpenRouterOptions` or `LiteLLMOptions`."""
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

    def _refresh_client(
        self, api_key: str | None, extra_headers: Mapping[str, str] | None, *, checks_models: bool
    ) -> AudioClient:
        """Return the client for the fields as they are now. It does not depend on what each call passes."""
        row = choose_provider(self.provider, self.base_url, api_key)
        _, headers = split_gateway_options(row, self.gateway_options)
        options = {
            "provider": row,
            "api_key": api_key,
            "headers": {**headers, **(extra_headers or {})},
            "checks_models": checks_models,
            **{name: getattr(self, name) for name in _CLIENT_FIELDS},
        }
        self._memo = self._memo.refresh(AudioClient, options)
        return self._memo.value

    def _build_fields(self) -> dict[str, Any]:
        """Build the fields of a request that follow from the settings. Some may be None."""
        gateway_fields, _ = split_gateway_options(self._row, self.gateway_options)
        return {**{name: getattr(self, name) for name in _REQUEST_FIELDS}, **gateway_fields}
