"""Both plugins through the real LiteLLM Proxy: calls and replies are the same as without it."""

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
from oracle import check_speech
from pydantic import BaseModel

import audio_core
from audio_core import AudioClient, IncompleteResponse, InvalidOption, InvalidRequest, ProviderError
from audio_core.testing import Reply, chat_reply, chat_stream, speech_reply
from langchain_audio import AudioLoader, ChatAudio, speech_in
from llamaindex_audio import AudioLLM, AudioReader
from llamaindex_audio import speech_in as speech_in_response

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


def build_chat(proxy, model: str = "offline", **options) -> ChatAudio:
    return ChatAudio(
        model=model, provider="litellm", api_key=proxy.key, base_url=proxy.base_url, max_retries=0, **options
    )


def build_llm(proxy, model: str = "offline", **options) -> AudioLLM:
    return AudioLLM(
        model=model, provider="litellm", api_key=proxy.key, base_url=proxy.base_url, max_retries=0, **options
    )


def build_langchain_messages(call: Path) -> list[HumanMessage]:
    return [HumanMessage([{"type": "audio", "url": call.as_uri() + CLIP}, {"type": "text", "text": "Which number?"}])]


def build_llamaindex_messages(call: Path) -> list[ChatMessage]:
    blocks = [AudioBlock(url=call.as_uri() + CLIP), TextBlock(text="Which number?")]
    return [ChatMessage(role="user", blocks=blocks)]


def add_chunks(chunks: Any) -> Any:
    total, *rest = chunks
    for chunk in rest:
        total += chunk
    return total


def test_langchain_answers_about_audio_whole_and_streamed(proxy, call: Path) -> None:
    model = build_chat(proxy, access=call.parent)
    whole, streamed = (
        model.invoke(build_langchain_messages(call)),
        add_chunks(model.stream(build_langchain_messages(call))),
    )
    assert "number" in whole.text
    assert streamed.text == whole.text
    assert whole.usage_metadata["input_token_details"]["audio"] == 55
    assert streamed.usage_metadata == whole.usage_metadata
    assert streamed.response_metadata["finish_reason"] == whole.response_metadata["finish_reason"] == "stop"
    assert whole.response_metadata["request_id"]


def test_llamaindex_answers_about_audio_whole_and_streamed(proxy, call: Path) -> None:
    model = build_llm(proxy, access=call.parent)
    whole, streamed = (
        model.chat(build_llamaindex_messages(call)),
        list(model.stream_chat(build_llamaindex_messages(call)))[-1],
    )
    assert "number" in whole.message.content
    assert streamed.message.content == whole.message.content
    assert streamed.additional_kwargs["prompt_audio_tokens"] == 55


def test_speech_comes_back_whole(proxy, offline: str, call: Path) -> None:
    direct = ChatAudio(
        model="m", provider="local", base_url=offline, access=call.parent, audio=WAV, **SPEAKING
    ).invoke(build_langchain_messages(call))  # fmt: skip
    proxied = build_chat(proxy, access=call.parent, audio=WAV, **SPEAKING).invoke(build_langchain_messages(call))
    assert speech_in(proxied).data == speech_in(direct).data
    assert (speech_in(proxied).format, "number" in proxied.text) == ("wav", True)
    answer = build_llm(proxy, access=call.parent, audio=WAV, **SPEAKING).chat(build_llamaindex_messages(call))
    assert speech_in_response(answer).data == speech_in(direct).data


def test_speech_comes_back_streamed(proxy, call: Path, tmp_path: Path) -> None:
    message = add_chunks(
        build_chat(proxy, access=call.parent, audio=PCM, **SPEAKING).stream(build_langchain_messages(call))
    )
    speech = speech_in(message)
    assert len(speech.data) == pytest.approx(5.5 * 48_000, rel=0.02)
    assert speech.save(tmp_path / "reply.wav").exists()
    assert "number" in message.text
    *_, last = build_llm(proxy, access=call.parent, audio=PCM, **SPEAKING).stream_chat(build_llamaindex_messages(call))
    assert speech_in_response(last).data == speech.data


