"""What LangChain's tracers, and LangSmith's client, see of audio."""

import base64
import copy
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from collector import Collector
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_core.tracers import LangChainTracer
from langsmith import Client

from audio_core.testing import chat_reply, chat_stream, tone
from langchain_audio import ChatAudio, redact_audio, speech_in
from langchain_audio.traced_messages import show_references

WAV = tone(2.0)
B64 = base64.b64encode(WAV).decode()
MARK = B64[2000:2060]
DATA_URI = f"data:audio/wav;base64,{B64}"
IMAGE = {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}
BLOCKS = {
    "LangChain": {"type": "audio", "base64": B64, "mime_type": "audio/wav"},
    "LangChain v0": {"type": "audio", "source_type": "base64", "data": B64, "mime_type": "audio/wav"},
    "bytes": {"type": "audio", "bytes": WAV},
    "data URI": {"type": "audio", "url": DATA_URI},
    "OpenAI": {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}},
    "OpenAI's file": {"type": "file", "file": {"filename": "a.wav", "file_data": DATA_URI}},
    "OpenAI's file, mislabelled": {
        "type": "file",
        "file": {"filename": "a", "file_data": f"data:application/pdf;base64,{B64}"},
    },
    "file": {"type": "file", "base64": B64, "mime_type": "audio/wav"},
    "vLLM": {"type": "audio_url", "audio_url": {"url": DATA_URI}},
    "Google": {"type": "media", "mime_type": "audio/wav", "data": B64},
}
DOORS = ["invoke", "ainvoke", "stream", "astream", "generate", "agenerate", "batch", "events"]


class Seen(BaseCallbackHandler):
    """Keeps what callbacks are shown of messages."""

    def __init__(self) -> None:
        self.messages: list[BaseMessage] = []

    def on_chat_model_start(self, serialized: Any, messages: list[list[BaseMessage]], **_: Any) -> None:
        self.messages += messages[0]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


def model(gateway, **options) -> ChatAudio:
    return ChatAudio(model="m", provider="openai", api_key="sk-secret", base_url=gateway.base_url, **options)


async def ask(door: str, asking: ChatAudio, messages: list[BaseMessage], handler: Any) -> Any:
    config = {"callbacks": [handler]}
    match door:
        case "stream":
            return list(asking.stream(messages, config))
        case "astream":
            return [chunk async for chunk in asking.astream(messages, config)]
        case "events":
            return list(asking.stream_events(messages, config, version="v3"))
        case "generate":
            return asking.generate([messages], callbacks=[handler])
        case "agenerate":
            return await asking.agenerate([messages], callbacks=[handler])
        case "batch":
            return asking.batch([messages], config)
        case "ainvoke":
            return await asking.ainvoke(messages, config)
        case _:
            return asking.invoke(messages, config)


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("door", DOORS)
async def test_callbacks_see_references_and_the_gateway_hears_the_audio(gateway, door: str, kind: str) -> None:
    gateway.will_answer(chat_stream("yes") if door in ("stream", "astream", "events") else chat_reply("yes"))
    seen, message = Seen(), HumanMessage([IMAGE, BLOCKS[kind], {"type": "text", "text": "What?"}])
    before = copy.deepcopy(message)
    await ask(door, model(gateway), [message], seen)
    assert message == before
    image, audio, _ = gateway.requests[0].json["messages"][0]["content"]
    assert image["image_url"]["url"] == "data:image/png;base64,iVBORw0KGgo="
    assert audio["input_audio"]["data"] == B64
    (shown,) = seen.messages
    assert shown.content[1]["type"] == "audio"
    assert shown.content[1]["url"].startswith("urn:sha256:")
    assert MARK not in repr(shown) + shown.model_dump_json()
    assert "What?" in shown.text


def test_references_tell_the_seconds_and_the_clip() -> None:
    block = {**BLOCKS["LangChain"], "start": 0.5, "extras": {"speaker": "A"}}
    (shown,) = show_references([HumanMessage([block])])
    assert {**shown.content[0], "url": None} == {
        "type": "audio",
        "url": None,
        "mime_type": "audio/wav",
        "start": 0.5,
        "extras": {"seconds": 1.5, "speaker": "A"},
    }


def test_messages_without_audio_are_shown_themselves() -> None:
    messages = [HumanMessage("hi"), HumanMessage([{"type": "audio", "url": "file:///a.mp3#t=1,2"}]), AIMessage("yes")]
    assert all(shown is message for shown, message in zip(show_references(messages), messages, strict=True))


