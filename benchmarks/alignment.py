"""Times for text that is given: how far off words and segments are, and how text that is not spoken is told.

    python benchmarks/alignment.py                              # PocketSphinx on the shipped recordings
    python benchmarks/alignment.py --weights FOLDER       # also a multilingual Whisper model, on eSpeak's speech
                                                          # too; beside stable-ts, if it is installed
    python benchmarks/alignment.py --recordings FOLDER    # PocketSphinx's mismatches also on those of a manifest.json

The text is given without any time, as one string. "Within 0.2 s" is the share of its words that are found there, the
measure of WhisperX's paper (arXiv 2303.00747) as its author explains it (github.com/m-bain/whisperX/issues/329).
WhisperX itself is not run, as its aligner's model comes from a model hub.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import statistics
import tempfile
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from library_texts import TEXTS
from measuring import print_table
from stable_ts import align_with_stable_ts, is_installed

from audio_core import Audio, Transcript
from audio_core.engines import decoders
from audio_core.engines.alignment import align_transcript
from audio_core.media.probing import probe

EXAMPLES = Path(__file__).parent.parent / "examples" / "audio"
COLLAR = 0.2  # seconds
LONGEST_MISMATCH = 75.0  # seconds; what does not match is recognised, which is slow
VOICES = {"en": "en-us", "de": "de", "es": "es"}


@dataclass(frozen=True)
class Case:
    """A recording whose words are known.

    Attributes:
        name: as it stands in the table.
        audio: the recording.
        language: code of its language.
        text: what is spoken.
        seconds: its length.
        words: start of each word of the text in seconds, or None where it is not known.
    """

    name: str
    audio: Audio
    language: str
    text: str
    seconds: float
    words: list[float | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="the folder of a multilingual Whisper model for CTranslate2")
    parser.add_argument("--recordings", type=Path, help="a folder with a manifest.json")
    options = parser.parse_args()
    shipped = list(load_shipped_cases())
    aligners = [("PocketSphinx", None, shipped)]
    if options.weights:
        aligners.append(("Whisper", f"faster-whisper:{options.weights}", [*shipped, *synthesize_cases()]))
    columns = (
        *("language", "s", "words found", "within 0.2 s", "words: median, 95th percentile"),
        *("segments: 95th", "CPU s a minute"),
    )
    for name, aligner, cases in aligners:
        rows = [measure_case(case, partial(align, case, case.text, aligner)) for case in cases]
        print_table(f"{name}: errors of onsets", columns, rows)
    if options.weights and is_installed():
        peer = partial(measure_stable_ts, weights=options.weights)
        print_table("stable-ts, with the same weights: errors of onsets", columns, [peer(case) for case in cases])
    for name, aligner, cases in aligners:
        read = load_manifest_cases(options.recordings) if options.recordings and not aligner else ()
        short = [case for case in (*cases, *read) if case.seconds <= LONGEST_MISMATCH]
        rows = list(measure_mismatches(short, aligner))
        columns = ("segments", "taken for true", "score: 5th percentile", "median", "95th percentile")
        print_table(f"{name}: texts that match, and that do not", columns, rows)


def load_shipped_cases() -> Iterator[Case]:
    """Yield the recordings in examples/audio, with flite's word times."""
    for name in ("talk.ogg", "call.mp3"):
        segments = json.loads((EXAMPLES / name).with_suffix(".json").read_text())
        words = [start for segment in segments for _, start, _ in segment["words"]]
        audio, text = Audio.of(EXAMPLES / name), " ".join(each["text"] for each in segments)
        yield Case(name, audio, "en", text, probe(audio).duration, words)


def synthesize_cases() -> Iterator[Case]:
    """Yield one text in three languages, spoken by eSpeak, if it is installed."""
    from espeak import synthesize

    for language, text in TEXTS.items():
        pcm, rate, words = synthesize(text, VOICES[language])
        file = io.BytesIO()
        with wave.open(file, "wb") as wav:
            wav.setparams((1, 2, rate, 0, "NONE", ""))
            wav.writeframes(pcm)
        yield Case(
            "eSpeak",
            Audio.of(file.getvalue()),
            language,
            text,
            len(pcm) / 2 / rate,
            [word and word[1] for word in words],
        )


