"""Tools, agents and structured output in LangChain."""

import base64
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core import exceptions
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.exceptions import OutputParserException
from langchain_core.load import dumps, loads
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.tools import tool
from pydantic import BaseModel, Field, ValidationError

from audio_core import IncompleteResponse, InvalidOption
from audio_core.testing import chat_reply, chat_stream, tone
from langchain_audio import ChatAudio

REFUSAL_ERROR = getattr(exceptions, "ModelRefusalError", OutputParserException)
B64 = base64.b64encode(tone(0.2)).decode()


class Booking(BaseModel):
    """A booking."""

    name: str
    nights: int = Field(description="how many")


def model(gateway, **options) -> ChatAudio:
    return ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, **options)


def offline_model(offline: str, **options) -> ChatAudio:
    return ChatAudio(model="pocketsphinx", provider="local", timeout=600, base_url=offline, **options)


@tool
def multiply(a: int, b: int) -> int:
    """Multiply."""
    return a * b


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, None),
        ("auto", "auto"),
        ("none", "none"),
        ("any", "required"),
        ("required", "required"),
        (True, "required"),
        ("multiply", {"type": "function", "function": {"name": "multiply"}}),
    ],
)
def test_tools_and_choices_are_sent_as_openai_defines_them(gateway, choice: Any, sent: Any) -> None:
    model(gateway).bind_tools([multiply, Booking], tool_choice=choice, strict=True, parallel_tool_calls=False).invoke(
        "hi"
    )
    body = gateway.requests[0].json
    assert [each["function"]["name"] for each in body["tools"]] == ["multiply", "Booking"]
    assert body["tools"][0]["function"]["strict"] is True
    assert (body.get("tool_choice"), body["parallel_tool_calls"]) == (sent, False)


def test_a_choice_of_no_tool_is_named(gateway) -> None:
    with pytest.raises(InvalidOption, match=r"'divide' is not a tool\. Use a tool's name \(multiply\), 'auto'"):
        model(gateway).bind_tools([multiply], tool_choice="divide")


@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode"])
@pytest.mark.parametrize("streamed", [False, True])
def test_structured_output_from_end_to_end(offline: str, method: str, streamed: bool) -> None:
    asking = offline_model(offline).with_structured_output(Booking, method=method)
    words = "Book 3 nights for 'Ann'; give JSON with keys"
    if method == "json_mode":  # the offline server fills the keys it is told of with what it is told
        words = 'Give JSON with the key "answer".'
        asking = offline_model(offline).with_structured_output(method=method)
    found = list(asking.stream(words))[-1] if streamed else asking.invoke(words)
    assert found == ({"answer": words} if method == "json_mode" else Booking(name="Ann", nights=3))


@pytest.mark.parametrize(
    "schema", [Booking.model_json_schema(), {"name": "booking", "parameters": Booking.model_json_schema()}]
)
def test_a_schema_may_be_a_mapping(offline: str, schema: dict) -> None:
    asking = offline_model(offline).with_structured_output({"title": "booking", **schema})
    assert asking.invoke("3 nights for 'Ann'") == {"name": "Ann", "nights": 3}


def test_what_was_asked_is_traced_but_not_sent(gateway) -> None:
    gateway.will_answer(chat_reply('{"name": "Ann", "nights": 3}'))
    model(gateway).with_structured_output(Booking, method="json_schema", strict=True).invoke("hi")
    body = gateway.requests[0].json
    assert set(body) == {"model", "messages", "response_format"}
    assert body["response_format"]["json_schema"]["strict"] is True


def test_a_refusal_is_no_structured_output(gateway) -> None:
    gateway.will_answer(chat_reply(None, refusal="I may not."))
    for method in ("function_calling", "json_schema"):
        with pytest.raises(REFUSAL_ERROR, match="I may not"):
            model(gateway).with_structured_output(Booking, method=method).invoke("hi")
    found = model(gateway).with_structured_output(Booking, include_raw=True).invoke("hi")
    assert found["raw"].additional_kwargs["refusal"] == "I may not."
    assert (found["parsed"], type(found["parsing_error"])) == (None, REFUSAL_ERROR)


def test_a_schema_is_needed_where_one_is(gateway) -> None:
    with pytest.raises(InvalidOption, match="json_schema needs a schema"):
        model(gateway).with_structured_output(method="json_schema")


def test_an_agent_calls_a_tool_and_tells_its_answer(offline: str) -> None:
    agent = create_agent(offline_model(offline), [multiply])
    messages = agent.invoke({"messages": [HumanMessage("What is 7 times 7?")]})["messages"]
    assert [type(message) for message in messages] == [HumanMessage, AIMessage, ToolMessage, AIMessage]
    assert messages[-1].text == "The tool answered: 49"


@pytest.mark.parametrize("text", [None, ""])
@pytest.mark.parametrize("streaming", [False, True])
def test_a_model_that_says_nothing_after_a_tool_does_not_end_the_run_with_an_error(
    gateway, text: str | None, streaming: bool
) -> None:
    called = {"id": "c", "type": "function", "function": {"name": "multiply", "arguments": '{"a": 7, "b": 7}'}}
    silence = chat_stream({"role": "assistant", "content": text}) if streaming else chat_reply(text)
    gateway.will_answer(chat_reply(None, tool_calls=[called], finish="tool_calls"), silence)
    agent = create_agent(model(gateway, streaming=streaming), [multiply])
    messages = agent.invoke({"messages": [HumanMessage("What is 7 times 7?")]})["messages"]
    assert [message.text for message in messages[2:]] == ["49", ""]


