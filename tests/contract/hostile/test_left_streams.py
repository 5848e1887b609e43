"""A user leaves a stream, or a task is cancelled: the connection is closed at once."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator

import pytest
from doors import KEY
from hostile import misbehave
from langchain_core.messages import HumanMessage
from llama_index.core.llms import ChatMessage
from raw_server import RawServer

from audio_core import AudioClient
from audio_core.testing import chat_stream
from langchain_audio import ChatAudio
from llamaindex_audio import AudioLLM

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
ENDLESS = chat_stream(*["word "] * 1000, between=0.01)


def chat_audio(base_url: str) -> ChatAudio:
    return ChatAudio(provider="openai", model="m", api_key=KEY, base_url=base_url)


def audio_llm(base_url: str) -> AudioLLM:
    return AudioLLM(provider="openai", model="m", api_key=KEY, base_url=base_url)


def client(base_url: str) -> AudioClient:
    return AudioClient("openai", model="m", api_key=KEY, base_url=base_url)


MESSAGES = [ChatMessage(role="user", content="hi")]
OPEN = {
    "core": lambda url: client(url).stream_chat([{"role": "user", "content": "hi"}], {}),
    "langchain": lambda url: chat_audio(url).stream([HumanMessage("hi")]),
    "llamaindex": lambda url: audio_llm(url).stream_chat(MESSAGES),
}


async def open_llamaindex(url: str) -> AsyncIterator:
    async for response in await audio_llm(url).astream_chat(MESSAGES):
        yield response


OPEN_ASYNC = {
    "core": lambda url: client(url).astream_chat([{"role": "user", "content": "hi"}], {}),
    "langchain": lambda url: chat_audio(url).astream([HumanMessage("hi")]),
    "llamaindex": open_llamaindex,
}


@pytest.mark.parametrize("open_stream", OPEN.values(), ids=OPEN)
@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "dropped"])
def test_a_stream_that_is_left_closes_its_connection(gateway, open_stream, is_closed: bool) -> None:
    gateway.will_answer(ENDLESS)
    stream = open_stream(gateway.base_url)
    next(stream)
    if is_closed:
        stream.close()
    del stream
    assert gateway.abandoned.wait(60)


def stall(server: RawServer, connection: socket.socket) -> None:
    server.wait_for_close(connection)


def send_endless(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(EVENTS)
    server.dribble(connection, "".join(chat_stream("word ", finish=None, done=False).body).encode())


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("open_stream", OPEN_ASYNC.values(), ids=OPEN_ASYNC)
@pytest.mark.parametrize("respond", [send_endless, stall])
async def test_a_task_that_is_cancelled_closes_its_connection(open_stream, respond, turns: int) -> None:
    """Also in the very turn of the event loop in which data arrives."""
    reached = threading.Event()

    def handle(server: RawServer, connection: socket.socket) -> None:
        reached.set()
        respond(server, connection)

    async def read(base_url: str) -> None:
        async with contextlib.aclosing(open_stream(base_url)) as stream:
            async for _ in stream:
                pass

    with misbehave(handle) as (server, _):
        task = asyncio.create_task(read(server.base_url))
        assert await asyncio.to_thread(reached.wait, 60)
        time.sleep(0.02)  # noqa: ASYNC251 - the loop stands still until data are there
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=60)
        assert task.cancelled()
        assert await asyncio.to_thread(server.closed.wait, 60)
