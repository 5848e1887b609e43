"""Every interface through which a user reaches a gateway, as one function each.

A door takes the base URL of a gateway and the path or URL of a recording, does one thing, and returns the text that it
gets. It raises what the interface raises. LangChain's tools answer a wrong call instead: their doors raise that answer
as a `ToolRefusal`, after checking that the agent would go on.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import BaseTool
from llama_index.core.llms import AudioBlock, ChatMessage

from audio_core import Access, Audio, AudioClient
from audio_core.integration import ToolRefusal
from audio_core.testing import Reply, chat_reply, chat_stream
from langchain_audio import AudioLoader, ChatAudio, ListenTool, TranscribeTool
from llamaindex_audio import AudioLLM, AudioReader, ListenToolSpec

KEY = "live_4f2c91d07b"  # no prefix that keys are known by
QUESTION = "What is said?"


@dataclass(frozen=True)
class Door:
    """One interface.

    Attributes:
        name: of the interface, as test ids show it.
        is_chat: whether it asks a chat model; else it transcribes.
        is_streamed: whether it asks the gateway for a stream.
        is_tool: whether a model calls it, which names the recording itself.
        use: the function; it takes base URL, recording, what may be opened (an `Access`), and options of the client.
    """

    name: str
    is_chat: bool
    is_streamed: bool
    is_tool: bool
    use: Callable[..., str]

    def __call__(self, base_url: str, recording: str, access: Access | None = None, **options: Any) -> str:
        """Return the text that this interface gets for a recording.

        Args:
            base_url: of the gateway.
            recording: path or URL.
            access: what may be opened.
            **options: of the client, such as `timeout`.
        """
        return self.use(base_url, recording, access, **options)


DOORS: list[Door] = []


def _door(name: str, *, chat: bool = False, streamed: bool = False, tool: bool = False) -> Callable[..., Any]:
    def register(use: Callable[..., Any]) -> Callable[..., Any]:
        is_async = inspect.iscoroutinefunction(use)
        call = (lambda *args, **options: asyncio.run(use(*args, **options))) if is_async else use
        DOORS.append(Door(name, chat, streamed, tool, call))
        return use

    return register


def _settings(base_url: str, access: Access | None, **options: Any) -> dict[str, Any]:
    return {"provider": "openai", "model": "m", "api_key": KEY, "base_url": base_url, "access": access, **options}


def _create_client(base_url: str, access: Access | None, **options: Any) -> AudioClient:
    return AudioClient(**_settings(base_url, access, **options))


async def _join(texts: AsyncIterator[str]) -> str:
    return "".join([text async for text in texts])


# --- the core ---


@_door("AudioClient.ask", chat=True)
def _ask(base_url: str, recording: str, access: Any, **options: Any) -> str:
    with _create_client(base_url, access, **options) as client:
        return client.ask(recording, QUESTION).text


@_door("AudioClient.aask", chat=True)
async def _aask(base_url: str, recording: str, access: Any, **options: Any) -> str:
    async with _create_client(base_url, access, **options) as client:
        return (await client.aask(recording, QUESTION)).text


@_door("AudioClient.stream", chat=True, streamed=True)
def _stream(base_url: str, recording: str, access: Any, **options: Any) -> str:
    with _create_client(base_url, access, **options) as client:
        return "".join(delta.text for delta in client.stream(recording, QUESTION))


@_door("AudioClient.astream", chat=True, streamed=True)
async def _astream(base_url: str, recording: str, access: Any, **options: Any) -> str:
    async with _create_client(base_url, access, **options) as client:
        return await _join(delta.text async for delta in client.astream(recording, QUESTION))


@_door("AudioClient.transcribe")
def _transcribe(base_url: str, recording: str, access: Any, **options: Any) -> str:
    with _create_client(base_url, access, **options) as client:
        return client.transcribe(recording).text


@_door("AudioClient.atranscribe")
async def _atranscribe(base_url: str, recording: str, access: Any, **options: Any) -> str:
    async with _create_client(base_url, access, **options) as client:
        return (await client.atranscribe(recording)).text


@_door("AudioClient.stream_transcript", streamed=True)
def _stream_transcript(base_url: str, recording: str, access: Any, **options: Any) -> str:
    with _create_client(base_url, access, **options) as client:
        return "".join(segment.text for segment in client.stream_transcript(recording) if not segment.is_partial)


@_door("AudioClient.astream_transcript", streamed=True)
async def _astream_transcript(base_url: str, recording: str, access: Any, **options: Any) -> str:
    async with _create_client(base_url, access, **options) as client:
        segments = client.astream_transcript(recording)
        return await _join(segment.text async for segment in segments if not segment.is_partial)


# --- LangChain ---


def _build_message(recording: str) -> list[HumanMessage]:
    url = Audio.of(recording).reference if Path(recording).is_absolute() else recording
    block = {"type": "audio", "url": url}
    return [HumanMessage([block, {"type": "text", "text": QUESTION}])]


@_door("ChatAudio.invoke", chat=True)
def _invoke(base_url: str, recording: str, access: Any, **options: Any) -> str:
    return ChatAudio(**_settings(base_url, access, **options)).invoke(_build_message(recording)).text


@_door("ChatAudio.ainvoke", chat=True)
async def _ainvoke(base_url: str, recording: str, access: Any, **options: Any) -> str:
    return (await ChatAudio(**_settings(base_url, access, **options)).ainvoke(_build_message(recording))).text


@_door("ChatAudio.stream", chat=True, streamed=True)
def _chat_stream(base_url: str, recording: str, access: Any, **options: Any) -> str:
    model = ChatAudio(**_settings(base_url, access, **options))
    return "".join(chunk.text for chunk in model.stream(_build_message(recording)))


@_door("ChatAudio.astream", chat=True, streamed=True)
async def _chat_astream(base_url: str, recording: str, access: Any, **options: Any) -> str:
    model = ChatAudio(**_settings(base_url, access, **options))
    return await _join(chunk.text async for chunk in model.astream(_build_message(recording)))


@_door("ChatAudio(streaming).invoke", chat=True, streamed=True)
def _invoke_streaming(base_url: str, recording: str, access: Any, **options: Any) -> str:
    model = ChatAudio(**_settings(base_url, access, streaming=True, **options))
    return model.invoke(_build_message(recording)).text


@_door("AudioLoader.load")
def _load(base_url: str, recording: str, access: Any, **options: Any) -> str:
    documents = AudioLoader(recording, **_settings(base_url, access, **options)).load()
    return " ".join(document.page_content for document in documents)


@_door("AudioLoader.alazy_load")
async def _alazy_load(base_url: str, recording: str, access: Any, **options: Any) -> str:
    documents = AudioLoader(recording, **_settings(base_url, access, **options)).alazy_load()
    return await _join(document.page_content async for document in documents)


def _build_call(tool: BaseTool, recording: str) -> dict[str, Any]:
    arguments = {"audio": recording, **({"question": QUESTION} if tool.name == "listen" else {})}
    return {"type": "tool_call", "id": "call-1", "name": tool.name, "args": arguments}


def _read_answer(message: Any) -> str:
    assert isinstance(message, ToolMessage)
    if message.status == "error":
        raise ToolRefusal(message.text)
    return message.text


@_door("ListenTool.invoke", chat=True, tool=True)
def _listen(base_url: str, recording: str, access: Any, **options: Any) -> str:
    tool = ListenTool(client=_create_client(base_url, None, **options), access=access)
    return _read_answer(tool.invoke(_build_call(tool, recording)))


@_door("TranscribeTool.ainvoke", tool=True)
async def _transcribe_tool(base_url: str, recording: str, access: Any, **options: Any) -> str:
    async with _create_client(base_url, None, **options) as client:
        tool = TranscribeTool(client=client, access=access)
        return _read_answer(await tool.ainvoke(_build_call(tool, recording)))


# --- LlamaIndex ---


def _build_chat_message(recording: str) -> list[ChatMessage]:
    source: dict[str, Any] = {"path" if Path(recording).is_absolute() else "url": recording}
    return [ChatMessage(role="user", blocks=[AudioBlock(**source)])]


async def _create_async_stream(answers: Awaitable[Any]) -> AsyncIterator[str]:
    async for response in await answers:
        yield response.delta or ""


@_door("AudioLLM.chat", chat=True)
def _llm_chat(base_url: str, recording: str, access: Any, **options: Any) -> str:
    return str(AudioLLM(**_settings(base_url, access, **options)).chat(_build_chat_message(recording)).message.content)


@_door("AudioLLM.achat", chat=True)
async def _llm_achat(base_url: str, recording: str, access: Any, **options: Any) -> str:
    llm = AudioLLM(**_settings(base_url, access, **options))
    return str((await llm.achat(_build_chat_message(recording))).message.content)


@_door("AudioLLM.stream_chat", chat=True, streamed=True)
def _llm_stream(base_url: str, recording: str, access: Any, **options: Any) -> str:
    llm = AudioLLM(**_settings(base_url, access, **options))
    return "".join(response.delta or "" for response in llm.stream_chat(_build_chat_message(recording)))


@_door("AudioLLM.astream_chat", chat=True, streamed=True)
async def _llm_astream(base_url: str, recording: str, access: Any, **options: Any) -> str:
    llm = AudioLLM(**_settings(base_url, access, **options))
    return await _join(_create_async_stream(llm.astream_chat(_build_chat_message(recording))))


@_door("AudioReader.load_data")
def _load_data(base_url: str, recording: str, access: Any, **options: Any) -> str:
    documents = AudioReader(**_settings(base_url, access, **options)).load_data(recording)
    return " ".join(document.text for document in documents)


@_door("AudioReader.aload_data")
async def _aload_data(base_url: str, recording: str, access: Any, **options: Any) -> str:
    documents = await AudioReader(**_settings(base_url, access, **options)).aload_data(recording)
    return " ".join(document.text for document in documents)


@_door("ListenToolSpec.alisten", chat=True, tool=True)
async def _spec_listen(base_url: str, recording: str, access: Any, **options: Any) -> str:
    async with _create_client(base_url, None, **options) as client:
        return await ListenToolSpec(client, access=access).alisten(recording, QUESTION)


@_door("ListenToolSpec.transcribe", tool=True)
def _spec_transcribe(base_url: str, recording: str, access: Any, **options: Any) -> str:
    with _create_client(base_url, None, **options) as client:
        return ListenToolSpec(client, client, access=access).transcribe(recording)


# --- choices of doors ---

CHAT = [door for door in DOORS if door.is_chat and not door.is_streamed]
CHAT_STREAMS = [door for door in DOORS if door.is_chat and door.is_streamed]
TRANSCRIPTS = [door for door in DOORS if not door.is_chat and not door.is_streamed]
TRANSCRIPT_STREAMS = [door for door in DOORS if not door.is_chat and door.is_streamed]
TOOLS = [door for door in DOORS if door.is_tool]


def _choose(*names: str) -> list[Door]:
    return [door for door in DOORS if door.name in names]


# Some from each package, for variants of what goes through all doors elsewhere.
FEW = _choose("AudioClient.transcribe", "ChatAudio.invoke", "AudioLLM.achat", "AudioLoader.alazy_load")
FEW_STREAMS = _choose("AudioClient.stream", "AudioClient.astream_transcript", "ChatAudio.astream")
FEW_TOOLS = _choose("ListenTool.invoke", "ListenToolSpec.transcribe")
SOME = [*FEW, *FEW_STREAMS, *FEW_TOOLS]


def through(*doors: Door) -> pytest.MarkDecorator:
    """Return a mark that runs a test through each of the doors, as its argument `door`."""
    return pytest.mark.parametrize("door", doors, ids=[door.name for door in doors])


def answer(door: Door) -> Reply:
    """Return a whole reply for a door: it says "yes"."""
    if not door.is_chat:
        return Reply({"text": "yes"})
    return chat_stream("yes") if door.is_streamed else chat_reply("yes")
