"""Gateways that misbehave: who raises a clear error in time, and what happens instead?

    .venv-peers/bin/python benchmarks/reliability.py

Each cell is one call in a fresh process, with `timeout=2` and every other setting as it comes. `misbehaving.py` has the
cases. A cell that is not "held" says what happened.
"""

from __future__ import annotations

import json
import os
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from misbehaving import CASES, KEY, LONGEST, TIMEOUT, Case, Exchange, Outcome
from raw_server import RawServer, answer, serve

os.environ |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LANGSMITH_TRACING": "false"}

# --- the contestants, in a process of their own ---

Call = Callable[[bool], tuple[str, int]]  # streamed or not; the text, and how many tool calls an agent would run


def _use_langchain(model: Any) -> Call:
    def call(is_streamed: bool) -> tuple[str, int]:
        if not is_streamed:
            return model.invoke("hi").text, 0
        message: Any = None
        for part in model.stream("hi"):
            message = part if message is None else message + part
        return message.text, len(message.tool_calls)

    return call


def _use_llamaindex(llm: Any) -> Call:
    from llama_index.core.llms import ChatMessage

    messages = [ChatMessage(role="user", content="hi")]

    def call(is_streamed: bool) -> tuple[str, int]:
        if not is_streamed:
            return str(llm.chat(messages).message.content), 0
        last = [*llm.stream_chat(messages)][-1]
        return str(last.message.content or ""), len(llm.get_tool_calls_from_response(last, error_on_no_tool_call=False))

    return call


def _create_chat_audio(url: str) -> Call:
    from langchain_audio import ChatAudio

    return _use_langchain(ChatAudio(model="m", provider="openai", base_url=url, api_key=KEY, timeout=TIMEOUT))


def _create_audio_llm(url: str) -> Call:
    from llamaindex_audio import AudioLLM

    return _use_llamaindex(AudioLLM(model="m", provider="openai", base_url=url, api_key=KEY, timeout=TIMEOUT))


def _create_chat_openai(url: str) -> Call:
    from langchain_openai import ChatOpenAI

    return _use_langchain(ChatOpenAI(model="gpt-audio", base_url=url, api_key=KEY, timeout=TIMEOUT))


def _create_chat_openrouter(url: str) -> Call:
    from langchain_openrouter import ChatOpenRouter

    return _use_langchain(ChatOpenRouter(model="m", base_url=url, api_key=KEY, timeout=TIMEOUT * 1000))


def _create_llamaindex_openai(url: str) -> Call:
    from llama_index.llms.openai import OpenAI

    return _use_llamaindex(OpenAI(model="gpt-4o-audio-preview", api_base=url, api_key=KEY, timeout=TIMEOUT))


def _create_litellm(url: str) -> Call:
    import litellm

    options: dict[str, Any] = {"model": "openai/gpt-audio", "api_base": url, "api_key": KEY, "timeout": TIMEOUT}
    options["messages"] = [{"role": "user", "content": "hi"}]

    def call(is_streamed: bool) -> tuple[str, int]:
        if not is_streamed:
            return str(litellm.completion(**options).choices[0].message.content), 0
        message = litellm.stream_chunk_builder([*litellm.completion(**options, stream=True)]).choices[0].message
        return message.content or "", len(message.tool_calls or ())

    return call


CONTESTANTS: dict[str, Callable[[str], Call]] = {
    "ours: ChatAudio": _create_chat_audio,
    "ours: AudioLLM": _create_audio_llm,
    "ChatOpenAI": _create_chat_openai,
    "ChatOpenRouter": _create_chat_openrouter,
    "LlamaIndex OpenAI": _create_llamaindex_openai,
    "litellm": _create_litellm,
}


