"""Word error rate, word times, speed and memory of the local engines: PocketSphinx, Whisper tiny.en and base.

    python benchmarks/local_engine.py                        # the recordings in examples/audio
    python benchmarks/local_engine.py --recordings FOLDER    # also those of a folder with a manifest.json
    python benchmarks/local_engine.py --hours 1              # also a long recording made by repeating them

A manifest is a list of `{"file", "transcript"}`; a `.raw` file is read as 16-bit mono PCM at 16 kHz. Texts are
normalized as OpenAI does it for Whisper: numbers become digits, contractions are spelled out. Whisper is measured if
the weights of the dependency group `whisper` are installed, on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
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
from measuring import print_table

from audio_core import Audio, AudioClient, Transcript, Word
from audio_core.audio.content import FileContent
from audio_core.media.decode import decode, encode

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "audio"
RATE = 16_000
MEMORY_OPTION = "--measure-memory-of"


@dataclass(frozen=True)
class Case:
    """A recording with its reference transcript.

    Attributes:
        audio: the recording.
        text: its reference transcript.
        words: each word with its start and end in seconds; empty if they are not known.
    """

    audio: Audio
    text: str
    words: list[tuple[str, float, float]]


def main() -> None:
    options = _parse_options()
    if options.measure_memory_of:
        _measure_memory(options.measure_memory_of)
        return
    cases = [*load_shipped_cases(), *(load_manifest_cases(options.recordings) if options.recordings else ())]
    columns = ("s", "words", "WER", "CER", "CPU s a minute", "x real time", "word times: median, 95th percentile")
    for name, model in find_models().items():
        client = AudioClient(model=model)
        client.transcribe(f"{EXAMPLES / 'call.mp3'}#t=0,2")  # loads the model and FFmpeg
        print_table(name, columns, (measure_case(client, case) for case in cases))
    if options.hours:
        report_long_recording(cases, options.hours)


def load_shipped_cases() -> Iterator[Case]:
    """Yield the recordings in examples/audio, with flite's word times."""
    for name in ("talk.ogg", "call.mp3"):
        segments = json.loads((EXAMPLES / name).with_suffix(".json").read_text())
        words = [(word, start, end) for segment in segments for word, start, end in segment["words"]]
        yield Case(Audio.of(EXAMPLES / name), " ".join(word for word, _, _ in words), words)


def load_manifest_cases(folder: Path) -> Iterator[Case]:
    """Yield the recordings that a folder's manifest lists."""
    for entry in json.loads((folder / "manifest.json").read_text()):
        path = folder / entry["file"]
        is_raw = path.suffix == ".raw"
        yield Case(
            Audio.of(path, format="pcm16", sample_rate=RATE) if is_raw else Audio.of(path), entry["transcript"], []
        )


def find_models() -> dict[str, str | None]:
    """Return the engines by name, as `AudioClient` takes them."""
    sys.path.append(str(ROOT / "tests" / "support"))
    from whisper_models import are_installed, assemble_base, find_tiny

    if not are_installed():
        return {"PocketSphinx": None}
    os.environ["OMP_NUM_THREADS"] = "1"
    tiny, base = (f"faster-whisper:{folder}" for folder in (find_tiny(), assemble_base()))
    return {"PocketSphinx": None, "Whisper tiny.en": tiny, "Whisper base": base}


def measure_case(client: AudioClient, case: Case) -> tuple[str, ...]:
    """Transcribe a recording and return its row of the table."""
    from whisper_normalizer.english import EnglishTextNormalizer

    unify = EnglishTextNormalizer()
    cpu, began = count_cpu(), time.perf_counter()
    transcript = client.transcribe(case.audio, words=True)
    cpu, elapsed = count_cpu() - cpu, time.perf_counter() - began
    reference, hypothesis, duration = unify(case.text), unify(transcript.text), transcript.duration or 1
    rates = (f"{jiwer.wer(reference, hypothesis):.1%}", f"{jiwer.cer(reference, hypothesis):.1%}")
    speed = (f"{cpu / duration * 60:.1f}", f"{duration / elapsed:.1f}")
    count = str(len(reference.split()))
    return (case.audio.label, f"{duration:.1f}", count, *rates, *speed, describe_time_errors(case, transcript))


