"""Tools, agents and structured prediction in LlamaIndex, over LlamaIndex's own consumers."""

import asyncio
import pickle
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import AudioBlock, ChatMessage, TextBlock
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, ValidationError

from audio_core import IncompleteResponse, InvalidOption
from audio_core.testing import Reply, chat_reply, chat_stream
from llamaindex_audio import AudioLLM

# LlamaIndex's agents and structured LLM call what pydantic has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")


class Booking(BaseModel):
    """A booking."""

    name: str
    nights: int


def llm(gateway, **options) -> AudioLLM:
    return AudioLLM(model="m", provider="openai", api_key="sk-secret-key-1", base_url=gateway.base_url, **options)


def offline_llm(offline: str, **options) -> AudioLLM:
    return AudioLLM(model="pocketsphinx", provider="local", timeout=600, base_url=offline, **options)


def multiply(a: int, b: int) -> int:
    """Multiply."""
    return a * b


MULTIPLY = FunctionTool.from_defaults(fn=multiply)


def call(arguments: str, name: str = "multiply", id: str = "call_1") -> dict:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_it_calls_functions() -> None:
    assert issubclass(AudioLLM, FunctionCallingLLM)
    assert AudioLLM(model="m").metadata.is_function_calling_model


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({}, None),
        ({"tool_required": True}, "required"),
        ({"tool_required": True, "tool_choice": None}, "required"),
        ({"tool_choice": "none"}, "none"),
        ({"tool_choice": "multiply"}, {"type": "function", "function": {"name": "multiply"}}),
    ],
)
def test_tools_and_choices_are_sent_as_openai_defines_them(gateway, asked: dict, sent: Any) -> None:
    history = [ChatMessage(role="user", content="hi")]
    llm(gateway).chat_with_tools([MULTIPLY], user_msg="And?", chat_history=history, **asked)
    body = gateway.requests[0].json
    assert len(history) == 1
    assert [message["content"] for message in body["messages"]] == ["hi", "And?"]
    assert body["tools"][0]["function"]["name"] == "multiply"
    assert body.get("tool_choice") == sent


def test_without_tools_none_are_sent_and_a_wrong_choice_is_named(gateway) -> None:
    llm(gateway).chat_with_tools([], user_msg="hi", tool_required=False)
    assert set(gateway.requests[0].json) == {"model", "messages"}
    with pytest.raises(InvalidOption, match="'divide'"):
        llm(gateway).chat_with_tools([MULTIPLY], user_msg="hi", tool_choice="divide")


def test_calls_are_blocks_and_go_back_as_calls(gateway) -> None:
    gateway.will_answer(chat_reply(None, finish="tool_calls", tool_calls=[call('{"a": 2, "b": 3}')]))
    asking = llm(gateway)
    response = asking.chat_with_tools([MULTIPLY], user_msg="hi")
    (block,) = response.message.blocks
    assert block == ToolCallBlock(tool_call_id="call_1", tool_name="multiply", tool_kwargs='{"a": 2, "b": 3}')
    (selected,) = asking.get_tool_calls_from_response(response)
    assert (selected.tool_id, selected.tool_kwargs) == ("call_1", {"a": 2, "b": 3})
    answered = ChatMessage(role="tool", content="6", additional_kwargs={"tool_call_id": "call_1"})
    asking.chat([ChatMessage(role="user", content="hi"), response.message, answered])
    _, called, told = gateway.requests[1].json["messages"]
    assert called == {"role": "assistant", "content": None, "tool_calls": [call('{"a": 2, "b": 3}')]}
    assert told == {"role": "tool", "tool_call_id": "call_1", "content": "6"}


@pytest.mark.parametrize(("parallel", "told"), [(True, None), (False, False)])
def test_the_gateway_is_told_whether_it_may_send_several_calls(gateway, parallel: bool, told: bool | None) -> None:
    asking, options = llm(gateway), {"user_msg": "hi", "allow_parallel_tool_calls": parallel}
    asking.chat_with_tools([MULTIPLY], **options)
    asyncio.run(asking.achat_with_tools([MULTIPLY], **options))
    gateway.will_answer(chat_stream("yes"))
    list(asking.stream_chat_with_tools([MULTIPLY], **options))
    assert [request.json.get("parallel_tool_calls") for request in gateway.requests] == [told] * 3


