"""Send a request under LlamaIndex's callbacks. They see redacted messages and responses; the caller gets complete ones.

An async stream also closes all generators that it reads from. LlamaIndex leaves them to the garbage collector, and so
to the event loop, which may be about to end.
"""

# LlamaIndex's decorators carry no types.
# pyright: reportUntypedFunctionDecorator=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from typing import Any, TypeVar

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.llm import LLM

from audio_core.integration import HiddenFrames
from llamaindex_audio.event_payloads import redact_response
from llamaindex_audio.responses import to_completion_response

__all__ = [
    "asend_with_events",
    "astream_completions",
    "astream_with_events",
    "send_with_events",
    "stream_completions",
    "stream_with_events",
]

T = TypeVar("T")


def send_with_events(
    llm: LLM, redacted: Sequence[ChatMessage], options: Mapping[str, Any], send: Callable[[], ChatResponse]
) -> ChatResponse:
    """Call `send` and return its response.

    Args:
        llm: whose callbacks are called.
        redacted: the messages that callbacks see.
        options: the options of the request, which callbacks see.
        send: sends the request.
    """
    responses: list[ChatResponse] = []

    @llm_chat_callback()
    def call(_: LLM, messages: Any, **kwargs: Any) -> ChatResponse:
        responses.append(send())
        return redact_response(responses[0])

    with HiddenFrames():
        call(llm, redacted, **options)
    return responses[0]


async def asend_with_events(
    llm: LLM, redacted: Sequence[ChatMessage], options: Mapping[str, Any], send: Callable[[], Awaitable[ChatResponse]]
) -> ChatResponse:
    """Do what `send_with_events` does on the running event loop."""
    responses: list[ChatResponse] = []

    @llm_chat_callback()
    async def call(_: LLM, messages: Any, **kwargs: Any) -> ChatResponse:
        responses.append(await send())
        return redact_response(responses[0])

    with HiddenFrames():
        await call(llm, redacted, **options)
    return responses[0]


def stream_with_events(
    llm: LLM, redacted: Sequence[ChatMessage], options: Mapping[str, Any], responses: ChatResponseGen
) -> ChatResponseGen:
    """Yield `responses` to the caller, and their redacted form to callbacks. Arguments as for `send_with_events`."""
    pending: list[ChatResponse] = []

    @llm_chat_callback()
    def call(_: LLM, messages: Any, **kwargs: Any) -> ChatResponseGen:
        for response in responses:
            pending.append(response)
            yield redact_response(response)

    return _take_pending(call(llm, redacted, **options), pending, responses)


def stream_completions(
    llm: LLM, prompt: str, options: Mapping[str, Any], responses: ChatResponseGen
) -> CompletionResponseGen:
    """Do what `stream_with_events` does for a completion."""
    pending: list[ChatResponse] = []

    @llm_completion_callback()
    def call(_: LLM, prompt: str, **kwargs: Any) -> CompletionResponseGen:
        for response in responses:
            pending.append(response)
            yield to_completion_response(redact_response(response))

    return _complete(_take_pending(call(llm, prompt, **options), pending, responses))


def _complete(responses: ChatResponseGen) -> CompletionResponseGen:
    with contextlib.closing(responses):
        yield from map(to_completion_response, responses)


def _take_pending(
    redacted_stream: Generator[Any], pending: list[ChatResponse], responses: ChatResponseGen
) -> ChatResponseGen:
    """Yield the complete responses, each once its redacted form has been read."""
    with HiddenFrames(), contextlib.closing(responses), contextlib.closing(redacted_stream):
        for _ in redacted_stream:
            yield pending.pop()


async def astream_with_events(
    llm: LLM, redacted: Sequence[ChatMessage], options: Mapping[str, Any], responses: ChatResponseAsyncGen
) -> ChatResponseAsyncGen:
    """Do what `stream_with_events` does on the running event loop."""
    pending: list[ChatResponse] = []

    async def redact_responses() -> ChatResponseAsyncGen:
        async for response in responses:
            pending.append(response)
            yield redact_response(response)

    redacted_responses = redact_responses()

    @llm_chat_callback()
    async def call(_: LLM, messages: Any, **kwargs: Any) -> ChatResponseAsyncGen:
        return redacted_responses

    redacted_stream = await call(llm, redacted, **options)

    return _close_with((pending.pop() async for _ in redacted_stream), redacted_stream, redacted_responses, responses)


async def astream_completions(
    llm: LLM, prompt: str, options: Mapping[str, Any], responses: ChatResponseAsyncGen
) -> CompletionResponseAsyncGen:
    """Do what `astream_with_events` does for a completion."""
    pending: list[ChatResponse] = []

    async def redact_completions() -> CompletionResponseAsyncGen:
        async for response in responses:
            pending.append(response)
            yield to_completion_response(redact_response(response))

    redacted_completions = redact_completions()

    @llm_completion_callback()
    async def call(_: LLM, prompt: str, **kwargs: Any) -> CompletionResponseAsyncGen:
        return redacted_completions

    redacted_stream = await call(llm, prompt, **options)
    completions = (to_completion_response(pending.pop()) async for _ in redacted_stream)
    return _close_with(completions, redacted_stream, redacted_completions, responses)


async def _close_with(stream: AsyncGenerator[T], *sources: AsyncGenerator[Any]) -> AsyncGenerator[T]:
    """Yield the items of a stream. Then close it, and the generators that it reads from in the order given."""
    with HiddenFrames():
        async with contextlib.AsyncExitStack() as stack:
            for generator in (*reversed(sources), stream):
                stack.push_async_callback(generator.aclose)
            async for item in stream:
                yield item
