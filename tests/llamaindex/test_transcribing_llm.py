"""An LLM that takes text only reads what recordings say, each sent once."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import AudioBlock, ChatMessage, MessageRole, TextBlock

from audio_core import AccessDenied, AudioClient
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, chat_stream, tone
from llamaindex_audio import AudioLLM, TranscribingLLM

SEGMENTS = [{"start": 0.0, "end": 1.0, "text": "hello"}, {"start": 1.0, "end": 2.0, "text": "goodbye"}]
QUOTED = "> [00:00-00:01] hello\n> [00:01-00:02] goodbye"
SPOKEN = [ChatMessage(role="user", blocks=[TextBlock(text="What is said?"), AudioBlock(audio=tone(2))])]


class Gateway(ScriptedGateway):
    """One gateway for both: it transcribes, and answers chats with `yes`, streamed if that is asked for."""

    def next_reply(self, request: Recorded) -> Reply:
        self.requests.append(request)
        if "transcriptions" in request.path:
            return Reply({"text": "hello goodbye", "segments": SEGMENTS})
        return chat_stream("yes") if request.json.get("stream") else chat_reply("yes")

    @property
    def chats(self) -> list[Any]:
        return [request.json["messages"] for request in self.requests if "chat" in request.path]


def create_llm(gateway: ScriptedGateway, **options: Any) -> TranscribingLLM:
    facts = {"model": "m", "provider": "openai", "api_key": "k", "base_url": gateway.base_url}
    return TranscribingLLM(AudioLLM(**facts), AudioClient(**facts), **options)


async def test_the_llm_reads_a_quoted_transcript_in_place_of_the_audio_and_each_is_sent_once() -> None:
    with Gateway() as gateway:
        llm = create_llm(gateway)
        assert llm.chat(SPOKEN).message.content == "yes"
        assert (await llm.achat(SPOKEN)).message.content == "yes"
        assert [*llm.stream_chat(SPOKEN)][-1].message.content == "yes"
        assert [each async for each in await llm.astream_chat(SPOKEN)][-1].message.content == "yes"
        assert sum("transcriptions" in request.path for request in gateway.requests) == 1
        assert len(gateway.chats) == 4
        for (message,) in gateway.chats:
            assert QUOTED in str([part.get("text") for part in message["content"]][-1])


@pytest.mark.parametrize(
    "copy_llm", [copy.deepcopy, lambda llm: pickle.loads(pickle.dumps(llm))], ids=["copy", "pickle"]
)
def test_a_copy_reads_recordings_too(copy_llm) -> None:
    with Gateway() as gateway:
        llm = create_llm(gateway)
        assert [each.chat(SPOKEN).message.content for each in (llm, copy_llm(llm))] == ["yes", "yes"]
        assert sum("transcriptions" in request.path for request in gateway.requests) == 2


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")  # LlamaIndex's own
async def test_an_agent_may_use_it_where_it_used_the_llm() -> None:
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    with Gateway() as gateway:
        agent = FunctionAgent(tools=[add], llm=create_llm(gateway))
        assert str(await agent.run(user_msg=SPOKEN[0])) == "yes"
        assert QUOTED in str(gateway.chats[0]).replace("\\n", "\n")
        assert "input_audio" not in str(gateway.chats)


def test_it_has_the_facts_of_the_llm_and_completes_as_it_does() -> None:
    with Gateway() as gateway:
        llm = create_llm(gateway)
        assert llm.metadata.model_name == "m"
        assert llm.metadata.is_function_calling_model
        assert llm.complete("Hi.").text == "yes"
        assert [*llm.stream_complete("Hi.")][-1].text == "yes"


def test_a_second_model_may_be_asked_instead() -> None:
    with Gateway() as gateway:
        create_llm(gateway, question="What is heard?").chat(SPOKEN)
        assert "> yes" in str(gateway.chats[1])


def test_a_message_opens_only_what_access_names(tmp_path) -> None:
    (tmp_path / "a.wav").write_bytes(tone(2))
    message = ChatMessage(role="user", blocks=[AudioBlock(url=(tmp_path / "a.wav").as_uri())])
    with Gateway() as gateway:
        with pytest.raises(AccessDenied):
            create_llm(gateway).chat([message])
        create_llm(gateway, access=tmp_path).chat([message])
        create_llm(gateway).chat([ChatMessage(role="user", blocks=[AudioBlock(path=tmp_path / "a.wav")])])
        assert all("Heard in a.wav" in str(chat) for chat in gateway.chats)
        assert len(gateway.chats) == 2


def test_an_assistants_own_speech_is_left_out_and_costs_nothing() -> None:
    spoken = ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text="Hello."), AudioBlock(audio=tone(1))])
    with Gateway() as gateway:
        create_llm(gateway).chat(
            [ChatMessage(role="user", content="Hi."), spoken, ChatMessage(role="user", content="?")]
        )
        assert [message["content"] for message in gateway.chats[0]] == ["Hi.", "Hello.", "?"]
        assert len(gateway.requests) == 1
