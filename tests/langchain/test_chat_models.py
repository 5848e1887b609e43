"""`ChatAudio`, against a scripted gateway and the real offline server."""

import asyncio
import base64
import pickle
import threading
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, trim_messages
from langchain_core.prompts import ChatPromptTemplate
from pydantic import ValidationError

from audio_core import (
    Access,
    AccessDenied,
    Audio,
    IncompleteResponse,
    InvalidAudio,
    InvalidOption,
    MissingAPIKey,
)
from audio_core.media.probing import probe
from audio_core.testing import Reply, ScriptedGateway, chat_stream, tone
from langchain_audio import ChatAudio, clip_block
from langchain_audio.messages import to_chat_messages

WAV = tone(0.2)
B64 = base64.b64encode(WAV).decode()
SOUND = {"type": "audio", "base64": B64, "mime_type": "audio/x-wav"}
TEXT = {"type": "text", "text": "What?"}


def model(gateway: ScriptedGateway, **options) -> ChatAudio:
    return ChatAudio(model="m", provider="openai", api_key="sk-secret-key-1", base_url=gateway.base_url, **options)


def added(chunks) -> AIMessageChunk:
    total, *rest = chunks
    for chunk in rest:
        total += chunk
    return total


def test_blocks_go_out_in_their_order_and_with_their_true_format(gateway) -> None:
    model(gateway).invoke([SystemMessage("Be brief."), HumanMessage([TEXT, SOUND, "and", SOUND])])
    sound = {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}}
    assert gateway.requests[0].json["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [TEXT, sound, {"type": "text", "text": "and"}, sound]},
    ]


def test_options_go_out_and_those_of_the_call_win(gateway) -> None:
    asking = model(
        gateway,
        temperature=0.5,
        max_tokens=9,
        stop=["END"],
        extra_body={"provider": {"zdr": True}},
        extra_headers={"X-Title": "t"},
    )
    asking.invoke("hi", temperature=0.0, stop=["STOP"])
    request = gateway.requests[0]
    assert {key: value for key, value in request.json.items() if key != "messages"} == {
        "model": "m",
        "temperature": 0.0,
        "max_tokens": 9,
        "stop": ["STOP"],
        "provider": {"zdr": True},
    }
    assert (request.headers["authorization"], request.headers["x-title"]) == ("Bearer sk-secret-key-1", "t")


def test_an_answer_carries_usage_and_where_it_came_from(gateway) -> None:
    message = model(gateway).invoke([HumanMessage([SOUND])])
    assert message.text == "yes"
    assert message.usage_metadata == {
        "input_tokens": 12,
        "output_tokens": 3,
        "total_tokens": 15,
        "input_token_details": {"audio": 9},
    }
    assert message.response_metadata == {
        "model_name": "m-1",
        "model_provider": "openai_audio",
        "finish_reason": "stop",
        "id": "chatcmpl-1",
    }


def test_whole_streamed_sync_and_async_say_the_same(offline: str, call: Path) -> None:
    asking = ChatAudio(model="pocketsphinx", provider="local", timeout=600, base_url=offline, access=call.parent)
    messages = [HumanMessage([{"type": "audio", "url": f"{call.as_uri()}#t=15.5,21"}, TEXT])]

    async def later() -> list[AIMessage]:
        return [await asking.ainvoke(messages), added([chunk async for chunk in asking.astream(messages)])]

    said = [asking.invoke(messages), added(asking.stream(messages)), *asyncio.run(later()), *asyncio.run(later())]
    assert len({message.text for message in said}) == 1
    assert "number" in said[0].text
    assert all(message.usage_metadata == said[0].usage_metadata for message in said)
    assert all(message.response_metadata["finish_reason"] == "stop" for message in said)


def test_usage_of_a_stream_may_be_declined(gateway) -> None:
    gateway.will_answer(chat_stream("yes"))
    added(model(gateway, stream_usage=False).stream("hi"))
    added(model(gateway).stream("hi"))
    first, second = (request.json for request in gateway.requests)
    assert "stream_options" not in first
    assert second["stream_options"] == {"include_usage": True}