async def test_async_calls(proxy, call: Path) -> None:
    model = build_chat(proxy, access=call.parent)
    whole, chunks = await asyncio.gather(
        model.ainvoke(build_langchain_messages(call)),
        asyncio.create_task(collect(model.astream(build_langchain_messages(call)))),
    )
    assert add_chunks(chunks).text == whole.text


async def collect(items: Any) -> list[Any]:
    return [item async for item in items]


@pytest.mark.parametrize("streaming", [False, True])
def test_a_langchain_agent(proxy, streaming: bool) -> None:
    @tool
    def multiply(a: int, b: int) -> int:
        """Multiply."""
        return a * b

    agent = create_agent(build_chat(proxy, streaming=streaming), [multiply])
    messages = agent.invoke({"messages": [HumanMessage("What is 7 times 7?")]})["messages"]
    assert messages[-1].text == "The tool answered: 49"


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_llamaindex_agent(proxy, streaming: bool) -> None:
    def multiply(a: int, b: int) -> int:
        """Multiply."""
        return a * b

    agent = FunctionAgent(tools=[FunctionTool.from_defaults(fn=multiply)], llm=build_llm(proxy), streaming=streaming)
    assert str(await agent.run("What is 7 times 7?")) == "The tool answered: 49"


def test_structured_output(proxy) -> None:
    for method in ("function_calling", "json_schema"):
        booking = build_chat(proxy).with_structured_output(Booking, method=method).invoke("3 nights for 'Ann'")
        assert booking == Booking(name="Ann", nights=3)
    assert build_llm(proxy).structured_predict(Booking, PromptTemplate("3 nights for 'Ann'")) == Booking(
        name="Ann", nights=3
    )


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
def test_an_error_status_from_upstream_is_a_typed_error(proxy, status: int, kind: type[ProviderError]) -> None:
    proxy.scripted.will_answer(Reply({"error": {"message": "no", "type": "t", "code": None}}, status=status))
    with pytest.raises(kind) as caught:
        build_chat(proxy, "any").invoke("hi")
    assert caught.value.status == status
    with pytest.raises(kind):
        build_llm(proxy, "any").complete("hi")


def test_a_rate_limit_from_upstream_is_langchains_error_too(proxy) -> None:
    proxy.scripted.will_answer(Reply({"error": {"message": "slow down"}}, status=429, headers={"retry-after": "3"}))
    with pytest.raises(ModelRateLimitError):
        build_chat(proxy, "any").invoke("hi")


def test_a_stream_that_breaks_behind_the_proxy_is_an_error_and_keeps_its_text(proxy) -> None:
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
            list(build_chat(proxy, "any").stream("hi"))
        assert caught.value.partial == "half"


@pytest.mark.parametrize(
    "broken", [Reply({"error": {"message": "died", "code": 502}}), Reply({"choices": []}), Reply("<html>")]
)
def test_an_error_that_the_proxy_turns_into_an_empty_stream_is_an_error(proxy, broken: Reply) -> None:
    proxy.scripted.will_answer(broken)
    for ask in (lambda: list(build_chat(proxy, "any").stream("hi")), lambda: build_chat(proxy, "any").invoke("hi")):
        with pytest.raises(ProviderError):
            ask()


def test_a_tool_call_that_was_cut_behind_the_proxy_is_not_handed_on(proxy) -> None:
    cut = {"id": "c", "type": "function", "function": {"name": "erase", "arguments": '{"path": "/data/cus'}}
    proxy.scripted.will_answer(chat_reply(None, finish="length", tool_calls=[cut]))
    with pytest.raises(IncompleteResponse, match="not handed on"):
        build_chat(proxy, "any").invoke("hi")
    proxy.scripted.will_answer(chat_stream({"tool_calls": [{"index": 0, **cut}]}, finish="length"))
    with pytest.raises(IncompleteResponse, match="not handed on"):
        list(build_llm(proxy, "any").stream_chat([ChatMessage(content="hi")]))


def test_a_wrong_key_is_refused(proxy) -> None:
    model = ChatAudio(model="offline", provider="litellm", api_key="sk-wrong", base_url=proxy.base_url, max_retries=0)
    with pytest.raises(ProviderError) as caught:
        model.invoke("hi")
    assert caught.value.status in (400, 401)
    assert "sk-wrong" not in str(caught.value)