def load_manifest_cases(folder: Path) -> Iterator[Case]:
    """Yield the recordings of a manifest that have a transcript, without times."""
    for entry in json.loads((folder / "manifest.json").read_text()):
        segments, path = entry.get("segments", ()), folder / entry["file"]
        text = entry.get("transcript") or " ".join(segment["text"] for segment in segments)
        if path.suffix != ".raw" and len(text.split()) > 15:
            audio = Audio.of(path)
            yield Case(path.name, audio, "en", text, probe(audio).duration, [None for _ in text.split()])


def measure_stable_ts(case: Case, weights: str) -> tuple[str, ...]:
    """Return the row of a case that stable-ts aligns. It reads files."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        path = case.audio.path or Path(file.name)
        if not case.audio.path:
            path.write_bytes(case.audio.open_content().open_reader().read())
        return measure_case(case, partial(align_with_stable_ts, path, case.text, case.language, weights, case.seconds))


def measure_case(case: Case, align_case: Callable[[], Transcript]) -> tuple[str, ...]:
    """Align a text that is given as a whole, and return its row of the table."""
    began = measure_cpu()
    transcript = align_case()
    seconds = measure_cpu() - began
    errors, onsets, index = list[float](), list[float](), 0
    for segment in transcript.segments:
        count = len(segment.text.split())
        pairs = zip(segment.words, case.words[index : index + count], strict=False)
        own_errors = [None if start is None else abs(word.start - start) for word, start in pairs]
        errors += (error for error in own_errors if error is not None)
        onsets += (error for error in own_errors[:1] if error is not None)
        index += count
    errors.sort()
    found = sum(len(segment.words) for segment in transcript.segments)
    return (
        f"{case.name} ({len(transcript.segments)} segments)",
        case.language,
        f"{transcript.duration:.0f}",
        f"{found} of {len(case.words)}",
        f"{sum(error <= COLLAR for error in errors) / sum(start is not None for start in case.words):.1%}",
        f"{statistics.median(errors):.3f} s, {take_percentile(errors, 95):.3f} s",
        f"{take_percentile(sorted(onsets), 95):.3f} s",
        f"{60 * seconds / transcript.duration:.1f}",
    )


def measure_mismatches(cases: list[Case], aligner: str | None) -> Iterator[tuple[str, ...]]:
    """Yield what becomes of texts that are spoken, and of others, for which there may be no recording."""
    kinds = ("what is spoken", "its words shuffled", "of another recording", "in another language")
    for kind in kinds:
        scores, true = list[float](), 0
        texts = [(case, choose_text(kind, case, cases)) for case in cases]
        for case, text in ((case, text) for case, text in texts if text):
            transcript = align(case, text, aligner)
            scores += (segment.alignment_score or 0.0 for segment in transcript.segments)
            true += sum(not segment.is_estimated for segment in transcript.segments)
        if not scores:
            continue
        scores.sort()
        quantiles = (f"{take_percentile(scores, share):.2f}" for share in (5, 50, 95))
        yield (kind, str(len(scores)), f"{true} ({true / len(scores):.0%})", *quantiles)


def choose_text(kind: str, case: Case, cases: list[Case]) -> str | None:
    """Return a text for a recording; None if there is none of the kind."""
    words = case.text.split()
    if kind == "its words shuffled":
        return " ".join(random.Random(1).sample(words, len(words)))
    if kind == "of another recording":
        others = [other for other in cases if other.language == case.language and other.text != case.text]
        return others[0].text if others else None
    if kind == "in another language":
        return TEXTS["de" if case.language == "en" else "en"]
    return case.text


def align(case: Case, text: str, aligner: str | None) -> Transcript:
    """Align a text that comes without any time."""
    return align_transcript(Transcript(text, (), case.language, case.seconds), case.audio, aligner=aligner)


def measure_cpu() -> float:
    """Return the CPU seconds of this process and of its ended children; PocketSphinx's processes are ended first."""
    decoders._close_idle_decoders()
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def take_percentile(values: list[float], share: int) -> float:
    """Return a percentile of sorted values."""
    return values[min(len(values) - 1, len(values) * share // 100)]


if __name__ == "__main__":
    main()
