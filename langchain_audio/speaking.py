"""Speech: a tool for agents, a runnable that speaks an answer while it is written, and answers with citations."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Unpack, cast

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from langchain_core.tools import ArgsSchema, BaseTool
from pydantic import ConfigDict, Field, PositiveInt

from audio_core import AudioClient, InvalidOption, Speech
from audio_core.integration import (
    SPEAK,
    SpeakArguments,
    SpeakKwargs,
    SpeechDelta,
    SpeechTool,
    SpokenAnswer,
    build_speak_options,
    is_speakable,
    remove_citations,
)
from audio_core.integration import aspeak_answer as aspeak_with
from audio_core.integration import speak_answer as speak_with
from langchain_audio.responses import build_audio_block
from langchain_audio.tools import explain_errors, raise_tool_errors

__all__ = ["AnswerSpeaker", "SpeakTool", "SpokenAnswer", "aspeak_answer", "speak_answer"]

_CONFIG = ConfigDict(arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True)
_TEXT, _AUDIO = 0, 1  # indexes of the content blocks


class SpeakTool(BaseTool):
    """A tool with which a model says a text aloud.

    The content tells the model how long the speech lasts and, with a `folder`, the URL of its file; never the audio.
    The artifact is the `Speech`, to play or save. `speech_in` finds it in the message too.

    Args:
        client: a client whose model speaks.
        voice: name of a voice, or `{"id": ...}` of a custom one.
        format: format of the speech.
        speed: how fast, from 0.25 to 4.
        instructions: how to speak, for models that follow them.
        folder: where the speech is kept, as a file named by its hash. By default it is in the artifact alone.
        max_characters: the longest text that one call may say.

    Example:
        >>> with ScriptedGateway() as gateway:
        ...     client = AudioClient("openai", model="tts", api_key="k", base_url=gateway.base_url)
        ...     SpeakTool(client=client, voice="alloy").invoke({"text": "Good day to you."})
        'Said aloud: 1.1 seconds of wav.'
    """

    model_config = _CONFIG

    client: AudioClient = Field(exclude=True, repr=False)
    voice: str | dict[str, str] | None = None
    format: str = "mp3"
    speed: float | None = None
    instructions: str | None = None
    folder: str | Path | None = Field(default=None, repr=False)
    max_characters: PositiveInt = 4000
    name: str = "speak"
    description: str = SPEAK
    args_schema: ArgsSchema | None = SpeakArguments
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True
    handle_validation_error: Any = explain_errors

    @property
    def _tool(self) -> SpeechTool:
        options = build_speak_options(
            voice=self.voice, format=self.format, speed=self.speed, instructions=self.instructions
        )
        return SpeechTool(self.client, options, folder=self.folder, max_characters=self.max_characters)

    def _run(self, text: str, run_manager: CallbackManagerForToolRun | None = None) -> tuple[str, Speech]:
        with raise_tool_errors():
            return self._tool.speak(text)

    async def _arun(self, text: str, run_manager: AsyncCallbackManagerForToolRun | None = None) -> tuple[str, Speech]:
        with raise_tool_errors():
            return await self._tool.aspeak(text)


class AnswerSpeaker(RunnableSerializable[Any, AIMessage]):
    """A runnable that asks a text model, and speaks its answer.

    `stream` speaks sentence by sentence, while the model still writes: the first sound comes once the first sentence is
    whole. Its chunks hold new text or new audio; their sum is the whole message, in which `speech_in` finds the speech.
    Citations such as `[talk 12:07-12:31]` stay in the text and are not said. Closing the stream ends both requests.

    Args:
        model: a chat model, or a chain that ends with one, or with its text.
        client: a client whose model speaks.
        voice: name of a voice, or `{"id": ...}` of a custom one.
        format: format of the speech; `"pcm"` is what players of a stream take.
        speed: how fast, from 0.25 to 4.
        instructions: how to speak, for models that follow them.

    Example:
        >>> from langchain_core.language_models import FakeListChatModel
        >>> from langchain_audio import speech_in
        >>> model = FakeListChatModel(responses=["It rains."])
        >>> with ScriptedGateway() as gateway:
        ...     client = AudioClient("openai", model="tts", api_key="k", base_url=gateway.base_url)
        ...     message = AnswerSpeaker(model=model, client=client, voice="alloy").invoke("How is the weather?")
        >>> message.text, speech_in(message).format
        ('It rains.', 'pcm16')
    """

    model_config = _CONFIG

    model: Runnable[Any, Any]
    client: AudioClient = Field(exclude=True, repr=False)
    voice: str | dict[str, str] | None = None
    format: str = "pcm"
    speed: float | None = None
    instructions: str | None = None

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Return the model's whole answer with its speech."""
        output = self.model.invoke(input, config, **kwargs)
        said = remove_citations(_read_text(output))
        return _add_speech(output, self.client.speak(said, **self._options) if is_speakable(said) else None)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Do what `invoke` does on the running event loop."""
        output = await self.model.ainvoke(input, config, **kwargs)
        said = remove_citations(_read_text(output))
        return _add_speech(output, await self.client.aspeak(said, **self._options) if is_speakable(said) else None)

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        """Yield the model's answer, and its speech, as they come."""
        written, groups = deque[AIMessageChunk](), _Base64Groups()
        texts = _keep(self.model.stream(input, config, **kwargs), written)
        with self.client.stream_speech(texts, **self._options) as pieces:
            for piece in pieces:
                yield from _take(written)
                yield from groups.convert(piece)
        yield from _take(written)
        yield from groups.close()

    async def astream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        """Do what `stream` does on the running event loop."""
        written, groups = deque[AIMessageChunk](), _Base64Groups()
        texts = _akeep(self.model.astream(input, config, **kwargs), written)
        async with self.client.astream_speech(texts, **self._options) as pieces:
            async for piece in pieces:
                for chunk in (*_take(written), *groups.convert(piece)):
                    yield chunk
        for chunk in (*_take(written), *groups.close()):
            yield chunk

    @property
    def _options(self) -> SpeakKwargs:
        return build_speak_options(
            voice=self.voice, format=self.format, speed=self.speed, instructions=self.instructions
        )


