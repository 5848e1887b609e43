"""A clip from the middle of an hour, ten minutes decoded, three hours cut: compared with the ffmpeg program and pydub.

    .venv-peers/bin/python benchmarks/media.py [--rounds 3]    # needs the ffmpeg program

The hour is `examples/audio/talk.ogg`, repeated and encoded by the ffmpeg program. The clip is 30 s long and written as
WAV. CPU and wall time of ffmpeg include the start of the program. Ours and pydub's do not include their imports.
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

from measuring import (
    ROUNDS,
    Cost,
    compute_median,
    format_median,
    format_ratio,
    measure_cost,
    print_table,
    run_contestant,
    take_turns,
)

TALK = Path(__file__).parent.parent / "examples" / "audio" / "talk.ogg"
HOUR, START, LENGTH, DECODED, RATE = 3600, 1800, 30, 600, 16_000  # seconds; Hz
FILES = {
    "hour.mp3": ("-c:a", "libmp3lame", "-b:a", "48k"),
    "without-index.mp3": ("-c:a", "libmp3lame", "-b:a", "48k", "-write_xing", "0"),
    "hour.m4a": ("-c:a", "aac", "-b:a", "48k"),
    "hour.flac": ("-c:a", "flac"),
    "opus.ogg": ("-c:a", "libopus", "-b:a", "24k"),
    "vorbis.ogg": ("-c:a", "libvorbis", "-q:a", "2"),
    "hour.wav": ("-c:a", "pcm_s16le"),
}
CONTESTANTS = ("ours", "ffmpeg", "pydub")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = encode_files(Path(folder))
        report_clips(paths, options.rounds)
        report_decoding(paths, options.rounds)
        report_cutting(paths[-1], options.rounds)


def encode_files(folder: Path) -> list[Path]:
    """Write an hour of speech in each format. Return the paths."""
    wav = folder / "hour.wav"
    run_ffmpeg("-stream_loop", "-1", "-i", TALK, "-t", HOUR, "-ar", RATE, "-ac", 1, wav)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        targets = [(name, options) for name, options in FILES.items() if name != wav.name]
        list(pool.map(lambda target: run_ffmpeg("-i", wav, *target[1], folder / target[0]), targets))
    return [folder / name for name in FILES]


def run_ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-threads", "1", *map(str, arguments)], check=True)


def report_clips(paths: list[Path], rounds: int) -> None:
    costs = take_turns(__file__, CONTESTANTS[:2], [("clip", str(path)) for path in paths], rounds)
    costs |= take_turns(__file__, CONTESTANTS[2:], [("clip", str(path)) for path in paths], 1)
    rows = list[tuple[str, ...]]()
    for index, path in enumerate(paths):
        walls = {name: [cost.wall for cost in costs[name, index]] for name in CONTESTANTS}
        ours = compute_median(walls["ours"])
        peers = [
            cell
            for name in CONTESTANTS[1:]
            for cell in (format_median(walls[name], 1000), format_ratio(compute_median(walls[name]), ours))
        ]
        peak = format_median([cost.peak for cost in costs["ours", index]])
        rows.append((path.name, format_median(walls["ours"], 1000), peak, *peers))
    columns = ("ours, ms", "peak, MB", "ffmpeg, ms", "of ours", "pydub, ms", "of ours")
    print_table(f"{LENGTH} s out of the middle of an hour", columns, rows)


def report_decoding(paths: list[Path], rounds: int) -> None:
    costs = take_turns(__file__, CONTESTANTS[:2], [("decode", str(path)) for path in paths], rounds)
    rows = list[tuple[str, ...]]()
    for index, path in enumerate(paths):
        cpu = {name: [cost.cpu for cost in costs[name, index]] for name in CONTESTANTS[:2]}
        multiple = format_ratio(compute_median(cpu["ours"]), compute_median(cpu["ffmpeg"]))
        rows.append((path.name, format_median(cpu["ours"], 1000), format_median(cpu["ffmpeg"], 1000), multiple))
    print_table("Ten minutes decoded to 16 kHz mono: CPU", ("ours, ms", "ffmpeg, ms", "ours of ffmpeg"), rows)


def report_cutting(wav: Path, rounds: int) -> None:
    three = wav.with_name("three.wav")
    run_ffmpeg("-stream_loop", 2, "-i", wav, "-c", "copy", three)
    costs = take_turns(__file__, ["ours"], [("cut", str(three))], rounds)["ours", 0]
    speeds = [3 * HOUR / cost.cpu for cost in costs]
    print_table(
        "Three hours of WAV planned: decoded, pauses found, cut",
        ("x real time, one core", "peak, MB"),
        [("ours", format_median(speeds), format_median([cost.peak for cost in costs]))],
    )


def prepare(name: str) -> Callable[[str, str], Cost]:
    measure = {"ours": prepare_ours, "ffmpeg": prepare_ffmpeg, "pydub": prepare_pydub}[name]()
    return lambda kind, path: measure(kind, Path(path))


def prepare_ours() -> Callable[[str, Path], Cost]:
    from audio_core import Audio
    from audio_core.media.decode import decode, encode
    from audio_core.media.segmentation import cut_recording

    def decode_start(path: Path) -> None:
        for _ in decode(Audio.of(path, end=DECODED), rate=RATE):
            pass

    def cut(path: Path) -> None:
        for _ in cut_recording(Audio.of(path), 300.0):
            pass

    tasks: dict[str, Callable[[Path], object]] = {
        "clip": lambda path: encode(Audio.of(path, start=START, end=START + LENGTH), "wav"),
        "decode": decode_start,
        "cut": cut,
    }
    return lambda kind, path: measure_cost(lambda: tasks[kind](path))


def prepare_ffmpeg() -> Callable[[str, Path], Cost]:
    def measure(kind: str, path: Path) -> Cost:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        if kind == "clip":
            run_ffmpeg("-ss", START, "-t", LENGTH, "-i", path, path.with_suffix(".clip.wav"))
        else:
            run_ffmpeg("-t", DECODED, "-i", path, "-ar", RATE, "-ac", 1, "-f", "s16le", "/dev/null")
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, 0.0)

    return measure


def prepare_pydub() -> Callable[[str, Path], Cost]:
    from pydub import AudioSegment

    def export_clip(path: Path) -> None:
        clip = AudioSegment.from_file(path)[START * 1000 : (START + LENGTH) * 1000]
        clip.export(path.with_suffix(".pydub.wav"), format="wav")

    return lambda _, path: measure_cost(lambda: export_clip(path))


if __name__ == "__main__":
    run_contestant(prepare) if sys.argv[1:2] == ["--of"] else main()
