"""A streamed reply: CPU for each delta, beside peers and each framework's own floor.

    .venv-peers/bin/python benchmarks/streaming.py [--deltas 5000] [--rounds 5]

The floor is a model that yields ready chunks. Each figure is of a fresh process, after one short stream.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from measuring import ROUNDS, Cost, in_turn, machine, measured, middle, told

os.environ |= {"OPENAI_API_KEY": "k", "OPENROUTER_API_KEY": "k"}
SHORT = 20  # deltas of the stream before the one that is measured
SPEECH = base64.b64encode(bytes(12_288)).decode()  # 16 KB
Receive = Callable[[str, int], object]  # what to stream ("text" or "audio"), and how many deltas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deltas", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    elif options.one:
        told(one(*options.one))
    else:
        compare(options.deltas, options.rounds)


def compare(deltas: int, rounds: int) -> None:
    print(f"{machine()}; medians of {rounds} (least-most)\n")
    with subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        url = server.stdout.readline().strip()
        cases = [(who, "text", str(deltas), url) for who in RECEIVERS]
        report(in_turn(__file__, cases, rounds))
        for count in (1000, 5000):
            cases = [(who, "audio", str(count), url) for who in RECEIVERS if who.startswith("ours: ChatAudio")]
            report(in_turn(__file__, cases, rounds))
        server.stdin.close()


def report(found: dict[tuple[str, ...], list[Cost]]) -> None:
    (_, kind, deltas, _), *_ = found
    print(f"| {deltas} {kind} deltas | us each | over the floor | peak, MB |\n|---|---|---|---|")
    each = {who: [cost.cpu / int(deltas) * 1e6 for cost in costs] for (who, *_), costs in found.items()}
    for (who, *_), costs in found.items():
        floor = each.get(f"floor: {'LlamaIndex' if 'Llama' in who or 'LLM' in who else 'LangChain'}")
        over = f"{statistics.median(each[who]) - statistics.median(floor):.1f}" if floor and each[who] else ""
        print(f"| {who} | {middle(each[who])} | {over} | {middle([cost.peak for cost in costs])} |", flush=True)
    print()


def one(who: str, kind: str, deltas: str, url: str) -> Cost:
    receive = RECEIVERS[who](url)
    receive(kind, SHORT)
    return measured(lambda: receive(kind, int(deltas)))


# --- the server ---


def serve() -> None:
    """Streams as many deltas as the question says, in as few writes as the kernel takes."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    sys.stdin.read()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = body["messages"][-1]["content"]
        kind, count = (content if isinstance(content, str) else content[0]["text"]).split()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"".join(events(kind, int(count))))
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def events(kind: str, count: int) -> Iterator[bytes]:
    yield _event({"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None})
    if kind == "audio":
        yield _event({"index": 0, "delta": {"audio": {"data": SPEECH}}, "finish_reason": None}) * count
    else:  # each its own: LiteLLM takes one that repeats for a model that is stuck
        words = ({"content": f"word{number} "} for number in range(count))
        yield from (_event({"index": 0, "delta": word, "finish_reason": None}) for word in words)
    yield _event({"index": 0, "delta": {}, "finish_reason": "stop"}) + b"data: [DONE]\n\n"


def _event(choice: dict[str, Any]) -> bytes:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


# --- who receives ---


def _streamed(model: Any) -> Receive:
    def receive(kind: str, deltas: int) -> None:
        whole = None
        for chunk in model.stream(f"{kind} {deltas}"):
            whole = chunk if kind == "text" or whole is None else whole + chunk

    return receive


def _streamed_async(model: Any) -> Receive:
    async def receive(kind: str, deltas: int) -> None:
        whole = None
        async for chunk in model.astream(f"{kind} {deltas}"):
            whole = chunk if kind == "text" or whole is None else whole + chunk

    loop = asyncio.new_event_loop()
    return lambda kind, deltas: loop.run_until_complete(receive(kind, deltas))


def _llama(llm: Any) -> Receive:
    from llama_index.core.llms import ChatMessage

    def receive(kind: str, deltas: int) -> None:
        for _ in llm.stream_chat([ChatMessage(role="user", content=f"{kind} {deltas}")]):
            pass

    return receive


def _llama_async(llm: Any) -> Receive:
    from llama_index.core.llms import ChatMessage

    async def receive(kind: str, deltas: int) -> None:
        async for _ in await llm.astream_chat([ChatMessage(role="user", content=f"{kind} {deltas}")]):
            pass

    loop = asyncio.new_event_loop()
    return lambda kind, deltas: loop.run_until_complete(receive(kind, deltas))


def _floor_langchain() -> Any:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk
    from langchain_core.outputs import ChatGenerationChunk

    class Floor(BaseChatModel):
        @property
        def _llm_type(self) -> str:
            return "floor"

        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

        def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Iterator[Any]:
            for _ in range(int(messages[-1].content.split()[1])):
                chunk = ChatGenerationChunk(message=AIMessageChunk(content="word "))
                if run_manager:
                    run_manager.on_llm_new_token("word ", chunk=chunk)
                yield chunk

        async def _astream(
            self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
        ) -> AsyncIterator[Any]:
            for _ in range(int(messages[-1].content.split()[1])):
                chunk = ChatGenerationChunk(message=AIMessageChunk(content="word "))
                if run_manager:
                    await run_manager.on_llm_new_token("word ", chunk=chunk)
                yield chunk

    return Floor()


def _floor_llamaindex() -> Any:
    from llama_index.core.llms import ChatMessage, ChatResponse, CustomLLM, LLMMetadata
    from llama_index.core.llms.callbacks import llm_chat_callback

    class Floor(CustomLLM):
        @property
        def metadata(self) -> LLMMetadata:
            return LLMMetadata()

        def complete(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

        def stream_complete(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

        @llm_chat_callback()
        def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
            def pieces() -> Iterator[ChatResponse]:
                text = ""
                for _ in range(int(messages[-1].content.split()[1])):
                    text += "word "
                    yield ChatResponse(message=ChatMessage(role="assistant", content=text), delta="word ")

            return pieces()

    return Floor()


def _ours(url: str) -> Any:
    from langchain_audio import ChatAudio

    return ChatAudio(model="m", provider="openai", base_url=url, stream_usage=False)


def _our_llm(url: str) -> Any:
    from llamaindex_audio import AudioLLM

    return AudioLLM(model="m", provider="openai", base_url=url)


def _chat_openai(url: str) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model="m", base_url=url, stream_usage=False)


def _chat_openrouter(url: str) -> Any:
    from langchain_openrouter import ChatOpenRouter

    return ChatOpenRouter(model="m", base_url=url)


def _chat_litellm(url: str) -> Any:
    from langchain_litellm import ChatLiteLLM

    return ChatLiteLLM(model="openai/m", api_base=url, api_key="k", streaming=True)


def _llama_openai(url: str) -> Any:
    from llama_index.llms.openai import OpenAI

    return OpenAI(model="gpt-4o", api_base=url)


def _llama_openrouter(url: str) -> Any:
    from llama_index.llms.openrouter import OpenRouter

    return OpenRouter(model="m", api_base=url)


RECEIVERS: dict[str, Callable[[str], Receive]] = {
    "floor: LangChain": lambda url: _streamed(_floor_langchain()),
    "floor: LlamaIndex": lambda url: _llama(_floor_llamaindex()),
    "ours: ChatAudio": lambda url: _streamed(_ours(url)),
    "ours: ChatAudio, async": lambda url: _streamed_async(_ours(url)),
    "ours: AudioLLM": lambda url: _llama(_our_llm(url)),
    "ours: AudioLLM, async": lambda url: _llama_async(_our_llm(url)),
    "ChatOpenAI": lambda url: _streamed(_chat_openai(url)),
    "ChatOpenRouter": lambda url: _streamed(_chat_openrouter(url)),
    "ChatLiteLLM": lambda url: _streamed(_chat_litellm(url)),
    "LlamaIndex OpenAI": lambda url: _llama(_llama_openai(url)),
    "LlamaIndex OpenRouter": lambda url: _llama(_llama_openrouter(url)),
}

if __name__ == "__main__":
    main()
