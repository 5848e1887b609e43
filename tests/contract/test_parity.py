"""The same conversation through both frameworks is the same request, to the byte."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import AudioBlock, ChatMessage, DocumentBlock, ImageBlock, TextBlock

from audio_core import PROVIDERS
from audio_core.testing import ScriptedGateway, tone
from langchain_audio import ChatAudio
from llamaindex_audio import AudioLLM

WAV = tone(0.2)
B64 = base64.b64encode(WAV).decode()
IMAGE = "https://example.org/a.png"
SOON = int(time.time()) + 3600


def in_langchain(talk: Path) -> list[Any]:
    call = {"id": "call_1", "name": "listen", "args": {"path": "grüße.mp3", "seconds": 3}}
    spoken = {"type": "audio", "id": "audio_1", "base64": B64, "extras": {"expires_at": SOON}}
    return [
        SystemMessage("Be brief."),
        HumanMessage("hi"),
        AIMessage([{"type": "text", "text": "Hello."}, spoken]),
        HumanMessage(
            [
                {"type": "text", "text": "What is this?"},
                {"type": "audio", "base64": B64, "mime_type": "audio/mpeg"},
                {"type": "audio", "url": f"{talk.as_uri()}#t=10,12"},
                {"type": "image_url", "image_url": {"url": IMAGE}},
                {"type": "file", "base64": B64, "mime_type": "audio/wav"},
            ]
        ),
        AIMessage("I listen.", tool_calls=[call]),
        ToolMessage(
            [{"type": "text", "text": "Heard."}, {"type": "audio", "base64": B64}], tool_call_id="call_1", name="listen"
        ),
        AIMessage("Done."),
        HumanMessage([{"type": "text", "text": "Thanks."}]),
    ]


def in_llamaindex(talk: Path) -> list[ChatMessage]:
    arguments = {"path": "grüße.mp3", "seconds": 3}
    call = ToolCallBlock(tool_call_id="call_1", tool_name="listen", tool_kwargs=arguments)
    spoken = {"id": "audio_1", "expires_at": SOON, "transcript": "Hello."}
    return [
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", content="hi"),
        ChatMessage(
            role="assistant",
            blocks=[TextBlock(text="Hello."), AudioBlock(audio=WAV)],
            additional_kwargs={"audio": spoken},
        ),
        ChatMessage(
            role="user",
            blocks=[
                TextBlock(text="What is this?"),
                AudioBlock(audio=WAV, format="mp3"),
                AudioBlock(url=f"{talk.as_uri()}#t=10,12"),
                ImageBlock(url=IMAGE),
                DocumentBlock(data=WAV, document_mimetype="audio/wav"),
            ],
        ),
        ChatMessage(role="assistant", blocks=[TextBlock(text="I listen."), call]),
        ChatMessage(
            role="tool",
            blocks=[TextBlock(text="Heard."), AudioBlock(audio=WAV)],
            additional_kwargs={"tool_call_id": "call_1"},
        ),
        ChatMessage(role="assistant", content="Done."),
        ChatMessage(role="user", content="Thanks."),
    ]


def messages_in(body: bytes) -> bytes:
    """The `messages` of a request as they were written."""
    text = body.decode()
    start = text.index('"messages":') + len('"messages":')
    _, end = json.JSONDecoder().raw_decode(text[start:])
    return text[start : start + end].encode()


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("provider", [name for name, row in PROVIDERS.items() if row.api_key_env])
def test_both_frameworks_send_the_same_messages(
    gateway: ScriptedGateway, talk: Path, provider: str, streamed: bool
) -> None:
    options = {
        "model": "m",
        "provider": provider,
        "api_key": "k",
        "base_url": gateway.base_url,
        "access": talk.parent,
        "temperature": 0.5,
    }
    chat, llm = ChatAudio(**options), AudioLLM(**options)
    if streamed:
        from audio_core.testing import chat_stream

        gateway.will_answer(chat_stream("yes"))
        list(chat.stream(in_langchain(talk)))
        list(llm.stream_chat(in_llamaindex(talk)))
    else:
        chat.invoke(in_langchain(talk))
        llm.chat(in_llamaindex(talk))
    first, second = (request.body for request in gateway.requests)
    assert messages_in(first) == messages_in(second)
    assert len(messages_in(first)) > len(B64)
    assert first == second


def test_five_turns_by_reference_cost_a_few_hundred_bytes_each(gateway: ScriptedGateway, talk: Path) -> None:
    chat = ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=talk.parent)
    llm = AudioLLM(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=talk.parent)
    kept: list[Any] = []
    held: list[ChatMessage] = []
    for turn in range(5):
        clip = f"{talk.as_uri()}#t={turn},{turn + 5}"
        kept.append(HumanMessage([{"type": "audio", "url": clip}, {"type": "text", "text": "And here?"}]))
        kept.append(chat.invoke(kept))
        held.append(ChatMessage(role="user", blocks=[AudioBlock(url=clip), TextBlock(text="And here?")]))
        held.append(llm.chat(held).message)
    asked = [json.dumps(message.model_dump(mode="json")) for message in (*kept[::2], *held[::2])]
    assert max(map(len, asked)) < 600
    assert len(gateway.requests[-1].body) > 5 * 150_000  # while the request carries five seconds of sound, five times
