"""Both plugins through the real LiteLLM Proxy: what goes in and comes out is what it is without."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import AudioBlock, ChatMessage, TextBlock
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

import audio_core
from audio_core import AudioClient, IncompleteResponse, ProviderError
from audio_core.testing import Reply, chat_reply, chat_stream
from langchain_audio import AudioLoader, ChatAudio, speech_in
from llamaindex_audio import AudioLLM, AudioReader
from llamaindex_audio import speech_in as speech_of

pytestmark = [
    pytest.mark.gateway,
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),  # LlamaIndex's agents
]

CLIP = "#t=15.5,21"
SPEAKING = {"modalities": ["text", "audio"]}
WAV, PCM = {"voice": "alloy", "format": "wav"}, {"voice": "alloy", "format": "pcm16"}


class Booking(BaseModel):
    """A booking."""

    name: str
    nights: int


def chat(proxy, model: str = "offline", **options) -> ChatAudio:
    return ChatAudio(
        model=model, provider="litellm", api_key=proxy.key, base_url=proxy.base_url, max_retries=0, **options
    )


def llm(proxy, model: str = "offline", **options) -> AudioLLM:
    return AudioLLM(
        model=model, provider="litellm", api_key=proxy.key, base_url=proxy.base_url, max_retries=0, **options
    )


def asked(call: Path) -> list[HumanMessage]:
    return [HumanMessage([{"type": "audio", "url": call.as_uri() + CLIP}, {"type": "text", "text": "Which number?"}])]


def asked_too(call: Path) -> list[ChatMessage]:
    blocks = [AudioBlock(url=call.as_uri() + CLIP), TextBlock(text="Which number?")]
    return [ChatMessage(role="user", blocks=blocks)]


def added(chunks: Any) -> Any:
    total, *rest = chunks
    for chunk in rest:
        total += chunk
    return total


def test_audio_is_heard_whole_and_streamed(proxy, call: Path) -> None:
    asking = chat(proxy, access=call.parent)
    whole, streamed = asking.invoke(asked(call)), added(asking.stream(asked(call)))
    assert "number" in whole.text
    assert streamed.text == whole.text
    assert whole.usage_metadata["input_token_details"]["audio"] == 55
    assert streamed.usage_metadata == whole.usage_metadata
    assert streamed.response_metadata["finish_reason"] == whole.response_metadata["finish_reason"] == "stop"
    assert whole.response_metadata["request_id"]


def test_audio_is_heard_in_llamaindex(proxy, call: Path) -> None:
    asking = llm(proxy, access=call.parent)
    whole, streamed = asking.chat(asked_too(call)), list(asking.stream_chat(asked_too(call)))[-1]
    assert "number" in whole.message.content
    assert streamed.message.content == whole.message.content
    assert streamed.additional_kwargs["prompt_audio_tokens"] == 55


def test_speech_comes_back_whole(proxy, offline: str, call: Path) -> None:
    direct = ChatAudio(
        model="m", provider="local", base_url=offline, access=call.parent, audio=WAV, **SPEAKING
    ).invoke(asked(call))  # fmt: skip
    through = chat(proxy, access=call.parent, audio=WAV, **SPEAKING).invoke(asked(call))
    assert speech_in(through).data == speech_in(direct).data
    assert (speech_in(through).format, "number" in through.text) == ("wav", True)
    answer = llm(proxy, access=call.parent, audio=WAV, **SPEAKING).chat(asked_too(call))
    assert speech_of(answer).data == speech_in(direct).data


def test_speech_comes_back_streamed(proxy, call: Path, tmp_path: Path) -> None:
    message = added(chat(proxy, access=call.parent, audio=PCM, **SPEAKING).stream(asked(call)))
    speech = speech_in(message)
    assert len(speech.data) == pytest.approx(5.5 * 48_000, rel=0.02)
    assert speech.save(tmp_path / "reply.wav").exists()
    assert "number" in message.text
    *_, last = llm(proxy, access=call.parent, audio=PCM, **SPEAKING).stream_chat(asked_too(call))
    assert speech_of(last).data == speech.data


async def test_async_calls(proxy, call: Path) -> None:
    asking = chat(proxy, access=call.parent)
    whole, chunks = await asyncio.gather(
        asking.ainvoke(asked(call)), asyncio.create_task(collected(asking.astream(asked(call))))
    )
    assert added(chunks).text == whole.text


async def collected(items: Any) -> list[Any]:
    return [item async for item in items]


@pytest.mark.parametrize("streaming", [False, True])
def test_an_agent_of_langchain(proxy, streaming: bool) -> None:
    @tool
    def multiply(a: int, b: int) -> int:
        """Multiply."""
        return a * b

    agent = create_agent(chat(proxy, streaming=streaming), [multiply])
    messages = agent.invoke({"messages": [HumanMessage("What is 7 times 7?")]})["messages"]
    assert messages[-1].text == "The tool answered: 49"


@pytest.mark.parametrize("streaming", [False, True])
async def test_an_agent_of_llamaindex(proxy, streaming: bool) -> None:
    def multiply(a: int, b: int) -> int:
        """Multiply."""
        return a * b

    agent = FunctionAgent(tools=[FunctionTool.from_defaults(fn=multiply)], llm=llm(proxy), streaming=streaming)
    assert str(await agent.run("What is 7 times 7?")) == "The tool answered: 49"


def test_structured_output(proxy) -> None:
    for method in ("function_calling", "json_schema"):
        found = chat(proxy).with_structured_output(Booking, method=method).invoke("3 nights for 'Ann'")
        assert found == Booking(name="Ann", nights=3)
    assert llm(proxy).structured_predict(Booking, PromptTemplate("3 nights for 'Ann'")) == Booking(name="Ann", nights=3)


def test_transcription_in_both_frameworks(proxy, call: Path) -> None:
    options = {"provider": "litellm", "model": "offline-whisper", "api_key": proxy.key, "base_url": proxy.base_url}
    documents, nodes = AudioLoader(call, **options).load(), AudioReader(**options).load_data(call)
    assert [document.page_content for document in documents] == [node.text for node in nodes]
    price = next(document for document in documents if "dollars" in document.page_content)
    assert 29 < price.metadata["start"] < price.metadata["end"] < 36
    words = AudioClient(**options).transcribe(call, words=True).segments[0].words
    assert words[0].end > words[0].start


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, audio_core.InvalidRequest),
        (401, audio_core.AuthenticationError),
        (403, audio_core.PermissionDenied),
        (404, audio_core.NotFound),
        (429, audio_core.RateLimited),
        (500, audio_core.ProviderUnavailable),
        (503, audio_core.ProviderUnavailable),
    ],
)
def test_what_the_upstream_refuses_is_a_typed_error(proxy, status: int, kind: type[ProviderError]) -> None:
    proxy.scripted.will_answer(Reply({"error": {"message": "no", "type": "t", "code": None}}, status=status))
    with pytest.raises(kind) as caught:
        chat(proxy, "any").invoke("hi")
    assert caught.value.status == status
    with pytest.raises(kind):
        llm(proxy, "any").complete("hi")


def test_a_full_upstream_is_langchains_rate_limit_too(proxy) -> None:
    proxy.scripted.will_answer(Reply({"error": {"message": "slow down"}}, status=429, headers={"retry-after": "3"}))
    with pytest.raises(ModelRateLimitError):
        chat(proxy, "any").invoke("hi")


def test_a_stream_that_breaks_behind_the_proxy_is_an_error_with_what_had_come(proxy) -> None:
    for broken in (
        chat_stream("half", finish=None, done=False, cut="reset", between=0.3),
        Reply(
            [
                *chat_stream("half", finish=None, done=False).body,
                'data: {"error": {"message": "died", "code": 500}}\n\n',
            ]
        ),
    ):
        proxy.scripted.will_answer(broken)
        with pytest.raises(ProviderError) as caught:
            list(chat(proxy, "any").stream("hi"))
        assert caught.value.partial == "half"


@pytest.mark.parametrize(
    "broken", [Reply({"error": {"message": "died", "code": 502}}), Reply({"choices": []}), Reply("<html>")]
)
def test_an_error_that_the_proxy_makes_an_empty_stream_of_is_an_error(proxy, broken: Reply) -> None:
    proxy.scripted.will_answer(broken)
    for ask in (lambda: list(chat(proxy, "any").stream("hi")), lambda: chat(proxy, "any").invoke("hi")):
        with pytest.raises(ProviderError):
            ask()


def test_a_tool_call_that_was_cut_behind_the_proxy_is_not_handed_on(proxy) -> None:
    cut = {"id": "c", "type": "function", "function": {"name": "erase", "arguments": '{"path": "/data/cus'}}
    proxy.scripted.will_answer(chat_reply(None, finish="length", tool_calls=[cut]))
    with pytest.raises(IncompleteResponse, match="not handed on"):
        chat(proxy, "any").invoke("hi")
    proxy.scripted.will_answer(chat_stream({"tool_calls": [{"index": 0, **cut}]}, finish="length"))
    with pytest.raises(IncompleteResponse, match="not handed on"):
        list(llm(proxy, "any").stream_chat([ChatMessage(content="hi")]))


def test_a_wrong_key_is_refused(proxy) -> None:
    asking = ChatAudio(model="offline", provider="litellm", api_key="sk-wrong", base_url=proxy.base_url, max_retries=0)
    with pytest.raises(ProviderError) as caught:
        asking.invoke("hi")
    assert caught.value.status in (400, 401)
    assert "sk-wrong" not in str(caught.value)


def test_the_proxys_own_options_are_taken(proxy) -> None:
    options = {"metadata": {"team": "a"}, "tags": ["b"]}
    proxy.scripted.will_answer(chat_reply("yes"))
    message = chat(proxy, "any", gateway_options=options).invoke("hi")
    assert isinstance(message, AIMessage)
    assert message.text == "yes"
    assert "tags" not in proxy.scripted.requests[0].json  # the proxy keeps them
