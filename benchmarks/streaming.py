"""A streamed reply: CPU for each delta, beside peers and each framework's own floor.

    .venv-peers/bin/python benchmarks/streaming.py [--rounds 3]

The floor is a model that yields ready chunks. Each figure is of a fresh process, after one short stream.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from contestants import LANGCHAIN, LLAMAINDEX
from measuring import ROUNDS, Cost, answer, in_turn, measured, median, middle, table

TEXTS, SOUNDS = 5000, (1000, 5000)
SHORT = 20  # deltas of the stream before the one that is measured
SPEECH = base64.b64encode(bytes(12_288)).decode()  # 16 KB
Receive = Callable[[str, int], object]  # what to stream ("text" or "audio"), and how many deltas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        url = server.stdout.readline().strip()
        report_text(in_turn(__file__, list(RECEIVERS), [("text", TEXTS, url)], options.rounds))
        figures = [("audio", count, url) for count in SOUNDS]
        report_audio(in_turn(__file__, HEARING, figures, options.rounds))
        server.stdin.close()


def report_text(found: dict[tuple[str, int], list[Cost]]) -> None:
    each = {name: [cost.cpu / TEXTS for cost in costs] for (name, _), costs in found.items()}
    rows = list[tuple[str, ...]]()
    for name, values in each.items():
        floor = f"the floor: {'LlamaIndex' if 'Llama' in name or 'LLM' in name else 'LangChain'}"
        floor += ", async" if name.endswith("async") else ""
        over = (median(values) - median(each[floor])) * 1e6
        rows.append((name, middle(values, 1e6), f"{over:.1f}", middle([cost.peak for cost in found[name, 0]])))
    table(f"{TEXTS} deltas of text", ("CPU each, us", "over the floor, us", "peak, MB"), rows)


def report_audio(found: dict[tuple[str, int], list[Cost]]) -> None:
    rows = [
        (name, *(middle([cost.cpu / count for cost in found[name, at]], 1e6) for at, count in enumerate(SOUNDS)))
        for name in HEARING
    ]
    table("Deltas of speech, 16 KB each, added up: CPU each, us", [f"{count} deltas" for count in SOUNDS], rows)


def ready(who: str) -> Callable[[str, int, str], Cost]:
    RECEIVERS[who]("http://127.0.0.1:1/v1")  # imports

    def measure(kind: str, deltas: int, url: str) -> Cost:
        receive = RECEIVERS[who](url)
        receive(kind, SHORT)
        return measured(lambda: receive(kind, deltas))

    return measure


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

        @llm_chat_callback()
        async def astream_chat(self, messages: Any, **kwargs: Any) -> Any:
            async def pieces() -> AsyncIterator[ChatResponse]:
                text = ""
                for _ in range(int(messages[-1].content.split()[1])):
                    text += "word "
                    yield ChatResponse(message=ChatMessage(role="assistant", content=text), delta="word ")

            return pieces()

    return Floor()


RECEIVERS: dict[str, Callable[[str], Receive]] = {
    "the floor: LangChain": lambda url: _streamed(_floor_langchain()),
    "the floor: LangChain, async": lambda url: _streamed_async(_floor_langchain()),
    "the floor: LlamaIndex": lambda url: _llama(_floor_llamaindex()),
    "the floor: LlamaIndex, async": lambda url: _llama_async(_floor_llamaindex()),
    "ours: ChatAudio": lambda url: _streamed(LANGCHAIN["ours: ChatAudio"](url)),
    "ours: ChatAudio, async": lambda url: _streamed_async(LANGCHAIN["ours: ChatAudio"](url)),
    "ours: AudioLLM": lambda url: _llama(LLAMAINDEX["ours: AudioLLM"](url)),
    "ours: AudioLLM, async": lambda url: _llama_async(LLAMAINDEX["ours: AudioLLM"](url)),
    "ChatOpenAI": lambda url: _streamed(LANGCHAIN["ChatOpenAI"](url)),
    "ChatOpenRouter": lambda url: _streamed(LANGCHAIN["ChatOpenRouter"](url)),
    "ChatLiteLLM": lambda url: _streamed(LANGCHAIN["ChatLiteLLM"](url)),
    "LlamaIndex OpenAI": lambda url: _llama(LLAMAINDEX["LlamaIndex OpenAI"](url)),
    "LlamaIndex OpenRouter": lambda url: _llama(LLAMAINDEX["LlamaIndex OpenRouter"](url)),
    "LlamaIndex LiteLLM": lambda url: _llama(LLAMAINDEX["LlamaIndex LiteLLM"](url)),
}
HEARING = [name for name in RECEIVERS if name.startswith("ours: ChatAudio")]

if __name__ == "__main__":
    answer(ready) if sys.argv[1:2] == ["--of"] else main()
