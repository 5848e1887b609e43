"""`ChatAudio`: a LangChain chat model that hears."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LangSmithParams
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field, SecretStr

from audio_core import Access, Answer, AudioClient, Delta, Usage, as_access, find_provider
from langchain_audio.blocks import wire_messages

__all__ = ["ChatAudio"]


class ChatAudio(BaseChatModel):
    """A chat model over any OpenAI-compatible gateway, whose messages may hold audio.

    An audio block may name a file or URL, with a clip as a media fragment, or carry base64. It is opened, cut, and encoded
    while the request is sent. A path or `file:` URL is opened only under `access`, because a message may come from anyone.

    Example:
        >>> model = ChatAudio(model="google/gemini-2.5-flash", provider="openrouter", access="examples/audio")
        >>> model.model
        'google/gemini-2.5-flash'
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    model: str
    """Name of the model, as the gateway calls it."""
    provider: str = "openrouter"
    """Name of the gateway, a key of `audio_core.PROVIDERS`."""
    api_key: SecretStr | None = None
    """The gateway's key; by default taken from the environment when it is needed."""
    base_url: str | None = None
    """Where the gateway's API starts, if not where its row says."""
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: list[str] | str | None = None
    timeout: float = 60.0
    """Seconds on the clock for each request; of a stream, the longest silence."""
    max_retries: int = 2
    """How many more requests may follow a failed one, in all."""
    stream_usage: bool = True
    """Whether a stream ends with its usage."""
    extra_body: Mapping[str, Any] | None = None
    """Further fields of the request's body."""
    extra_headers: Mapping[str, str] | None = Field(default=None, repr=False)
    """Further headers of the request."""
    access: Access | Path | str | list[str | Path] | None = None
    """What a message may have opened: an `Access`, a folder or several; by default no file, and public hosts only."""
    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    """An `httpx.Client` of yours, used as it is."""
    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)
    """An `httpx.AsyncClient` of yours, used as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Keep the options; neither disk nor net is touched.

        Raises:
            UnknownProvider: if there is no such provider.
        """
        super().__init__(*args, **kwargs)
        find_provider(self.provider)

    @property
    def _llm_type(self) -> str:
        return "audio-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "provider": self.provider, "base_url": self.base_url, **self._options(None)}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = self.provider
        params["ls_model_name"] = kwargs.get("model", self.model)
        return params

    @cached_property
    def _client(self) -> AudioClient:
        return AudioClient(
            self.provider,
            model=self.model,
            api_key=self.api_key.get_secret_value() if self.api_key else None,
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=self.max_retries,
            access=as_access(self.access),
            headers=self.extra_headers,
            http_client=self.http_client,
            http_async_client=self.http_async_client,
        )

    def _options(self, stop: list[str] | None, **kwargs: Any) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("temperature", "max_tokens", "top_p", "seed")}
        options = {**own, "stop": stop or self.stop, **(self.extra_body or {}), **kwargs}
        return {name: value for name, value in options.items() if value is not None}

    def _stream_options(self, stop: list[str] | None, **kwargs: Any) -> dict[str, Any]:
        wishes = {} if self.stream_usage else {"stream_options": None}
        return {**wishes, **self._options(stop, **kwargs)}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(self._client.chat(wire_messages(messages), self._options(stop, **kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(await self._client.achat(wire_messages(messages), self._options(stop, **kwargs)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for delta in self._client.stream_chat(wire_messages(messages), self._stream_options(stop, **kwargs)):
            chunk = _chunk(delta, self.provider)
            if run_manager:
                run_manager.on_llm_new_token(delta.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for delta in self._client.astream_chat(wire_messages(messages), self._stream_options(stop, **kwargs)):
            chunk = _chunk(delta, self.provider)
            if run_manager:
                await run_manager.on_llm_new_token(delta.text, chunk=chunk)
            yield chunk


def _result(answer: Answer) -> ChatResult:
    facts = {
        "model_name": answer.model,
        "model_provider": answer.provider,
        "finish_reason": answer.finish_reason,
        "id": answer.id,
        "request_id": answer.request_id,
    }
    message = AIMessage(
        content=answer.text,
        response_metadata={name: value for name, value in facts.items() if value is not None},
        usage_metadata=_usage(answer.usage),
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def _chunk(delta: Delta, provider: str) -> ChatGenerationChunk:
    facts: dict[str, Any] = {}
    if delta.finish_reason:  # once: facts that repeat are joined into nonsense when chunks are added
        facts = {
            "finish_reason": delta.finish_reason,
            "model_provider": provider,
            "model_name": delta.model,
            "id": delta.id,
        }
    message = AIMessageChunk(
        content=delta.text,
        response_metadata={name: value for name, value in facts.items() if value is not None},
        usage_metadata=_usage(delta.usage),
    )
    return ChatGenerationChunk(message=message)


def _usage(usage: Usage | None) -> UsageMetadata | None:
    if usage is None:
        return None
    heard, said = usage.input_tokens or 0, usage.output_tokens or 0
    found = UsageMetadata(input_tokens=heard, output_tokens=said, total_tokens=heard + said)
    if usage.input_audio_tokens is not None:
        found["input_token_details"] = InputTokenDetails(audio=usage.input_audio_tokens)
    if usage.output_audio_tokens is not None:
        found["output_token_details"] = OutputTokenDetails(audio=usage.output_audio_tokens)
    return found
