"""Recordings made of numbered tones, each half a second long, and a server that recognizes the numbers.

    python benchmarks/tones.py [--broken NUMBER] [--largest BYTES]    # serves until its standard input is closed

The content of each second is known, so a check can tell whether a transcript holds each tone once, in order and at the
right time.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import subprocess
import sys
import wave
from array import array
from collections.abc import Generator, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from audio_core import Audio
from audio_core.media.decode import decode
from audio_core.testing import Recorded, Reply, ScriptedGateway

RATE = 16_000
FRAME = RATE // 20
Item = tuple[float, int, float]  # start in seconds, number of the tone, seconds of the pause that follows


def write_tones(path: Path, items: Iterable[Item]) -> None:
    """Write items to a WAV file."""
    tones: dict[int, bytes] = {}
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        for _, number, pause in items:
            out.writeframes(tones.setdefault(number, create_tone(number)) + bytes(2 * round(pause * RATE)))


def create_tone(number: int) -> bytes:
    """Return half a second of a tone, as 16-bit mono PCM at `RATE`. The frequency is 400 + 25 * `number` Hz."""
    step = 2 * math.pi * (400 + 25 * number) / RATE
    return array("h", (round(9000 * math.sin(step * index)) for index in range(RATE // 2))).tobytes()


@contextlib.contextmanager
def run_server(*arguments: str) -> Generator[str]:
    """Run the server in a separate process with these command-line arguments. Yield its base URL."""
    command = [sys.executable, __file__, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.stdin.close()
        server.wait(30)


class ToneServer(ScriptedGateway):
    """A gateway that transcribes tones as their numbers.

    Args:
        broken: an upload with this number fails.
        largest: maximum size of an upload, in bytes.
    """

    def __init__(self, broken: int | None, largest: int | None) -> None:
        super().__init__()
        self._broken, self._largest = broken, largest

    def next_reply(self, request: Recorded) -> Reply:
        upload = next(part.content for part in request.parts if part.filename)
        if self._largest and len(upload) > self._largest:
            return Reply({"error": {"message": f"Maximum content size limit ({self._largest}) exceeded"}}, status=413)
        words = recognize_tones(upload)
        if any(word["word"] == f"n{self._broken}" for word in words):
            return Reply({"error": {"message": "The server had an error"}}, status=500)
        segments = [{"start": word["start"], "end": word["end"], "text": word["word"]} for word in words]
        return Reply({"text": " ".join(word["word"] for word in words), "segments": segments, "words": words})


def recognize_tones(upload: bytes) -> list[dict]:
    """Return the numbers in a recording as words with times, from the peak frequency of each twentieth of a second."""
    import numpy as np

    samples = np.frombuffer(b"".join(decode(Audio.of(upload), rate=RATE)), dtype="<i2").astype(np.float32)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    peaks = np.abs(np.fft.rfft(frames, 8 * FRAME)).argmax(axis=1) * RATE / (8 * FRAME)
    numbers = np.where(np.abs(frames).max(axis=1) > 3000, np.round((peaks - 400) / 25), -1).astype(int)
    words, start = [], 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[start]:
            if numbers[start] >= 0 and end - start >= 6:
                words.append({"word": f"n{numbers[start]}", "start": start / 20, "end": end / 20})
            start = end
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broken", type=int)
    parser.add_argument("--largest", type=int)
    options = parser.parse_args()
    with ToneServer(options.broken, options.largest) as gateway:
        print(gateway.base_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
