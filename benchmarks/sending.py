"""One request that holds a recording from disk: CPU and memory, beside peers and the limit.

    .venv-peers/bin/python benchmarks/sending.py [--megabytes 1 10 100 1000] [--rounds 5]

The limit is a raw socket that streams base64 in pieces of 192 KiB. Each figure is of a fresh process, after one small request.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measuring import ROUNDS, Cost, in_turn, machine, measured, middle, sink, told

LIMIT = "raw socket, streamed (the limit)"
HEAVY = 250  # MB; what holds a recording several times over is not asked for more
PIECE = 192 * 1024
os.environ |= {"OPENAI_API_KEY": "k", "OPENROUTER_API_KEY": "k"}
Send = Callable[[Path], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        told(one(*options.one))
        return
    print(f"{machine()}; medians of {options.rounds} (least-most)\n")
    with tempfile.TemporaryDirectory() as folder, sink() as url:
        for size in options.megabytes:
            path = Path(folder) / f"{size}.wav"
            write(path, size)
            cases = [(who, str(path), url) for who in SENDERS if size <= HEAVY or who in STREAMED]
            table(size, in_turn(__file__, cases, options.rounds))
            path.unlink()


def table(megabytes: int, found: dict[tuple[str, ...], list[Cost]]) -> None:
    print(f"| {megabytes} MB | CPU, ms | x the limit | peak, MB |\n|---|---|---|---|")
    limit = sorted(cost.cpu for cost in next(iter(found.values())))
    for (who, *_), costs in found.items():
        cpu = sorted(cost.cpu for cost in costs)
        times = f"{cpu[len(cpu) // 2] / limit[len(limit) // 2]:.1f}" if cpu else ""
        print(f"| {who} | {middle(cpu, 1000)} | {times} | {middle([cost.peak for cost in costs])} |", flush=True)
    print()


def one(who: str, path: str, url: str) -> Cost:
    send = SENDERS[who](url)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.wav"
        write(small, 0.001)
        send(small)
    return measured(lambda: send(Path(path)))


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

    host, port = url.split("/")[2].split(":")
    connection = socket.create_connection((host, int(port)))

    def send(path: Path) -> None:
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


def chat_audio(url: str) -> Send:
    model, message = _chat_audio(url)
    return lambda path: model.invoke([message(path)])


def chat_audio_async(url: str) -> Send:
    model, message = _chat_audio(url)
    loop = asyncio.new_event_loop()
    return lambda path: loop.run_until_complete(model.ainvoke([message(path)]))


def _chat_audio(url: str) -> tuple[Any, Callable[[Path], Any]]:
    from langchain_core.messages import HumanMessage

    from langchain_audio import ChatAudio

    model = ChatAudio(model="m", provider="openai", base_url=url, access=tempfile.gettempdir(), timeout=600)
    return model, lambda path: HumanMessage([{"type": "audio", "url": path.as_uri()}])


def audio_llm(url: str) -> Send:
    llm, message = _audio_llm(url)
    return lambda path: llm.chat([message(path)])


def audio_llm_async(url: str) -> Send:
    llm, message = _audio_llm(url)
    loop = asyncio.new_event_loop()
    return lambda path: loop.run_until_complete(llm.achat([message(path)]))


def _audio_llm(url: str) -> tuple[Any, Callable[[Path], Any]]:
    from llama_index.core.llms import AudioBlock, ChatMessage

    from llamaindex_audio import AudioLLM

    llm = AudioLLM(model="m", provider="openai", base_url=url, timeout=600)
    return llm, lambda path: ChatMessage(role="user", blocks=[AudioBlock(path=path)])


def upload(url: str, provider: str = "openai") -> Send:
    from dataclasses import replace

    from audio_core import AudioClient, find_provider

    row = replace(find_provider(provider), max_upload_bytes=None, max_upload_seconds=1e9)
    client = AudioClient(row, model="m", api_key="k", base_url=url, timeout=600)
    return client.transcribe


def upload_json(url: str) -> Send:
    return upload(url, "openrouter")


def _inlined(path: Path) -> dict[str, Any]:
    data = base64.b64encode(path.read_bytes()).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


def _langchain(model: Any) -> Send:
    from langchain_core.messages import HumanMessage

    return lambda path: model.invoke([HumanMessage([_inlined(path)])])


def chat_openai(url: str) -> Send:
    from langchain_openai import ChatOpenAI

    return _langchain(ChatOpenAI(model="gpt-audio", base_url=url, timeout=600))


def chat_openrouter(url: str) -> Send:
    from langchain_openrouter import ChatOpenRouter

    return _langchain(ChatOpenRouter(model="m", base_url=url))


def chat_litellm(url: str) -> Send:
    from langchain_litellm import ChatLiteLLM

    return _langchain(ChatLiteLLM(model="openai/gpt-audio", api_base=url, api_key="k"))


def litellm(url: str) -> Send:
    import litellm

    def send(path: Path) -> None:
        litellm.completion(
            "openai/gpt-audio", api_base=url, api_key="k", messages=[{"role": "user", "content": [_inlined(path)]}]
        )

    return send


def openai_sdk(url: str) -> Send:
    import openai

    client = openai.OpenAI(base_url=url)
    return lambda path: client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": [_inlined(path)]}], timeout=600
    )


def _llamaindex(llm: Any) -> Send:
    from llama_index.core.llms import AudioBlock, ChatMessage

    return lambda path: llm.chat([ChatMessage(role="user", blocks=[AudioBlock(path=path, format="wav")])])


def llama_openai(url: str) -> Send:
    from llama_index.llms.openai import OpenAI

    return _llamaindex(OpenAI(model="gpt-4o-audio-preview", api_base=url, timeout=600))


def llama_openrouter(url: str) -> Send:
    from llama_index.llms.openrouter import OpenRouter

    return _llamaindex(OpenRouter(model="m", api_base=url, timeout=600))


def llama_litellm(url: str) -> Send:
    from llama_index.llms.litellm import LiteLLM

    return _llamaindex(LiteLLM(model="openai/gpt-audio", api_base=url, api_key="k"))


SENDERS: dict[str, Callable[[str], Send]] = {
    LIMIT: raw_socket,
    "ours: ChatAudio": chat_audio,
    "ours: ChatAudio, async": chat_audio_async,
    "ours: AudioLLM": audio_llm,
    "ours: AudioLLM, async": audio_llm_async,
    "ours: transcription, multipart": upload,
    "ours: transcription, JSON": upload_json,
    "a trivial BaseChatModel that streams": trivial,
    "ChatOpenAI": chat_openai,
    "ChatOpenRouter": chat_openrouter,
    "ChatLiteLLM": chat_litellm,
    "litellm": litellm,
    "openai": openai_sdk,
    "LlamaIndex OpenAI": llama_openai,
    "LlamaIndex OpenRouter": llama_openrouter,
    "LlamaIndex LiteLLM": llama_litellm,
}
STREAMED = [who for who in SENDERS if who.startswith(("raw", "ours", "a trivial"))]

if __name__ == "__main__":
    main()
