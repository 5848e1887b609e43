"""Two hundred requests with a megabyte each, sixteen under way, 50 ms of latency, on one event loop: CPU and throughput.

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

from contestants import LANGCHAIN, LLAMAINDEX, for_langchain, for_llamaindex, inlined
from measuring import Cost, answer, in_turn, measured, median, middle, sink, table
from sending import write

REQUESTS, AT_ONCE, LATENCY = 200, 16, 0.05
Ask = Callable[[Path], Awaitable[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    os.environ["SINK_LATENCY"] = str(LATENCY)
    with tempfile.TemporaryDirectory() as folder, sink() as url:
        path = Path(folder) / "1.wav"
        write(path, 1)
        found = in_turn(__file__, list(ASKING), [(str(path), url)], options.rounds)
    rows = [
        (
            name,
            f"{REQUESTS / median(cost.wall for cost in costs):.0f}",
            middle([cost.cpu / REQUESTS for cost in costs], 1000),
            middle([cost.peak for cost in costs]),
        )
        for (name, _), costs in found.items()
    ]
    table(f"{REQUESTS} requests of 1 MB, {AT_ONCE} at once", ("requests/s", "CPU each, ms", "peak, MB"), rows)


def ready(who: str) -> Callable[[str, str], Cost]:
    ASKING[who]("http://127.0.0.1:1/v1")  # imports

    def measure(path: str, url: str) -> Cost:
        ask, loop = ASKING[who](url), asyncio.new_event_loop()
        loop.run_until_complete(_all(ask, Path(path), AT_ONCE))
        return measured(lambda: loop.run_until_complete(_all(ask, Path(path), REQUESTS)))

    return measure


async def _all(ask: Ask, path: Path, requests: int) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with places:
            await ask(path)

    await asyncio.gather(*(one() for _ in range(requests)))


def langchain(name: str) -> Callable[[str], Ask]:
    def asker(url: str) -> Ask:
        model = LANGCHAIN[name](url)
        return lambda path: model.ainvoke(for_langchain(name, path))

    return asker


def llamaindex(name: str) -> Callable[[str], Ask]:
    def asker(url: str) -> Ask:
        llm = LLAMAINDEX[name](url)
        return lambda path: llm.achat(for_llamaindex(path))

    return asker


def openai_sdk(url: str) -> Ask:
    import openai

    client = openai.AsyncOpenAI(base_url=url)
    return lambda path: client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": [inlined(path)]}], timeout=600
    )


def litellm(url: str) -> Ask:
    import litellm

    return lambda path: litellm.acompletion(
        "openai/gpt-audio", api_base=url, api_key="k", messages=[{"role": "user", "content": [inlined(path)]}]
    )


ASKING: dict[str, Callable[[str], Ask]] = {
    **{name: langchain(name) for name in LANGCHAIN},
    **{name: llamaindex(name) for name in LLAMAINDEX},
    "litellm": litellm,
    "openai": openai_sdk,
}

if __name__ == "__main__":
    answer(ready) if sys.argv[1:2] == ["--of"] else main()