def test_an_agent_hears_what_its_tool_recorded(offline: str, call) -> None:
    @tool
    def record() -> list:
        """Record."""
        clip = {"type": "audio", "url": f"{call.as_uri()}#t=15.5,21"}
        return [{"type": "text", "text": "Recorded."}, clip]

    agent = create_agent(offline_model(offline, access=call.parent), [record])
    messages = agent.invoke({"messages": [HumanMessage("Listen.")]})["messages"]
    assert "number" in messages[-1].text


CUT = [
    "Let me see.",
    {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "erase", "arguments": '{"path": "/data/cus'}}]},
]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("ending", [{"finish": None, "done": False}, {"finish": "length"}, {"finish": "tool_calls"}])
def test_an_agent_never_runs_a_tool_call_that_was_cut(gateway, streaming: bool, ending: dict) -> None:
    erased = []

    @tool
    def erase(path: str) -> str:
        """Erase."""
        erased.append(path)
        return "done"

    whole = chat_reply("Let me see.", finish=str(ending["finish"]), tool_calls=CUT[1]["tool_calls"])
    gateway.will_answer(chat_stream(*CUT, **ending) if streaming else whole)
    agent = create_agent(model(gateway, streaming=streaming), [erase])
    with pytest.raises(IncompleteResponse) as caught:
        agent.invoke({"messages": [HumanMessage("Erase /data/customers-old")]})
    assert caught.value.partial == "Let me see."
    with pytest.raises(IncompleteResponse):
        list(agent.stream({"messages": [HumanMessage("Erase it")]}, stream_mode="messages"))
    assert erased == []


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_a_stored_model_is_loaded_with_its_key_from_the_environment(gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = model(
        gateway, temperature=0.5, access="recordings", gateway_options=None, extra_headers={"X-Key": "hidden"}
    )
    stored = dumps(asking)
    assert "hidden" not in stored
    monkeypatch.setenv("OPENAI_API_KEY", "from the environment")
    found = loads(stored, allowed_objects=[ChatAudio], valid_namespaces=["langchain_audio"], secrets_from_env=True)
    assert (found.temperature, found.access, found.api_key.get_secret_value()) == (
        0.5,
        "recordings",
        "from the environment",
    )


def test_usage_is_counted_by_langchains_own_handler(gateway) -> None:
    counter = UsageMetadataCallbackHandler()
    model(gateway).invoke([HumanMessage([{"type": "audio", "base64": B64}])], config={"callbacks": [counter]})
    assert counter.usage_metadata["m-1"]["input_token_details"] == {"audio": 9}


def test_a_rate_limiter_is_asked_before_each_request(gateway) -> None:
    class Counting(InMemoryRateLimiter):
        asked = 0

        def acquire(self, *, blocking: bool = True) -> bool:
            type(self).asked += 1
            return True

    asking = model(gateway, rate_limiter=Counting())
    asking.invoke("hi")
    gateway.will_answer(chat_stream("yes"))
    list(asking.stream("hi"))
    assert Counting.asked == 2


def test_its_profile_says_what_it_carries(gateway) -> None:
    assert model(gateway).profile["audio_inputs"] is True
    assert model(gateway).profile["audio_outputs"] is False
    assert model(gateway, modalities=["text", "audio"]).profile["audio_outputs"] is True
    assert model(gateway, profile={"tool_calling": True}).profile == {"tool_calling": True}
    assert "langchain-llamaindex-audio" in model(gateway).metadata["lc_versions"]


@pytest.mark.parametrize(
    ("provider", "options", "sent", "header"),
    [
        ("cortecs", {"preference": "speed", "eu_native": True}, {"preference": "speed", "eu_native": True}, None),
        ("openrouter", {"models": ["a"], "title": "Mine"}, {"models": ["a"]}, ("x-openrouter-title", "Mine")),
        ("litellm", {"tags": ["a"], "metadata": {"b": "1"}}, {"tags": ["a"], "metadata": {"b": "1"}}, None),
    ],
)
def test_options_of_the_gateway_go_out(gateway, provider: str, options: dict, sent: dict, header: Any) -> None:
    asking = ChatAudio(
        model="m", provider=provider, api_key="k", base_url=gateway.base_url, gateway_options=options,
        extra_body={"x": 1}, extra_headers={"X-Y": "z"},
    )  # fmt: skip
    asking.invoke("hi")
    request = gateway.requests[0]
    assert {name: value for name, value in request.json.items() if name not in ("model", "messages")} == {
        **sent,
        "x": 1,
    }
    assert request.headers["x-y"] == "z"
    assert header is None or request.headers[header[0]] == header[1]


def test_a_wrong_option_is_an_error_at_once() -> None:
    with pytest.raises(ValidationError, match="there is no such option"):
        ChatAudio(model="m", provider="cortecs", gateway_options={"prefer": "speed"})
