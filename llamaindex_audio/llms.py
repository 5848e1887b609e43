"""`AudioLLM`: a LlamaIndex LLM that hears and speaks."""

# LlamaIndex's decorators and some of its fields carry no types.
# pyright: reportUntypedFunctionDecorator=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

import contextlib
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
)
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from pydantic import SkipValidation

from audio_core import Access, AudioClient, SpeechOptions
from audio_core.integration import ChatMessage as CoreMessage
from audio_core.integration import GatewayOptions, split_gateway_options, to_access
from llamaindex_audio.event_payloads import redact_messages, redact_response
from llamaindex_audio.messages import to_chat_messages
from llamaindex_audio.responses import ResponseBuilder, to_chat_response, to_completion_response
from llamaindex_audio.tool_calling import ToolCallingLLM

__all__ = ["AudioLLM"]

_SENT = ("temperature", "max_tokens", "top_p", "seed", "stop", "logprobs", "top_logprobs", "modalities", "audio")


class AudioLLM(ToolCallingLLM):
    """An LLM over any OpenAI-compatible gateway, whose messages and replies may hold audio.

    An `AudioBlock` by path, URL, bytes or file object is opened, cut (by a media fragment in a URL) and encoded while the
    request is sent; so is the sound of a `VideoBlock`, and a `DocumentBlock` that is a recording. A `file:` URL is opened
    only under `access`; a path that your code put into a block is trusted. Audio that a tool returned is sent in a user
    message after the tool's answer.

    A spoken reply (`modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}`) is a `TextBlock` with the
    transcript and an `AudioBlock`; `llamaindex_audio.speech_in(response)` gives it as a value that can be saved.

    Example:
        >>> llm = AudioLLM(model="google/gemini-2.5-flash", provider="openrouter")
        >>> llm.metadata.is_function_calling_model
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
    logprobs: bool | None = None
    top_logprobs: int | None = None
    modalities: list[str] | None = Field(
        default=None, description="What the model may answer with: ['text', 'audio'] for spoken replies."
    )
    audio: SkipValidation[SpeechOptions] | None = Field(
        default=None, description="Voice and format of spoken replies; a stream is 'pcm16' with most gateways."
    )
    timeout: float = Field(
        default=60.0, description="Seconds on the clock for each request; of a stream, the longest silence."
    )
    max_retries: int = Field(default=2, description="How many more requests may follow a failed one, in all.")
    context_window: int = Field(
        default=128_000, description="Tokens that the model reads at once; gateways do not say."
    )
    gateway_options: SkipValidation[GatewayOptions] | None = Field(
        default=None, description="What this gateway takes beyond OpenAI's fields, such as a CortecsOptions."
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
            InvalidOption: if `gateway_options` holds what the provider does not have.
        """
        super().__init__(**kwargs)
        split_gateway_options(self.provider, self.gateway_options)

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
            is_function_calling_model=True,
            model_name=self.model,
        )

    # --- chat: events and callbacks see what `showing` makes of messages and responses ---

    @cached_property
    def _client(self) -> AudioClient:
        _, headers = split_gateway_options(self.provider, self.gateway_options)
        return AudioClient(
            self.provider,
            model=self.model,
            api_key=self.api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=self.max_retries,
            access=to_access(self.access),
            headers={**headers, **(self.extra_headers or {})},
            http_client=self.http_client,
            http_async_client=self.http_async_client,
        )

    def _build_options(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        fields, _ = split_gateway_options(self.provider, self.gateway_options)
        own = {name: getattr(self, name) for name in _SENT}
        options = {**own, **fields, **(self.extra_body or {}), **kwargs}
        return {name: value for name, value in options.items() if value is not None and value != []}

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Send messages and return the whole answer."""
        read, found = to_chat_messages(messages), list[ChatResponse]()

        @llm_chat_callback()
        def ask(_: AudioLLM, shown: Any, **kwargs: Any) -> ChatResponse:
            found.append(self._ask(read, kwargs))
            return redact_response(found[0])

        ask(self, redact_messages(messages, read), **kwargs)
        return found[0]

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """`chat` on the running event loop."""
        read, found = to_chat_messages(messages), list[ChatResponse]()

        @llm_chat_callback()
        async def ask(_: AudioLLM, shown: Any, **kwargs: Any) -> ChatResponse:
            found.append(await self._aask(read, kwargs))
            return redact_response(found[0])

        await ask(self, redact_messages(messages, read), **kwargs)
        return found[0]

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Send messages and give the answer as it comes; it ends well only if the answer is whole."""
        read, found = to_chat_messages(messages), list[ChatResponse]()

        @llm_chat_callback()
        def ask(_: AudioLLM, shown: Any, **kwargs: Any) -> ChatResponseGen:
            for piece in self._stream(read, kwargs):
                found.append(piece)
                yield redact_response(piece)

        asked = ask(self, redact_messages(messages, read), **kwargs)

        def answer() -> ChatResponseGen:
            with contextlib.closing(asked):
                for _ in asked:
                    yield found.pop()

        return answer()

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """`stream_chat` on the running event loop."""
        read, found = to_chat_messages(messages), list[ChatResponse]()

        @llm_chat_callback()
        async def ask(_: AudioLLM, shown: Any, **kwargs: Any) -> ChatResponseAsyncGen:
            async def pieces() -> ChatResponseAsyncGen:
                async for piece in self._astream(read, kwargs):
                    found.append(piece)
                    yield redact_response(piece)

            return pieces()

        asked = await ask(self, redact_messages(messages, read), **kwargs)

        async def answer() -> ChatResponseAsyncGen:
            async with contextlib.aclosing(asked):
                async for _ in asked:
                    yield found.pop()

        return answer()

    def _ask(self, core_messages: Sequence[CoreMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        return to_chat_response(self._client.chat(core_messages, self._build_options(kwargs), trusts_paths=True))

    async def _aask(self, core_messages: Sequence[CoreMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        return to_chat_response(await self._client.achat(core_messages, self._build_options(kwargs), trusts_paths=True))

    def _stream(self, core_messages: Sequence[CoreMessage], kwargs: Mapping[str, Any]) -> ChatResponseGen:
        responses = ResponseBuilder()
        yield from map(
            responses.add, self._client.stream_chat(core_messages, self._build_options(kwargs), trusts_paths=True)
        )

    async def _astream(self, core_messages: Sequence[CoreMessage], kwargs: Mapping[str, Any]) -> ChatResponseAsyncGen:
        responses = ResponseBuilder()
        async for delta in self._client.astream_chat(core_messages, self._build_options(kwargs), trusts_paths=True):
            yield responses.add(delta)

    # --- complete: a chat of one user message ---

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Send a prompt and return the whole answer."""
        return to_completion_response(self._ask(_to_user_message(prompt), kwargs))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """`complete` on the running event loop."""
        return to_completion_response(await self._aask(_to_user_message(prompt), kwargs))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Send a prompt and give the answer as it comes."""
        yield from map(to_completion_response, self._stream(_to_user_message(prompt), kwargs))

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """`stream_complete` on the running event loop."""

        async def answer() -> CompletionResponseAsyncGen:
            async for piece in self._astream(_to_user_message(prompt), kwargs):
                yield to_completion_response(piece)

        return answer()


def _to_user_message(prompt: str) -> list[CoreMessage]:
    return [CoreMessage("user", [prompt])]
