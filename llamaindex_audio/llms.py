"""`AudioLLM`: a LlamaIndex LLM that listens and speaks."""

# LlamaIndex's decorators and some of its fields carry no types.
# pyright: reportUntypedFunctionDecorator=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

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
from llama_index.core.llms.callbacks import llm_completion_callback

from audio_core import AudioClient
from audio_core.integration import ChatMessage as CoreMessage
from audio_core.integration import HiddenFrames, ModelInfo, ModelSettings, list_fields, to_access
from llamaindex_audio.callbacks import (
    asend_with_events,
    astream_completions,
    astream_with_events,
    send_with_events,
    stream_completions,
    stream_with_events,
)
from llamaindex_audio.event_payloads import redact_messages
from llamaindex_audio.messages import to_chat_messages
from llamaindex_audio.responses import ResponseBuilder, to_chat_response, to_completion_response
from llamaindex_audio.spans import redact_span
from llamaindex_audio.tool_calling import ToolCallingLLM

__all__ = ["AudioLLM"]

_DEFAULT_CONTEXT = 128_000  # tokens


@list_fields(ModelSettings)
class AudioLLM(ModelSettings, ToolCallingLLM):
    """An LLM over any OpenAI-compatible gateway, whose messages and replies may hold audio.

    An `AudioBlock` may hold a path, a URL, bytes or a file object. It is opened, clipped (to a media fragment in its
    URL) and encoded while the request is sent. So are the audio of a `VideoBlock` and a `DocumentBlock` that is a
    recording. A `file:` URL is opened only if `access` allows it. A path that your code put into a block is trusted.
    Audio that a tool returned is sent in a user message after the tool's result.

    A spoken reply (`modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}`) is a `TextBlock` with the
    transcript and an `AudioBlock`. `llamaindex_audio.speech_in(response)` returns it as a `Speech`, to save or play.

    A field that does not exist, or does not accept its value, raises pydantic's `ValidationError`, a `ValueError`.

    Example:
        `pip install 'langchain-llamaindex-audio[llamaindex]'`. Here, the server of `python -m audio_core.offline`
        answers with what it hears; for OpenRouter it is `AudioLLM(model="google/gemini-2.5-flash",
        provider="openrouter")`.

        >>> from pathlib import Path
        >>> from llama_index.core.llms import AudioBlock, ChatMessage
        >>> llm = AudioLLM(model="pocketsphinx", provider="local", access="examples/audio")
        >>> llm.complete("Who are you?").text[:30]
        'I am an offline speech recogni'
        >>> clip = f"{Path('examples/audio/call.mp3').absolute().as_uri()}#t=30,34.5"
        >>> message = ChatMessage(role="user", blocks=[AudioBlock(url=clip)])
        >>> response = llm.chat([message])
        >>> response.message.content
        'I heard: in that case you can pay for the buck the prizes eighteen dollars'
        >>> "".join(each.delta for each in llm.stream_chat([message])) == response.message.content
        True
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    api_key: str | None = Field(default=None, exclude=True, repr=False)
    """The gateway's key. By default it is read from the environment when it is needed."""
    stop: list[str] | None = None
    """Texts that end a response."""
    context_window: int = _DEFAULT_CONTEXT
    """Tokens that the model can read at once."""
    profile: Literal["ask"] | None = None
    """`"ask"` asks the gateway's list of models for `metadata`, and before audio is first sent. A model that takes no
    audio is refused then, and `context_window` is what the list says, unless you set it.
    """
    extra_body: dict[str, Any] | None = None
    """Further fields of the request's body."""
    extra_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Further headers of the request. They may hold secrets, so they are not serialized."""

    @property
    def _client(self) -> AudioClient:
        """The client for the fields as they are now."""
        return self._refresh_client(self.api_key, self.extra_headers, checks_models=self.profile == "ask")

    @property
    def _rules(self) -> dict[str, Any]:
        return {"access": to_access(self.access), "trusts_paths": True}

    def _build_options(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        options = {**self._build_fields(), "stop": self.stop, **(self.extra_body or {}), **kwargs}
        return {name: value for name, value in options.items() if value is not None and value != []}

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex stores this class."""
        return "AudioLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """Facts about the model that LlamaIndex uses. With `profile="ask"`, the gateway is asked once in a process."""
        facts = self._client.find_model(self.model) if self.profile == "ask" else ModelInfo(self.model)
        is_set = self.context_window != _DEFAULT_CONTEXT
        return LLMMetadata(
            context_window=self.context_window if is_set else facts.context or self.context_window,
            num_output=self.max_tokens or facts.max_output_tokens or -1,
            is_chat_model=True,
            is_function_calling_model=True,
            model_name=self.model,
        )

    # --- chat: events show redacted messages and responses, and the caller gets the complete ones ---

    @redact_span
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Send messages and return the whole response.

        Args:
            messages: the conversation.
            **kwargs: fields of this request, such as `temperature`. They replace those of the LLM.

        Raises:
            AudioError: if a recording cannot be sent. The error names message and block.
            ProviderError: if the gateway refuses or fails.
        """
        core_messages, redacted = _map_messages(messages)
        return send_with_events(self, redacted, kwargs, lambda: self._send(core_messages, kwargs))

    @redact_span
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Do what `chat` does on the running event loop."""
        core_messages, redacted = await asyncio.to_thread(_map_messages, messages)
        return await asend_with_events(self, redacted, kwargs, lambda: self._asend(core_messages, kwargs))

    @redact_span
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Send messages and yield responses as they arrive. Only a complete answer ends without an error.

        Args:
            messages: the conversation.
            **kwargs: fields of this request, such as `temperature`. They replace those of the LLM.

        Raises:
            AudioError: if a recording cannot be sent. The error names message and block.
            ProviderError: if the gateway refuses or fails, or the stream is incomplete.
        """
        core_messages, redacted = _map_messages(messages)
        return stream_with_events(self, redacted, kwargs, self._stream(core_messages, kwargs))

    @redact_span
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Do what `stream_chat` does on the running event loop."""
        core_messages, redacted = await asyncio.to_thread(_map_messages, messages)
        return await astream_with_events(self, redacted, kwargs, self._astream(core_messages, kwargs))

    def _send(self, core_messages: Sequence[CoreMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        with HiddenFrames():
            return to_chat_response(self._client.chat(core_messages, self._build_options(kwargs), **self._rules))

    async def _asend(self, core_messages: Sequence[CoreMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        with HiddenFrames():
            return to_chat_response(await self._client.achat(core_messages, self._build_options(kwargs), **self._rules))

    def _stream(self, core_messages: Sequence[CoreMessage], kwargs: Mapping[str, Any]) -> ChatResponseGen:
        builder = ResponseBuilder()
        yield from map(builder.add, self._client.stream_chat(core_messages, self._build_options(kwargs), **self._rules))

    async def _astream(self, core_messages: Sequence[CoreMessage], kwargs: Mapping[str, Any]) -> ChatResponseAsyncGen:
        builder = ResponseBuilder()
        deltas = self._client.astream_chat(core_messages, self._build_options(kwargs), **self._rules)
        async with contextlib.aclosing(deltas):
            async for delta in deltas:
                yield builder.add(delta)

    # --- complete: a chat with one user message ---

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Send a prompt and return the whole response.

        Args:
            prompt: the text of the user message.
            formatted: ignored.
            **kwargs: fields of this request, such as `temperature`. They replace those of the LLM.

        Raises:
            ProviderError: if the gateway refuses or fails.
        """
        return to_completion_response(self._send(_to_user_message(prompt), kwargs))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Do what `complete` does on the running event loop."""
        return to_completion_response(await self._asend(_to_user_message(prompt), kwargs))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Do what `complete` does, and yield responses as they arrive."""
        return stream_completions(self, prompt, kwargs, self._stream(_to_user_message(prompt), kwargs))

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """Do what `stream_complete` does on the running event loop."""
        return await astream_completions(self, prompt, kwargs, self._astream(_to_user_message(prompt), kwargs))


def _map_messages(messages: Sequence[ChatMessage]) -> tuple[list[CoreMessage], list[ChatMessage]]:
    """Return what is sent, and what events show of it."""
    core_messages = to_chat_messages(messages)
    return core_messages, redact_messages(messages, core_messages)


def _to_user_message(prompt: str) -> list[CoreMessage]:
    return [CoreMessage("user", [prompt])]