def count_cpu() -> float:
    """Return the CPU time, in seconds, of this process and of those that it runs, such as PocketSphinx's decoders."""
    ticks = 0
    children = " ".join(each.read_text() for each in Path("/proc/self/task").glob("*/children"))  # of each thread
    for child in children.split():
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def describe_time_errors(case: Case, transcript: Transcript) -> str:
    """Return how much word times differ from flite's; empty if flite's are not known."""
    if not case.words:
        return ""
    errors = sorted(compute_time_errors(case.words, transcript))
    percentile = errors[int(len(errors) * 0.95)]
    return f"{statistics.median(errors):.3f} s, {percentile:.3f} s ({len(errors) // 2} words)"


def compute_time_errors(reference: list[tuple[str, float, float]], transcript: Transcript) -> Iterator[float]:
    """Yield the errors of start and end of each correctly transcribed word, in seconds.

    Args:
        reference: each spoken word with its start and end in seconds.
        transcript: with word times.
    """
    words: list[Word] = [word for segment in transcript.segments for word in segment.words]
    spoken, written = ([word for word, _, _ in reference], [word.text for word in words])
    aligned = jiwer.process_words(*(" ".join(map(simplify, texts)) for texts in (spoken, written)))
    for chunk in aligned.alignments[0]:
        if chunk.type == "equal":
            for offset in range(chunk.ref_end_idx - chunk.ref_start_idx):
                _, start, end = reference[chunk.ref_start_idx + offset]
                word = words[chunk.hyp_start_idx + offset]
                yield from (abs(start - word.start), abs(end - word.end))


def normalize(text: str) -> str:
    """Return the words in lower case without punctuation, with "mr" spelled out."""
    return " ".join(re.sub(r"[^a-z' ]+", " ", re.sub(r"\bmr\b", "mister", text.lower())).split())


def simplify(word: str) -> str:
    """Return a word in lower case without punctuation; it stays one word."""
    return "".join(letter for letter in word.casefold() if letter.isalnum() or letter == "'") or "-"


def report_long_recording(cases: list[Case], hours: float) -> None:
    """Measure peak memory on the first minutes, a quarter and all of a long recording, each in a fresh process.

    Args:
        cases: the recordings that are repeated.
        hours: length of the long recording.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.flac"
        path.write_bytes(repeat_recordings(cases, hours * 3600).open_reader().read())
        for seconds in (300.0, 0.25 * hours * 3600, hours * 3600):
            subprocess.run([sys.executable, __file__, MEMORY_OPTION, f"{path}#t=0,{seconds}"], check=True)


def repeat_recordings(cases: list[Case], seconds: float) -> FileContent:
    """Return the recordings in turn, repeated, as one FLAC.

    Args:
        cases: the recordings.
        seconds: length of the FLAC.
    """

    def write_pcm(file) -> None:
        left = round(seconds * RATE) * 2
        while left > 0:
            for case in cases:
                for pcm in decode(case.audio, rate=RATE):
                    file.write(pcm[:left])
                    left = max(0, left - len(pcm))

    raw = FileContent.write_temporary(write_pcm)
    return encode(Audio.of(raw.open_reader(), format="pcm16", sample_rate=RATE), "flac")


def _measure_memory(source: str) -> None:
    client = AudioClient()
    client.transcribe(EXAMPLES / "call.mp3")  # loads the model and FFmpeg
    before, began = _read_peak_memory(), time.process_time()
    transcript = client.transcribe(source)
    seconds = time.process_time() - began
    print(
        f"long recording: {transcript.duration:>7.0f} s, {len(transcript.segments)} segments, "
        f"RTF {seconds / (transcript.duration or 1):.3f}, "
        f"peak memory {_read_peak_memory():.0f} MB, {_read_peak_memory() - before:.1f} MB above that of a minute",
        flush=True,
    )


def _read_peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, help="a folder with a manifest.json")
    parser.add_argument("--hours", type=float, help="also measure memory on a recording of this length")
    parser.add_argument(MEMORY_OPTION, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
