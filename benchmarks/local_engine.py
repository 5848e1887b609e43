"""Word error rate, word times, speed and memory of the local engine, and of nothing else.

    python benchmarks/local_engine.py                        # the recordings in examples/audio
    python benchmarks/local_engine.py --recordings FOLDER    # and those of a folder with a manifest.json
    python benchmarks/local_engine.py --hours 1              # and one long recording made by repeating them

A manifest is a list of `{"file", "transcript"}`; a `.raw` file is taken for 16-bit mono PCM at 16 kHz.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jiwer
from measuring import table

from audio_core import Audio, AudioClient, Transcript, Word
from audio_core.audio.content import FileContent
from audio_core.media.decode import decode, encode

OWN = Path(__file__).parent.parent / "examples" / "audio"
RATE = 16_000
LONG = "--measure-memory-of"


@dataclass(frozen=True)
class Case:
    """A recording, what is said in it, and where known when."""

    audio: Audio
    text: str
    words: list[tuple[str, float, float]]


def main() -> None:
    options = _options()
    if options.measure_memory_of:
        _measure_memory(options.measure_memory_of)
        return
    cases = [*own_cases(), *(manifest_cases(options.recordings) if options.recordings else ())]
    columns = ("s", "words", "WER", "CER", "RTF", "word times: median, 95th percentile")
    table("PocketSphinx", columns, map(measured, cases))
    if options.hours:
        long_recording(cases, options.hours)


def own_cases() -> Iterator[Case]:
    """The project's own recordings, with flite's word times."""
    for name in ("talk.ogg", "call.mp3"):
        segments = json.loads((OWN / name).with_suffix(".json").read_text())
        words = [(word, start, end) for segment in segments for word, start, end in segment["words"]]
        yield Case(Audio.of(OWN / name), " ".join(word for word, _, _ in words), words)


def manifest_cases(folder: Path) -> Iterator[Case]:
    """The recordings that a folder's manifest lists."""
    for entry in json.loads((folder / "manifest.json").read_text()):
        path = folder / entry["file"]
        is_raw = path.suffix == ".raw"
        yield Case(
            Audio.of(path, format="pcm16", sample_rate=RATE) if is_raw else Audio.of(path), entry["transcript"], []
        )


def measured(case: Case) -> tuple[str, ...]:
    """One line of the table, with word times where they are known."""
    began = time.process_time()
    heard = AudioClient().transcribe(case.audio, words=True)
    seconds = time.process_time() - began
    said, found = normal(case.text), normal(heard.text)
    rates = (f"{jiwer.wer(said, found):.1%}", f"{jiwer.cer(said, found):.1%}", f"{seconds / (heard.duration or 1):.3f}")
    return (case.audio.label, f"{heard.duration:.1f}", str(len(said.split())), *rates, word_times(case, heard))


def word_times(case: Case, heard: Transcript) -> str:
    """By how much word times differ from flite's own."""
    if not case.words:
        return ""
    errors = sorted(word_errors(case.words, heard))
    late = errors[int(len(errors) * 0.95)]
    return f"{statistics.median(errors):.3f} s, {late:.3f} s ({len(errors) // 2} words)"


def word_errors(spoken: list[tuple[str, float, float]], heard: Transcript) -> Iterator[float]:
    """By how many seconds starts and ends of the words that were heard right differ."""
    words: list[Word] = [word for segment in heard.segments for word in segment.words]
    aligned = jiwer.process_words(" ".join(word for word, _, _ in spoken), " ".join(word.text for word in words))
    for chunk in aligned.alignments[0]:
        if chunk.type == "equal":
            for at in range(chunk.ref_end_idx - chunk.ref_start_idx):
                _, start, end = spoken[chunk.ref_start_idx + at]
                word = words[chunk.hyp_start_idx + at]
                yield from (abs(start - word.start), abs(end - word.end))


def normal(text: str) -> str:
    """Lower case words without punctuation; "mr" is spelled out."""
    return " ".join(re.sub(r"[^a-z' ]+", " ", re.sub(r"\bmr\b", "mister", text.lower())).split())


def long_recording(cases: list[Case], hours: float) -> None:
    """Peak memory on the first minutes and on all of a long recording, each in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.flac"
        path.write_bytes(repeated(cases, hours * 3600).open_reader().read())
        for seconds in (300.0, 0.25 * hours * 3600, hours * 3600):
            subprocess.run([sys.executable, __file__, LONG, f"{path}#t=0,{seconds}"], check=True)


def repeated(cases: list[Case], seconds: float) -> FileContent:
    """The recordings one after another, again and again, as one FLAC."""

    def write(file) -> None:
        left = round(seconds * RATE) * 2
        while left > 0:
            for case in cases:
                for piece in decode(case.audio, rate=RATE):
                    file.write(piece[:left])
                    left = max(0, left - len(piece))

    raw = FileContent.write_temporary(write)
    return encode(Audio.of(raw.open_reader(), format="pcm16", sample_rate=RATE), "flac")


def _measure_memory(source: str) -> None:
    client = AudioClient()
    client.transcribe(OWN / "call.mp3")  # the model is loaded, FFmpeg too
    before, began = _peak(), time.process_time()
    heard = client.transcribe(source)
    seconds = time.process_time() - began
    print(
        f"long recording: {heard.duration:>7.0f} s, {len(heard.segments)} segments, RTF {seconds / (heard.duration or 1):.3f}, "
        f"peak memory {_peak():.0f} MB, {_peak() - before:.1f} MB above that of a minute",
        flush=True,
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, help="a folder with a manifest.json")
    parser.add_argument("--hours", type=float, help="also measure memory on a recording of this length")
    parser.add_argument(LONG, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
