"""A clip out of the middle of an hour, ten minutes decoded, three hours planned: beside the ffmpeg program and pydub.

    .venv-peers/bin/python benchmarks/media.py [--rounds 3]    # wants the ffmpeg program

The hour is `examples/audio/talk.ogg` again and again, written by the ffmpeg program. The clip is 30 s as a WAV. CPU and wall
time of ffmpeg are those of the program from its start to its end; ours and pydub's are of a process that has them imported.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measuring import ROUNDS, Cost, answer, in_turn, measured, median, middle, ratio, table

TALK = Path(__file__).parent.parent / "examples" / "audio" / "talk.ogg"
HOUR, START, LENGTH, DECODED, RATE = 3600, 1800, 30, 600, 16_000
FILES = {
    "hour.mp3": ("-c:a", "libmp3lame", "-b:a", "48k"),
    "without-index.mp3": ("-c:a", "libmp3lame", "-b:a", "48k", "-write_xing", "0"),
    "hour.m4a": ("-c:a", "aac", "-b:a", "48k"),
    "hour.flac": ("-c:a", "flac"),
    "opus.ogg": ("-c:a", "libopus", "-b:a", "24k"),
    "vorbis.ogg": ("-c:a", "libvorbis", "-q:a", "2"),
    "hour.wav": ("-c:a", "pcm_s16le"),
}
WHO = ("ours", "ffmpeg", "pydub")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = made(Path(folder))
        clips(paths, options.rounds)
        decoding(paths, options.rounds)
        planning(paths[-1], options.rounds)


def made(folder: Path) -> list[Path]:
    """An hour of speech in each format."""
    wav = folder / "hour.wav"
    ffmpeg("-stream_loop", "-1", "-i", TALK, "-t", HOUR, "-ar", RATE, "-ac", 1, wav)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        others = [(name, options) for name, options in FILES.items() if name != wav.name]
        list(pool.map(lambda other: ffmpeg("-i", wav, *other[1], folder / other[0]), others))
    return [folder / name for name in FILES]


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-threads", "1", *map(str, arguments)], check=True)


def clips(paths: list[Path], rounds: int) -> None:
    found = in_turn(__file__, WHO[:2], [("clip", str(path)) for path in paths], rounds)
    found |= in_turn(__file__, WHO[2:], [("clip", str(path)) for path in paths], 1)
    rows = list[tuple[str, ...]]()
    for at, path in enumerate(paths):
        walls = {who: [cost.wall for cost in found[who, at]] for who in WHO}
        ours = median(walls["ours"])
        peers = [text for who in WHO[1:] for text in (middle(walls[who], 1000), ratio(median(walls[who]), ours))]
        peak = middle([cost.peak for cost in found["ours", at]])
        rows.append((path.name, middle(walls["ours"], 1000), peak, *peers))
    columns = ("ours, ms", "peak, MB", "ffmpeg, ms", "of ours", "pydub, ms", "of ours")
    table(f"{LENGTH} s out of the middle of an hour", columns, rows)


def decoding(paths: list[Path], rounds: int) -> None:
    found = in_turn(__file__, WHO[:2], [("decode", str(path)) for path in paths], rounds)
    rows = list[tuple[str, ...]]()
    for at, path in enumerate(paths):
        cpu = {who: [cost.cpu for cost in found[who, at]] for who in WHO[:2]}
        times = ratio(median(cpu["ours"]), median(cpu["ffmpeg"]))
        rows.append((path.name, middle(cpu["ours"], 1000), middle(cpu["ffmpeg"], 1000), times))
    table("Ten minutes decoded to 16 kHz mono: CPU", ("ours, ms", "ffmpeg, ms", "ours of ffmpeg"), rows)


def planning(wav: Path, rounds: int) -> None:
    three = wav.with_name("three.wav")
    ffmpeg("-stream_loop", 2, "-i", wav, "-c", "copy", three)
    costs = in_turn(__file__, ["ours"], [("plan", str(three))], rounds)["ours", 0]
    times = [3 * HOUR / cost.cpu for cost in costs]
    table(
        "Three hours of WAV planned: decoded, pauses found, cut",
        ("x real time, one core", "peak, MB"),
        [("ours", middle(times), middle([cost.peak for cost in costs]))],
    )


def ready(who: str) -> Callable[[str, str], Cost]:
    work = {"ours": ours, "ffmpeg": program, "pydub": pydub}[who]()
    return lambda kind, path: work(kind, Path(path))


def ours() -> Callable[[str, Path], Cost]:
    from audio_core import Audio
    from audio_core.media.decode import decode, encode
    from audio_core.media.segmentation import cut_recording

    def heard(path: Path) -> None:
        for _ in decode(Audio.of(path, end=DECODED), rate=RATE):
            pass

    def planned(path: Path) -> None:
        for _ in cut_recording(Audio.of(path), 300.0):
            pass

    works: dict[str, Callable[[Path], object]] = {
        "clip": lambda path: encode(Audio.of(path, start=START, end=START + LENGTH), "wav"),
        "decode": heard,
        "plan": planned,
    }
    return lambda kind, path: measured(lambda: works[kind](path))


def program() -> Callable[[str, Path], Cost]:
    def work(kind: str, path: Path) -> Cost:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        if kind == "clip":
            ffmpeg("-ss", START, "-t", LENGTH, "-i", path, path.with_suffix(".clip.wav"))
        else:
            ffmpeg("-t", DECODED, "-i", path, "-ar", RATE, "-ac", 1, "-f", "s16le", "/dev/null")
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, 0.0)

    return work


def pydub() -> Callable[[str, Path], Cost]:
    from pydub import AudioSegment

    def clip(path: Path) -> None:
        cut = AudioSegment.from_file(path)[START * 1000 : (START + LENGTH) * 1000]
        cut.export(path.with_suffix(".pydub.wav"), format="wav")

    return lambda _, path: measured(lambda: clip(path))


if __name__ == "__main__":
    answer(ready) if sys.argv[1:2] == ["--of"] else main()