def test_calls_that_were_paid_for_are_kept(gateway) -> None:
    calls = [call('{"a": 2, "b": 3}'), call('{"a": 4, "b": 5}', id="call_2")]
    whole, delta = chat_reply(None, tool_calls=calls), {"tool_calls": [{"index": i, **c} for i, c in enumerate(calls)]}
    gateway.will_answer(whole, chat_stream(delta, finish="tool_calls"), whole, whole)
    asking = llm(gateway)
    responses = [asking.chat_with_tools([MULTIPLY], user_msg="hi")]
    responses += list(asking.stream_chat_with_tools([MULTIPLY], user_msg="hi"))[-1:]
    assert [len(asking.get_tool_calls_from_response(response)) for response in responses] == [2, 2]
    outputs = [asking.predict_and_call([MULTIPLY], user_msg="hi")]
    outputs.append(asyncio.run(asking.apredict_and_call([MULTIPLY], user_msg="hi")))
    assert [[source.raw_output for source in output.sources] for output in outputs] == [[6, 20]] * 2


def test_no_call_is_an_error_only_if_one_was_needed(gateway) -> None:
    response = llm(gateway).chat_with_tools([MULTIPLY], user_msg="hi")
    assert llm(gateway).get_tool_calls_from_response(response, error_on_no_tool_call=False) == []
    with pytest.raises(ValueError, match=r"no tool call\. It says: 'yes'"):
        llm(gateway).get_tool_calls_from_response(response)


def test_calls_of_a_stream_are_read_as_far_as_they_have_come(gateway) -> None:
    parts = ['{"a": 2', ', "b"', ": 3}"]
    deltas = [{"tool_calls": [{"index": 0, "id": "c", "function": {"name": "multiply", "arguments": ""}}]}]
    deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in parts]
    gateway.will_answer(chat_stream(*deltas, finish="tool_calls"))
    asking = llm(gateway)
    seen = [
        asking.get_tool_calls_from_response(response, error_on_no_tool_call=False)[0].tool_kwargs
        for response in asking.stream_chat_with_tools([MULTIPLY], user_msg="hi")
    ]
    assert (seen[0], seen[1], seen[-1]) == ({}, {"a": 2}, {"a": 2, "b": 3})


def test_predict_and_call(offline: str) -> None:
    asking = offline_llm(offline)
    assert asking.predict_and_call([MULTIPLY], user_msg="What is 7 times 7?").response == "49"
    assert asyncio.run(asking.apredict_and_call([MULTIPLY], user_msg="What is 7 times 7?")).response == "49"


def test_structured_prediction_in_every_form(offline: str) -> None:
    asking, prompt = offline_llm(offline), PromptTemplate("Book {n} nights for 'Ann'.")
    booked = Booking(name="Ann", nights=3)

    async def later() -> list[Any]:
        streamed = [piece async for piece in await asking.astream_structured_predict(Booking, prompt, n=3)]
        return [await asking.astructured_predict(Booking, prompt, n=3), streamed[-1]]

    found = [asking.structured_predict(Booking, prompt, n=3), *asyncio.run(later())]
    streamed = list(asking.stream_structured_predict(Booking, prompt, n=3))
    assert [*found, streamed[-1]] == [booked] * 4
    assert len(streamed) > 2


def test_as_structured_llm_with_audio(offline: str, call: Path) -> None:
    class Heard(BaseModel):
        """What was heard."""

        words: str

    asking = offline_llm(offline).as_structured_llm(Heard)
    message = ChatMessage(role="user", blocks=[AudioBlock(path=call), TextBlock(text="What do you hear?")])
    whole = asking.chat([message])
    assert "dollars" in whole.raw.words
    assert asyncio.run(asking.achat([message])).raw == whole.raw
    assert list(asking.stream_chat([message]))[-1].raw == whole.raw
    assert (
        Booking.model_validate(offline_llm(offline).as_structured_llm(Booking).complete("3 for 'Ann'").raw).nights == 3
    )


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_function_agent_calls_a_tool_and_tells_its_answer(offline: str, streaming: bool) -> None:
    agent = FunctionAgent(tools=[MULTIPLY], llm=offline_llm(offline), streaming=streaming)
    output = await agent.run("What is 7 times 7?")
    assert str(output) == "The tool answered: 49"
    assert [(each.tool_name, each.tool_kwargs) for each in output.tool_calls] == [("multiply", {"a": 7, "b": 7})]


async def test_an_agent_hears_its_user(offline: str, call: Path) -> None:
    agent = FunctionAgent(tools=[], llm=offline_llm(offline, access=call.parent))
    blocks = [AudioBlock(url=f"{call.as_uri()}#t=15.5,21"), TextBlock(text="What is the number?")]
    assert "number" in str(await agent.run(ChatMessage(role="user", blocks=blocks)))