def test_a_cut_stream_is_an_error_with_what_had_come(gateway) -> None:
    gateway.will_answer(chat_stream("half", finish=None, done=False))
    with pytest.raises(IncompleteResponse) as caught:
        added(model(gateway).stream("hi"))
    assert caught.value.partial == "half"


def test_a_clip_by_reference_is_opened_and_cut_only_when_it_is_sent(gateway, talk: Path) -> None:
    block = {"type": "audio", "url": f"{talk.as_uri()}#t=10,12"}
    message = HumanMessage([block, TEXT])
    model(gateway, access=talk.parent).invoke([message])
    assert message.content == [block, TEXT]
    sent = gateway.requests[0].json["messages"][0]["content"][0]["input_audio"]
    assert (sent["format"], probe(Audio.from_base64(sent["data"])).duration) == ("wav", 2.0)


@pytest.mark.parametrize("source", ["path", "url"])
def test_a_message_opens_no_file_without_access(gateway, talk: Path, source: str) -> None:
    block = {"type": "audio", source: str(talk) if source == "path" else talk.as_uri()}
    with pytest.raises(AccessDenied, match=r"^messages\[0\], block 1: talk\.ogg may not be opened"):
        model(gateway).invoke([HumanMessage([TEXT, block])])
    with pytest.raises(AccessDenied):
        model(gateway, access=talk.parent / "elsewhere").invoke([HumanMessage([block])])
    assert gateway.requests == []


def test_a_remote_recording_is_fetched_by_us(gateway) -> None:
    with ScriptedGateway() as web:
        web.will_answer(Reply(WAV))
        block = {"type": "audio", "url": f"{web.origin}/a.wav"}
        with pytest.raises(AccessDenied, match="private network"):
            model(gateway).invoke([HumanMessage([block])])
        model(gateway, access=Access(allow_private_hosts=True)).invoke([HumanMessage([block])])
    assert gateway.requests[0].json["messages"][0]["content"][0]["input_audio"] == {"data": B64, "format": "wav"}


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"type": "banana"}, "'banana'"),
        ({"type": "audio", "file_id": "file-1"}, "file id"),
        ({"type": "audio", "base64": base64.b64encode(b"hello there").decode(), "mime_type": "audio/wav"}, "not audio"),
        ({"type": "audio", "base64": "UklG!", "mime_type": "audio/wav"}, "base64"),
        ({"type": "audio"}, "no source"),
    ],
)
def test_a_block_that_cannot_be_sent_is_named_before_any_request(gateway, block: dict, says: str) -> None:
    with pytest.raises(InvalidAudio, match=rf"^messages\[1\], block 2: .*{says}"):
        model(gateway).invoke([HumanMessage("hi"), HumanMessage([TEXT, SOUND, block])])
    assert gateway.requests == []


@pytest.mark.parametrize(("kind", "says"), [(SystemMessage, "cannot carry audio"), (AIMessage, "transcript")])
def test_audio_where_none_can_be_sent_is_an_error(gateway, kind, says: str) -> None:
    with pytest.raises(InvalidAudio, match=rf"messages\[0\], block 0: .*{says}"):
        model(gateway).invoke([kind([SOUND]), HumanMessage("hi")])
    assert gateway.requests == []


def test_images_and_past_answers_pass_through(gateway) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    model(gateway).invoke([HumanMessage([image, SOUND]), AIMessage("I see."), HumanMessage("And?")])
    first, second, third = gateway.requests[0].json["messages"]
    assert first["content"][0] == image
    assert (second, third) == ({"role": "assistant", "content": "I see."}, {"role": "user", "content": "And?"})


def test_it_works_in_a_chain(gateway) -> None:
    prompt = ChatPromptTemplate.from_messages(
        [("human", [{"type": "audio", "base64": "{sound}", "mime_type": "audio/wav"}, TEXT])]
    )
    assert (prompt | model(gateway)).invoke({"sound": B64}).text == "yes"
    assert gateway.requests[0].json["messages"][0]["content"][0]["input_audio"]["format"] == "wav"


