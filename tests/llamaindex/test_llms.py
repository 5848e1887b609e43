"""`AudioLLM`, against a scripted gateway and the real offline server."""

import asyncio
import base64
import io
import json
import pickle
from pathlib import Path

import pytest
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent
from llama_index.core.llms import AudioBlock, ChatMessage, ImageBlock, MessageRole, TextBlock
from pydantic import ValidationError

from audio_core import (
    AccessDenied,
    Audio,
    IncompleteResponse,
    InvalidAudio,
    InvalidOption,
    MissingAPIKey,
)
from audio_core.media.probing import probe
from audio_core.testing import ScriptedGateway, chat_stream, tone
from llamaindex_audio import AudioLLM

WAV = tone(0.2)
B64 = base64.b64encode(WAV).decode()
TEXT = TextBlock(text="What?")


def llm(gateway: ScriptedGateway, **options) -> AudioLLM:
    return AudioLLM(model="m", provider="openai", api_key="sk-secret-key-1", base_url=gateway.base_url, **options)


def user(*blocks) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.USER, blocks=list(blocks))]


def test_it_is_a_llamaindex_llm() -> None:
    assert BaseLLM.__name__ in [base.__name__ for base in AudioLLM.__mro__]


def test_blocks_go_out_in_their_order_and_with_their_true_format(gateway) -> None:
    sound = AudioBlock(audio=WAV, format="audio/mpeg")
    system = ChatMessage(role=MessageRole.SYSTEM, content="Be brief.")
    llm(gateway).chat([system, *user(TEXT, sound, TextBlock(text="and"), sound)])
    sent = {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}}
    assert gateway.requests[0].json["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What?"}, sent, {"type": "text", "text": "and"}, sent]},
    ]


