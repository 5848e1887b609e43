"""Three hours through a gateway: is every item there once, in order and in time; how much memory, how fast.

The recording holds a tone of its own for each half second of speech: an hour with pauses of every length, one without any,
one with pauses again. The server tells the tones apart, so it knows what each second holds.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path

RATE = 16_000
NUMBERS = 120


def tone(number: int) -> bytes:
    step = 2 * math.pi * (400 + 25 * number) / RATE
    return array("h", (round(9000 * math.sin(step * at)) for at in range(RATE // 2))).tobytes()


def items(hours: float) -> Iterator[tuple[float, int, float]]:
    """Start, number and the pause that follows."""
    time_, at = 0.0, 0
    while time_ < hours * 3600:
        is_middle = hours / 3 <= time_ / 3600 < 2 * hours / 3
        pause = 0.0 if is_middle or at % 6 else 0.1 * (1 + at % 23)
        yield time_, at % NUMBERS, pause
        time_ += 0.5 + pause
        at += 1


def write(path: Path, hours: float) -> None:
    tones = [tone(number) for number in range(NUMBERS)]
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        for _, number, pause in items(hours):
            out.writeframes(tones[number] + bytes(2 * round(pause * RATE)))


SERVER = """
import io, sys, json, wave, numpy as np
sys.path.insert(0, {root!r})
from audio_core import Audio
from audio_core.media.decode import pcm
from audio_core.testing import Reply, ScriptedGateway
RATE = 16000

class Listener(ScriptedGateway):
    def next_reply(self, request):
        upload = next(part.content for part in request.parts if part.filename)
        x = np.frombuffer(b"".join(pcm(Audio.of(upload), rate=RATE)), dtype="<i2").astype(np.float32)
        size = RATE // 20
        frames = x[: len(x) // size * size].reshape(-1, size)
        peaks = np.abs(np.fft.rfft(frames, 8 * size)).argmax(axis=1) * RATE / (8 * size)
        numbers = np.where(np.abs(frames).max(axis=1) > 3000, np.round((peaks - 400) / 25), -1).astype(int)
        words, start = [], 0
        for at in range(1, len(numbers) + 1):
            if at == len(numbers) or numbers[at] != numbers[start]:
                if numbers[start] >= 0 and at - start >= 6:
                    words.append({{"word": f"n{{numbers[start]}}", "start": start / 20, "end": at / 20}})
                start = at
        segments = [{{"start": w["start"], "end": w["end"], "text": w["word"]}} for w in words]
        return Reply({{"text": " ".join(w["word"] for w in words), "segments": segments, "words": words}})

with Listener() as gateway:
    print(gateway.base_url, flush=True)
    sys.stdin.read()
"""

CLIENT = """
import json, resource, sys, time
sys.path.insert(0, {root!r})
from dataclasses import replace
from audio_core import Audio, AudioClient, find_provider
from audio_core.media import decode
from audio_core.transcribe.cut import pieces
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began, cpu = time.perf_counter(), time.process_time()
count = sum(1 for _ in pieces(Audio.of({path!r}), 300.0))
planned, planned_cpu = time.perf_counter() - began, time.process_time() - cpu
row = replace(find_provider("openai"), api_key_env=())
began = time.perf_counter()
found = AudioClient(row, base_url={url!r}, model="m").transcribe({path!r})
print(json.dumps({{
    "pieces": count, "planned": planned, "planned_cpu": planned_cpu, "took": time.perf_counter() - began,
    "above_import": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    "items": [(s.start, s.text) for s in found.segments],
}}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=3.0)
    hours = parser.parse_args().hours
    root = str(Path(__file__).parents[1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        write(path, hours)
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER.format(root=root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        url = server.stdout.readline().strip()
        program = CLIENT.format(root=root, path=str(path), url=url)
        printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        server.stdin.close()
        server.wait(30)
    report(json.loads(printed), list(items(hours)), hours)


def report(found: dict, truth: list[tuple[float, int, float]], hours: float) -> None:
    right = [f"n{number}" for _, number, _ in truth]
    heard = [word for _, text in found["items"] for word in text.split()]
    off = max((abs(start - time_) for (start, _), (time_, _, _) in zip(found["items"], truth, strict=False)), default=0)
    print(f"{hours} h, {len(truth)} items, {found['pieces']} pieces")
    print(f"every item once and in order: {heard == right}; largest error of a start: {off:.3f} s")
    print(f"planning: {hours * 3600 / found['planned_cpu']:.0f} x real time; all of it: {found['took']:.0f} s")
    print(f"peak memory above import: {found['above_import']:.0f} MB")


if __name__ == "__main__":
    main()
