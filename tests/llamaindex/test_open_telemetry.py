"""What OpenTelemetry's spans hold of a chat with audio, with OpenInference's instrumentation of LlamaIndex."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import AudioBlock, ChatMessage, TextBlock
from openinference.instrumentation import TraceConfig
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from span_recorder import record_spans

from audio_core.testing import chat_reply, chat_stream, tone
from llamaindex_audio import AudioLLM, redact_audio

pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")  # LlamaIndex's agents

WAV = tone(2.0)
MARK = base64.b64encode(WAV).decode()[2000:2060]


@pytest.fixture
def record() -> Iterator[Callable[..., Any]]:
    """Instrument LlamaIndex, and give the exporter that keeps its spans."""
    with record_spans(LlamaIndexInstrumentor()) as start:
        yield start


def llm(gateway) -> AudioLLM:
    return AudioLLM(model="m", provider="openai", api_key="sk-secret", base_url=gateway.base_url)


def message() -> ChatMessage:
    return ChatMessage(role="user", blocks=[AudioBlock(audio=WAV), TextBlock(text="What?")])


@pytest.mark.parametrize("door", ["chat", "stream_chat", "achat", "astream_chat"])
async def test_the_span_of_the_llm_holds_references_and_tokens(gateway, record, door: str) -> None:
    exporter = record()
    gateway.will_answer(chat_stream("yes") if "stream" in door else chat_reply("yes"))
    match door:
        case "stream_chat":
            list(llm(gateway).stream_chat([message()]))
        case "astream_chat":
            _ = [response async for response in await llm(gateway).astream_chat([message()])]
        case "achat":
            await llm(gateway).achat([message()])
        case _:
            llm(gateway).chat([message()])
    (span,) = exporter.get_finished_spans()
    shown = span.to_json()
    assert span.name == f"AudioLLM.{door}"
    assert "urn:sha256:" in shown
    assert MARK not in shown
    assert "sk-secret" not in shown
    assert len(shown) < 5000
    if door in ("chat", "achat"):
        assert span.attributes["llm.token_count.prompt_details.audio"] == 9


async def test_a_mask_hides_what_an_agent_records(gateway, record) -> None:
    class Redaction(TraceConfig):
        def mask(self, key: str, value: Any) -> Any:
            return redact_audio(super().mask(key, value))

    exporter = record(config=Redaction())
    gateway.will_answer(chat_reply("yes"))
    answer = await FunctionAgent(llm=llm(gateway), tools=[], streaming=False).run(message())
    assert "yes" in str(answer)
    shown = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert "FunctionAgent.run" in shown
    assert "urn:sha256:" in shown
    assert MARK not in shown
