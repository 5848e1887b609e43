"""What LlamaIndex's events and callbacks see."""

import asyncio
import base64
import io
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatInProgressEvent,
    LLMChatStartEvent,
    LLMCompletionEndEvent,
)
from llama_index.core.llms import AudioBlock, ChatMessage, DocumentBlock, TextBlock, VideoBlock

from audio_core import IncompleteResponse, InvalidAudio
from audio_core.testing import chat_reply, chat_stream, tone
from llamaindex_audio import AudioLLM, speech_in

WAV = tone(1.0)
B64 = base64.b64encode(WAV).decode()
MARK = B64[2000:2100]
SPEAKING = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
SPOKEN = chat_reply(None, audio={"id": "audio_1", "data": B64, "transcript": "Hello.", "expires_at": 9})


@pytest.fixture
def events() -> Iterator[list[Any]]:
    seen: list[Any] = []

    class Handler(BaseEventHandler):
        def handle(self, event, **_) -> None:
            seen.append(event)

    dispatcher, handler = get_dispatcher(), Handler()
    dispatcher.add_event_handler(handler)
    yield seen
    dispatcher.event_handlers.remove(handler)


def llm(gateway, **options) -> AudioLLM:
    return AudioLLM(model="m", provider="openai", api_key="sk-secret-key-1", base_url=gateway.base_url, **options)


def heard() -> list[ChatMessage]:
    spoken = ChatMessage(role="assistant", blocks=[TextBlock(text="Hello."), AudioBlock(audio=WAV)])
    blocks = [
        AudioBlock(audio=WAV),
        AudioBlock(audio=io.BytesIO(WAV)),
        AudioBlock(url=f"data:audio/wav;base64,{B64}"),
        DocumentBlock(data=WAV, document_mimetype="audio/wav"),
        VideoBlock(video=WAV),
        TextBlock(text="What?"),
    ]
    return [spoken, ChatMessage(role="user", blocks=blocks)]


def kinds(events: list[Any], *wanted: type) -> list[type]:
    return [type(event) for event in events if isinstance(event, wanted)]


def test_events_carry_references_and_the_answer_carries_audio(gateway, events) -> None:
    gateway.will_answer(SPOKEN)
    answer = llm(gateway, **SPEAKING).chat(heard())
    assert speech_in(answer).data == WAV
    assert gateway.requests[0].json["messages"][1]["content"][0]["input_audio"]["data"] == B64
    shown = "".join(event.model_dump_json() for event in events)
    assert MARK not in shown
    assert "secret" not in shown
    assert shown.count("urn:sha256:") >= 6
    assert "What?" in shown
    assert kinds(events, LLMChatStartEvent, LLMChatEndEvent) == [LLMChatStartEvent, LLMChatEndEvent]


def test_events_of_a_stream_stay_small(gateway, events) -> None:
    pieces = [{"audio": {"data": base64.b64encode(WAV[at : at + 3000]).decode()}} for at in range(0, len(WAV), 3000)]
    gateway.will_answer(chat_stream({"audio": {"transcript": "Hello."}}, *pieces))
    *_, last = llm(gateway, **SPEAKING).stream_chat(heard())
    assert speech_in(last).data == WAV
    assert max(len(event.model_dump_json()) for event in events) < 6000
    assert len(kinds(events, LLMChatInProgressEvent)) > len(pieces)
    assert kinds(events, LLMChatStartEvent, LLMChatEndEvent) == [LLMChatStartEvent, LLMChatEndEvent]


async def test_events_of_async_calls_carry_references_too(gateway, events) -> None:
    gateway.will_answer(SPOKEN, SPOKEN)
    await llm(gateway, **SPEAKING).achat(heard())
    last = [piece async for piece in await llm(gateway, **SPEAKING).astream_chat(heard())][-1]
    assert speech_in(last).data == WAV
    assert MARK not in "".join(event.model_dump_json() for event in events)
    assert len(kinds(events, LLMChatEndEvent)) == 2


def test_callbacks_carry_references_and_end_once(gateway) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    gateway.will_answer(SPOKEN)
    llm(gateway, callback_manager=CallbackManager([debug]), **SPEAKING).chat(heard())
    ((start, end),) = debug.get_llm_inputs_outputs()
    assert MARK not in repr(start.payload) + repr(end.payload)


def test_messages_by_reference_are_shown_as_they_are(gateway, events, call) -> None:
    message = ChatMessage(role="user", blocks=[AudioBlock(path=call), TextBlock(text="What?")])
    llm(gateway).chat([message])
    start = next(event for event in events if isinstance(event, LLMChatStartEvent))
    assert start.messages == [message]


def test_a_completion_is_one_completion_and_no_chat(gateway, events) -> None:
    llm(gateway).complete("hi")
    gateway.will_answer(chat_stream("yes"))
    list(llm(gateway).stream_complete("hi"))
    assert kinds(events, LLMCompletionEndEvent, LLMChatEndEvent) == [LLMCompletionEndEvent] * 2


def test_a_stream_that_is_left_ends_its_event(gateway, events) -> None:
    gateway.will_answer(chat_stream("a", "b", "c"))
    stream = llm(gateway).stream_chat(heard())
    assert next(stream).delta == "a"
    stream.close()
    assert any(type(event).__name__ == "ExceptionEvent" for event in events)


def test_failures_reach_the_caller_and_the_events(gateway, events) -> None:
    gateway.will_answer(chat_stream("half", finish=None, done=False))
    with pytest.raises(IncompleteResponse):
        list(llm(gateway).stream_chat(heard()))
    assert any(type(event).__name__ == "ExceptionEvent" for event in events)
    with pytest.raises(InvalidAudio, match=r"^messages\[0\], block 0: "):
        llm(gateway).chat([ChatMessage(role="user", blocks=[AudioBlock(audio=b"no audio at all")])])


def test_a_rate_limiter_is_asked_once_per_call(gateway) -> None:
    from llama_index.core.rate_limiter import BaseRateLimiter

    class Counting(BaseRateLimiter):
        asked: int = 0

        def acquire(self, *args, **kwargs) -> None:
            self.asked += 1

        async def async_acquire(self, *args, **kwargs) -> None:
            self.asked += 1

    limiter = Counting()
    asking = llm(gateway, rate_limiter=limiter)
    asking.chat(heard())
    asking.complete("hi")
    asyncio.run(asking.achat(heard()))
    assert limiter.asked == 3
