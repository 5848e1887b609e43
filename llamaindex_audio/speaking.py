"""Speech: a tool for agents, a response that is spoken while it is written, and answers with citations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Unpack, cast

from llama_index.core.llms import ChatResponse
from llama_index.core.schema import NodeWithScore
from llama_index.core.tools import ToolMetadata
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from pydantic import BaseModel

from audio_core import AudioClient, InvalidOption
from audio_core.integration import (
    SPEAK,
    AsyncSpeechStream,
    FixedOptions,
    SpeakArguments,
    SpeakKwargs,
    SpeechStream,
    SpeechTool,
    SpokenAnswer,
    build_speak_options,
    validate_arguments,
)
from audio_core.integration import aspeak_answer as aspeak_with
from audio_core.integration import speak_answer as speak_with
from llamaindex_audio.tools import ToolOutput

__all__ = [
    "SpeakToolSpec",
    "SpokenAnswer",
    "aspeak_answer",
    "astream_spoken",
    "speak_answer",
    "stream_spoken",
]


class SpeakToolSpec(FixedOptions, BaseToolSpec):
    """A tool with which a model says a text aloud (`speak`).

    The model is told how long the speech lasts and, with a `folder`, the URL of its file; never the audio. The tool's
    `raw_output.artifact` is the `Speech`, to play or save. A wrong call raises `ToolRefusal`, which agents return to
    the model as a tool error.

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
        ...     (speak,) = SpeakToolSpec(client, voice="alloy").to_tool_list()
        ...     print(speak(text="Good day to you."))
        Said aloud: 1.1 seconds of wav.
    """

    spec_functions: list[SPEC_FUNCTION_TYPE] = [("speak", "aspeak")]  # noqa: RUF012 - the base class asks for a list

    @validate_arguments
    def __init__(
        self,
        client: AudioClient,
        *,
        voice: str | dict[str, str] | None = None,
        format: str = "mp3",
        speed: float | None = None,
        instructions: str | None = None,
        folder: str | Path | None = None,
        max_characters: int = 4000,
    ) -> None:
        options = build_speak_options(voice=voice, format=format, speed=speed, instructions=instructions)
        self._tool = SpeechTool(client, options, folder=folder, max_characters=max_characters)

    def get_metadata_from_fn_name(
        self, fn_name: str, spec_functions: list[SPEC_FUNCTION_TYPE] | None = None
    ) -> ToolMetadata | None:
        """Return what a model is told of a tool, which LlamaIndex would make of the function's signature."""
        return ToolMetadata(SPEAK, "speak", SpeakArguments) if fn_name == "speak" else None

    def speak(self, text: str) -> str:
        """Say a text aloud. Errors are those of `SpeechTool.speak`."""
        return ToolOutput.of(*self._tool.speak(text))

    async def aspeak(self, text: str) -> str:
        """Do what `speak` does on the running event loop."""
        return ToolOutput.of(*await self._tool.aspeak(text))


def stream_spoken(client: AudioClient, response: Any, **options: Unpack[SpeakKwargs]) -> SpeechStream:
    """Speak a response while it is written, sentence by sentence: the first sound comes once the first one is whole.

    Pieces without audio give out the response's text meanwhile. Citations such as `[talk 12:07-12:31]` are not said.
    Closing the stream ends both requests.

    Args:
        client: a client whose model speaks.
        response: of a query or chat engine, streamed or whole; or the stream of an LLM's `stream_chat` or
            `stream_complete`.
        **options: those of `AudioClient.speak`; the format is `"pcm"` by default, which players of a stream take.

    Returns:
        An iterator over pieces of speech, with `save(path)` and `close()`.

    Raises:
        InvalidOption: if there is no text in the response, or an option is wrong.
        ProviderError: if the gateway refuses or fails, once the pieces are taken.

    Example:
        >>> from llama_index.core.llms import MockLLM
        >>> with ScriptedGateway() as gateway:
        ...     client = AudioClient("openai", model="tts", api_key="k", base_url=gateway.base_url)
        ...     pieces = list(
        ...         stream_spoken(client, MockLLM().stream_complete("It rains all day. So what?"), voice="alloy")
        ...     )
        >>> [segment.text for piece in pieces for segment in piece.segments]
        ['It rains all day.', 'So what?']
    """
    return client.stream_speech(_read_texts(response), **{"format": "pcm", **options})


def astream_spoken(client: AudioClient, response: Any, **options: Unpack[SpeakKwargs]) -> AsyncSpeechStream:
    """Do what `stream_spoken` does on the running event loop, also for a response that comes asynchronously."""
    return client.astream_speech(_choose_texts(response), **{"format": "pcm", **options})


