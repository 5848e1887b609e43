"""Replies in LlamaIndex: text, speech and calls, whole and streamed."""

import asyncio
import base64
import json

import pydantic
import pytest
from llama_index.core.base.llms.types import ThinkingBlock
from llama_index.core.llms import AudioBlock, ChatMessage, ChatResponse, TextBlock
from llama_index.core.memory import Memory
from llama_index.core.storage.chat_store import SimpleChatStore

from audio_core import IncompleteResponse
from audio_core.testing import ScriptedGateway, chat_reply, chat_stream, tone
from llamaindex_audio import AudioLLM, speech_in

PCM = tone(0.5)[44:]
SPEAKING = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
LATER = 9_999_999_999
PYDANTIC = tuple(map(int, pydantic.VERSION.split(".")[:2]))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


SPOKEN = chat_reply(None, audio={"id": "audio_1", "data": b64(PCM), "transcript": "Hello.", "expires_at": LATER})
SPOKEN.body["usage"] = {"prompt_tokens": 12, "completion_tokens": 3}
SPOKEN_STREAM = chat_stream(
    {"audio": {"id": "audio_1"}},
    {"audio": {"transcript": "Hel"}},
    {"audio": {"data": b64(PCM[:8000])}},
    {"audio": {"transcript": "lo."}},
    {"audio": {"data": b64(PCM[8000:])}},
    {"audio": {"expires_at": LATER}},
)


def llm(gateway: ScriptedGateway, **options) -> AudioLLM:
    return AudioLLM(model="m", provider="openai", api_key="sk-secret-key-1", base_url=gateway.base_url, **options)


def asked(text: str = "hi") -> list[ChatMessage]:
    return [ChatMessage(role="user", content=text)]


def test_a_spoken_reply_is_a_text_block_and_an_audio_block(gateway) -> None:
    gateway.will_answer(SPOKEN)
    message = llm(gateway, **SPEAKING).chat(asked()).message
    assert message.blocks == [TextBlock(text="Hello."), AudioBlock(audio=b64(PCM).encode(), format="pcm16")]
    assert message.blocks[1].resolve_audio().read() == PCM
    assert message.additional_kwargs["audio"] == {
        "format": "pcm16",
        "transcript": "Hello.",
        "id": "audio_1",
        "expires_at": LATER,
        "sample_rate": 24_000,
    }
    assert gateway.requests[0].json["audio"] == SPEAKING["audio"]


def test_every_way_ends_with_the_same_message(gateway) -> None:
    gateway.will_answer(SPOKEN, SPOKEN, SPOKEN_STREAM)
    asking = llm(gateway, **SPEAKING)

    async def later() -> list[ChatResponse]:
        return [await asking.achat(asked()), [piece async for piece in await asking.astream_chat(asked())][-1]]

    first = asking.chat(asked())
    others = [*asyncio.run(later()), list(asking.stream_chat(asked()))[-1]]
    for other in others:
        assert other.message == first.message
        assert other.additional_kwargs == first.additional_kwargs


def test_speech_comes_in_pieces_that_are_decoded_one_by_one(gateway) -> None:
    gateway.will_answer(SPOKEN_STREAM)
    responses = list(llm(gateway, **SPEAKING).stream_chat(asked()))
    pieces = [response.additional_kwargs["audio"] for response in responses if "audio" in response.additional_kwargs]
    assert b"".join(base64.b64decode(piece["data"]) for piece in pieces if "data" in piece) == PCM
    assert pieces[0] == {"id": "audio_1"}
    assert [piece.get("format") for piece in pieces if "data" in piece] == ["pcm16", None]
    assert "".join(response.delta or "" for response in responses) == "Hello."
    assert [response.message.content for response in responses if response.delta] == ["Hel", "Hello."]


def test_speech_is_saved_with_one_call(gateway, tmp_path) -> None:
    gateway.will_answer(SPOKEN_STREAM)
    *_, last = llm(gateway, **SPEAKING).stream_chat(asked())
    assert speech_in(last).save(tmp_path / "reply.wav").read_bytes()[44:] == PCM
    assert speech_in(last.message).transcript == "Hello."
    assert speech_in(ChatMessage(content="hi")) is None


def test_the_next_turn_names_speech_by_its_id_while_it_is_known(gateway) -> None:
    gateway.will_answer(SPOKEN)
    asking = llm(gateway, **SPEAKING)
    message = asking.chat(asked()).message
    asking.chat([*asked(), message, *asked("And?")])
    message.additional_kwargs["audio"]["expires_at"] = 1
    asking.chat([*asked(), message, *asked("And?")])
    named, told = (request.json["messages"][1] for request in gateway.requests[1:])
    assert named == {"role": "assistant", "audio": {"id": "audio_1"}}
    assert told == {"role": "assistant", "content": "Hello."}


