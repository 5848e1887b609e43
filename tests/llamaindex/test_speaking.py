"""LlamaIndex: a tool that speaks, a response that is spoken while it is written, and answers with citations."""

import asyncio
from pathlib import Path

import pytest
from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.llms import ChatMessage, ChatResponse, MockLLM
from llama_index.core.schema import NodeWithScore, TextNode

from audio_core import Audio, AudioClient, InvalidOption, Speech
from audio_core.integration import ToolRefusal
from audio_core.media.probing import probe
from audio_core.testing import Reply, ScriptedGateway
from llamaindex_audio import SpeakToolSpec, aspeak_answer, astream_spoken, speak_answer, stream_spoken

SAID = ["It rained all day.", "Nobody went out."]
PIECES = ("It rained", " all day [talk", " 12:07-12:31].", " Nobody", " went out.")


def make_client(gateway: ScriptedGateway) -> AudioClient:
    return AudioClient("openai", model="tts", api_key="k", base_url=gateway.base_url)


def list_texts(gateway: ScriptedGateway) -> list[str]:
    return [request.json["input"] for request in gateway.requests]


async def test_the_tool_tells_the_model_how_long_it_is_and_has_the_speech(gateway, tmp_path: Path) -> None:
    (speak,) = SpeakToolSpec(make_client(gateway), voice="alloy", format="wav", folder=tmp_path).to_tool_list()
    output, aoutput = speak(text="Good day to you."), await speak.acall(text="Good day to you.")
    (path,) = await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
    assert output.content == aoutput.content == f"Said aloud: 1.1 seconds of wav, kept as {path.as_uri()}"
    assert isinstance(output.raw_output.artifact, Speech)
    assert path.read_bytes() == output.raw_output.artifact.data
    assert speak.metadata.get_parameters_dict()["required"] == ["text"]


def test_a_text_that_cannot_be_said_is_refused(gateway) -> None:
    spec = SpeakToolSpec(make_client(gateway), voice="alloy", max_characters=30)
    for text in ("", "a" * 31):
        with pytest.raises(ToolRefusal, match=r"empty|at most 30"):
            spec.speak(text)


def test_wrong_options_are_refused_when_the_tool_is_made(gateway) -> None:
    with pytest.raises(InvalidOption, match="speed=9"):
        SpeakToolSpec(make_client(gateway), voice="alloy", speed=9.0)


def write(seen: list[str]):
    for piece in PIECES:
        seen.append(piece)
        yield piece


def test_a_streamed_response_is_spoken_while_it_is_written(gateway) -> None:
    seen: list[str] = []
    pieces = stream_spoken(make_client(gateway), StreamingResponse(response_gen=write(seen)), voice="alloy")
    first = next(piece for piece in pieces if piece.data)
    assert (first.format, len(seen), list_texts(gateway)) == ("pcm16", 4, SAID[:1])
    rest = list(pieces)
    assert list_texts(gateway) == SAID
    assert [segment.text for piece in rest for segment in piece.segments] == SAID
    assert "".join(piece.text for piece in rest) == PIECES[-1]


async def test_a_response_that_comes_asynchronously_is_spoken_too(gateway, tmp_path: Path) -> None:
    async def awrite():
        for piece in PIECES:
            yield piece

    client = make_client(gateway)
    path = await astream_spoken(client, AsyncStreamingResponse(response_gen=awrite()), voice="alloy").save(
        tmp_path / "a.wav"
    )
    assert list_texts(gateway) == SAID
    assert probe(Audio.of(path)).duration == pytest.approx(sum(map(len, SAID)) / 15, abs=0.001)
    with pytest.raises(InvalidOption, match="use astream_spoken"):
        stream_spoken(client, AsyncStreamingResponse(response_gen=awrite()), voice="alloy")


async def test_the_streams_of_a_model_are_spoken(gateway) -> None:
    client, llm = make_client(gateway), MockLLM()
    list(stream_spoken(client, llm.stream_complete("It rained all day."), voice="alloy"))
    list(stream_spoken(client, llm.stream_chat([ChatMessage(content="It rained all day.")]), voice="alloy"))
    async for _ in astream_spoken(client, await llm.astream_complete("It rained all day."), voice="alloy"):
        pass
    assert len(gateway.requests) == 3
    assert all("It rained all day." in text for text in list_texts(gateway))


@pytest.mark.parametrize(
    "response",
    [
        "It rained all day.",
        Response("It rained all day."),
        ChatResponse(message=ChatMessage(content="It rained all day.")),
    ],
    ids=["text", "response", "chat"],
)
def test_a_whole_response_is_spoken_too(gateway, response) -> None:
    list(stream_spoken(make_client(gateway), response, voice="alloy"))
    assert list_texts(gateway) == ["It rained all day."]


def test_closing_ends_both(gateway) -> None:
    gateway.will_answer(Reply([bytes(4800)] * 2000, headers={"Content-Type": "audio/pcm"}, between=0.01))
    texts = write([])
    with stream_spoken(make_client(gateway), texts, voice="alloy") as pieces:
        assert next(piece for piece in pieces if piece.data)
    assert list(texts) == []
    assert gateway.abandoned.wait(60)


async def test_closing_ends_both_on_the_event_loop(gateway) -> None:
    gateway.will_answer(Reply([bytes(4800)] * 2000, headers={"Content-Type": "audio/pcm"}, between=0.01))
    async with astream_spoken(make_client(gateway), write([]), voice="alloy") as pieces:
        assert await anext(piece async for piece in pieces if piece.data)
    assert await asyncio.to_thread(gateway.abandoned.wait, 60)


async def test_a_spoken_answer_lists_the_clips_that_it_rests_on(gateway, call: Path) -> None:
    node = NodeWithScore(node=TextNode(text="It rained.", metadata={"source": call.as_uri(), "start": 2.0, "end": 5.5}))
    answer = Response("It rained all day [call 00:02–00:05]. Nobody went out.", source_nodes=[node])
    spoken = speak_answer(make_client(gateway), answer, voice="alloy", format="wav")
    assert spoken == await aspeak_answer(make_client(gateway), answer, voice="alloy", format="wav")
    assert list_texts(gateway) == ["It rained all day. Nobody went out."] * 2
    (citation,) = spoken.citations
    assert (citation.document, probe(Audio.of(citation.clip)).duration) == (node, 5.5)
