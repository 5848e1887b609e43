"""What LlamaIndex's events and callbacks see."""

import asyncio
import base64
import gc
import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatInProgressEvent,
    LLMChatStartEvent,
    LLMCompletionEndEvent,
)
from llama_index.core.llms import AudioBlock, ChatMessage, ChatResponse, DocumentBlock, TextBlock, VideoBlock

from audio_core import IncompleteResponse, InvalidAudio
from audio_core.integration import compute_sha256
from audio_core.testing import Reply, chat_reply, chat_stream, tone
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


def without_usage(reply: Reply) -> Reply:
    return Reply({key: value for key, value in reply.body.items() if key != "usage"})


AUDIO = {
    "bytes": lambda call: [AudioBlock(audio=WAV)],
    "file object": lambda call: [AudioBlock(audio=io.BytesIO(WAV))],
    "path": lambda call: [AudioBlock(path=call)],
    "file URL": lambda call: [AudioBlock(url=f"{call.as_uri()}#t=2,3")],
    "document": lambda call: [DocumentBlock(path=call)],
    "video": lambda call: [VideoBlock(url=call.as_uri())],
    "spoken reply": lambda call: [],
    "no audio": lambda call: [],
}


@pytest.mark.parametrize("kind", AUDIO)
def test_tokens_are_counted_as_the_gateway_says(gateway, call, kind: str) -> None:
    counter = TokenCountingHandler()
    asking = llm(gateway, access=call.parent, callback_manager=CallbackManager([counter]))
    messages = [ChatMessage(role="user", blocks=[*AUDIO[kind](call), TextBlock(text="What?")])]
    if kind == "spoken reply":
        messages = heard()[:1] + messages

    async def later() -> list[ChatResponse]:
        return [await asking.achat(messages), [piece async for piece in await asking.astream_chat(messages)][-1]]

    whole, streamed = chat_reply("yes"), chat_stream("yes")
    gateway.will_answer(whole, streamed, whole, streamed, whole, streamed)
    responses = [asking.chat(messages), list(asking.stream_chat(messages))[-1], *asyncio.run(later())]
    completions = [asking.complete("What?"), list(asking.stream_complete("What?"))[-1]]
    counts = [(event.prompt_token_count, event.completion_token_count) for event in counter.llm_token_counts]
    assert counts == [(12, 3)] * 6
    raws = [response.raw for response in (*responses, *completions)]
    assert [(raw["usage"]["prompt_tokens"], raw["choices"][0]["finish_reason"]) for raw in raws] == [(12, "stop")] * 6


@pytest.mark.parametrize("kind", AUDIO)
def test_tokens_that_no_gateway_counted_are_estimated_and_nothing_is_opened(gateway, call, kind: str) -> None:
    counter = TokenCountingHandler()
    asking = llm(gateway, access=call.parent, callback_manager=CallbackManager([counter]))
    messages = [ChatMessage(role="user", blocks=[*AUDIO[kind](call), TextBlock(text="What?")])]
    gateway.will_answer(without_usage(chat_reply("yes")))
    assert asking.chat(messages).raw["choices"][0]["message"]["content"] == "yes"
    clip = 32 if kind == "file URL" else 256  # tokens
    assert counter.prompt_llm_token_count == 6 + (clip if AUDIO[kind](call) else 0)


def test_the_raw_response_is_json_without_the_data_of_a_spoken_reply(gateway) -> None:
    gateway.will_answer(SPOKEN)
    raw = llm(gateway, **SPEAKING).chat(heard()).raw
    assert MARK not in json.dumps(raw)
    assert raw["choices"][0]["message"]["audio"] == {
        "format": "wav",
        "transcript": "Hello.",
        "id": "audio_1",
        "expires_at": 9,
    }
    assert raw["usage"]["prompt_tokens_details"] == {"audio_tokens": 9}


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


@pytest.mark.parametrize("method", ["stream_complete", "astream_complete"])
def test_events_of_a_spoken_completion_stay_small_too(gateway, events, method: str) -> None:
    pieces = [{"audio": {"data": base64.b64encode(WAV[at : at + 9000]).decode()}} for at in range(0, len(WAV), 9000)]
    gateway.will_answer(chat_stream({"audio": {"transcript": "Hello."}}, *pieces))
    speaking = llm(gateway, **SPEAKING)

    async def read() -> list[Any]:
        return [completion async for completion in await speaking.astream_complete("Hi?")]

    completions = list(speaking.stream_complete("Hi?")) if method == "stream_complete" else asyncio.run(read())
    heard = b"".join(base64.b64decode(each.additional_kwargs.get("audio", {}).get("data", "")) for each in completions)
    assert heard == WAV
    assert max(len(event.model_dump_json()) for event in events) < 3000


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
    assert [shown.model_dump() for shown in start.messages] == [message.model_dump()]


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


async def test_recordings_are_read_on_another_thread_than_the_event_loop(gateway, monkeypatch) -> None:
    threads: list[threading.Thread] = []

    def fingerprint(content: Any) -> str:
        threads.append(threading.current_thread())
        return compute_sha256(content)

    monkeypatch.setattr("llamaindex_audio.event_payloads.compute_sha256", fingerprint)
    await llm(gateway).achat(heard())
    gateway.will_answer(chat_stream("yes"))
    [_ async for _ in await llm(gateway).astream_chat(heard())]
    assert threads
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("method", ["astream_chat", "astream_complete"])
def test_a_stream_that_is_left_just_before_the_event_loop_ends_is_silent(gateway, caplog, method: str) -> None:
    gateway.will_answer(chat_stream(*["word "] * 50))

    async def leave() -> None:
        stream = await getattr(llm(gateway), method)(heard() if method == "astream_chat" else "What?")
        async for _ in stream:
            break
        await stream.aclose()

    asyncio.run(leave())
    gc.collect()
    assert caplog.messages == []


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
