"""One request that holds a recording from disk: CPU and memory, beside peers and the limit.

    .venv-peers/bin/python benchmarks/sending.py [--megabytes 1 10 100 1000] [--rounds 5]

The limit is a raw socket that streams base64 in pieces of 192 KiB. Each figure is of a fresh process, after one small request.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contestants import LANGCHAIN, LLAMAINDEX, for_langchain, for_llamaindex, inlined
from measuring import ROUNDS, Cost, answer, in_turn, measured, median, middle, ratio, sink, table

LIMIT = "the limit: a raw socket, JSON"
FORM_LIMIT = "the limit: a raw socket, multipart"
FOR_ALL = (1, 100)  # MB; the others are for what streams, to see whether memory grows
PIECE = 192 * 1024
Send = Callable[[Path], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sink() as url:
        paths = [Path(folder) / f"{size}.wav" for size in options.megabytes]
        for path, size in zip(paths, options.megabytes, strict=True):
            write(path, size)
        figures = [(str(path), url) for path in paths]
        found = in_turn(
            __file__, list(SENDERS), figures, options.rounds, lambda name, at: sends(name, options.megabytes[at])
        )
    for at, size in enumerate(options.megabytes):
        report(size, {name: found[name, at] for name in SENDERS if sends(name, size)})


def sends(who: str, megabytes: int) -> bool:
    return who in STREAMED or megabytes in FOR_ALL


def report(megabytes: int, found: dict[str, list[Cost]]) -> None:
    chat, form = (median(cost.cpu for cost in found[name]) for name in (LIMIT, FORM_LIMIT))
    rows = list[tuple[str, ...]]()
    for name, costs in found.items():
        cpu = [cost.cpu for cost in costs]
        times = ratio(median(cpu), form if "multipart" in name else chat)
        rows.append((name, middle(cpu, 1000), times, middle([cost.peak for cost in costs])))
    table(f"{megabytes} MB", ("CPU, ms", "x the limit", "peak, MB"), rows)


def ready(who: str) -> Callable[[str, str], Cost]:
    SENDERS[who]("http://127.0.0.1:1/v1")  # imports

    def measure(path: str, url: str) -> Cost:
        send = SENDERS[who](url)
        with tempfile.TemporaryDirectory() as folder:
            small = Path(folder) / "small.wav"
            write(small, 0.001)
            send(small)
        return measured(lambda: send(Path(path)))

    return measure


def write(path: Path, megabytes: float) -> None:
    """A WAV of noise."""
    size = round(megabytes * 1e6)
    head = (
        b"RIFF" + (size + 36).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data"
    )
    with path.open("wb") as file:
        file.write(head + size.to_bytes(4, "little"))
        for _ in range(size // 10**6):
            file.write(os.urandom(10**6))
        file.write(bytes(size % 10**6))


def raw_socket(url: str) -> Send:
    import pybase64

    connect = functools.cache(lambda: _connected(url))

    def send(path: Path) -> None:
        connection = connect()
        length = -(-path.stat().st_size // 3) * 4
        head, tail = b'{"model":"m","messages":[{"role":"user","content":[{"data":"', b'"}]}]}'
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (length + len(head + tail))
        )
        connection.sendall(head)
        with path.open("rb") as file:
            while piece := file.read(PIECE // 4 * 3):
                connection.sendall(pybase64.b64encode(piece))
        connection.sendall(tail)
        connection.recv(65536)

    return send


def raw_socket_form(url: str) -> Send:
    connect = functools.cache(lambda: _connected(url))

    def send(path: Path) -> None:
        connection, length = connect(), path.stat().st_size
        head, tail = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n', b"\r\n--b--\r\n"
        connection.sendall(
            b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            b"Content-Length: %d\r\n\r\n" % (length + len(head + tail))
        )
        connection.sendall(head)
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                connection.sendall(piece)
        connection.sendall(tail)
        connection.recv(65536)

    return send


def _connected(url: str) -> socket.socket:
    host, port = url.split("/")[2].split(":")
    return socket.create_connection((host, int(port)))


def trivial(url: str) -> Send:
    import httpx
    import pybase64
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, HumanMessage
    from langchain_core.outputs import ChatGeneration, ChatResult

    client = httpx.Client()

    class Trivial(BaseChatModel):
        @property
        def _llm_type(self) -> str:
            return "trivial"

        def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
            path = Path(messages[0].content[0]["url"])

            def body() -> Any:
                yield b'{"model":"m","messages":[{"role":"user","content":[{"data":"'
                with path.open("rb") as file:
                    while piece := file.read(PIECE // 4 * 3):
                        yield pybase64.b64encode(piece)
                yield b'"}]}]}'

            length = -(-path.stat().st_size // 3) * 4 + 60 + 6
            reply = client.post(
                f"{url}/chat/completions", content=body(), headers={"Content-Length": str(length)}, timeout=600
            )
            text = reply.json()["choices"][0]["message"]["content"]
            return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    return lambda path: Trivial().invoke([HumanMessage([{"type": "audio", "url": str(path)}])])


def langchain(name: str, *, is_async: bool = False) -> Callable[[str], Send]:
    def sender(url: str) -> Send:
        model, loop = LANGCHAIN[name](url), asyncio.new_event_loop()
        if is_async:
            return lambda path: loop.run_until_complete(model.ainvoke(for_langchain(name, path)))
        return lambda path: model.invoke(for_langchain(name, path))

    return sender


def llamaindex(name: str, *, is_async: bool = False) -> Callable[[str], Send]:
    def sender(url: str) -> Send:
        llm, loop = LLAMAINDEX[name](url), asyncio.new_event_loop()
        if is_async:
            return lambda path: loop.run_until_complete(llm.achat(for_llamaindex(path)))
        return lambda path: llm.chat(for_llamaindex(path))

    return sender


def upload(url: str, provider: str = "openai") -> Send:
    from dataclasses import replace

    from audio_core import AudioClient
    from audio_core.integration import find_provider

    row = replace(find_provider(provider), max_upload_bytes=None, max_upload_seconds=1e9)
    client = AudioClient(row, model="m", api_key="k", base_url=url, timeout=600)
    return client.transcribe


def upload_json(url: str) -> Send:
    return upload(url, "openrouter")


def litellm(url: str) -> Send:
    import litellm

    def send(path: Path) -> None:
        litellm.completion(
            "openai/gpt-audio", api_base=url, api_key="k", messages=[{"role": "user", "content": [inlined(path)]}]
        )

    return send


def openai_sdk(url: str) -> Send:
    import openai

    client = openai.OpenAI(base_url=url)
    return lambda path: client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": [inlined(path)]}], timeout=600
    )


SENDERS: dict[str, Callable[[str], Send]] = {
    LIMIT: raw_socket,
    FORM_LIMIT: raw_socket_form,
    "ours: ChatAudio": langchain("ours: ChatAudio"),
    "ours: ChatAudio, async": langchain("ours: ChatAudio", is_async=True),
    "ours: AudioLLM": llamaindex("ours: AudioLLM"),
    "ours: AudioLLM, async": llamaindex("ours: AudioLLM", is_async=True),
    "ours: transcription, multipart": upload,
    "ours: transcription, JSON": upload_json,
    "a trivial BaseChatModel that streams": trivial,
    **{name: langchain(name) for name in LANGCHAIN if not name.startswith("ours")},
    **{name: llamaindex(name) for name in LLAMAINDEX if not name.startswith("ours")},
    "litellm": litellm,
    "openai": openai_sdk,
}
STREAMED = [who for who in SENDERS if who.startswith(("the limit", "ours", "a trivial"))]

if __name__ == "__main__":
    answer(ready) if sys.argv[1:2] == ["--of"] else main()
