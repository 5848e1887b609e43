"""Agents whose history holds references, and whose model hears all the same."""

import base64
import gc
import json
import stat
import threading
import weakref
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
    ToolCallLimitMiddleware,
    wrap_model_call,
)
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, trim_messages
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Command

from audio_core import Access, AccessDenied, Audio, InvalidAudio, StoreError
from audio_core.integration import AudioStore
from audio_core.media.probing import probe
from audio_core.testing import ScriptedGateway, chat_reply, tone
from langchain_audio import ChatAudio, clip_block, count_tokens_with_audio, speech_in
from langchain_audio.audio_references import offload_audio
from langchain_audio.middleware import AudioOffloadMiddleware

SECONDS = 17.6  # 563 kB of WAV, 750 kB of base64
CLIP = base64.b64encode(tone(SECONDS)).decode()


def question(text: str = "What?", clip: str = CLIP) -> HumanMessage:
    return HumanMessage([{"type": "text", "text": text}, {"type": "audio", "base64": clip, "mime_type": "audio/wav"}])


def model(gateway: ScriptedGateway, **options) -> ChatAudio:
    return ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, **options)


def sounds(gateway: ScriptedGateway, request: int = -1) -> list[dict]:
    return [
        part["input_audio"]
        for message in gateway.requests[request].json["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "input_audio"
    ]


def size(saver: InMemorySaver) -> int:
    """Bytes of all that a checkpointer holds."""
    blobs = sum(len(data) for _, data in saver.blobs.values())
    writes = sum(len(write[2][1]) for group in saver.writes.values() for write in group.values())
    points = [each for thread in saver.storage.values() for space in thread.values() for each in space.values()]
    return blobs + writes + sum(len(data) for point in points for _, data in point[:2])


@pytest.fixture
def offload(tmp_path: Path) -> AudioOffloadMiddleware:
    return AudioOffloadMiddleware(tmp_path / "sounds")


def test_the_text_beside_audio_in_a_tools_answer_stays_as_it_is(offload, tmp_path: Path) -> None:
    blocks = [{"type": "text", "text": "Grüße, 你好"}, {"type": "audio", "base64": CLIP}]
    message = ToolMessage(json.dumps(blocks, ensure_ascii=False), tool_call_id="c")
    content = offload_audio(message, AudioStore(tmp_path)).content
    assert "Grüße, 你好" in content
    assert json.loads(content)[1]["url"].startswith("file://")


@pytest.mark.parametrize("is_async", [False, True])
async def test_five_turns_of_audio_leave_small_checkpoints(gateway, offload, tmp_path: Path, is_async: bool) -> None:
    saver = InMemorySaver(serde=offload.serde)
    agent = create_agent(model(gateway), [], middleware=[offload], checkpointer=saver)
    thread = {"configurable": {"thread_id": "1"}}
    for turn in range(5):
        asked = {"messages": [question(f"What is in clip {turn}?")]}
        state = await agent.ainvoke(asked, thread) if is_async else agent.invoke(asked, thread)
        assert [sound["data"] for sound in sounds(gateway)] == [CLIP] * (turn + 1)
    assert size(saver) <= 40_000
    block = state["messages"][0].content[1]
    assert block["url"].startswith((tmp_path / "sounds").as_uri())
    assert block["extras"] == {"seconds": SECONDS}
    (kept,) = (tmp_path / "sounds").iterdir()
    assert kept.read_bytes() == base64.b64decode(CLIP)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_checkpoints_of_langgraphs_own_serializer_are_read(offload) -> None:
    messages = [HumanMessage("What?" * 100)]
    assert offload.serde.loads_typed(JsonPlusSerializer().dumps_typed(messages)) == messages
    assert offload.serde.loads_typed(offload.serde.dumps_typed(messages)) == messages


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("is_async", [False, True])
async def test_a_model_that_another_middleware_chooses_hears_too(
    gateway, offload, is_first: bool, is_async: bool
) -> None:
    fallback = ModelFallbackMiddleware(model(gateway))
    middleware = [offload, fallback] if is_first else [fallback, offload]
    broken = model(gateway, max_retries=0).model_copy(update={"base_url": "http://127.0.0.1:9/v1"})
    agent = create_agent(broken, [], middleware=middleware)
    asked = {"messages": [question()]}
    state = await agent.ainvoke(asked) if is_async else agent.invoke(asked)
    assert state["messages"][-1].text == "yes"
    assert [sound["data"] for sound in sounds(gateway)] == [CLIP]


@pytest.mark.parametrize("is_first", [True, False])
def test_it_works_beside_routing_limits_and_approval(gateway, offload, is_first: bool) -> None:
    @wrap_model_call
    def route(request, handler):
        return handler(request.override(model=model(gateway, temperature=0.5)))

    others = [
        route,
        ModelCallLimitMiddleware(run_limit=5),
        ToolCallLimitMiddleware(run_limit=5),
        HumanInTheLoopMiddleware(interrupt_on={"send": True}),
        ModelRetryMiddleware(max_retries=1),
    ]
    middleware = [offload, *others] if is_first else [*others, offload]
    agent = create_agent(model(gateway), [], middleware=middleware, checkpointer=InMemorySaver(serde=offload.serde))
    thread = {"configurable": {"thread_id": "1"}}
    for _ in range(2):
        state = agent.invoke({"messages": [question()]}, thread)
    assert [sound["data"] for sound in sounds(gateway)] == [CLIP] * 2
    assert gateway.requests[-1].json["temperature"] == 0.5
    assert CLIP[:100] not in str(state)


def test_the_folder_is_closed_to_models_outside_the_agent(gateway, offload) -> None:
    asking = model(gateway)
    state = create_agent(asking, [], middleware=[offload]).invoke({"messages": [question()]})
    with pytest.raises(AccessDenied):
        asking.invoke(state["messages"])


def test_a_model_that_is_dropped_is_not_kept(gateway, offload) -> None:
    asking = model(gateway)
    kept = weakref.ref(asking)
    create_agent(asking, [], middleware=[offload]).invoke({"messages": [question()]})
    del asking
    gc.collect()
    assert kept() is None


def test_speech_that_was_moved_is_found(offload, tmp_path: Path) -> None:
    spoken = AIMessage([{"type": "text", "text": "Hi."}, {"type": "audio", "base64": CLIP, "id": "audio_1"}])
    moved = offload_audio(spoken, offload._folder)
    assert "base64" not in moved.content[1]
    speech, original = speech_in(moved), speech_in(spoken)
    assert (speech.data, speech.format, speech.transcript, speech.id) == (
        base64.b64decode(CLIP),
        "wav",
        "Hi.",
        "audio_1",
    )
    assert original.data == speech.data


def test_speech_is_read_from_no_file_that_was_not_saved_for_it(tmp_path: Path) -> None:
    for name in ("secret.wav", "0" * 64 + ".wav"):
        (tmp_path / name).write_bytes(tone(0.1))
    assert speech_in(AIMessage([{"type": "audio", "url": (tmp_path / "secret.wav").as_uri()}])) is None
    assert speech_in(AIMessage([{"type": "audio", "url": "https://example.com/a.wav"}])) is None
    with pytest.raises(InvalidAudio, match="does not hold"):
        speech_in(AIMessage([{"type": "audio", "url": (tmp_path / ("0" * 64 + ".wav")).as_uri()}]))


def test_any_other_model_is_given_the_sound_for_the_call(offload) -> None:
    heard: list = []

    class Other(GenericFakeChatModel):
        def _generate(self, messages, *args, **kwargs):
            heard.extend(messages)
            return super()._generate(messages, *args, **kwargs)

    agent = create_agent(Other(messages=iter([AIMessage("A beep.")])), [], middleware=[offload])
    state = agent.invoke({"messages": [question()]})
    assert heard[0].content[1] == {"type": "audio", "base64": CLIP, "mime_type": "audio/wav"}
    assert CLIP[:100] not in str(state)


def test_what_a_tool_returns_is_kept_and_heard(gateway, offload) -> None:
    @tool
    def voicemail() -> list:
        """The last message."""
        return [{"type": "audio", "base64": CLIP, "mime_type": "audio/wav"}]

    call = {"id": "c", "type": "function", "function": {"name": "voicemail", "arguments": "{}"}}
    gateway.will_answer(chat_reply(None, tool_calls=[call], finish="tool_calls"), chat_reply("A beep."))
    state = create_agent(model(gateway), [voicemail], middleware=[offload]).invoke({"messages": [HumanMessage("?")]})
    assert [sound["data"] for sound in sounds(gateway)] == [CLIP]
    (answer,) = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    assert json.loads(answer.content)[0]["url"].startswith("file://")
    assert CLIP[:100] not in str(state)


@pytest.mark.parametrize("is_command", [False, True])
def test_audio_in_an_artifact_or_a_command_is_kept_as_a_reference(gateway, offload, is_command: bool) -> None:
    block = {"type": "audio", "base64": CLIP, "mime_type": "audio/wav"}

    @tool
    def voicemail(tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
        """The last message."""
        message = ToolMessage([block], tool_call_id=tool_call_id, artifact={"sounds": [block]})
        return Command(update={"messages": [message]}) if is_command else message

    call = {"id": "c", "type": "function", "function": {"name": "voicemail", "arguments": "{}"}}
    gateway.will_answer(chat_reply(None, tool_calls=[call], finish="tool_calls"), chat_reply("A beep."))
    state = create_agent(model(gateway), [voicemail], middleware=[offload]).invoke({"messages": [HumanMessage("?")]})
    assert [sound["data"] for sound in sounds(gateway)] == [CLIP]
    (answer,) = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    assert answer.artifact["sounds"][0]["url"] in str(answer.content)
    assert CLIP[:100] not in str(state)


def test_an_artifact_that_holds_itself_stays_as_it_is(offload) -> None:
    artifact: dict[str, Any] = {"leaf": 1}
    artifact |= {"self": artifact, "again": [artifact]}
    message = ToolMessage("hi", tool_call_id="1", artifact=artifact)
    assert offload.wrap_tool_call(None, lambda _: message) is message


def test_what_the_model_may_open_stays_what_it_was_and_the_folder(gateway, offload, call: Path) -> None:
    asking = model(gateway, access=Access(roots=(call.parent,), hosts=("example.com",)))
    agent = create_agent(asking, [], middleware=[offload])
    block = {"type": "audio", "url": call.as_uri() + "#t=0,2"}
    agent.invoke({"messages": [HumanMessage([{"type": "text", "text": "?"}, block]), question()]})
    assert len(sounds(gateway)) == 2
    with pytest.raises(Exception, match="may not be opened"):
        agent.invoke({"messages": [HumanMessage([{"type": "audio", "url": "file:///etc/passwd"}])]})
    assert asking.access == Access(roots=(call.parent,), hosts=("example.com",))


def test_summaries_and_trimming_no_longer_fire_on_the_first_clip(gateway, offload) -> None:
    summary = SummarizationMiddleware(
        model=GenericFakeChatModel(messages=iter([])), trigger=("tokens", 4000), token_counter=count_tokens_with_audio
    )
    state = create_agent(model(gateway), [], middleware=[offload, summary]).invoke({"messages": [question("First?")]})
    assert state["messages"][0].content[0]["text"] == "First?"
    kept = trim_messages([question("First?")], max_tokens=1000, token_counter=count_tokens_with_audio)
    assert len(kept) == 1


@pytest.mark.parametrize("rate", [10.0, 32.0])
def test_tokens_are_those_of_the_seconds(offload, call: Path, rate: float) -> None:
    expected = SECONDS * rate
    given = question("")
    for message in (given, offload_audio(given, offload._folder)):
        assert count_tokens_with_audio([message], tokens_per_second=rate) == pytest.approx(expected, rel=0.2)
    clip = HumanMessage([{"type": "audio", "url": call.as_uri() + "#t=5,15"}])
    assert count_tokens_with_audio([clip], tokens_per_second=rate) == pytest.approx(10 * rate, rel=0.2)
    unknown = HumanMessage([{"type": "audio", "url": "https://example.com/a.mp3"}])
    assert count_tokens_with_audio([unknown], tokens_per_second=rate) == pytest.approx(60 * rate, rel=0.2)
    assert count_tokens_with_audio([("user", "hello there")]) < 12


SPELLINGS = [
    {"type": "audio", "source_type": "base64", "data": CLIP, "mime_type": "audio/wav"},
    {"type": "input_audio", "input_audio": {"data": CLIP, "format": "wav"}},
    {"type": "media", "mime_type": "audio/wav", "data": CLIP},
    {"type": "audio_url", "audio_url": {"url": f"data:audio/wav;base64,{CLIP}"}},
]


@pytest.mark.parametrize("block", SPELLINGS, ids=lambda block: block["type"])
def test_every_spelling_becomes_a_reference(offload, block: dict) -> None:
    found = offload_audio({"messages": [{"role": "user", "content": [block]}]}, offload._folder)
    reference = found["messages"][0]["content"][0]
    assert Audio.of(reference["url"]).format == "wav"
    assert len(json.dumps(found)) < 400


class Pair(NamedTuple):
    first: Any
    second: Any


@pytest.mark.parametrize("build", [Pair, lambda *items: items, lambda *items: [*items]], ids=["named", "tuple", "list"])
def test_sequences_of_any_type_keep_it(offload, build) -> None:
    found = offload_audio(build(SPELLINGS[0], 7), offload._folder)
    assert type(found) is type(build(1, 2))
    assert (found[0]["url"][:7], found[1]) == ("file://", 7)


async def test_audio_is_saved_away_from_the_event_loop(gateway, offload, monkeypatch) -> None:
    threads = []
    monkeypatch.setattr(
        "langchain_audio.middleware.offload_audio",
        lambda value, folder: threads.append(threading.current_thread()) or offload_audio(value, folder),
    )
    gateway.will_answer(chat_reply("A beep."))
    await create_agent(model(gateway), [], middleware=[offload]).ainvoke({"messages": [HumanMessage("?")]})
    assert threads
    assert threading.current_thread() not in threads


def test_clips_and_raw_sound_stay_what_they_are(offload) -> None:
    clip = {"type": "audio", "base64": CLIP, "extras": {"start": 1.0, "end": 3.0, "case": 7}}
    found = offload_audio(clip, offload._folder)
    assert found["url"].endswith("#t=1,3")
    assert found["extras"] == {"case": 7, "seconds": 2.0}
    raw = {"type": "audio", "base64": base64.b64encode(bytes(16_000)).decode(), "mime_type": "audio/pcm;rate=8000"}
    assert probe(Audio.of(offload_audio(raw, offload._folder)["url"])).duration == 1.0


@pytest.mark.parametrize("data", ["", "bm8gYXVkaW8=", "not base64!"])
def test_what_cannot_be_kept_is_left_for_the_models_own_error(offload, data: str) -> None:
    block = {"type": "audio", "base64": data}
    assert offload_audio([block], offload._folder)[0] is block


def test_what_holds_no_audio_is_the_very_same(offload, call: Path) -> None:
    for value in ("text", HumanMessage("hi"), {"a": [1, ("b",)]}, ToolMessage("[{", tool_call_id="1")):
        assert offload_audio(value, offload._folder) is value
    block = {"type": "audio", "url": call.as_uri()}
    assert offload_audio(block, offload._folder) is block


def test_a_folder_that_cannot_keep_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot store recordings"):
        offload_audio(question(), AudioOffloadMiddleware(tmp_path / "file")._folder)


def test_clip_blocks_are_counted_by_their_seconds(call: Path) -> None:
    from langchain_core.documents import Document

    block = clip_block(Document("hi", metadata={"source": call.as_uri(), "start": 2.0, "end": 4.0}))
    assert count_tokens_with_audio([HumanMessage([block])], tokens_per_second=100) == pytest.approx(200, rel=0.2)