def test_a_missing_key_and_an_unknown_provider_say_what_to_do() -> None:
    with pytest.raises(MissingAPIKey, match="OPENROUTER_API_KEY"):
        ChatAudio(model="m", provider="openrouter").invoke("hi")
    with pytest.raises(ValidationError, match="Did you mean 'openrouter'"):
        ChatAudio(model="m", provider="opnrouter")


def test_the_key_shows_nowhere(gateway) -> None:
    asking = model(gateway, extra_headers={"X-Key": "sk-other-key-2"})
    for shown in (repr(asking), str(asking), asking.model_dump_json(include={"api_key", "model"})):
        assert "secret" not in shown
        assert "other-key" not in shown


def test_it_pickles(gateway) -> None:
    asking = model(gateway)
    asking.invoke("hi")
    assert pickle.loads(pickle.dumps(asking)).invoke("hi").text == "yes"


def test_traces_know_provider_and_model(gateway) -> None:
    params = model(gateway)._get_ls_params(model="other")
    assert (params["ls_provider"], params["ls_model_name"]) == ("openai_audio", "other")
    model(gateway).invoke("hi", model="other")
    assert gateway.requests[0].json["model"] == "other"


def test_several_choices_are_refused_before_anything_is_sent(gateway) -> None:
    for asking in (model(gateway).bind(n=2), model(gateway, extra_body={"n": 2})):
        for ask in (lambda asking=asking: asking.invoke("hi"), lambda asking=asking: list(asking.stream("hi"))):
            with pytest.raises(InvalidOption, match="one answer"):
                ask()
    with pytest.raises(InvalidOption, match="one answer"):
        model(gateway).generate([[HumanMessage("hi")]], n=2)
    assert gateway.requests == []


def test_tokens_are_counted_without_a_tokenizer_and_audio_by_its_seconds(gateway) -> None:
    asking = model(gateway)
    sound = HumanMessage([{"type": "audio", "url": "file:///a.mp3#t=0,100"}])
    assert 3200 <= asking.get_num_tokens_from_messages([sound]) < 3300
    assert asking.get_num_tokens("hello there") == 3
    assert asking.get_num_tokens_from_messages([sound], tools=[clip_block]) > 3300
    kept = trim_messages([sound, HumanMessage("And now?")], max_tokens=100, token_counter=asking)
    assert [message.text for message in kept] == ["And now?"]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": f"data:audio/wav;base64,{B64}"}},
        {"type": "image_url", "image_url": f"data:audio/wav;base64,{B64}"},
        {"type": "image", "url": f"data:audio/wav;base64,{B64}"},
        {"type": "image", "base64": B64, "mime_type": "audio/wav"},
        {"type": "video", "base64": B64, "mime_type": "audio/wav"},
        {"type": "video", "base64": B64, "mime_type": "video/mp4"},
        {"type": "video", "source_type": "base64", "data": B64, "mime_type": "video/mp4"},
        {"type": "file", "url": f"data:audio/wav;base64,{B64}"},
    ],
    ids=str,
)
def test_audio_under_another_name_goes_out_as_audio(gateway, block: dict) -> None:
    model(gateway).invoke([HumanMessage([block])])
    (part,) = gateway.requests[0].json["messages"][0]["content"]
    assert part == {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}}


async def test_large_audio_is_checked_off_the_event_loop(gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set[threading.Thread]()

    def watch(messages: list) -> list:
        threads.add(threading.current_thread())
        return to_chat_messages(messages)

    monkeypatch.setattr("langchain_audio.chat_models.to_chat_messages", watch)
    await model(gateway).ainvoke([HumanMessage([SOUND])])
    gateway.will_answer(chat_stream("yes"))
    assert [chunk async for chunk in model(gateway).astream([HumanMessage([SOUND])])]
    assert threads
    assert threading.current_thread() not in threads