class _Base64Groups:
    """Converts pieces of speech to chunks, whose base64 can be joined: it ends with whole groups of three bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def convert(self, piece: SpeechDelta) -> Iterator[AIMessageChunk]:
        data = self._rest + piece.data
        ready = data[: len(data) // 3 * 3]
        self._rest = data[len(ready) :]
        if ready or piece.format:
            yield _build_audio_chunk(ready, piece)

    def close(self) -> Iterator[AIMessageChunk]:
        if self._rest:
            yield _build_audio_chunk(self._rest, SpeechDelta())


def _build_audio_chunk(data: bytes, facts: SpeechDelta | Speech) -> AIMessageChunk:
    return AIMessageChunk(content=cast("Any", [{**build_audio_block(data, facts), "index": _AUDIO}]))


def _keep(chunks: Iterator[Any], written: deque[AIMessageChunk]) -> Generator[str]:
    """Yield the texts of a model's chunks, and keep the chunks to be given out."""
    try:
        for chunk in chunks:
            written.append(_to_chunk(chunk))
            yield _read_text(chunk)
    finally:
        if isinstance(chunks, Generator):
            chunks.close()


async def _akeep(chunks: AsyncIterator[Any], written: deque[AIMessageChunk]) -> AsyncGenerator[str]:
    try:
        async for chunk in chunks:
            written.append(_to_chunk(chunk))
            yield _read_text(chunk)
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


def _take(written: deque[AIMessageChunk]) -> Iterator[AIMessageChunk]:
    while written:
        yield written.popleft()


def _read_text(output: Any) -> str:
    """Return the text of a message or chunk, or the text that a chain ends with.

    Raises:
        InvalidOption: if it is neither.
    """
    if isinstance(output, BaseMessage):
        return str(output.text)
    if not isinstance(output, str):
        raise InvalidOption(f"model should end with a message or its text, not with {type(output).__name__}.")
    return str(output)  # LangChain's own kind of text cannot be added to others


def _build_text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "index": _TEXT}


def _to_chunk(output: Any) -> AIMessageChunk:
    """Return a chunk whose content is a list, as the speech will stand beside the text."""
    content = cast("Any", [_build_text_block(_read_text(output))])
    if isinstance(output, AIMessageChunk):
        return output.model_copy(update={"content": content})
    return AIMessageChunk(content=content)


def _add_speech(output: Any, speech: Speech | None) -> AIMessage:
    audio = [{**build_audio_block(speech.data, speech), "index": _AUDIO}] if speech else []
    content = cast("Any", [_build_text_block(_read_text(output)), *audio])
    return output.model_copy(update={"content": content}) if isinstance(output, AIMessage) else AIMessage(content)


def speak_answer(
    client: AudioClient, answer: str, documents: Sequence[Document], **options: Unpack[SpeakKwargs]
) -> SpokenAnswer[Document]:
    """Say an answer aloud without its citations, and list the clips that it rests on.

    Args:
        client: a client whose model speaks.
        answer: the text of an answer that cites as `format_docs` writes citations.
        documents: what the model was given.
        **options: those of `AudioClient.speak`: `voice`, `format`, `speed`, `instructions`, `extra`.

    Returns:
        The speech, and the citations. The `clip` of each is a URL that can be played, or loaded with `Audio.of`.

    Raises:
        InvalidOption: if there is nothing to say, or an option is wrong.
        ProviderError: if the gateway refuses or fails.

    Example:
        >>> document = Document("It is shut.", metadata={"source": "file:///a.mp3", "start": 5.2, "end": 12.9})
        >>> with ScriptedGateway() as gateway:
        ...     client = AudioClient("openai", model="tts", api_key="k", base_url=gateway.base_url)
        ...     spoken = speak_answer(client, "The door is shut [a 00:05–00:12].", [document], voice="alloy")
        >>> spoken.speech.transcript, [citation.clip for citation in spoken.citations]
        ('The door is shut.', ['file:///a.mp3#t=5.2,12.9'])
    """
    return speak_with(client, answer, documents, lambda document: document.metadata, options)


async def aspeak_answer(
    client: AudioClient, answer: str, documents: Sequence[Document], **options: Unpack[SpeakKwargs]
) -> SpokenAnswer[Document]:
    """Do what `speak_answer` does on the running event loop."""
    return await aspeak_with(client, answer, documents, lambda document: document.metadata, options)