@pytest.mark.parametrize("kind", ["path", "bytes", "base64", "BytesIO", "file", "data", "url"])
def test_every_kind_of_audio_block_sends_the_same_bytes(gateway, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(WAV)
    with path.open("rb") as file:
        block = {
            "path": lambda: AudioBlock(path=path),
            "bytes": lambda: AudioBlock(audio=WAV),
            "base64": lambda: AudioBlock(audio=B64),
            "BytesIO": lambda: AudioBlock(audio=io.BytesIO(WAV)),
            "file": lambda: AudioBlock(audio=file),
            "data": lambda: AudioBlock(url=f"data:audio/wav;base64,{B64}"),
            "url": lambda: AudioBlock(url=path.as_uri()),
        }[kind]()
        llm(gateway, access=tmp_path).chat(user(block))
    assert gateway.requests[0].json["messages"][0]["content"][0]["input_audio"] == {"data": B64, "format": "wav"}


def test_a_path_is_trusted_and_a_file_url_needs_access(gateway, call: Path) -> None:
    llm(gateway).chat(user(AudioBlock(path=call)))
    with pytest.raises(AccessDenied, match=r"^messages\[0\], block 0: call\.mp3"):
        llm(gateway).chat(user(AudioBlock(url=call.as_uri())))


def test_a_clip_is_cut_when_it_is_sent(gateway, talk: Path) -> None:
    llm(gateway, access=talk.parent).chat(user(AudioBlock(url=f"{talk.as_uri()}#t=10,12"), TEXT))
    sent = gateway.requests[0].json["messages"][0]["content"][0]["input_audio"]
    assert probe(Audio.from_base64(sent["data"])).duration == 2.0


def test_all_eight_methods_say_the_same(offline: str, call: Path) -> None:
    asking = AudioLLM(model="pocketsphinx", provider="local", timeout=600, base_url=offline, access=call.parent)
    messages = user(AudioBlock(url=f"{call.as_uri()}#t=15.5,21"), TEXT)

    async def later() -> tuple[list[str], list[str]]:
        streamed = [piece async for piece in await asking.astream_chat(messages)]
        completed = [piece async for piece in await asking.astream_complete("hi")]
        heard = [(await asking.achat(messages)).message.content, streamed[-1].message.content]
        return heard, [(await asking.acomplete("hi")).text, completed[-1].text]

    streamed, completed = list(asking.stream_chat(messages)), list(asking.stream_complete("hi"))
    heard = [asking.chat(messages).message.content, streamed[-1].message.content]
    said = [asking.complete("hi").text, completed[-1].text]
    for more_heard, more_said in (asyncio.run(later()), asyncio.run(later())):
        heard, said = heard + more_heard, said + more_said
    assert len(set(heard)) == len(set(said)) == 1
    assert "number" in heard[0]
    assert "send me input_audio" in said[0]
    assert "".join(piece.delta or "" for piece in streamed) == heard[0]


def test_an_answer_carries_what_it_cost(gateway) -> None:
    answer = llm(gateway).chat(user(TEXT))
    assert answer.additional_kwargs == {
        "finish_reason": "stop",
        "model": "m-1",
        "provider": "openai",
        "id": "chatcmpl-1",
        "prompt_tokens": 12,
        "completion_tokens": 3,
        "total_tokens": 15,
        "prompt_audio_tokens": 9,
    }


def test_a_stream_ends_with_what_it_cost(gateway) -> None:
    gateway.will_answer(chat_stream("yes"))
    *_, last = llm(gateway).stream_chat(user(TEXT))
    assert (last.additional_kwargs["prompt_tokens"], last.additional_kwargs["finish_reason"]) == (12, "stop")


def test_a_cut_stream_is_an_error_with_what_had_come(gateway) -> None:
    gateway.will_answer(chat_stream("half", finish=None, done=False))
    with pytest.raises(IncompleteResponse) as caught:
        list(llm(gateway).stream_chat(user(TEXT)))
    assert caught.value.partial == "half"


def test_options_go_out_and_those_of_the_call_win(gateway) -> None:
    llm(gateway, temperature=0.5, max_tokens=9, extra_body={"preference": "cost"}).chat(user(TEXT), temperature=0.0)
    sent = gateway.requests[0].json
    assert (sent["temperature"], sent["max_tokens"], sent["preference"]) == (0.0, 9, "cost")


@pytest.mark.parametrize(
    ("role", "says"), [(MessageRole.SYSTEM, "cannot carry audio"), (MessageRole.ASSISTANT, "transcript")]
)
def test_audio_where_none_can_be_sent_is_an_error(gateway, role: MessageRole, says: str) -> None:
    with pytest.raises(InvalidAudio, match=rf"messages\[1\], block 0: .*{says}"):
        llm(gateway).chat([*user(TEXT), ChatMessage(role=role, blocks=[AudioBlock(audio=WAV)])])
    assert gateway.requests == []


def test_a_block_that_cannot_be_sent_is_named(gateway) -> None:
    with pytest.raises(InvalidAudio, match=r"messages\[0\], block 1: .*no sources"):
        llm(gateway).chat(user(TEXT, AudioBlock()))
    with pytest.raises(InvalidAudio, match=r"messages\[0\], block 0: .*not audio"):
        llm(gateway).chat(user(AudioBlock(audio=b"hello there, no audio")))


def test_images_pass_through(gateway) -> None:
    llm(gateway).chat(user(ImageBlock(url="https://example.org/a.png"), AudioBlock(audio=WAV)))
    image, _ = gateway.requests[0].json["messages"][0]["content"]
    assert image == {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


def test_events_are_sent_once_per_call(gateway) -> None:
    ends: list[LLMChatEndEvent] = []

    class Handler(BaseEventHandler):
        def handle(self, event, **_) -> None:
            if isinstance(event, LLMChatEndEvent):
                ends.append(event)

    dispatcher, handler = get_dispatcher(), Handler()
    dispatcher.add_event_handler(handler)
    try:
        llm(gateway).chat(user(TEXT))
    finally:
        dispatcher.event_handlers.remove(handler)
    assert [event.response.message.content for event in ends] == ["yes"]


def test_a_missing_key_and_an_unknown_provider_say_what_to_do() -> None:
    with pytest.raises(MissingAPIKey, match="OPENROUTER_API_KEY"):
        AudioLLM(model="m", provider="openrouter").complete("hi")
    with pytest.raises(ValidationError, match="Did you mean 'openrouter'"):
        AudioLLM(model="m", provider="opnrouter")


def test_the_key_shows_nowhere(gateway) -> None:
    asking = llm(gateway)
    for shown in (repr(asking), str(asking), json.dumps(asking.to_dict(), default=str), asking.model_dump_json()):
        assert "secret" not in shown


def test_it_pickles(gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = llm(gateway)
    asking.complete("hi")
    assert pickle.loads(pickle.dumps(asking)).complete("hi").text == "yes"


def test_several_choices_are_refused_before_anything_is_sent(gateway) -> None:
    for ask in (lambda: llm(gateway).complete("hi", n=2), lambda: list(llm(gateway).stream_complete("hi", n=2))):
        with pytest.raises(InvalidOption, match="one answer"):
            ask()
    assert gateway.requests == []


def test_audio_in_an_image_block_goes_out_as_audio(gateway) -> None:
    for block in (ImageBlock(url=f"data:audio/wav;base64,{B64}"), ImageBlock(image=WAV, image_mimetype="audio/wav")):
        llm(gateway).chat(user(block))
        (part,) = gateway.requests[-1].json["messages"][0]["content"]
        assert part == {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}}
