"""LangChain: a tool that speaks, a runnable that speaks while the model writes, and answers with citations."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from audio_core import Audio, AudioClient, InvalidOption, Speech
from audio_core.media.probing import probe
from audio_core.testing import Reply, ScriptedGateway, chat_reply
from langchain_audio import AnswerSpeaker, ChatAudio, SpeakTool, aspeak_answer, speak_answer, speech_in

ANSWER = "It rained all day [talk 12:07-12:31]. Nobody went out."
SAID = ["It rained all day.", "Nobody went out."]


def make_client(gateway: ScriptedGateway) -> AudioClient:
    return AudioClient("openai", model="tts", api_key="k", base_url=gateway.base_url)


def list_texts(gateway: ScriptedGateway) -> list[str]:
    return [request.json["input"] for request in gateway.requests if request.path.endswith("/audio/speech")]


class _Speaking:
    @property
    def tool_constructor(self) -> type[SpeakTool]:
        return SpeakTool

    @property
    def tool_constructor_params(self) -> dict:
        return {"client": make_client(self.gateway), "voice": "alloy"}

    @property
    def tool_invoke_params_example(self) -> dict:
        return {"text": "Good day to you."}

    @pytest.fixture(autouse=True)
    def at_a_gateway(self, gateway: ScriptedGateway) -> None:
        type(self).gateway = gateway


class TestSpeakToolUnit(_Speaking, ToolsUnitTests):
    """The standard unit tests."""


class TestSpeakTool(_Speaking, ToolsIntegrationTests):
    """The standard integration tests."""


async def test_the_model_is_told_how_long_the_speech_is_and_the_artifact_is_the_speech(gateway) -> None:
    tool = SpeakTool(client=make_client(gateway), voice="alloy", format="wav", speed=1.5, instructions="Softly.")
    call = {"type": "tool_call", "id": "1", "name": "speak", "args": {"text": "Good day to you."}}
    message, amessage = tool.invoke(call), await tool.ainvoke(call)
    assert message.content == amessage.content == "Said aloud: 1.1 seconds of wav."
    assert isinstance(message.artifact, Speech)
    assert speech_in(message) == message.artifact == amessage.artifact
    assert gateway.requests[0].json["instructions"] == "Softly."


def test_the_speech_is_the_same_after_a_checkpoint(gateway) -> None:
    call = {"type": "tool_call", "id": "1", "name": "speak", "args": {"text": "Good day to you."}}
    message = SpeakTool(client=make_client(gateway), voice="alloy").invoke(call)
    serializer = JsonPlusSerializer()
    restored = serializer.loads_typed(serializer.dumps_typed(message))
    assert speech_in(restored) == speech_in(message)
    assert speech_in(ToolMessage("no speech", tool_call_id="1", artifact={"text": "a"})) is None


def test_a_folder_keeps_the_speech_and_the_model_gets_its_url(gateway, tmp_path: Path) -> None:
    tool = SpeakTool(client=make_client(gateway), voice="alloy", format="pcm", folder=tmp_path / "said")
    text = tool.invoke({"text": "Good day to you."})
    (path,) = (tmp_path / "said").iterdir()
    assert text == f"Said aloud: 1.1 seconds of pcm16, kept as {path.as_uri()}"
    assert probe(Audio.of(path)).duration == pytest.approx(16 / 15, abs=0.001)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "The text to speak is empty"), ("a" * 31, "The text has 31 characters; at most 30 are said at once")],
)
def test_a_text_that_cannot_be_said_is_a_tool_error(gateway, text: str, message: str) -> None:
    call = {"type": "tool_call", "id": "1", "name": "speak", "args": {"text": text}}
    answer = SpeakTool(client=make_client(gateway), voice="alloy", max_characters=30).invoke(call)
    assert answer.status == "error"
    assert message in answer.content
    assert gateway.requests == []


def test_a_failure_of_the_gateway_is_a_tool_error(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "no such voice"}}, status=400))
    call = {"type": "tool_call", "id": "1", "name": "speak", "args": {"text": "Hello."}}
    answer = SpeakTool(client=make_client(gateway), voice="alloy").invoke(call)
    assert (answer.status, "no such voice" in answer.content) == ("error", True)


def test_an_agent_speaks_and_its_history_holds_no_audio(gateway) -> None:
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": "speak", "arguments": json.dumps({"text": "Good day."})},
    }
    with ScriptedGateway() as chat:
        chat.will_answer(chat_reply(None, finish="tool_calls", tool_calls=[call]), chat_reply("I said it."))
        model = ChatAudio(model="m", provider="openai", api_key="k", base_url=chat.base_url)
        agent = create_agent(model, [SpeakTool(client=make_client(gateway), voice="alloy")])
        messages = agent.invoke({"messages": [HumanMessage("Greet me.")]})["messages"]
        (said,) = [message for message in messages if isinstance(message, ToolMessage)]
        assert speech_in(said).transcript == "Good day."
        assert len(chat.requests[-1].body) < 5000


class Writer:
    """A text model that writes piece by piece."""

    def __init__(self, *pieces: str) -> None:
        self.pieces, self.written, self.is_closed = pieces, 0, False

    @property
    def model(self) -> RunnableGenerator:
        return RunnableGenerator(self.write, self.awrite)

    def write(self, _: Iterator[Any]) -> Iterator[AIMessageChunk]:
        try:
            for piece in self.pieces:
                self.written += 1
                yield AIMessageChunk(piece)
        finally:
            self.is_closed = True

    async def awrite(self, _: AsyncIterator[Any]) -> AsyncIterator[AIMessageChunk]:
        for chunk in self.write(iter(())):
            yield chunk


PIECES = ("It rained", " all day [talk", " 12:07-12:31].", " Nobody", " went out.")


def make_speaker(gateway: ScriptedGateway, model: Any, **options: Any) -> AnswerSpeaker:
    return AnswerSpeaker(model=model, client=make_client(gateway), voice="alloy", **options)


def add_chunks(chunks) -> AIMessageChunk:
    total, *rest = chunks
    for chunk in rest:
        total += chunk
    return total


def test_an_answer_is_spoken_sentence_by_sentence_while_it_is_written(gateway) -> None:
    writer = Writer(*PIECES)
    chunks = make_speaker(gateway, writer.model).stream("How was it?")
    before = []
    for chunk in chunks:
        before.append(chunk)
        if any(block["type"] == "audio" for block in chunk.content):
            break
    assert (writer.written, list_texts(gateway)) == (4, SAID[:1])
    message = add_chunks([*before, *chunks])
    assert message.text == "".join(PIECES)
    assert list_texts(gateway) == SAID
    speech = speech_in(message)
    assert (speech.format, speech.sample_rate) == ("pcm16", 24_000)
    assert len(speech.data) == sum(2 * round(len(text) / 15 * 24_000) for text in SAID)


async def test_the_same_on_the_event_loop(gateway) -> None:
    writer = Writer(*PIECES)
    chunks = [chunk async for chunk in make_speaker(gateway, writer.model).astream("How was it?")]
    message = add_chunks(chunks)
    assert (message.text, list_texts(gateway)) == ("".join(PIECES), SAID)
    assert len(speech_in(message).data) == sum(2 * round(len(text) / 15 * 24_000) for text in SAID)


async def test_a_whole_answer_is_spoken_in_one_request(gateway) -> None:
    speaker = make_speaker(gateway, FakeListChatModel(responses=[ANSWER]), format="wav")
    message, amessage = speaker.invoke("How was it?"), await speaker.ainvoke("How was it?")
    assert message.text == ANSWER
    assert list_texts(gateway) == [" ".join(SAID)] * 2
    assert speech_in(message).data == speech_in(amessage).data


def test_a_chain_may_end_with_a_text(gateway) -> None:
    chain = FakeListChatModel(responses=[ANSWER]) | StrOutputParser()
    speaker = make_speaker(gateway, chain)
    assert speaker.invoke("How?").text == ANSWER
    assert add_chunks(list(speaker.stream("How?"))).text == ANSWER


def test_an_answer_without_a_word_has_no_speech(gateway) -> None:
    speaker = make_speaker(gateway, Writer("", " - ").model)
    assert speech_in(speaker.invoke("How?")) is None
    assert speech_in(add_chunks(list(speaker.stream("How?")))) is None
    assert gateway.requests == []


def test_what_is_no_text_is_refused(gateway) -> None:
    with pytest.raises(InvalidOption, match="should end with a message or its text, not with int"):
        make_speaker(gateway, RunnableLambda(lambda _: 7)).invoke("How?")


def test_closing_the_stream_ends_both_requests(gateway) -> None:
    gateway.will_answer(Reply([bytes(4800)] * 2000, headers={"Content-Type": "audio/pcm"}, between=0.01))
    writer = Writer(*PIECES)
    chunks = make_speaker(gateway, writer.model).stream("How was it?")
    assert next(chunk for chunk in chunks if any(block["type"] == "audio" for block in chunk.content))
    chunks.close()
    assert writer.is_closed
    assert gateway.abandoned.wait(60)


async def test_closing_the_stream_on_the_event_loop_ends_both_requests(gateway) -> None:
    gateway.will_answer(Reply([bytes(4800)] * 2000, headers={"Content-Type": "audio/pcm"}, between=0.01))
    writer = Writer(*PIECES)
    chunks = make_speaker(gateway, writer.model).astream("How was it?")
    async for chunk in chunks:
        if any(block["type"] == "audio" for block in chunk.content):
            break
    await chunks.aclose()
    assert await asyncio.to_thread(gateway.abandoned.wait, 60)


async def test_a_spoken_answer_lists_the_clips_that_it_rests_on(gateway, call: Path) -> None:
    document = Document("It rained.", metadata={"source": call.as_uri(), "start": 2.0, "end": 5.5})
    answer = "It rained all day [call 00:02–00:05]. Nobody went out (at 12:07)."
    spoken = speak_answer(make_client(gateway), answer, [document], voice="alloy", format="wav")
    assert spoken == await aspeak_answer(make_client(gateway), answer, [document], voice="alloy", format="wav")
    assert list_texts(gateway) == ["It rained all day. Nobody went out (at 12:07)."] * 2
    assert (spoken.text, spoken.speech.transcript) == (answer, list_texts(gateway)[0])
    (citation,) = spoken.citations
    assert citation.document is document
    assert probe(Audio.of(citation.clip)).duration == 5.5
