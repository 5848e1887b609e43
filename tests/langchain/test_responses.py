"""Replies in LangChain: the same message whichever way it comes."""

import asyncio
import base64
import itertools
import json
import time

import pytest
from langchain_core import messages
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_tests.utils.stream_lifecycle import assert_valid_event_stream

from audio_core import IncompleteResponse
from audio_core.testing import Reply, ScriptedGateway, chat_reply, chat_stream, tone
from langchain_audio import ChatAudio, speech_in

WAV = tone(0.5)
PCM = WAV[44:]
SPEAKING = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 9,
    "prompt_tokens_details": {"audio_tokens": 14, "cached_tokens": 2},
    "completion_tokens_details": {"audio_tokens": 8, "reasoning_tokens": 1},
    "prompt_audio_seconds": 12,
    "cost": 0.25,
}
pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def model(gateway: ScriptedGateway, provider: str = "openai", **options) -> ChatAudio:
    return ChatAudio(model="m", provider=provider, api_key="k", base_url=gateway.base_url, **options)


def both(message: dict, deltas: list[dict], finish: str = "stop", logprobs: dict | None = None) -> tuple[Reply, Reply]:
    """One answer, whole and streamed."""
    whole = chat_reply(message.pop("content", None), finish=finish, **message)
    whole.body["usage"] = USAGE
    whole.body["choices"][0]["logprobs"] = logprobs
    *events, last, _, done = chat_stream(*deltas, finish=finish).body
    usage = f"data: {json.dumps({'choices': [], 'usage': USAGE})}\n\n"
    said = (
        f"data: {json.dumps({'choices': [{'index': 0, 'delta': {}, 'logprobs': logprobs}]})}\n\n" if logprobs else None
    )
    headers = {"x-request-id": "req-1"}
    pieces = [*events, *([said] if said else []), last, usage, done]
    return Reply(whole.body, headers=headers), Reply(pieces, headers=headers)


