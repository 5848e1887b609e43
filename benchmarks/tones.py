"""Recordings that hold a tone of its own for each half second of speech, and a server that tells the tones apart.

    python benchmarks/tones.py [--broken NUMBER] [--largest BYTES]    # serves until its standard input is closed

So it is known what each second holds, and whether what comes back is all of it, once, in order and in time.
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
Item = tuple[float, int, float]  # start, number, the pause that follows


def write(path: Path, items: Iterable[Item]) -> None:
    """Write items as a WAV."""
    made: dict[int, bytes] = {}
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        for _, number, pause in items:
            out.writeframes(made.setdefault(number, tone(number)) + bytes(2 * round(pause * RATE)))


def tone(number: int) -> bytes:
    step = 2 * math.pi * (400 + 25 * number) / RATE
    return array("h", (round(9000 * math.sin(step * at)) for at in range(RATE // 2))).tobytes()


@contextlib.contextmanager
def serving(*arguments: str) -> Generator[str]:
    """The server in a process of its own; its base URL."""
    command = [sys.executable, __file__, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.stdin.close()
        server.wait(30)


class Listener(ScriptedGateway):
    """Answers with the numbers that it hears; an upload with the broken one, or over the limit, is refused."""

    def __init__(self, broken: int | None, largest: int | None) -> None:
        super().__init__()
        self._broken, self._largest = broken, largest

    def next_reply(self, request: Recorded) -> Reply:
        upload = next(part.content for part in request.parts if part.filename)
        if self._largest and len(upload) > self._largest:
            return Reply({"error": {"message": f"Maximum content size limit ({self._largest}) exceeded"}}, status=413)
        words = heard(upload)
        if any(word["word"] == f"n{self._broken}" for word in words):
            return Reply({"error": {"message": "The server had an error"}}, status=500)
        segments = [{"start": word["start"], "end": word["end"], "text": word["word"]} for word in words]
        return Reply({"text": " ".join(word["word"] for word in words), "segments": segments, "words": words})


def heard(upload: bytes) -> list[dict]:
    """The numbers in a recording, by the strongest frequency of each twentieth of a second."""
    import numpy as np

    samples = np.frombuffer(b"".join(decode(Audio.of(upload), rate=RATE)), dtype="<i2").astype(np.float32)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    peaks = np.abs(np.fft.rfft(frames, 8 * FRAME)).argmax(axis=1) * RATE / (8 * FRAME)
    numbers = np.where(np.abs(frames).max(axis=1) > 3000, np.round((peaks - 400) / 25), -1).astype(int)
    words, start = [], 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[start]:
            if numbers[start] >= 0 and at - start >= 6:
                words.append({"word": f"n{numbers[start]}", "start": start / 20, "end": at / 20})
            start = at
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broken", type=int)
    parser.add_argument("--largest", type=int)
    options = parser.parse_args()
    with Listener(options.broken, options.largest) as gateway:
        print(gateway.base_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
