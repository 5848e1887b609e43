"""`TranscribingLLM`: any LLM of LlamaIndex, which reads what the audio in its messages says."""

# LlamaIndex's decorators and some of its fields carry no types.
# pyright: reportUntypedFunctionDecorator=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
    TextBlock,
)
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import LLM, ToolSelection

from audio_core import Audio, AudioClient
from audio_core.integration import AccessLike, Listener
from audio_core.integration import ChatMessage as CoreMessage
from llamaindex_audio.messages import to_chat_messages
from llamaindex_audio.spans import redact_span

__all__ = ["TranscribingLLM"]


class TranscribingLLM(FunctionCallingLLM):
    """An LLM that takes no audio, and reads what the recordings in its messages say.

    It receives a quoted transcript with times, or what a second model has answered about the recording, in place of the
    audio. Each recording is sent once, however long the conversation grows. A `store` of the client keeps transcripts
    for other processes too. Agents may use it wherever they use the LLM itself.

    Args:
        llm: the LLM that answers.
        client: transcribes the recordings, or answers a question about each.
        question: what a model that hears is asked about each recording. None transcribes it.
        access: what the URLs in messages may open: an `Access`, a folder or several. None opens no file, and public
            hosts only. A path that your code put into a block is trusted, as in `AudioLLM`.

    Example:
        >>> from llama_index.core.llms import MockLLM
        >>> from llama_index.core.base.llms.types import AudioBlock, ChatMessage
        >>> llm = TranscribingLLM(MockLLM(), AudioClient("local"))
        >>> call = AudioBlock(path="examples/audio/call.mp3")
        >>> print(llm.chat([ChatMessage(role="user", blocks=[call])]).message.content.splitlines()[1])
        > [00:00-00:04] good afternoon this is the city library how can i help you
    """

    _llm: LLM = PrivateAttr()
    _listener: Listener = PrivateAttr()

    def __init__(
        self, llm: LLM, client: AudioClient, *, question: str | None = None, access: AccessLike | None = None
    ) -> None:
        super().__init__(callback_manager=llm.callback_manager)
        self._llm, self._listener = llm, Listener(client, question=question, access=access, trusts_paths=True)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex knows this class."""
        return "TranscribingLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """The facts about the LLM that answers."""
        return self._llm.metadata

    @redact_span
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Let the LLM answer messages, with what their recordings say in place of the audio.

        Args:
            messages: the conversation.
            **kwargs: for the LLM.

        Raises:
            AudioError: if a recording may not be opened, is damaged, or the gateway refuses or fails.
        """
        return self._llm.chat(self._replace_audio(messages), **kwargs)

    @redact_span
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Do what `chat` does on the running event loop."""
        return await self._llm.achat(await self._areplace_audio(messages), **kwargs)

    @redact_span
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Do what `chat` does, and yield the responses as they arrive."""
        return self._llm.stream_chat(self._replace_audio(messages), **kwargs)

    @redact_span
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Do what `stream_chat` does on the running event loop."""
        return await self._llm.astream_chat(await self._areplace_audio(messages), **kwargs)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Let the LLM complete a text, which holds no audio."""
        return self._llm.complete(prompt, formatted, **kwargs)

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Do what `complete` does on the running event loop."""
        return await self._llm.acomplete(prompt, formatted, **kwargs)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Do what `complete` does, and yield the responses as they arrive."""
        return self._llm.stream_complete(prompt, formatted, **kwargs)

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """Do what `stream_complete` does on the running event loop."""
        return await self._llm.astream_complete(prompt, formatted, **kwargs)

    @redact_span
    def _prepare_chat_with_tools(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return cast("Any", self._llm)._prepare_chat_with_tools(*args, **kwargs)

    @redact_span
    def get_tool_calls_from_response(self, *args: Any, **kwargs: Any) -> list[ToolSelection]:
        """Return the tool calls in a response of the LLM."""
        return cast("Any", self._llm).get_tool_calls_from_response(*args, **kwargs)

    def _replace_audio(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        cores = to_chat_messages(messages)
        texts = [self._listener.listen(audio) for audio in _list_audio(cores)]
        return _put_texts(messages, cores, texts)

    async def _areplace_audio(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        cores = to_chat_messages(messages)
        texts = [await self._listener.alisten(audio) for audio in _list_audio(cores)]
        return _put_texts(messages, cores, texts)


def _list_audio(cores: Sequence[CoreMessage]) -> list[Audio]:
    """Return the recordings in messages, in order. An assistant's own speech has its words beside it."""
    return [part for message in cores for part in message.parts if isinstance(part, Audio)]


def _put_texts(
    messages: Sequence[ChatMessage], cores: Sequence[CoreMessage], texts: Sequence[str]
) -> list[ChatMessage]:
    remaining = iter(texts)
    return [
        _put_text(message, [next(remaining) if isinstance(part, Audio) else None for part in core.parts])
        for message, core in zip(messages, cores, strict=True)
    ]


def _put_text(message: ChatMessage, texts: Sequence[str | None]) -> ChatMessage:
    is_own = message.role == MessageRole.ASSISTANT
    if not any(texts) and not (is_own and any(isinstance(block, AudioBlock) for block in message.blocks)):
        return message
    pairs = zip(message.blocks, texts, strict=True)
    blocks = [block if text is None else TextBlock(text=text) for block, text in pairs]
    kept = [block for block in blocks if not isinstance(block, AudioBlock)]
    return message.model_copy(update={"blocks": kept})