async def test_an_agent_hears_what_its_tool_recorded(offline: str, call: Path) -> None:
    def record() -> list:
        """Record."""
        return [TextBlock(text="Recorded."), AudioBlock(url=f"{call.as_uri()}#t=15.5,21")]

    tool = FunctionTool.from_defaults(fn=record)
    agent = FunctionAgent(tools=[tool], llm=offline_llm(offline, access=call.parent))
    assert "number" in str(await agent.run("Listen."))


async def test_a_workflow_of_agents(offline: str) -> None:
    agent = FunctionAgent(name="one", description="Multiplies.", tools=[MULTIPLY], llm=offline_llm(offline))
    output = await AgentWorkflow(agents=[agent], root_agent="one").run("What is 7 times 7?")
    assert str(output) == "The tool answered: 49"


@pytest.mark.filterwarnings("ignore:is_running called from within a step:DeprecationWarning")  # LlamaIndex's own
@pytest.mark.parametrize("streaming", [True, False])
async def test_a_react_agent(gateway, streaming: bool) -> None:
    thoughts = [
        'Thought: I need a tool.\nAction: multiply\nAction Input: {"a": 7, "b": 6}',
        "Thought: I can answer.\nAnswer: It is 42.",
    ]
    gateway.will_answer(*(chat_stream(text) if streaming else chat_reply(text) for text in thoughts))
    agent = ReActAgent(tools=[MULTIPLY], llm=llm(gateway), streaming=streaming)
    output = await agent.run("What is 7 times 6?")
    assert str(output) == "It is 42."
    assert "Observation: 42" in gateway.requests[1].json["messages"][-1]["content"]


@pytest.mark.parametrize("ending", [{"finish": None, "done": False}, {"finish": "length"}, {"finish": "tool_calls"}])
@pytest.mark.parametrize("streaming", [True, False])
async def test_an_agent_never_runs_a_tool_call_that_was_cut(gateway, ending: dict, streaming: bool) -> None:
    erased = []

    def erase(path: str = "all") -> str:
        """Erase."""
        erased.append(path)
        return "done"

    cut = call('{"path": "/data/cus', "erase")
    whole = chat_reply("Let me see.", finish=str(ending["finish"]), tool_calls=[cut])
    gateway.will_answer(
        chat_stream("Let me see.", {"tool_calls": [{"index": 0, **cut}]}, **ending) if streaming else whole
    )
    agent = FunctionAgent(tools=[FunctionTool.from_defaults(fn=erase)], llm=llm(gateway), streaming=streaming)
    with pytest.raises(IncompleteResponse) as caught:
        await agent.run("Erase /data/customers-old")
    assert caught.value.partial == "Let me see."
    assert erased == []


def test_one_layer_retries(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "down"}}, status=503))
    with pytest.raises(Exception, match="down") as caught:
        llm(gateway).chat_with_tools([MULTIPLY], user_msg="hi")
    assert (len(gateway.requests), caught.value.attempts) == (3, 3)


def test_options_of_the_gateway_go_out(gateway) -> None:
    options = {"models": ["a"], "provider": {"zdr": True}, "title": "Mine"}
    asking = AudioLLM(model="m", provider="openrouter", api_key="k", base_url=gateway.base_url, gateway_options=options)
    asking.complete("hi")
    request = gateway.requests[0]
    assert (request.json["models"], request.json["provider"]) == (["a"], {"zdr": True})
    assert request.headers["x-openrouter-title"] == "Mine"
    with pytest.raises(ValidationError, match="cortecs, prefer: there is no such option"):
        AudioLLM(model="m", provider="cortecs", gateway_options={"prefer": "speed"})


def test_it_is_stored_and_made_again_without_its_secrets(gateway) -> None:
    asking = llm(gateway, extra_headers={"X-Key": "secret"}, modalities=["text", "audio"])
    stored = asking.to_dict()
    assert "secret" not in str(stored) + str(asking.to_payload())
    assert AudioLLM.from_dict(stored).modalities == ["text", "audio"]
    copy = pickle.loads(pickle.dumps(asking))
    assert copy.predict_and_call([MULTIPLY], user_msg="hi", error_on_no_tool_call=False).response == "yes"


@pytest.mark.parametrize("text", [None, ""])
async def test_a_model_that_says_nothing_after_a_tool_does_not_end_the_run_with_an_error(
    gateway, text: str | None
) -> None:
    called = {"index": 0, "id": "c", "function": {"name": "multiply", "arguments": '{"a": 7, "b": 7}'}}
    silence = chat_stream({"role": "assistant", "content": text})
    gateway.will_answer(chat_stream({"tool_calls": [called]}, finish="tool_calls"), silence)
    assert str(await FunctionAgent(tools=[MULTIPLY], llm=llm(gateway)).run("What is 7 times 7?")) == ""
    assert len(gateway.requests) == 2
