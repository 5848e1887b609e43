"""Measure speech that passes through: CPU, memory, and the time of the first sound of an answer that is being written.

    python benchmarks/speaking.py

A server in another process sends an hour of PCM at 24 kHz; parts of a long text as WAV; and short sentences after 200
ms, as a fast model speaks. The text model writes 20 words a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

from measuring import Cost, measure_cost

from audio_core import AudioClient
from audio_core.testing import Recorded, Reply, ScriptedGateway, speech_reply

HOUR = 3600
PIECE = bytes(48_000)  # one second
LONG = "It rained all day, and nobody whom we know went out. " * 650  # 34,000 characters: 9 parts
ANSWER = "It rained all day long here. Nobody went out at all, as far as we know. The evening was quiet."
SPEAKS_AFTER, WORDS_PER_SECOND = 0.2, 20


class Speaker(ScriptedGateway):
    """Sends an hour for the text "hour", and otherwise a tone."""

    def next_reply(self, request: Recorded) -> Reply:
        text = request.json["input"]
        if text == "hour":
            return Reply([PIECE] * HOUR, headers={"Content-Type": "audio/pcm;rate=24000"})
        seconds = max(1.0, len(text) / 15)
        return speech_reply(seconds, request.json["response_format"], wait=SPEAKS_AFTER)


def main() -> None:
    with run_server() as url:
        client = AudioClient("openai", model="m", api_key="k", base_url=url)
        print("| what | CPU ms per s of speech | peak MB | s |")
        print("|---|---|---|---|")
        show("an hour, streamed", HOUR, measure_cost(lambda: drain(client)))
        show("an hour, streamed on an event loop", HOUR, measure_cost(lambda: asyncio.run(adrain(client))))
        seconds = len(LONG) / 15
        for kind in ("wav", "mp3"):
            whole, streamed = partial(speak_whole, client, kind), partial(speak_streamed, client, kind)
            show(f"{seconds / 60:.0f} min in parts, {kind}", seconds, measure_cost(whole))
            show(f"{seconds / 60:.0f} min in parts, {kind}, streamed", seconds, measure_cost(streamed))
        print()
        print(
            f"first sound after the first sentence is whole: {measure_first_sound(client) * 1000:.0f} ms, of which the"
        )
        print(
            f"model that speaks takes {SPEAKS_AFTER * 1000:.0f} ms; the whole text is there after {len(ANSWER.split()) / WORDS_PER_SECOND:.1f} s"
        )


def show(name: str, seconds: float, cost: Cost) -> None:
    print(f"| {name} | {cost.cpu / seconds * 1000:.2f} | {cost.peak:.1f} | {cost.wall:.1f} |", flush=True)


def speak_whole(client: AudioClient, kind: str) -> None:
    client.speak(LONG, voice="alloy", format=kind)


def speak_streamed(client: AudioClient, kind: str) -> None:
    for _ in client.stream_speech(LONG, voice="alloy", format=kind):
        pass


def drain(client: AudioClient) -> None:
    size = sum(len(piece.data) for piece in client.stream_speech("hour", voice="alloy", format="pcm"))
    assert size == HOUR * len(PIECE)


async def adrain(client: AudioClient) -> None:
    pieces = client.astream_speech("hour", voice="alloy", format="pcm")
    assert sum([len(piece.data) async for piece in pieces]) == HOUR * len(PIECE)


def measure_first_sound(client: AudioClient) -> float:
    """Return the seconds from the beginning of the second sentence to the first piece of speech; the median of five."""
    return sorted(asyncio.run(measure_one(client)) for _ in range(5))[2]


async def measure_one(client: AudioClient) -> float:
    whole_at = list[float]()

    async def write() -> AsyncIterator[str]:
        for word in ANSWER.split():
            if word == "Nobody":
                whole_at.append(time.perf_counter())
            yield word + " "
            await asyncio.sleep(1 / WORDS_PER_SECOND)

    async with client.astream_speech(write(), voice="alloy", format="pcm") as pieces:
        await anext(piece async for piece in pieces if piece.data)
        return time.perf_counter() - whole_at[0]


@contextlib.contextmanager
def run_server() -> Iterator[str]:
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def serve() -> None:
    with Speaker() as gateway:
        print(gateway.base_url, flush=True)
        time.sleep(3600)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    serve() if "--serve" in sys.argv else main()