def test_the_proxys_own_options_are_accepted(proxy) -> None:
    options = {"metadata": {"team": "a"}, "tags": ["b"]}
    proxy.scripted.will_answer(chat_reply("yes"))
    message = build_chat(proxy, "any", gateway_options=options).invoke("hi")
    assert isinstance(message, AIMessage)
    assert message.text == "yes"
    assert "tags" not in proxy.scripted.requests[0].json  # the proxy keeps them


async def test_the_proxy_says_what_its_models_hear_and_cost(proxy, call: Path) -> None:
    client = AudioClient("litellm", model="priced", api_key=proxy.key, base_url=proxy.base_url)
    models = {model.name: model for model in await client.amodels()}
    await client.aclose()
    assert (models["hears"].hears, models["hears"].context, models["deaf"].hears) == (True, 9000, False)
    assert models["offline-whisper"].transcribes
    assert client.estimate(call).cost == pytest.approx(53.56 * 0.0001)
    assert build_chat(proxy, "hears", profile="ask").profile["max_input_tokens"] == 9000
    assert build_llm(proxy, "hears", profile="ask").metadata.context_window == 9000


def test_a_deaf_model_behind_the_proxy_is_sent_no_audio(proxy, call: Path) -> None:
    with pytest.raises(InvalidOption, match=r"deaf of litellm takes no audio. These do: hears"):
        build_chat(proxy, "deaf", profile="ask", access=call.parent).invoke(build_langchain_messages(call))
    with pytest.raises(InvalidOption, match="takes no audio"):
        build_llm(proxy, "deaf", profile="ask", access=call.parent).chat(build_llamaindex_messages(call))
    assert proxy.scripted.requests == []


@pytest.mark.parametrize("format", ["mp3", "wav", "pcm"])
async def test_speech_whole_and_streamed(proxy, recording, format: str) -> None:
    replies = {"mp3": Reply(recording("mp3"), headers={"Content-Type": "audio/mpeg"})}
    proxy.scripted.will_answer(replies.get(format, speech_reply(1.0, format)))
    client = AudioClient("litellm", model="tts", api_key=proxy.key, base_url=proxy.base_url, max_retries=0)
    options = {"voice": "alloy", "format": format, "speed": 1.25, "instructions": "Softly."}
    speech, aspeech = client.speak("Good day.", **options), await client.aspeak("Good day.", **options)
    pieces = list(client.stream_speech("Good day.", **options))
    apieces = [piece async for piece in client.astream_speech("Good day.", **options)]
    assert speech == aspeech
    assert b"".join(piece.data for piece in pieces) == b"".join(piece.data for piece in apieces) == speech.data
    assert (speech.format, pieces[0].format) == ({"pcm": "pcm16"}.get(format, format),) * 2
    for request in proxy.scripted.requests:
        assert request.path.endswith("/audio/speech")
        check_speech(request.json)
        assert (request.json["input"], request.json["instructions"]) == ("Good day.", "Softly.")


def test_a_refusal_of_speech_is_a_typed_error(proxy) -> None:
    proxy.scripted.will_answer(
        Reply({"error": {"message": "no such voice", "type": "invalid_request_error"}}, status=400)
    )
    client = AudioClient("litellm", model="tts", api_key=proxy.key, base_url=proxy.base_url, max_retries=0)
    with pytest.raises(InvalidRequest, match="no such voice"):
        client.speak("Good day.", voice="nobody")
    with pytest.raises(InvalidRequest, match="no such voice"):
        list(client.stream_speech("Good day.", voice="nobody"))


def test_speech_that_is_cut_behind_the_proxy_is_an_error(proxy) -> None:
    proxy.scripted.will_answer(Reply(speech_reply(1.0).body, headers={"Content-Type": "audio/wav"}, cut="fin"))
    client = AudioClient("litellm", model="tts", api_key=proxy.key, base_url=proxy.base_url, max_retries=0)
    for speak in (client.speak, lambda text, **options: list(client.stream_speech(text, **options))):
        with pytest.raises(ProviderError):
            speak("Good day.", voice="alloy", format="wav")
