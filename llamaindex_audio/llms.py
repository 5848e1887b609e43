"""`AudioLLM`: a LlamaIndex LLM that hears."""

# LlamaIndex's decorators and some of its fields carry no types.
# pyright: reportUntypedFunctionDecorator=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.llm import LLM

from audio_core import Access, Answer, AudioClient, Delta, Usage, as_access, find_provider
from llamaindex_audio.blocks import wire_messages

__all__ = ["AudioLLM"]


class AudioLLM(LLM):
    """An LLM over any OpenAI-compatible gateway, whose messages may hold audio.

    An `AudioBlock` by path, URL, bytes or file object is opened, cut (by a media fragment in a URL) and encoded while the
    request is sent. A `file:` URL is opened only under `access`; a path that your code put into a block is trusted.

    Example:
        >>> llm = AudioLLM(model="google/gemini-2.5-flash", provider="openrouter")
        >>> llm.metadata.is_chat_model
        True
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    model: str = Field(description="Name of the model, as the gateway calls it.")
    provider: str = Field(default="openrouter", description="Name of the gateway, a key of audio_core.PROVIDERS.")
    api_key: str | None = Field(
        default=None, exclude=True, repr=False, description="The gateway's key; by default from the environment."
    )
    base_url: str | None = Field(default=None, description="Where the gateway's API starts, if not where its row says.")
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: list[str] | None = None
    timeout: float = Field(
        default=60.0, description="Seconds on the clock for each request; of a stream, the longest silence."
    )
    max_retries: int = Field(default=2, description="How many more requests may follow a failed one, in all.")
    context_window: int = Field(
        default=128_000, description="Tokens that the model reads at once; gateways do not say."
    )
    extra_body: dict[str, Any] | None = Field(default=None, description="Further fields of the request's body.")
    extra_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False, description="Further headers.")
    access: Access | Path | str | list[str | Path] | None = Field(
        default=None, description="What file: URLs in a message may have opened: an Access, a folder or several."
    )
    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)

    def __init__(self, **kwargs: Any) -> None:
        """Keep the options; neither disk nor net is touched.

        Raises:
            UnknownProvider: if there is no such provider.
        """
        super().__init__(**kwargs)
        find_provider(self.provider)

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex stores this class."""
        return "AudioLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex wants to know of a model."""
        return LLMMetadata(
            context_window=self.context_window,
            num_output=self.max_tokens or -1,
            is_chat_model=True,
            model_name=self.model,
        )

    @cached_property
    def _client(self) -> AudioClient:
        return AudioClient(
            self.provider,
            model=self.model,
            api_key=self.api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=self.max_retries,
            access=as_access(self.access),
            headers=self.extra_headers,
            http_client=self.http_client,
            http_async_client=self.http_async_client,
        )

    def _options(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("temperature", "max_tokens", "top_p", "seed", "stop")}
        return {
            name: value for name, value in {**own, **(self.extra_body or {}), **kwargs}.items() if value is not None
        }

    # --- chat ---

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Send messages and return the whole answer."""
        return _response(self._client.chat(wire_messages(messages), self._options(kwargs), trust_paths=True))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """`chat` on the running event loop."""
        return _response(await self._client.achat(wire_messages(messages), self._options(kwargs), trust_paths=True))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Send messages and give the answer as it comes; it ends well only if the answer is whole."""
        deltas = self._client.stream_chat(wire_messages(messages), self._options(kwargs), trust_paths=True)

        def answer() -> ChatResponseGen:
            said = _Said()
            yield from map(said.add, deltas)

        return answer()

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """`stream_chat` on the running event loop."""
        deltas = self._client.astream_chat(wire_messages(messages), self._options(kwargs), trust_paths=True)

        async def answer() -> ChatResponseAsyncGen:
            said = _Said()
            async for delta in deltas:
                yield said.add(delta)

        return answer()

    # --- complete: a chat of one user message ---

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Send a prompt and return the whole answer."""
        return _completion(self.chat(_asked(prompt), **kwargs))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """`complete` on the running event loop."""
        return _completion(await self.achat(_asked(prompt), **kwargs))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Send a prompt and give the answer as it comes."""
        answer = self.stream_chat(_asked(prompt), **kwargs)

        def completion() -> CompletionResponseGen:
            yield from map(_completion, answer)

        return completion()

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """`stream_complete` on the running event loop."""
        answer = await self.astream_chat(_asked(prompt), **kwargs)

        async def completion() -> CompletionResponseAsyncGen:
            async for response in answer:
                yield _completion(response)

        return completion()


def _asked(prompt: str) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.USER, content=prompt)]


def _completion(response: ChatResponse) -> CompletionResponse:
    return CompletionResponse(
        text=response.message.content or "",
        delta=response.delta,
        additional_kwargs=response.additional_kwargs,
        raw=response.raw,
    )


def _response(answer: Answer) -> ChatResponse:
    message = ChatMessage(role=MessageRole.ASSISTANT, content=answer.text)
    facts = {
        "finish_reason": answer.finish_reason,
        "model": answer.model,
        "id": answer.id,
        "request_id": answer.request_id,
    }
    return ChatResponse(message=message, additional_kwargs={**_known(facts), **_counted(answer.usage)})


class _Said:
    """Adds deltas up, as LlamaIndex wants each response to hold all that came before."""

    def __init__(self) -> None:
        self._text, self._facts = "", dict[str, Any]()

    def add(self, delta: Delta) -> ChatResponse:
        self._text += delta.text
        facts = {"finish_reason": delta.finish_reason, "model": delta.model, "id": delta.id}
        self._facts |= {**_known(facts), **_counted(delta.usage)}
        message = ChatMessage(role=MessageRole.ASSISTANT, content=self._text)
        return ChatResponse(message=message, delta=delta.text, additional_kwargs=dict(self._facts))


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _counted(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    total = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    return _known(
        {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": total,
            "prompt_audio_tokens": usage.input_audio_tokens,
            "completion_audio_tokens": usage.output_audio_tokens,
            "cost": usage.cost,
        }
    )