def spoken_answer(data: bytes = PCM, pieces: int = 7) -> tuple[Reply, Reply]:
    edges = [len(data) * at // pieces for at in range(pieces + 1)]
    cut = [data[a:b] for a, b in itertools.pairwise(edges)]
    audio = {"id": "audio_1", "data": b64(data), "transcript": "Hello there.", "expires_at": 9_999_999_999}
    deltas = [
        {"role": "assistant", "content": None},
        {"audio": {"id": "audio_1"}},
        {"audio": {"data": b64(cut[0])}},
        {"audio": {"transcript": "Hello"}},
        *({"audio": {"data": b64(piece)}} for piece in cut[1:]),
        {"audio": {"transcript": " there."}},
        {"audio": {"expires_at": 9_999_999_999}},
    ]
    return both({"audio": audio}, deltas)


def tool_answer() -> tuple[Reply, Reply]:
    calls = [
        {"id": "call_a", "type": "function", "function": {"name": "listen", "arguments": '{"path": "a.mp3"}'}},
        {"id": "call_b", "type": "function", "function": {"name": "stop", "arguments": ""}},
    ]
    deltas = [
        {"content": "Let me "},
        {"content": "see."},
        {"tool_calls": [{"index": 0, "id": "call_a", "function": {"name": "listen", "arguments": ""}}]},
        {"tool_calls": [{"index": 1, "id": "call_b", "function": {"name": "stop", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"path": '}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '"a.mp3"}'}}]},
    ]
    return both({"content": "Let me see.", "tool_calls": calls}, deltas, finish="tool_calls")


def thoughtful_answer() -> tuple[Reply, Reply]:
    cited = {"annotations": [{"type": "url_citation", "url_citation": {"url": "https://example.org"}}]}
    message = {"content": "Yes.", "reasoning": "Let me think.", "refusal": "Not that.", **cited}
    deltas = [{"reasoning": "Let me"}, {"reasoning": " think."}, {"content": "Yes."}, {"refusal": "Not that."}, cited]
    return both(message, deltas, logprobs={"content": [{"token": "Yes.", "logprob": -0.1, "bytes": [89]}]})


def in_every_way(gateway: ScriptedGateway, answer: tuple[Reply, Reply], **options) -> list[BaseMessage]:
    """The same answer by invoke, ainvoke, stream, astream, and the events of both."""
    asking, (whole, streamed) = model(gateway, **options), answer
    gateway.will_answer(whole, whole, streamed)

    async def later() -> list[BaseMessage]:
        message = await asking.ainvoke("hi")
        chunks = [chunk async for chunk in asking.astream("hi")]
        events = await asking.astream_events("hi", version="v3")
        return [message, added(chunks), await events.output]

    first = asking.invoke("hi")
    others = asyncio.run(later())
    return [first, *others, added(asking.stream("hi")), asking.stream_events("hi", version="v3").output]


def added(chunks) -> AIMessageChunk:
    total, *rest = chunks
    for chunk in rest:
        total += chunk
    return total


def essence(message: AIMessage) -> dict:
    """What of a message does not depend on the run; blocks without the indices that LangChain's events add.

    Where langchain-core has blocks for refusals, its events still drop them (seen in 1.8.4). `additional_kwargs` has
    them.
    """
    shown = [block for block in message.content_blocks if block["type"] != "refusal"]
    blocks = [{key: value for key, value in block.items() if key != "index"} for block in shown]
    metadata = {key: value for key, value in message.response_metadata.items() if key != "output_version"}
    return {
        "text": message.text,
        "blocks": sorted(blocks, key=lambda block: block["type"]),
        "calls": message.tool_calls,
        "broken": message.invalid_tool_calls,
        "kwargs": message.additional_kwargs,
        "metadata": metadata,
        "usage": message.usage_metadata,
    }


@pytest.mark.parametrize("provider", ["openai", "openrouter", "litellm"])
@pytest.mark.parametrize("answer", [tool_answer, thoughtful_answer])
@pytest.mark.parametrize("options", [{}, SPEAKING], ids=["text", "speech"])
def test_every_way_gives_the_same_message(gateway, answer, provider: str, options: dict) -> None:
    whole, streamed = answer()
    if provider == "openrouter" and options:  # it speaks in streams only
        whole = streamed
    first, *others = map(essence, in_every_way(gateway, (whole, streamed), provider=provider, **options))
    for other in others:
        assert other == first


@pytest.mark.parametrize("provider", ["openai", "openrouter", "litellm"])
@pytest.mark.parametrize("output_version", ["v0", "v1"])
def test_every_way_gives_the_same_spoken_message(gateway, provider: str, output_version: str) -> None:
    gateway_options = {**SPEAKING, "provider": provider, "output_version": output_version}
    answer = spoken_answer()
    if provider == "openrouter":  # which speaks in streams only
        answer = (answer[1], answer[1])
    first, *others = in_every_way(gateway, answer, **gateway_options)
    for other in others:
        assert essence(other) == essence(first)
        assert other.content == first.content


def test_annotations_are_kept(gateway) -> None:
    gateway.will_answer(thoughtful_answer()[0])
    (cited,) = model(gateway).invoke("hi").additional_kwargs["annotations"]
    assert cited["url_citation"] == {"url": "https://example.org"}


def test_a_spoken_message_is_its_transcript_and_an_audio_block(gateway) -> None:
    gateway.will_answer(spoken_answer()[0])
    message = model(gateway, **SPEAKING).invoke("hi")
    assert message.text == "Hello there."
    assert message.content == [
        {"type": "text", "text": "Hello there.", "index": 0},
        {
            "type": "audio",
            "id": "audio_1",
            "mime_type": "audio/pcm;rate=24000",
            "base64": b64(PCM),
            "extras": {"expires_at": 9_999_999_999},
            "index": 1,
        },
    ]
    assert message.usage_metadata == {
        "input_tokens": 20,
        "output_tokens": 9,
        "total_tokens": 29,
        "input_token_details": {"audio": 14, "cache_read": 2},
        "output_token_details": {"audio": 8, "reasoning": 1},
    }
    assert message.response_metadata == {
        "model_name": "m-1",
        "model_provider": "openai_audio",
        "finish_reason": "stop",
        "id": "chatcmpl-1",
        "request_id": "req-1",
        "cost": 0.25,
        "audio_seconds": 12.0,
    }


def test_the_format_is_what_the_bytes_show(gateway) -> None:
    gateway.will_answer(*spoken_answer(WAV))
    asking = model(gateway, **{**SPEAKING, "audio": {"voice": "alloy", "format": "mp3"}})
    assert asking.invoke("hi").content[1]["mime_type"] == "audio/wav"
    assert added(asking.stream("hi")).content[1]["mime_type"] == "audio/wav"


def test_speech_comes_while_it_is_spoken(gateway) -> None:
    gateway.will_answer(spoken_answer()[1])
    kinds = [[block["type"] for block in chunk.content] for chunk in model(gateway, **SPEAKING).stream("hi")]
    audio = [at for at, kind in enumerate(kinds) if "audio" in kind]
    assert len(audio) > 3
    assert kinds[0] == ["text"]
    assert audio[0] < max(at for at, kind in enumerate(kinds) if "text" in kind)


@pytest.mark.parametrize("streamed", [False, True])
def test_speech_is_saved_with_one_call(gateway, tmp_path, streamed: bool) -> None:
    gateway.will_answer(spoken_answer()[streamed])
    asking = model(gateway, **SPEAKING)
    speech = speech_in(added(asking.stream("hi")) if streamed else asking.invoke("hi"))
    assert speech.save(tmp_path / "reply.wav").read_bytes()[44:] == PCM
    assert (speech.transcript, speech.id, speech.expires_at) == ("Hello there.", "audio_1", 9_999_999_999)


def test_a_message_without_speech_has_none(gateway) -> None:
    assert speech_in(model(gateway).invoke("hi")) is None


def test_long_speech_adds_up_in_few_steps(gateway) -> None:
    """Adding up chunks copies what has come: with pieces that grow, all copies together stay a small multiple of it."""
    gateway.will_answer(spoken_answer(PCM * 40, pieces=600)[1])
    sizes = [
        sum(len(block.get("base64", "")) for block in chunk.content)
        for chunk in model(gateway, **SPEAKING).stream("hi")
    ]
    total = sum(sizes)
    copied = sum(sum(sizes[: at + 1]) for at, size in enumerate(sizes) if size)
    assert total >= len(PCM) * 40
    assert copied < 12 * total


def test_the_next_turn_names_speech_by_its_id_while_it_is_known(gateway) -> None:
    gateway.will_answer(spoken_answer()[0])
    asking = model(gateway, **SPEAKING)
    message = asking.invoke("hi")
    asking.invoke([HumanMessage("hi"), message, HumanMessage("And?")])
    assert gateway.requests[1].json["messages"][1] == {"role": "assistant", "audio": {"id": "audio_1"}}
    message.content[1]["extras"]["expires_at"] = time.time() - 1
    asking.invoke([HumanMessage("hi"), message, HumanMessage("And?")])
    assert gateway.requests[2].json["messages"][1] == {"role": "assistant", "content": "Hello there."}


@pytest.mark.parametrize("answer", [spoken_answer, tool_answer, thoughtful_answer])
def test_events_are_valid(gateway, answer) -> None:
    gateway.will_answer(answer()[1])
    options = SPEAKING if answer is spoken_answer else {}
    events = list(model(gateway, **options).stream_events("hi", version="v3"))
    assert_valid_event_stream(events)
    pieces = [
        event["delta"]["fields"]["base64"] for event in events if event.get("delta", {}).get("type") == "block-delta"
    ]
    assert (base64.b64decode("".join(pieces)) == PCM) is (answer is spoken_answer)


def test_a_spoken_stream_that_is_cut_is_an_error_in_every_way(gateway) -> None:
    pieces = spoken_answer()[1].body
    gateway.will_answer(Reply(pieces[:6]))
    asking = model(gateway, **SPEAKING)
    ways = [
        lambda: list(asking.stream("hi")),
        lambda: asking.stream_events("hi", version="v3").output,
        lambda: asking.invoke("hi", stream=True),
        lambda: model(gateway, **SPEAKING, streaming=True).invoke("hi"),
    ]
    for way in ways:
        with pytest.raises(IncompleteResponse) as caught:
            way()
        assert caught.value.partial.startswith("Hello")


def test_a_reply_that_was_not_asked_to_be_spoken_is_a_string(gateway) -> None:
    assert model(gateway).invoke("hi").content == "yes"
    gateway.will_answer(chat_stream("yes"))
    assert added(model(gateway).stream("hi")).content == "yes"


@pytest.mark.skipif(
    not hasattr(messages, "RefusalContentBlock"), reason="langchain-core has no such block before 1.7.5"
)
def test_a_refusal_is_a_content_block(gateway) -> None:
    block = {"type": "refusal", "refusal": "I may not."}
    gateway.will_answer(chat_reply(None, refusal="I may not."))
    assert model(gateway).invoke("hi").content_blocks == [block]
    assert model(gateway, output_version="v1").invoke("hi").content == [block]
    gateway.will_answer(chat_stream({"role": "assistant", "content": None}, {"refusal": "I may "}, {"refusal": "not."}))
    first, *chunks = model(gateway).stream("hi")
    for chunk in chunks:
        first += chunk
    assert [each for each in first.content_blocks if each["type"] == "refusal"] == [block]