def test_speech_that_llamaindexs_openai_kept_is_named_by_its_id(gateway) -> None:
    """`llama_index.llms.openai` keeps the id beside the audio, but neither the transcript nor when the id expires."""
    gateway.will_answer(SPOKEN)
    said = ChatMessage(
        role="assistant",
        blocks=[AudioBlock(audio=PCM, format="mp3")],
        additional_kwargs={"reference_audio_id": "audio_7"},
    )
    llm(gateway, **SPEAKING).chat([*asked(), said, *asked("And?")])
    assert gateway.requests[0].json["messages"][1] == {"role": "assistant", "audio": {"id": "audio_7"}}


async def test_a_spoken_message_survives_memory(gateway) -> None:
    gateway.will_answer(SPOKEN)
    message = llm(gateway, **SPEAKING).chat(asked()).message
    memory = Memory.from_defaults(session_id="s")
    await memory.aput(message)
    (remembered,) = await memory.aget_all()
    await memory.sql_store._async_engine.dispose()  # LlamaIndex leaves the connection open
    assert speech_in(remembered).data == PCM


@pytest.mark.xfail(PYDANTIC >= (2, 14), reason="llama-index-core 0.14 cannot save one with it", raises=ValueError)
def test_a_spoken_message_survives_a_stored_chat(gateway, tmp_path) -> None:
    gateway.will_answer(SPOKEN)
    store = SimpleChatStore()
    store.add_message("s", llm(gateway, **SPEAKING).chat(asked()).message)
    store.persist(str(tmp_path / "chat.json"))
    (kept,) = SimpleChatStore.from_persist_path(str(tmp_path / "chat.json")).get_messages("s")
    assert speech_in(kept).data == PCM


def test_reasoning_refusals_and_logprobs_are_kept(gateway) -> None:
    reply = chat_reply("Yes.", reasoning="Hm.", refusal="Not that.", reasoning_details=[{"text": "Hm."}])
    reply.body["choices"][0]["logprobs"] = {"content": [{"token": "Yes", "logprob": -0.1, "bytes": [89]}]}
    reply.body["usage"] = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_audio_seconds": 12, "cost": 0.5}
    gateway.will_answer(reply)
    found = llm(gateway).chat(asked())
    assert found.message.blocks == [ThinkingBlock(content="Hm."), TextBlock(text="Yes.")]
    assert found.message.additional_kwargs == {"refusal": "Not that.", "reasoning_details": [{"text": "Hm."}]}
    assert (found.logprobs[0][0].token, found.logprobs[0][0].logprob) == ("Yes", -0.1)
    assert (found.additional_kwargs["audio_seconds"], found.additional_kwargs["cost"]) == (12, 0.5)


def test_annotations_are_kept(gateway) -> None:
    cited = {"annotations": [{"type": "url_citation", "url_citation": {"url": "https://example.org"}}]}
    gateway.will_answer(chat_reply("Yes.", **cited), chat_stream("Yes.", cited))
    for response in (llm(gateway).chat(asked()), list(llm(gateway).stream_chat(asked()))[-1]):
        assert response.message.additional_kwargs == cited


def test_thinking_is_streamed(gateway) -> None:
    gateway.will_answer(chat_stream({"reasoning": "H"}, {"reasoning": "m."}, "Yes."))
    responses = list(llm(gateway).stream_chat(asked()))
    assert "".join(each.additional_kwargs.get("thinking_delta", "") for each in responses) == "Hm."
    assert responses[-1].message.blocks[0] == ThinkingBlock(content="Hm.")


def test_a_spoken_stream_that_is_cut_is_an_error_with_what_was_said(gateway) -> None:
    gateway.will_answer(type(SPOKEN_STREAM)(SPOKEN_STREAM.body[:3]))
    with pytest.raises(IncompleteResponse) as caught:
        list(llm(gateway, **SPEAKING).stream_chat(asked()))
    assert caught.value.partial == "Hel"


def test_a_completion_is_the_text_of_what_was_said(gateway) -> None:
    gateway.will_answer(SPOKEN, SPOKEN_STREAM)
    asking = llm(gateway, **SPEAKING)
    assert asking.complete("hi").text == "Hello."
    assert [piece.text for piece in asking.stream_complete("hi")][-1] == "Hello."


def test_a_message_costs_what_its_reference_costs(talk) -> None:
    message = ChatMessage(role="user", blocks=[AudioBlock(url=f"{talk.as_uri()}#t=10,12"), TextBlock(text="What?")])
    assert len(json.dumps(message.model_dump(mode="json"))) < 600


@pytest.mark.parametrize(
    "content", [5, ["x"], [{"token": "a"}], [{"token": 5, "logprob": "x"}], [{"top_logprobs": [{"token": None}]}]]
)
def test_odd_log_probabilities_are_left_out(gateway, content: object) -> None:
    reply = chat_reply("Yes.")
    reply.body["choices"][0]["logprobs"] = {"content": content}
    gateway.will_answer(reply)
    response = llm(gateway).chat(asked())
    assert (response.message.content, response.logprobs) == ("Yes.", None)
