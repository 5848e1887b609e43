"""Two hundred requests of 1 MB, sixteen at once, 50 ms of latency, on one event loop: CPU and throughput.

    .venv-peers/bin/python benchmarks/many_requests.py [--rounds 2]

The ideal is sixteen requests every 50 ms: 320 a second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from contestants import LANGCHAIN, LLAMAINDEX, to_input_audio, to_langchain_messages, to_llamaindex_messages
from measuring import (
    Cost,
    compute_median,
    format_median,
    measure_cost,
    print_table,
    run_contestant,
    run_sink,
    take_turns,
)
from sending import write_wav

REQUESTS, MAX_CONCURRENCY, LATENCY = 200, 16, 0.05  # latency in seconds
Send = Callable[[Path], Awaitable[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    os.environ["SINK_LATENCY"] = str(LATENCY)
    with tempfile.TemporaryDirectory() as folder, run_sink() as url:
        path = Path(folder) / "1.wav"
        write_wav(path, 1)
        figures = take_turns(__file__, list(SENDERS), [(str(path), url)], options.rounds)
    rows = [
        (
            name,
            f"{REQUESTS / compute_median(cost.wall for cost in costs):.0f}",
            format_median([cost.cpu / REQUESTS for cost in costs], 1000),
            format_median([cost.peak for cost in costs]),
        )
        for (name, _), costs in figures.items()
    ]
    print_table(
        f"{REQUESTS} requests of 1 MB, {MAX_CONCURRENCY} at once", ("requests/s", "CPU each, ms", "peak, MB"), rows
    )


def prepare(name: str) -> Callable[[str, str], Cost]:
    SENDERS[name]("http://127.0.0.1:1/v1")  # imports what the contestant needs

    def measure(path: str, url: str) -> Cost:
        send, loop = SENDERS[name](url), asyncio.new_event_loop()
        loop.run_until_complete(_send_all(send, Path(path), MAX_CONCURRENCY))
        return measure_cost(lambda: loop.run_until_complete(_send_all(send, Path(path), REQUESTS)))

    return measure


async def _send_all(send: Send, path: Path, requests: int) -> None:
    semaphore = asyncio.Semaphore(MAX_CONCURRENCY)

    async def send_one() -> None:
        async with semaphore:
            await send(path)

    await asyncio.gather(*(send_one() for _ in range(requests)))


def create_langchain_factory(name: str) -> Callable[[str], Send]:
    def create_sender(url: str) -> Send:
        model = LANGCHAIN[name](url)
        return lambda path: model.ainvoke(to_langchain_messages(name, path))

    return create_sender


def create_llamaindex_factory(name: str) -> Callable[[str], Send]:
    def create_sender(url: str) -> Send:
        llm = LLAMAINDEX[name](url)
        return lambda path: llm.achat(to_llamaindex_messages(path))

    return create_sender


def create_openai_sender(url: str) -> Send:
    import openai

    client = openai.AsyncOpenAI(base_url=url)
    return lambda path: client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": [to_input_audio(path)]}], timeout=600
    )


def create_litellm_sender(url: str) -> Send:
    import litellm

    return lambda path: litellm.acompletion(
        "openai/gpt-audio", api_base=url, api_key="k", messages=[{"role": "user", "content": [to_input_audio(path)]}]
    )


SENDERS: dict[str, Callable[[str], Send]] = {
    **{name: create_langchain_factory(name) for name in LANGCHAIN},
    **{name: create_llamaindex_factory(name) for name in LLAMAINDEX},
    "litellm": create_litellm_sender,
    "openai": create_openai_sender,
}

if __name__ == "__main__":
    run_contestant(prepare) if sys.argv[1:2] == ["--of"] else main()
