"""A streamed reply: CPU for each delta, compared with peers and the floor of each framework.

    .venv-peers/bin/python benchmarks/streaming.py [--rounds 3]

The floor is a model that yields ready-made chunks. Each figure is measured in a fresh process, after one short stream.
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
from measuring import ROUNDS, Cost, compute_median, format_median, measure_cost, print_table, run_contestant, take_turns

TEXT_DELTAS, AUDIO_DELTAS = 5000, (1000, 3000)  # a streamed reply may have 64 MiB
WARM_UP_DELTAS = 20  # of the stream before the measured one
SPEECH = base64.b64encode(bytes(12_288)).decode()  # 16 KB
Receive = Callable[[str, int], object]  # kind of delta ("text" or "audio"), number of deltas


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
        report_text(take_turns(__file__, list(RECEIVERS), [("text", TEXT_DELTAS, url)], options.rounds))
        figures = [("audio", count, url) for count in AUDIO_DELTAS]
        report_audio(take_turns(__file__, AUDIO_RECEIVERS, figures, options.rounds))
        server.stdin.close()


def report_text(figures: dict[tuple[str, int], list[Cost]]) -> None:
    cpu = {name: [cost.cpu / TEXT_DELTAS for cost in costs] for (name, _), costs in figures.items()}
    rows = list[tuple[str, ...]]()
    for name, values in cpu.items():
        floor = f"the floor: {'LlamaIndex' if 'Llama' in name or 'LLM' in name else 'LangChain'}"
        floor += ", async" if name.endswith("async") else ""
        excess = (compute_median(values) - compute_median(cpu[floor])) * 1e6
        rows.append(
            (name, format_median(values, 1e6), f"{excess:.1f}", format_median([cost.peak for cost in figures[name, 0]]))
        )
    print_table(f"{TEXT_DELTAS} deltas of text", ("CPU each, us", "over the floor, us", "peak, MB"), rows)


def report_audio(figures: dict[tuple[str, int], list[Cost]]) -> None:
    rows = [
        (
            name,
            *(
                format_median([cost.cpu / count for cost in figures[name, index]], 1e6)
                for index, count in enumerate(AUDIO_DELTAS)
            ),
        )
        for name in AUDIO_RECEIVERS
    ]
    print_table(
        "Deltas of speech, 16 KB each, added up: CPU each, us", [f"{count} deltas" for count in AUDIO_DELTAS], rows
    )


def prepare(name: str) -> Callable[[str, int, str], Cost]:
    RECEIVERS[name]("http://127.0.0.1:1/v1")  # imports what the contestant needs

    def measure(kind: str, deltas: int, url: str) -> Cost:
        receive = RECEIVERS[name](url)
        receive(kind, WARM_UP_DELTAS)
        return measure_cost(lambda: receive(kind, deltas))

    return measure


# --- the server ---


def serve() -> None:
    """Serve streams with as many deltas as the prompt says, each in a single write, until standard input is closed."""
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
        self.wfile.write(b"".join(generate_events(kind, int(count))))
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


def generate_events(kind: str, count: int) -> Iterator[bytes]:
    """Yield the server-sent events of a stream with `count` deltas."""
    yield _format_event({"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None})
    if kind == "audio":
        yield _format_event({"index": 0, "delta": {"audio": {"data": SPEECH}}, "finish_reason": None}) * count
    else:  # all different: LiteLLM raises an error if chunks repeat, because it assumes that the model is stuck
        words = ({"content": f"word{number} "} for number in range(count))
        yield from (_format_event({"index": 0, "delta": word, "finish_reason": None}) for word in words)
    yield _format_event({"index": 0, "delta": {}, "finish_reason": "stop"}) + b"data: [DONE]\n\n"


def _format_event(choice: dict[str, Any]) -> bytes:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


# --- the receivers ---


def _create_langchain_receiver(model: Any) -> Receive:
    def receive(kind: str, deltas: int) -> None:
        message = None
        for chunk in model.stream(f"{kind} {deltas}"):
            message = chunk if kind == "text" or message is None else message + chunk

    return receive


def _create_async_langchain_receiver(model: Any) -> Receive:
    async def receive(kind: str, deltas: int) -> None:
        message = None
        async for chunk in model.astream(f"{kind} {deltas}"):
            message = chunk if kind == "text" or message is None else message + chunk

    loop = asyncio.new_event_loop()
    return lambda kind, deltas: loop.run_until_complete(receive(kind, deltas))


def _create_llamaindex_receiver(llm: Any) -> Receive:
    from llama_index.core.llms import ChatMessage

    def receive(kind: str, deltas: int) -> None:
        for _ in llm.stream_chat([ChatMessage(role="user", content=f"{kind} {deltas}")]):
            pass

    return receive


def _create_async_llamaindex_receiver(llm: Any) -> Receive:
    from llama_index.core.llms import ChatMessage

    async def receive(kind: str, deltas: int) -> None:
        async for _ in await llm.astream_chat([ChatMessage(role="user", content=f"{kind} {deltas}")]):
            pass

    loop = asyncio.new_event_loop()
    return lambda kind, deltas: loop.run_until_complete(receive(kind, deltas))


def _create_langchain_floor() -> Any:
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


def _create_llamaindex_floor() -> Any:
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
            def generate() -> Iterator[ChatResponse]:
                text = ""
                for _ in range(int(messages[-1].content.split()[1])):
                    text += "word "
                    yield ChatResponse(message=ChatMessage(role="assistant", content=text), delta="word ")

            return generate()

        @llm_chat_callback()
        async def astream_chat(self, messages: Any, **kwargs: Any) -> Any:
            async def generate() -> AsyncIterator[ChatResponse]:
                text = ""
                for _ in range(int(messages[-1].content.split()[1])):
                    text += "word "
                    yield ChatResponse(message=ChatMessage(role="assistant", content=text), delta="word ")

            return generate()

    return Floor()


RECEIVERS: dict[str, Callable[[str], Receive]] = {
    "the floor: LangChain": lambda url: _create_langchain_receiver(_create_langchain_floor()),
    "the floor: LangChain, async": lambda url: _create_async_langchain_receiver(_create_langchain_floor()),
    "the floor: LlamaIndex": lambda url: _create_llamaindex_receiver(_create_llamaindex_floor()),
    "the floor: LlamaIndex, async": lambda url: _create_async_llamaindex_receiver(_create_llamaindex_floor()),
    "ours: ChatAudio": lambda url: _create_langchain_receiver(LANGCHAIN["ours: ChatAudio"](url)),
    "ours: ChatAudio, async": lambda url: _create_async_langchain_receiver(LANGCHAIN["ours: ChatAudio"](url)),
    "ours: AudioLLM": lambda url: _create_llamaindex_receiver(LLAMAINDEX["ours: AudioLLM"](url)),
    "ours: AudioLLM, async": lambda url: _create_async_llamaindex_receiver(LLAMAINDEX["ours: AudioLLM"](url)),
    "ChatOpenAI": lambda url: _create_langchain_receiver(LANGCHAIN["ChatOpenAI"](url)),
    "ChatOpenRouter": lambda url: _create_langchain_receiver(LANGCHAIN["ChatOpenRouter"](url)),
    "ChatLiteLLM": lambda url: _create_langchain_receiver(LANGCHAIN["ChatLiteLLM"](url)),
    "LlamaIndex OpenAI": lambda url: _create_llamaindex_receiver(LLAMAINDEX["LlamaIndex OpenAI"](url)),
    "LlamaIndex OpenRouter": lambda url: _create_llamaindex_receiver(LLAMAINDEX["LlamaIndex OpenRouter"](url)),
    "LlamaIndex LiteLLM": lambda url: _create_llamaindex_receiver(LLAMAINDEX["LlamaIndex LiteLLM"](url)),
}
AUDIO_RECEIVERS = [name for name in RECEIVERS if name.startswith("ours: ChatAudio")]

if __name__ == "__main__":
    run_contestant(prepare) if sys.argv[1:2] == ["--of"] else main()
