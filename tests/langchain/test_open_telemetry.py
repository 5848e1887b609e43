"""What OpenTelemetry's spans hold of a chat with audio, with OpenInference's instrumentation of LangChain."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from openinference.instrumentation import TraceConfig
from openinference.instrumentation.langchain import LangChainInstrumentor
from span_recorder import record_spans

from audio_core.testing import chat_reply, chat_stream, tone
from langchain_audio import ChatAudio, redact_audio, speech_in

WAV = tone(2.0)
B64 = base64.b64encode(WAV).decode()
AUDIO = {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}}


@pytest.fixture
def record() -> Iterator[Callable[..., Any]]:
    """Instrument LangChain, and give the exporter that keeps its spans."""
    with record_spans(LangChainInstrumentor()) as start:
        yield start


def model(gateway, **options) -> ChatAudio:
    return ChatAudio(model="m", provider="openai", api_key="sk-secret", base_url=gateway.base_url, **options)


def written(exporter: Any) -> str:
    return "".join(span.to_json() for span in exporter.get_finished_spans())


@pytest.mark.parametrize("door", ["invoke", "stream", "ainvoke", "astream"])
async def test_the_span_of_the_model_holds_references_and_tokens(gateway, record, door: str) -> None:
    exporter, messages = record(), [HumanMessage([AUDIO])]
    gateway.will_answer(chat_stream("yes") if "stream" in door else chat_reply("yes"))
    match door:
        case "stream":
            list(model(gateway).stream(messages))
        case "astream":
            _ = [chunk async for chunk in model(gateway).astream(messages)]
        case "ainvoke":
            await model(gateway).ainvoke(messages)
        case _:
            model(gateway).invoke(messages)
    (span,) = exporter.get_finished_spans()
    shown = span.to_json()
    assert "urn:sha256:" in shown
    assert '\\"seconds\\": 2.0' in shown
    assert B64[2000:2060] not in shown
    assert "sk-secret" not in shown
    assert len(shown) < 5000
    if door in ("invoke", "ainvoke"):
        assert span.attributes["llm.token_count.prompt_details.audio"] == 9


def test_a_mask_hides_what_others_record_and_what_was_said(gateway, record) -> None:
    class Redaction(TraceConfig):
        def mask(self, key: str, value: Any) -> Any:
            return redact_audio(super().mask(key, value))

    exporter = record(config=Redaction())
    gateway.will_answer(chat_reply(None, audio={"id": "a", "data": B64, "transcript": "Hello.", "expires_at": 9}))
    asking = model(gateway, modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"})
    chain = ChatPromptTemplate.from_messages([("placeholder", "{messages}")]) | asking
    answer = chain.invoke({"messages": [HumanMessage([AUDIO])]})
    assert speech_in(answer).data == WAV
    assert len(exporter.get_finished_spans()) == 3
    assert "urn:sha256:" in written(exporter)
    assert B64[2000:2060] not in json.dumps(written(exporter))