def test_audio_in_the_text_of_a_tool_and_in_other_fields_is_shown_as_a_reference(gateway) -> None:
    seen, blocks = Seen(), [BLOCKS["LangChain"]]
    call = AIMessage(
        "",
        tool_calls=[{"name": "play", "args": {}, "id": "c"}],
        additional_kwargs={"audio": {"data": B64, "transcript": "Hi."}},
    )
    answer = ToolMessage(json.dumps(blocks), tool_call_id="c", artifact=blocks)
    model(gateway).invoke([HumanMessage("Play it."), call, answer], {"callbacks": [seen]})
    assert MARK not in repr(seen.messages)
    assert gateway.requests[0].json["messages"][3]["content"][-1]["input_audio"]["data"] == B64


def test_a_copy_of_what_is_shown_is_an_ordinary_message() -> None:
    (shown,) = show_references([HumanMessage([BLOCKS["OpenAI"]])])
    for copied in (copy.deepcopy(shown), pickle.loads(pickle.dumps(shown))):
        assert copied == shown
        assert type(copied.content[0]) is dict
    assert MARK.encode() not in pickle.dumps(shown)


@pytest.mark.parametrize("door", DOORS)
async def test_langsmith_gets_references_usage_and_no_key(gateway, collector, door: str) -> None:
    gateway.will_answer(chat_stream("yes") if door in ("stream", "astream", "events") else chat_reply("yes"))
    tracer = LangChainTracer(client=Client(collector.url, api_key="k", auto_batch_tracing=False, info={}))
    await ask(door, model(gateway), [HumanMessage([BLOCKS["OpenAI"]])], tracer)
    tracer.wait_for_futures()
    sent = "".join(collector.received)
    assert "urn:sha256:" in sent
    assert '"seconds":2.0' in sent
    assert "input_tokens" in sent or door in ("stream", "astream", "events")
    assert MARK not in sent
    assert "sk-secret" not in sent
    assert len(sent) < 16_000


def test_langsmith_gets_seconds_tokens_and_cost(gateway, collector) -> None:
    reply = chat_reply("yes")
    details = {"prompt_tokens_details": {"audio_tokens": 64}, "prompt_audio_seconds": 2, "cost": 0.25}
    reply.body["usage"] = {"prompt_tokens": 70, "completion_tokens": 2, **details}
    gateway.will_answer(reply)
    tracer = LangChainTracer(client=Client(collector.url, api_key="k", auto_batch_tracing=False, info={}))
    model(gateway).invoke([HumanMessage([BLOCKS["OpenAI"]])], {"callbacks": [tracer]})
    tracer.wait_for_futures()
    run = json.loads(collector.received[-1])
    assert run["extra"]["metadata"]["usage_metadata"]["input_token_details"] == {"audio": 64}
    said = run["outputs"]["generations"][0][0]["message"]["kwargs"]["response_metadata"]
    assert (said["cost"], said["audio_seconds"]) == (0.25, 2.0)


def test_langsmith_hides_what_others_record_and_what_was_said(gateway, collector) -> None:
    spoken = {"id": "audio_1", "data": B64, "transcript": "Hello.", "expires_at": 9}
    gateway.will_answer(chat_reply(None, audio=spoken))
    client = Client(
        collector.url,
        api_key="k",
        auto_batch_tracing=False,
        info={},
        hide_inputs=redact_audio,
        hide_outputs=redact_audio,
    )
    tracer = LangChainTracer(client=client)
    asking = model(gateway, modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"})
    chain = ChatPromptTemplate.from_messages([("placeholder", "{messages}")]) | asking
    answer = chain.invoke({"messages": [HumanMessage([BLOCKS["bytes"]])]}, {"callbacks": [tracer]})
    assert speech_in(answer).data == WAV
    tracer.wait_for_futures()
    sent = "".join(collector.received)
    assert "RunnableSequence" in sent
    assert sent.count("urn:sha256:") > 4
    assert MARK not in sent
    assert "RIFF" not in sent
    assert len(sent) < 40_000


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_history_that_is_filled_from_callbacks_holds_the_audio_if_a_step_stands_before_the_model(gateway) -> None:
    gateway.will_answer(chat_reply("yes"))
    history, model = InMemoryChatMessageHistory(), ChatAudio(model="m", base_url=gateway.base_url)
    chat = RunnableWithMessageHistory(RunnablePassthrough() | model, lambda _: history)
    for question in (HumanMessage([BLOCKS["LangChain"]]), HumanMessage("And then?")):
        chat.invoke([question], {"configurable": {"session_id": "1"}})
    assert MARK in str(gateway.requests[-1].json)
