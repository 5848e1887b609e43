"""Send three hours of tones to a gateway: is each transcribed once, in order, at the right time? How much memory?

    python benchmarks/long_recording.py [--hours 3] [--format wav]

Speed is measured too. The recording is an hour with pauses of every length, an hour without any, and an hour with
pauses again. See `tones.py`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tones import Item, run_server, write_tones

from audio_core import Audio
from audio_core.media.decode import ENCODERS, encode

NUMBERS = 120
SILERO_SECONDS = 600.0  # length of the clip on which cutting with Silero is measured

CLIENT = """
import json, resource, sys, time
sys.path.insert(0, {root!r})
from dataclasses import replace
from audio_core import Audio, AudioClient
from audio_core.integration import find_provider
from audio_core.media import decode
from audio_core.media.segmentation import cut_recording

def measure_cutting(*arguments):
    cpu = time.process_time()
    count = sum(1 for _ in cut_recording(*arguments))
    return count, time.process_time() - cpu

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count, energy = measure_cutting(Audio.of({path!r}), 300.0)
provider = replace(find_provider("openai"), api_key_env=(), max_upload_seconds=300.0)
began = time.perf_counter()
def transcribe(row):
    transcript = AudioClient(row, base_url={url!r}, model="m").transcribe({path!r})
    return [(segment.start, segment.text) for segment in transcript.segments]

copied = transcribe(provider)
seconds, peak = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
decoded = transcribe(replace(provider, upload_formats=("flac",) if {path!r}.endswith("wav") else ("wav",)))
_, silero = measure_cutting(Audio.of({path!r}, end={silero_seconds}), 300.0, "silero")
print(json.dumps({{
    "pieces": count, "energy": energy, "silero": silero, "seconds": seconds, "above_import": (peak - before) / 1024,
    "copied": copied, "decoded": decoded,
}}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--format", choices=list(ENCODERS), default="wav")
    options = parser.parse_args()
    hours = options.hours
    root = str(Path(__file__).parents[1])
    with tempfile.TemporaryDirectory() as folder, run_server() as url:
        path = Path(folder) / "long.wav"
        write_tones(path, generate_items(hours))
        path = convert(path, options.format)
        program = CLIENT.format(root=root, path=str(path), url=url, silero_seconds=min(SILERO_SECONDS, hours * 3600))
        printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    report(json.loads(printed), list(generate_items(hours)), hours)


def convert(path: Path, format: str) -> Path:
    """Write a WAV file in another format."""
    if format == "wav":
        return path
    target = path.with_suffix(f".{format}")
    with target.open("wb") as file:
        shutil.copyfileobj(encode(Audio.of(path), format).open_reader(), file)
    return target


def generate_items(hours: float) -> Iterator[Item]:
    """Yield the tones of a recording of `hours`."""
    start, index = 0.0, 0
    while start < hours * 3600:
        is_middle = hours / 3 <= start / 3600 < 2 * hours / 3
        pause = 0.0 if is_middle or index % 6 else 0.1 * (1 + index % 23)
        yield start, index % NUMBERS, pause
        start += 0.5 + pause
        index += 1


def report(result: dict, truth: list[Item], hours: float) -> None:
    expected = [f"n{number}" for _, number, _ in truth]
    print(f"{hours} h, {len(truth)} items, {result['pieces']} pieces")
    for form in ("copied", "decoded"):
        words = [word for _, text in result[form] for word in text.split()]
        pairs = zip(result[form], truth, strict=False)
        error = max((abs(start - true_start) for (start, _), (true_start, _, _) in pairs), default=0)
        print(f"{form}: every item once and in order: {words == expected}; largest error of a start: {error:.3f} s")
    print(
        f"planning by energy: {hours * 3600 / result['energy']:.0f} x real time; "
        f"with Silero: {min(SILERO_SECONDS, hours * 3600) / result['silero']:.0f} x; "
        f"all of it: {result['seconds']:.0f} s"
    )
    print(f"peak memory above import: {result['above_import']:.0f} MB")


if __name__ == "__main__":
    main()