def speak_answer(
    client: AudioClient, answer: Any, nodes: Sequence[NodeWithScore] | None = None, **options: Unpack[SpeakKwargs]
) -> SpokenAnswer[NodeWithScore]:
    """Say an answer aloud without its citations, and list the clips that it rests on.

    Args:
        client: a client whose model speaks.
        answer: a response, or its text. It cites as `format_nodes` writes citations.
        nodes: what it was made from; by default the response's own `source_nodes`.
        **options: those of `AudioClient.speak`: `voice`, `format`, `speed`, `instructions`, `extra`.

    Returns:
        The speech, and the citations. The `clip` of each is a URL that can be played, or loaded with `Audio.of`.

    Raises:
        InvalidOption: if there is nothing to say, or an option is wrong.
        ProviderError: if the gateway refuses or fails.

    Example:
        >>> from llama_index.core.schema import TextNode
        >>> node = TextNode(text="It is shut.", metadata={"source": "file:///a.mp3", "start": 5.2, "end": 12.9})
        >>> with ScriptedGateway() as gateway:
        ...     client = AudioClient("openai", model="tts", api_key="k", base_url=gateway.base_url)
        ...     spoken = speak_answer(
        ...         client, "The door is shut [a 00:05–00:12].", [NodeWithScore(node=node)], voice="alloy"
        ...     )
        >>> spoken.speech.transcript, [citation.clip for citation in spoken.citations]
        ('The door is shut.', ['file:///a.mp3#t=5.2,12.9'])
    """
    return speak_with(client, _read_text(answer), _choose_nodes(answer, nodes), _get_metadata, options)


async def aspeak_answer(
    client: AudioClient, answer: Any, nodes: Sequence[NodeWithScore] | None = None, **options: Unpack[SpeakKwargs]
) -> SpokenAnswer[NodeWithScore]:
    """Do what `speak_answer` does on the running event loop."""
    return await aspeak_with(client, _read_text(answer), _choose_nodes(answer, nodes), _get_metadata, options)


def _choose_nodes(answer: Any, nodes: Sequence[NodeWithScore] | None) -> Sequence[NodeWithScore]:
    return cast("Sequence[NodeWithScore]", getattr(answer, "source_nodes", ())) if nodes is None else nodes


def _get_metadata(node: NodeWithScore) -> dict[str, Any]:
    return node.metadata


def _choose_texts(response: Any) -> Iterator[str] | AsyncIterator[str]:
    """Return the texts of a response, which may come asynchronously."""
    generator = getattr(response, "response_gen", None)
    if isinstance(generator, AsyncIterable):
        return _aread_deltas(cast("AsyncIterable[Any]", response.async_response_gen()))
    if getattr(response, "achat_stream", None) is not None:
        return _aread_deltas(cast("AsyncIterable[Any]", response.async_response_gen()))
    if isinstance(response, AsyncIterable):
        return _aread_deltas(cast("AsyncIterable[Any]", response))
    return _read_texts(response)


def _read_texts(response: Any) -> Iterator[str]:
    """Yield the texts of a response that is streamed or whole.

    Raises:
        InvalidOption: if there is no text.
    """
    deltas = getattr(response, "response_gen", response)
    if isinstance(deltas, Iterable) and not isinstance(deltas, (str, bytes, BaseModel)):  # a model iterates over fields
        return _read_deltas(cast("Iterable[Any]", deltas))
    if isinstance(deltas, AsyncIterable):
        raise InvalidOption("The response comes asynchronously: use astream_spoken.")
    return iter([_read_text(response)])


def _read_text(response: Any) -> str:
    """Return the text of a whole response."""
    return response.message.content or "" if isinstance(response, ChatResponse) else str(response)


def _read_deltas(deltas: Iterable[Any]) -> Generator[str]:
    iterator = iter(deltas)
    try:
        yield from map(_read_delta, iterator)
    finally:
        if isinstance(iterator, Generator):
            iterator.close()


async def _aread_deltas(deltas: AsyncIterable[Any]) -> AsyncGenerator[str]:
    iterator = aiter(deltas)
    try:
        async for delta in iterator:
            yield _read_delta(delta)
    finally:
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()


def _read_delta(delta: Any) -> str:
    """Return the new text of a piece: a text, or a response of an LLM's stream."""
    return delta if isinstance(delta, str) else str(getattr(delta, "delta", None) or "")
