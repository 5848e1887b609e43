"""Tools in LlamaIndex, by themselves and in an agent."""

from pathlib import Path

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool
from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.tools.calling import call_tool

from audio_core import AudioClient, Transcript
from audio_core.integration import LISTEN, TRANSCRIBE, ToolAnswer, ToolRefusal
from audio_core.testing import chat_stream
from langchain_audio import AudioToolkit
from llamaindex_audio import AudioLLM, ListenToolSpec

FOLDER = Path(__file__).parents[2] / "examples" / "audio"
# LlamaIndex's own agents read deprecated attributes.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")


def spec(offline: str) -> ListenToolSpec:
    return ListenToolSpec(AudioClient("local", model="any", timeout=600, base_url=offline), access=FOLDER)


def drop_titles(function: dict) -> dict:
    """Drop what LangChain drops and pydantic makes of the names."""
    properties = function["parameters"]["properties"]
    fields = {name: {key: field[key] for key in field if key != "title"} for name, field in properties.items()}
    return {**function, "parameters": {**function["parameters"], "properties": fields}}


def test_a_model_reads_the_same_as_in_langchain() -> None:
    ours = ListenToolSpec(AudioClient(), access=FOLDER).to_tool_list()
    theirs = AudioToolkit(client=AudioClient(), access=FOLDER).get_tools()
    for tool, other, text in zip(ours, theirs, (LISTEN, TRANSCRIBE), strict=True):
        function = drop_titles(tool.metadata.to_openai_tool()["function"])
        assert function == convert_to_openai_tool(other)["function"]
        assert function["description"] == text
        assert all(field["description"] for field in function["parameters"]["properties"].values())


async def test_the_raw_output_is_what_the_text_was_made_of(offline: str) -> None:
    listen, transcribe = spec(offline).to_tool_list()
    heard = listen(audio="call.mp3", question="Who?", end=6)
    assert isinstance(heard.raw_output.artifact, ToolAnswer)
    assert "good afternoon" in heard.content
    said = await transcribe.acall(audio="call.mp3", start=0, end=4.5)
    assert isinstance(said.raw_output.artifact, Transcript)
    assert said.content.endswith("> [00:00-00:04] good afternoon this is the city library how can i help you")


async def test_a_wrong_call_is_a_refusal_which_llamaindex_hands_to_the_model(offline: str) -> None:
    listen, transcribe = spec(offline).to_tool_list()
    with pytest.raises(ToolRefusal, match="may not be opened"):
        await listen.acall(audio="/etc/passwd", question="What?")
    output = call_tool(transcribe, {"audio": "none.mp3"})
    assert output.is_error
    assert "Available recordings: call.mp3, talk.ogg" in output.content


async def test_a_recording_cannot_make_an_agent_read_other_files(gateway, offline: str) -> None:
    def calls(audio: str):
        arguments = f'{{"audio": "{audio}", "question": "What?", "end": 6}}'
        function = {"name": "listen", "arguments": arguments}
        return chat_stream({"tool_calls": [{"index": 0, "id": "c", "function": function}]}, finish="tool_calls")

    gateway.will_answer(calls("call.mp3"), calls("/etc/passwd"), chat_stream("I could not open it."))
    llm = AudioLLM(model="m", provider="openai", api_key="k", base_url=gateway.base_url)
    handler = FunctionAgent(tools=spec(offline).to_tool_list(), llm=llm).run("What does call.mp3 say?")
    results = [event async for event in handler.stream_events() if isinstance(event, ToolCallResult)]
    assert str(await handler) == "I could not open it."
    first, second = [result.tool_output for result in results]
    assert "good afternoon" in first.content
    assert second.is_error
    assert "root:" not in second.content


def test_without_access_nothing_is_opened() -> None:
    listen, transcribe = ListenToolSpec(AudioClient(), access=None).to_tool_list()
    for call in (lambda: listen(audio=str(FOLDER / "call.mp3"), question="?"), lambda: transcribe(audio="call.mp3")):
        with pytest.raises(ToolRefusal, match="access allows no folder"):
            call()


@pytest.mark.parametrize("options", [{"access": FOLDER}, {"client": AudioClient()}, {"model": "x"}])
def test_tools_that_could_never_work_cannot_be_made(options: dict) -> None:
    with pytest.raises(TypeError, match=r"argument|option"):
        ListenToolSpec(**options)
