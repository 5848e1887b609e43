"""What the spans of LlamaIndex's instrumentation show of audio, to handlers and exporters."""

import asyncio
import base64
import inspect
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.span import SimpleSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.llms import AudioBlock, ChatMessage, MockLLM, TextBlock
from llama_index.core.tools import FunctionTool
from pydantic import Field

from audio_core import AudioClient, AudioError
from audio_core.testing import Reply, chat_reply, chat_stream, tone
from llamaindex_audio import AudioLLM, TranscribingLLM, speech_in

WAV = tone(1.0)
B64 = base64.b64encode(WAV).decode()
CALL = {"id": "c", "type": "function", "function": {"name": "look_up", "arguments": '{"word": "tone"}'}}
HEARD = Reply({"text": "A tone.", "usage": {"type": "duration", "seconds": 1}})


class Spans(BaseSpanHandler[SimpleSpan]):
    """Keeps the names of spans, with their arguments and results as an exporter writes them."""

    entered: list[tuple[str, str]] = Field(default_factory=list)
    left: list[tuple[str, Any]] = Field(default_factory=list)

    def new_span(
        self, id_: str, bound_args: inspect.BoundArguments, instance: Any = None, *_: Any, **__: Any
    ) -> SimpleSpan:
        assert instance is not None
        self.entered.append((id_.partition("-")[0], write(bound_args.arguments)))
        return SimpleSpan(id_=id_)

    def prepare_to_exit_span(
        self, id_: str, bound_args: Any, instance: Any = None, result: Any = None, **_: Any
    ) -> Any:
        self.left.append((id_.partition("-")[0], write(result)))
        return self.open_spans[id_]

    def prepare_to_drop_span(self, id_: str, *_: Any, err: BaseException | None = None, **__: Any) -> Any:
        self.left.append((id_.partition("-")[0], type(err).__name__))
        return self.open_spans[id_]


def write(value: Any) -> str:
    match value:
        case dict():
            return " ".join(f"{name}={write(item)}" for name, item in value.items())
        case list() | tuple():
            return " ".join(map(write, value))
        case ChatMessage():
            return value.model_dump_json()
        case _:
            return repr(value)


@pytest.fixture
def spans() -> Iterator[Spans]:
    dispatcher, handler = get_dispatcher(), Spans()
    dispatcher.add_span_handler(handler)
    yield handler
    dispatcher.span_handlers.remove(handler)


def look_up(word: str) -> str:
    """Look a word up."""
    return f"{word}: a sound"


def ask(message: ChatMessage, llm: Any, method: str) -> Any:
    match method:
        case "chat" | "achat":
            return getattr(llm, method)([message])
        case "stream_chat":
            return list(llm.stream_chat([message]))[-1]
        case "astream_chat":

            async def read() -> Any:
                return [response async for response in await llm.astream_chat([message])][-1]

            return read()
        case _:
            return getattr(llm, method)([FunctionTool.from_defaults(look_up)], chat_history=[message])


SOURCES: dict[str, Callable[[Any], AudioBlock]] = {
    "bytes": lambda path: AudioBlock(audio=WAV),
    "file in memory": lambda path: AudioBlock(audio=io.BytesIO(WAV)),
    "open file": lambda path: AudioBlock(audio=path.open("rb")),
    "data URI": lambda path: AudioBlock(url=f"data:audio/wav;base64,{B64}"),
    "path": lambda path: AudioBlock(path=path),
}
ANSWERS = {
    "chat": chat_reply("A tone."),
    "stream_chat": chat_stream("A tone."),
    "predict_and_call": chat_reply(None, tool_calls=[CALL], finish="tool_calls"),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "method", ["chat", "achat", "stream_chat", "astream_chat", "predict_and_call", "apredict_and_call"]
)
def test_spans_show_references_and_the_gateway_hears_the_audio(
    gateway, spans, tmp_path, source: str, method: str
) -> None:
    path = tmp_path / "tone.wav"
    path.write_bytes(WAV)
    block = SOURCES[source](path)
    message = ChatMessage(role="user", blocks=[block, TextBlock(text="What?")])
    gateway.will_answer(ANSWERS[method.removeprefix("a")])
    answer = ask(
        message, AudioLLM(model="m", provider="openai", api_key="sk-secret", base_url=gateway.base_url), method
    )
    answer = asyncio.run(answer) if inspect.iscoroutine(answer) else answer
    if isinstance(block.audio, io.IOBase):
        block.audio.close()
    assert "tone" in str(answer)
    assert gateway.requests[0].json["messages"][0]["content"][0]["input_audio"]["data"] == B64
    name, arguments = spans.entered[0]
    assert name == f"AudioLLM.{method}"
    assert "messages=" in arguments or "chat_history=" in arguments
    assert "What?" in arguments
    assert ("urn:sha256:" in arguments) == (source not in ("path", "open file"))
    shown = repr(spans.entered + spans.left)
    assert B64[2000:2060] not in shown
    assert "sk-secret" not in shown
    assert [name for name, _ in spans.left][-1] == name


def test_a_spoken_reply_is_a_reference_in_the_span_and_whole_for_the_caller(gateway, spans) -> None:
    gateway.will_answer(chat_reply(None, audio={"id": "audio_1", "data": B64, "transcript": "Hello.", "expires_at": 9}))
    options = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    llm = AudioLLM(model="m", provider="openai", api_key="k", base_url=gateway.base_url, **options)
    assert speech_in(llm.chat([ChatMessage(content="Hello?")])).data == WAV
    (shown,) = [result for name, result in spans.left if name == "AudioLLM.chat"]
    assert "urn:sha256:" in shown
    assert B64[2000:2060] not in shown


@pytest.mark.parametrize("method", ["chat", "achat", "stream_chat", "astream_chat"])
def test_the_spans_of_an_llm_that_reads_transcripts_show_references_too(gateway, spans, method: str) -> None:
    gateway.will_answer(HEARD)
    llm = TranscribingLLM(MockLLM(), AudioClient("openai", api_key="k", base_url=gateway.base_url, model="m"))
    answer = ask(ChatMessage(role="user", blocks=[AudioBlock(audio=WAV)]), llm, method)
    answer = asyncio.run(answer) if inspect.iscoroutine(answer) else answer
    assert "A tone." in str(answer)
    assert spans.entered[0][0] == f"TranscribingLLM.{method}"
    assert "urn:sha256:" in spans.entered[0][1]
    assert B64[2000:2060] not in repr(spans.entered + spans.left)


def test_a_failure_ends_the_span(gateway, spans) -> None:
    llm = AudioLLM(model="m", provider="openai", api_key="k", base_url=gateway.base_url)
    with pytest.raises(AudioError):
        llm.chat([ChatMessage(role="user", blocks=[AudioBlock(audio=b"no audio at all")])])
    assert spans.left == [("AudioLLM.chat", "InvalidAudio")]


def test_without_a_span_handler_nothing_is_searched_for_audio(gateway, monkeypatch) -> None:
    monkeypatch.setattr("llamaindex_audio.spans.redact_audio", lambda value: pytest.fail("searched"))
    llm = AudioLLM(model="m", provider="openai", api_key="k", base_url=gateway.base_url)
    assert llm.chat([ChatMessage(role="user", blocks=[AudioBlock(audio=WAV)])]).message.content
