"""One request with a recording from disk: CPU and memory, compared with peers and the limit.

    .venv-peers/bin/python benchmarks/sending.py [--megabytes 1 10 100 1000] [--rounds 5]

The limit is a raw socket that streams base64 in pieces of 192 KiB. Each figure is measured in a fresh process, after
one small request.
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

from contestants import LANGCHAIN, LLAMAINDEX, to_input_audio, to_langchain_messages, to_llamaindex_messages
from measuring import (
    ROUNDS,
    Cost,
    compute_median,
    format_median,
    format_ratio,
    measure_cost,
    print_table,
    run_contestant,
    run_sink,
    take_turns,
)

LIMIT = "the limit: a raw socket, JSON"
FORM_LIMIT = "the limit: a raw socket, multipart"
COMMON_SIZES = (1, 100)  # MB; other sizes are measured only for what streams, to see whether memory grows
BLOCK = 192 * 1024  # bytes
Send = Callable[[Path], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, run_sink() as url:
        paths = [Path(folder) / f"{size}.wav" for size in options.megabytes]
        for path, size in zip(paths, options.megabytes, strict=True):
            write_wav(path, size)
        figures = [(str(path), url) for path in paths]
        costs = take_turns(
            __file__, list(SENDERS), figures, options.rounds, lambda name, at: is_measured(name, options.megabytes[at])
        )
    for index, size in enumerate(options.megabytes):
        report(size, {name: costs[name, index] for name in SENDERS if is_measured(name, size)})


def is_measured(name: str, megabytes: int) -> bool:
    return name in STREAMED or megabytes in COMMON_SIZES


def report(megabytes: int, figures: dict[str, list[Cost]]) -> None:
    chat, form = (compute_median(cost.cpu for cost in figures[name]) for name in (LIMIT, FORM_LIMIT))
    rows = list[tuple[str, ...]]()
    for name, costs in figures.items():
        cpu = [cost.cpu for cost in costs]
        multiple = format_ratio(compute_median(cpu), form if "multipart" in name else chat)
        rows.append((name, format_median(cpu, 1000), multiple, format_median([cost.peak for cost in costs])))
    print_table(f"{megabytes} MB", ("CPU, ms", "x the limit", "peak, MB"), rows)


def prepare(name: str) -> Callable[[str, str], Cost]:
    SENDERS[name]("http://127.0.0.1:1/v1")  # imports what the contestant needs

    def measure(path: str, url: str) -> Cost:
        send = SENDERS[name](url)
        with tempfile.TemporaryDirectory() as folder:
            small = Path(folder) / "small.wav"
            write_wav(small, 0.01)  # 0.3 s: what is much shorter is not sent
            send(small)
        return measure_cost(lambda: send(Path(path)))

    return measure


def write_wav(path: Path, megabytes: float) -> None:
    """Write a WAV file of noise."""
    size = round(megabytes * 1e6)
    head = (
        b"RIFF" + (size + 36).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data"
    )
    with path.open("wb") as file:
        file.write(head + size.to_bytes(4, "little"))
        for _ in range(size // 10**6):
            file.write(os.urandom(10**6))
        file.write(bytes(size % 10**6))


def create_socket_sender(url: str) -> Send:
    import pybase64

    connect = functools.cache(lambda: _connect(url))

    def send(path: Path) -> None:
        connection = connect()
        length = -(-path.stat().st_size // 3) * 4
        head, tail = b'{"model":"m","messages":[{"role":"user","content":[{"data":"', b'"}]}]}'
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (length + len(head + tail))
        )
        connection.sendall(head)
        with path.open("rb") as file:
            while block := file.read(BLOCK // 4 * 3):
                connection.sendall(pybase64.b64encode(block))
        connection.sendall(tail)
        connection.recv(65536)

    return send


def create_socket_form_sender(url: str) -> Send:
    connect = functools.cache(lambda: _connect(url))

    def send(path: Path) -> None:
        connection, length = connect(), path.stat().st_size
        head, tail = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n', b"\r\n--b--\r\n"
        connection.sendall(
            b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            b"Content-Length: %d\r\n\r\n" % (length + len(head + tail))
        )
        connection.sendall(head)
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                connection.sendall(block)
        connection.sendall(tail)
        connection.recv(65536)

    return send


def _connect(url: str) -> socket.socket:
    host, port = url.split("/")[2].split(":")
    return socket.create_connection((host, int(port)))


def create_trivial_sender(url: str) -> Send:
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
                    while block := file.read(BLOCK // 4 * 3):
                        yield pybase64.b64encode(block)
                yield b'"}]}]}'

            length = -(-path.stat().st_size // 3) * 4 + 60 + 6
            reply = client.post(
                f"{url}/chat/completions", content=body(), headers={"Content-Length": str(length)}, timeout=600
            )
            text = reply.json()["choices"][0]["message"]["content"]
            return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    return lambda path: Trivial().invoke([HumanMessage([{"type": "audio", "url": str(path)}])])


def create_langchain_factory(name: str, *, is_async: bool = False) -> Callable[[str], Send]:
    def create_sender(url: str) -> Send:
        model, loop = LANGCHAIN[name](url), asyncio.new_event_loop()
        if is_async:
            return lambda path: loop.run_until_complete(model.ainvoke(to_langchain_messages(name, path)))
        return lambda path: model.invoke(to_langchain_messages(name, path))

    return create_sender


def create_llamaindex_factory(name: str, *, is_async: bool = False) -> Callable[[str], Send]:
    def create_sender(url: str) -> Send:
        llm, loop = LLAMAINDEX[name](url), asyncio.new_event_loop()
        if is_async:
            return lambda path: loop.run_until_complete(llm.achat(to_llamaindex_messages(path)))
        return lambda path: llm.chat(to_llamaindex_messages(path))

    return create_sender


def create_uploader(url: str, provider: str = "openai") -> Send:
    from dataclasses import replace

    from audio_core import AudioClient
    from audio_core.integration import find_provider

    settings = replace(find_provider(provider), max_upload_bytes=None, max_upload_seconds=1e9)
    client = AudioClient(settings, model="m", api_key="k", base_url=url, timeout=600)
    return client.transcribe


def create_json_uploader(url: str) -> Send:
    return create_uploader(url, "openrouter")


def create_litellm_sender(url: str) -> Send:
    import litellm

    def send(path: Path) -> None:
        litellm.completion(
            "openai/gpt-audio",
            api_base=url,
            api_key="k",
            messages=[{"role": "user", "content": [to_input_audio(path)]}],
        )

    return send


def create_openai_sender(url: str) -> Send:
    import openai

    client = openai.OpenAI(base_url=url)
    return lambda path: client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": [to_input_audio(path)]}], timeout=600
    )


SENDERS: dict[str, Callable[[str], Send]] = {
    LIMIT: create_socket_sender,
    FORM_LIMIT: create_socket_form_sender,
    "ours: ChatAudio": create_langchain_factory("ours: ChatAudio"),
    "ours: ChatAudio, async": create_langchain_factory("ours: ChatAudio", is_async=True),
    "ours: AudioLLM": create_llamaindex_factory("ours: AudioLLM"),
    "ours: AudioLLM, async": create_llamaindex_factory("ours: AudioLLM", is_async=True),
    "ours: transcription, multipart": create_uploader,
    "ours: transcription, JSON": create_json_uploader,
    "a trivial BaseChatModel that streams": create_trivial_sender,
    **{name: create_langchain_factory(name) for name in LANGCHAIN if not name.startswith("ours")},
    **{name: create_llamaindex_factory(name) for name in LLAMAINDEX if not name.startswith("ours")},
    "litellm": create_litellm_sender,
    "openai": create_openai_sender,
}
STREAMED = [name for name in SENDERS if name.startswith(("the limit", "ours", "a trivial"))]

if __name__ == "__main__":
    run_contestant(prepare) if sys.argv[1:2] == ["--of"] else main()