def run_contestant(name: str) -> None:
    """Import what a contestant needs, then run each call that is asked for in a fresh child, and print its outcome."""
    CONTESTANTS[name]("http://127.0.0.1:1/v1")
    print("ready", flush=True)
    for line in sys.stdin:
        url, is_streamed = json.loads(line)
        reader, writer = os.pipe()
        if not (child := os.fork()):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # some print to standard output
            os.write(writer, json.dumps(_run_call(name, url, is_streamed)).encode())
            os._exit(0)
        os.close(writer)
        print(_wait_for_outcome(child, reader), flush=True)


def _run_call(name: str, url: str, is_streamed: bool) -> dict[str, Any]:
    call = CONTESTANTS[name](url)
    began = time.monotonic()
    try:
        text, calls = call(is_streamed)
        result: dict[str, Any] = {"text": text[:1000], "calls": calls}
    except Exception as error:
        result = {"error": type(error).__name__, "message": str(error)[:10_000]}
    return {**result, "seconds": time.monotonic() - began}


def _wait_for_outcome(child: int, reader: int) -> str:
    """Return what a child writes, or no fields if it takes too long."""
    is_done = bool(select.select([reader], [], [], LONGEST)[0])
    data = os.read(reader, 100_000) if is_done else b""
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(reader)
    return data.decode() or "{}"


# --- the measurement ---


def main() -> None:
    if sys.argv[1:2] == ["--of"]:
        run_contestant(sys.argv[2])
        return
    commands = [[sys.executable, __file__, "--of", name] for name in CONTESTANTS]
    processes = [subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for c in commands]
    for process in processes:
        while process.stdout.readline().strip() != "ready":  # some print during import
            pass
    print(f"| | {' | '.join(CONTESTANTS)} |\n|{'---|' * (len(CONTESTANTS) + 1)}")
    held = dict.fromkeys(CONTESTANTS, 0)
    with ThreadPoolExecutor(len(processes)) as pool, tempfile.TemporaryDirectory() as folder:
        certificate = create_certificate(Path(folder))
        for case in CASES:
            outcomes = pool.map(lambda process, case=case: measure_cell(process, case, certificate), processes)
            cells = [case.judge(outcome) or "held" for outcome in outcomes]
            print(f"| {case.title} | {' | '.join(cells)} |", flush=True)
            for name, cell in zip(CONTESTANTS, cells, strict=True):
                held[name] += cell == "held"
    print(f"| held, of {len(CASES)} | {' | '.join(map(str, held.values()))} |")
    for process in processes:
        process.communicate()


def measure_cell(process: subprocess.Popen[str], case: Case, certificate: Path) -> Outcome:
    """Let a contestant make one call to a server that misbehaves, and return its outcome."""
    with serve_case(case, certificate if "certificate" in case.title else None) as (url, counts):
        process.stdin.write(json.dumps([url, case.is_streamed]) + "\n")
        process.stdin.flush()
        result = json.loads(process.stdout.readline())
        return Outcome(**result, requests=counts[0], strays=counts[1])


@contextmanager
def serve_case(case: Case, certificate: Path | None) -> Generator[tuple[str, list[int]]]:
    """Run the servers of a case. Yield the base URL, and the numbers of requests to it and to the other server."""
    counts = [0, 0]

    def handle_stray(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        counts[1] += 1
        answer(connection)

    with serve(handle_stray) as other:

        def handle(server: RawServer, connection: socket.socket) -> None:
            counts[0] += certificate is not None  # a handshake that fails counts too
            connection = _secure(connection, certificate) if certificate else connection
            server.read_request(connection)
            counts[0] += certificate is None
            case.respond(Exchange(server, connection, counts[0], other.base_url))

        with serve(handle) as server:
            url = server.base_url
            yield (url.replace("http:", "https:") if certificate else url), counts


def _secure(connection: socket.socket, certificate: Path) -> socket.socket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context.wrap_socket(connection, server_side=True)


def create_certificate(folder: Path) -> Path:
    """Write a self-signed certificate and its key into a file of the folder. The openssl program does it."""
    path = folder / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run([*request, "-keyout", path, "-out", folder / "public.pem"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (folder / "public.pem").read_bytes())
    return path


if __name__ == "__main__":
    main()
