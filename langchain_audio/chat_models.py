"""`ChatAudio`: a LangChain chat model that listens and speaks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self, cast

from langchain_core.caches import BaseCache
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.globals import get_llm_cache
from langchain_core.language_models import LangSmithParams, ModelProfile
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, SecretStr, model_validator

from audio_core import Access, AudioClient, __version__
from audio_core.integration import ModelSettings, list_fields, to_access
from langchain_audio.cache import DigestedMessages, get_originals
from langchain_audio.errors import TranslatedErrors
from langchain_audio.events import EventStreamingModel
from langchain_audio.messages import to_chat_messages
from langchain_audio.open_folders import get_open_folders
from langchain_audio.profiles import AskedProfile, to_profile
from langchain_audio.responses import ChunkBuilder, get_langchain_provider, to_chat_result
from langchain_audio.token_counting import count_tokens_with_audio
from langchain_audio.tool_calling import ToolCallingModel
from langchain_audio.traced_messages import TracedModel

__all__ = ["ChatAudio"]

_LANGCHAIN_OPTIONS = ("stream", "ls_structured_output_format", "structured_output_format")  # no gateway accepts these


@list_fields(ModelSettings)
class ChatAudio(ModelSettings, ToolCallingModel, EventStreamingModel, TracedModel):
    """A chat model on any OpenAI-compatible gateway, whose messages and responses may hold audio.

    An audio block holds base64, or names a file or URL. A media fragment in the URL selects a clip. The recording is
    opened, cut and encoded when the request is sent. A path or `file:` URL is opened only under `access`, because
    anyone may have written the message. Audio that a tool returned is sent in a user message after the tool's output.

    A spoken response (`modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}`) has a text block with
    the transcript, and an audio block. `langchain_audio.speech_in(message)` returns a value that can be saved.

    A field that does not exist, or does not accept its value, raises pydantic's `ValidationError`, a `ValueError`. An
    incomplete response is an error. Errors are both an `audio_core.ProviderError` and LangChain's `ModelError`.

    Setup:
        Set the gateway's key, such as `OPENROUTER_API_KEY`. Below, `python -m audio_core.offline` says what it hears.

    Instantiate:
        >>> ChatAudio(model="google/gemini-2.5-flash", provider="openrouter", temperature=0).model
        'google/gemini-2.5-flash'
        >>> model = ChatAudio(model="pocketsphinx", provider="local", access="examples/audio")

    Invoke:
        >>> model.invoke("Who are you?").text[:30]
        'I am an offline speech recogni'

    Audio input:
        >>> clip = {"type": "audio", "url": "examples/audio/call.mp3#t=30,34.5"}
        >>> messages = [{"role": "user", "content": [clip]}]  # and a question, for a model that thinks
        >>> message = model.invoke(messages)
        >>> message.text
        'I heard: in that case you can pay for the buck the prizes eighteen dollars'

    Stream:
        >>> "".join(chunk.text for chunk in model.stream(messages)) == message.text
        True

    Async:
        >>> asyncio.run(model.ainvoke(messages)).text == message.text
        True

    Tool calling:
        >>> schema = {"title": "note", "description": "Note a price.", "properties": {"price": {"type": "string"}}}
        >>> model.bind_tools([schema]).invoke(messages).tool_calls[0]["name"]
        'note'

    Structured output:
        >>> model.with_structured_output(schema).invoke(messages)
        {'price': 'in that case you can pay for the buck the prizes eighteen dollars'}

    Audio output:
        >>> speech = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
        >>> [block["type"] for block in model.invoke(messages, **speech).content]
        ['text', 'audio']

    Token usage:
        >>> message.usage_metadata["input_token_details"]["audio"]
        45

    Response metadata:
        >>> message.response_metadata["finish_reason"]
        'stop'
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    api_key: SecretStr | None = Field(default=None, repr=False)
    """The gateway's key. By default it is read from the environment when it is needed."""
    stop: list[str] | str | None = None
    """Texts that end a response."""
    streaming: bool = False
    """Whether `invoke` requests a stream too."""
    stream_usage: bool = True
    """Whether a stream ends with its token usage."""
    profile: ModelProfile | Literal["ask"] | None = Field(default=None, exclude=True)  # pyright: ignore[reportIncompatibleVariableOverride]
    """What the model can do, as LangChain's `ModelProfile`. `"ask"` asks the gateway's list of models, when it is first
    read and before audio is first sent. A model that takes no audio is refused then.
    """
    extra_body: Mapping[str, Any] | None = None
    """Further fields of the request's body."""
    extra_headers: Mapping[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Further headers of the request. They may hold secrets, so they are not serialized."""

    @model_validator(mode="after")
    def _add_own_version(self) -> Self:
        self._add_version("langchain-llamaindex-audio", __version__)
        return self

    @model_validator(mode="after")
    def _postpone_profile(self) -> Self:
        if self.profile == "ask":
            profile = AskedProfile(self.ask_profile)
            self.profile = cast("ModelProfile", profile)  # pyright: ignore[reportIncompatibleVariableOverride]
        return self

    # --- description of the model for LangChain ---

    @property
    def _llm_type(self) -> str:
        return "audio-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"provider": self._row.name, "base_url": self.base_url, **self._build_options(None)}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = get_langchain_provider(self._row.name)
        return params

    def _resolve_model_profile(self) -> ModelProfile:
        """Return what this class supports. Pass `profile="ask"`, or a profile, for the facts of the model."""
        has_audio_output = "audio" in (self.modalities or [])
        return ModelProfile(text_inputs=True, audio_inputs=True, text_outputs=True, audio_outputs=has_audio_output)

    def ask_profile(self) -> ModelProfile:
        """Return what the gateway's list of models says of this one, or what this class supports where it says nothing.

        The gateway is asked once in a process.

        Raises:
            ProviderError: if the gateway refuses or fails.
        """
        return {**self._resolve_model_profile(), **to_profile(self._client.find_model(self.model))}

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Return True: LangChain can serialize this model. Keys are left out."""
        return True

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """Return the module from which LangChain loads a serialized model."""
        return ["langchain_audio"]

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The environment variable that stands for the key in a serialized model."""
        names = self._row.api_key_env
        return {"api_key": names[0]} if names else {}

    def get_num_tokens(self, text: str) -> int:
        """Estimate the tokens of a text, without a tokenizer."""
        return math.ceil(len(text) / 4)  # as LangChain's count_tokens_approximately does

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """Estimate the tokens of messages as `count_tokens_with_audio` does, for `trim_messages` to use this model.

        Args:
            messages: nothing that they name is opened.
            tools: tools whose descriptions count too.
        """
        return count_tokens_with_audio(messages, tools=[*map(convert_to_openai_tool, tools or ())])

    # --- responses ---

    @property
    def _client(self) -> AudioClient:
        """The client for the fields as they are now."""
        secret: SecretStr | str | None = self.api_key  # pydantic does not convert what is assigned later
        key = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
        return self._refresh_client(key, self.extra_headers, checks_models=isinstance(self.profile, AskedProfile))

    @property
    def _access(self) -> Access:
        """What messages may open now: `access`, and the folders that `open_folder` opened."""
        access = to_access(self.access)
        return replace(access, roots=(*access.roots, *get_open_folders()))

    def _build_options(self, stop: list[str] | None, **kwargs: Any) -> dict[str, Any]:
        fields = {**self._build_fields(), "stop": stop or self.stop or None}
        options = {**fields, **(self.extra_body or {}), **kwargs}
        return {name: value for name, value in options.items() if value is not None and name not in _LANGCHAIN_OPTIONS}

    def _build_stream_options(self, stop: list[str] | None, **kwargs: Any) -> dict[str, Any]:
        usage_option = {} if self.stream_usage else {"stream_options": None}
        return {**usage_option, **self._build_options(stop, **kwargs)}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        options = self._build_options(stop, **kwargs)
        with TranslatedErrors():
            core_messages = to_chat_messages(get_originals(messages))
            answer = self._client.chat(core_messages, options, access=self._access)
            return to_chat_result(answer, is_spoken=_is_speech_requested(options))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        options = self._build_options(stop, **kwargs)
        with TranslatedErrors():
            core_messages = await asyncio.to_thread(to_chat_messages, get_originals(messages))
            answer = await self._client.achat(core_messages, options, access=self._access)
            return to_chat_result(answer, is_spoken=_is_speech_requested(options))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        options = self._build_stream_options(stop, **kwargs)
        builder = ChunkBuilder(is_spoken=_is_speech_requested(options))
        with TranslatedErrors():
            core_messages = to_chat_messages(get_originals(messages))
            for delta in self._client.stream_chat(core_messages, options, access=self._access):
                chunk = builder.convert(delta)
                if chunk is None:
                    continue
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
        options = self._build_stream_options(stop, **kwargs)
        builder = ChunkBuilder(is_spoken=_is_speech_requested(options))
        with TranslatedErrors():
            core_messages = await asyncio.to_thread(to_chat_messages, get_originals(messages))
            async for delta in self._client.astream_chat(core_messages, options, access=self._access):
                chunk = builder.convert(delta)
                if chunk is None:
                    continue
                if run_manager:
                    await run_manager.on_llm_new_token(delta.text, chunk=chunk)
                yield chunk

    # --- a cache without audio in its keys ---

    def _generate_with_cache(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        if self._has_cache:
            messages = DigestedMessages(messages, self._access)
        return super()._generate_with_cache(messages, *args, **kwargs)

    async def _agenerate_with_cache(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        if self._has_cache:
            messages = await asyncio.to_thread(DigestedMessages, messages, self._access)
        return await super()._agenerate_with_cache(messages, *args, **kwargs)

    @property
    def _has_cache(self) -> bool:
        return self.cache is not False and (isinstance(self.cache, BaseCache) or get_llm_cache() is not None)


def _is_speech_requested(options: Mapping[str, Any]) -> bool:
    return "audio" in (options.get("modalities") or ())
