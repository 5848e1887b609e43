"""Three hours through a gateway: is every item there once, in order and in time; how much memory, how fast.

An hour with pauses of every length, one without any, one with pauses again; see `tones.py`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tones import Item, serving, write

NUMBERS = 120
LISTENED = 600.0  # seconds that planning with Silero is measured on

CLIENT = """
import json, resource, sys, time
sys.path.insert(0, {root!r})
from dataclasses import replace
from audio_core import Audio, AudioClient
from audio_core.integration import find_provider
from audio_core.media import decode
from audio_core.media.segmentation import pieces

def planned(*arguments):
    cpu = time.process_time()
    count = sum(1 for _ in pieces(*arguments))
    return count, time.process_time() - cpu

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count, energy = planned(Audio.of({path!r}), 300.0)
row = replace(find_provider("openai"), api_key_env=())
began = time.perf_counter()
found = AudioClient(row, base_url={url!r}, model="m").transcribe({path!r})
took, peak = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
_, silero = planned(Audio.of({path!r}, end={listened}), 300.0, "silero")
print(json.dumps({{
    "pieces": count, "energy": energy, "silero": silero, "took": took, "above_import": (peak - before) / 1024,
    "items": [(s.start, s.text) for s in found.segments],
}}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=3.0)
    hours = parser.parse_args().hours
    root = str(Path(__file__).parents[1])
    with tempfile.TemporaryDirectory() as folder, serving() as url:
        path = Path(folder) / "long.wav"
        write(path, items(hours))
        program = CLIENT.format(root=root, path=str(path), url=url, listened=min(LISTENED, hours * 3600))
        printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    report(json.loads(printed), list(items(hours)), hours)


def items(hours: float) -> Iterator[Item]:
    """The recording's items."""
    time_, at = 0.0, 0
    while time_ < hours * 3600:
        is_middle = hours / 3 <= time_ / 3600 < 2 * hours / 3
        pause = 0.0 if is_middle or at % 6 else 0.1 * (1 + at % 23)
        yield time_, at % NUMBERS, pause
        time_ += 0.5 + pause
        at += 1


def report(found: dict, truth: list[Item], hours: float) -> None:
    right = [f"n{number}" for _, number, _ in truth]
    heard = [word for _, text in found["items"] for word in text.split()]
    off = max((abs(start - time_) for (start, _), (time_, _, _) in zip(found["items"], truth, strict=False)), default=0)
    print(f"{hours} h, {len(truth)} items, {found['pieces']} pieces")
    print(f"every item once and in order: {heard == right}; largest error of a start: {off:.3f} s")
    print(
        f"planning by energy: {hours * 3600 / found['energy']:.0f} x real time; "
        f"with Silero: {min(LISTENED, hours * 3600) / found['silero']:.0f} x; all of it: {found['took']:.0f} s"
    )
    print(f"peak memory above import: {found['above_import']:.0f} MB")


if __name__ == "__main__":
    main()
