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
EXPIRES_AT = int(time.time()) + 3600


def build_langchain_messages(talk: Path) -> list[Any]:
    call = {"id": "call_1", "name": "listen", "args": {"path": "grüße.mp3", "seconds": 3}}
    speech = {"type": "audio", "id": "audio_1", "base64": B64, "extras": {"expires_at": EXPIRES_AT}}
    return [
        SystemMessage("Be brief."),
        HumanMessage("hi"),
        AIMessage([{"type": "text", "text": "Hello."}, speech]),
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


def build_llamaindex_messages(talk: Path) -> list[ChatMessage]:
    arguments = {"path": "grüße.mp3", "seconds": 3}
    call = ToolCallBlock(tool_call_id="call_1", tool_name="listen", tool_kwargs=arguments)
    speech = {"id": "audio_1", "expires_at": EXPIRES_AT, "transcript": "Hello."}
    return [
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", content="hi"),
        ChatMessage(
            role="assistant",
            blocks=[TextBlock(text="Hello."), AudioBlock(audio=WAV)],
            additional_kwargs={"audio": speech},
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


def extract_messages(body: bytes) -> bytes:
    """Extract the `messages` of a request as they were sent."""
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
        list(chat.stream(build_langchain_messages(talk)))
        list(llm.stream_chat(build_llamaindex_messages(talk)))
    else:
        chat.invoke(build_langchain_messages(talk))
        llm.chat(build_llamaindex_messages(talk))
    first, second = (request.body for request in gateway.requests)
    assert extract_messages(first) == extract_messages(second)
    assert len(extract_messages(first)) > len(B64)
    assert first == second


def test_messages_with_audio_by_reference_take_a_few_hundred_bytes_each(gateway: ScriptedGateway, talk: Path) -> None:
    chat = ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=talk.parent)
    llm = AudioLLM(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=talk.parent)
    langchain_messages: list[Any] = []
    llamaindex_messages: list[ChatMessage] = []
    for start in range(5):
        clip = f"{talk.as_uri()}#t={start},{start + 5}"
        langchain_messages.append(HumanMessage([{"type": "audio", "url": clip}, {"type": "text", "text": "And here?"}]))
        langchain_messages.append(chat.invoke(langchain_messages))
        llamaindex_messages.append(ChatMessage(role="user", blocks=[AudioBlock(url=clip), TextBlock(text="And here?")]))
        llamaindex_messages.append(llm.chat(llamaindex_messages).message)
    user_messages = [
        json.dumps(message.model_dump(mode="json")) for message in (*langchain_messages[::2], *llamaindex_messages[::2])
    ]
    assert max(map(len, user_messages)) < 600
    assert len(gateway.requests[-1].body) > 5 * 150_000  # the request has five seconds of audio, five times
