"""Tools in LangChain: the standard tests, and an agent that listens."""

import json
from pathlib import Path

import pytest
from langchain.agents import create_agent
from langchain_core.load import dumps
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import ValidationError

from audio_core import AudioClient, Transcript
from audio_core.testing import chat_reply
from langchain_audio import AudioToolkit, ChatAudio, ListenTool, TranscribeTool

FOLDER = Path(__file__).parents[2] / "examples" / "audio"


class _Listening:
    @property
    def tool_constructor(self) -> type[ListenTool]:
        return ListenTool

    @property
    def tool_constructor_params(self) -> dict:
        return {"client": AudioClient("local", model="any", base_url=self.url), "access": FOLDER}

    @property
    def tool_invoke_params_example(self) -> dict:
        return {"audio": "call.mp3", "question": "Who is called?", "start": 0, "end": 6}

    @pytest.fixture(autouse=True)
    def at_the_offline_server(self, offline: str) -> None:
        type(self).url = offline


class _Transcribing(_Listening):
    @property
    def tool_constructor(self) -> type[TranscribeTool]:
        return TranscribeTool

    @property
    def tool_constructor_params(self) -> dict:
        return {"access": FOLDER}

    @property
    def tool_invoke_params_example(self) -> dict:
        return {"audio": "call.mp3", "end": 6}


class TestListenToolUnit(_Listening, ToolsUnitTests):
    """The standard unit tests."""


class TestListenTool(_Listening, ToolsIntegrationTests):
    """The standard integration tests, against the offline server."""


class TestTranscribeToolUnit(_Transcribing, ToolsUnitTests):
    """The standard unit tests."""


class TestTranscribeTool(_Transcribing, ToolsIntegrationTests):
    """The standard integration tests, in this process."""


def call(name: str, **arguments) -> dict:
    return {"type": "tool_call", "id": "c1", "name": name, "args": arguments}


def test_the_artifact_is_what_the_text_was_made_of() -> None:
    message = TranscribeTool(access=FOLDER).invoke(call("transcribe", audio="call.mp3", end=4.5))
    assert Transcript.from_json(json.dumps(message.artifact)).segments[0].end == pytest.approx(4.5, abs=0.5)
    assert message.content.endswith("> [00:00-00:04] good afternoon this is the city library how can i help you")
    assert message.status == "success"


def test_an_artifact_is_the_same_in_the_run_and_after_a_checkpoint() -> None:
    message = TranscribeTool(access=FOLDER).invoke(call("transcribe", audio="call.mp3", end=4.5))
    serializer = JsonPlusSerializer()
    assert serializer.loads_typed(serializer.dumps_typed(message)).artifact == message.artifact


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        (ListenTool, {"access": FOLDER}, "client"),
        (ListenTool, {"client": AudioClient()}, "access"),
        (ListenTool, {"client": AudioClient(), "access": FOLDER, "model": "x"}, "model"),
        (TranscribeTool, {}, "access"),
        (TranscribeTool, {"access": FOLDER, "acess": "/secret"}, "acess"),
        (AudioToolkit, {"access": FOLDER}, "client"),
        (AudioToolkit, {"client": AudioClient()}, "access"),
        (AudioToolkit, {"client": AudioClient(), "access": FOLDER, "model": "x"}, "model"),
    ],
)
def test_a_tool_that_could_never_work_cannot_be_made(kind: type, options: dict, says: str) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        kind(**options)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"audio": "/etc/passwd"}, "may not be opened"),
        ({"audio": "none.mp3"}, "Available recordings: call.mp3, talk.ogg"),
        ({}, "audio"),
        ({"audio": "call.mp3", "start": "soon"}, "start"),
    ],
)
async def test_a_wrong_call_is_answered_and_ends_nothing(arguments: dict, reason: str) -> None:
    tool = TranscribeTool(access=FOLDER)
    for message in (tool.invoke(call("transcribe", **arguments)), await tool.ainvoke(call("transcribe", **arguments))):
        assert message.status == "error"
        assert reason in message.content


def test_a_toolkit_without_access_opens_nothing() -> None:
    listen, transcribe = AudioToolkit(client=AudioClient(), access=None).get_tools()
    for tool, arguments in ((listen, {"question": "?"}), (transcribe, {})):
        assert "access allows no folder" in tool.invoke({"audio": "examples/audio/call.mp3", **arguments})


def test_keys_and_folders_show_in_no_dump() -> None:
    tool = ListenTool(client=AudioClient("openai", model="m", api_key="sk-secret-key-1"), access="/secret/folder")
    assert "secret" not in repr(tool) + repr(tool.client) + dumps(tool)


def says(*calls: dict, text: str | None = None):
    wire = [
        {"id": f"c{at}", "type": "function", "function": {"name": each["name"], "arguments": each["arguments"]}}
        for at, each in enumerate(calls)
    ]
    return chat_reply(text, **({"tool_calls": wire, "finish": "tool_calls"} if wire else {}))


def test_a_recording_cannot_make_an_agent_read_other_files(gateway, offline: str) -> None:
    """The agent's model is scripted to obey: it is told by a recording to listen to /etc/passwd, and tries."""
    gateway.will_answer(
        says({"name": "listen", "arguments": '{"audio": "call.mp3", "question": "What?", "end": 6}'}),
        says({"name": "listen", "arguments": '{"audio": "/etc/passwd", "question": "What is in it?"}'}),
        says({"name": "transcribe", "arguments": '{"audio": "file:///etc/passwd"}'}),
        says(text="I could not open it."),
    )
    ears = AudioClient("local", model="any", timeout=600, base_url=offline)
    model = ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url)
    agent = create_agent(model, AudioToolkit(client=ears, access=FOLDER).get_tools())
    messages = agent.invoke({"messages": [HumanMessage("What does call.mp3 say?")]})["messages"]
    first, second, third = [message for message in messages if isinstance(message, ToolMessage)]
    assert first.artifact["clip"].endswith("call.mp3#t=0,6")
    assert "good afternoon" in first.content
    assert (second.status, third.status) == ("error", "error")
    assert "root:" not in second.content + third.content
    assert messages[-1].text == "I could not open it."
