"""Send twenty minutes of speech to the offline server, whole and in pieces: how many word errors does cutting cause?

    python benchmarks/cut_speech.py [--minutes 20] [--recordings FOLDER] [--format wav] [--longest 60 30 15]

The speech is the shipped recordings and those of a folder with a manifest.json, in turn, until it is long enough. In
pieces it is sent twice: as copies of its packets, and decoded, as is done where a gateway does not take the format. The
last column compares when words begin: half of them, and 95 % of them, differ by no more than that many seconds.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import jiwer
from local_engine import RATE, Case, load_manifest_cases, load_shipped_cases, normalize

from audio_core import Audio, AudioClient, Transcript, Word
from audio_core.integration import find_provider
from audio_core.media.decode import ENCODERS, decode, encode
from audio_core.offline.serving import running

ROW = replace(find_provider("openai"), api_key_env=(), max_upload_bytes=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--format", choices=list(ENCODERS), default="wav")
    parser.add_argument("--longest", type=float, nargs="*", default=[60.0, 30.0, 15.0], help="seconds of a piece")
    options = parser.parse_args()
    cases = [*load_shipped_cases(), *(load_manifest_cases(options.recordings) if options.recordings else ())]
    print(f"**{options.format}**\n\n| longest piece | sent | requests | WER | starts of words |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, running() as url:
        path = Path(folder) / "speech.wav"
        reference = normalize(write_speech(path, cases, options.minutes * 60))
        audio = Audio.of(encode(Audio.of(path), options.format))
        for longest in (None, *options.longest):
            for row in measure_rows(audio, url, longest, reference):
                print(f"| {longest or 'whole'} | {' | '.join(row)} |", flush=True)


def measure_rows(audio: Audio, url: str, longest: float | None, reference: str) -> Iterator[tuple[str, ...]]:
    """Transcribe speech whole, or in pieces that are copied and then in some that are decoded."""
    copied, requests = transcribe(audio, url, longest, (audio.format,))
    yield "as it is", str(requests), f"{jiwer.wer(reference, normalize(copied.text)):.2%}", ""
    if longest is not None:
        decoded, requests = transcribe(audio, url, longest, ("flac",) if audio.format == "wav" else ("wav",))
        errors = jiwer.wer(reference, normalize(decoded.text))
        yield "decoded", str(requests), f"{errors:.2%}", compare_starts(copied, decoded)


def transcribe(audio: Audio, url: str, longest: float | None, formats: tuple[str, ...]) -> tuple[Transcript, int]:
    """Transcribe speech by way of formats. Return the transcript, and how many requests it took."""
    provider = replace(ROW, max_upload_seconds=longest, upload_formats=formats)
    progress: list[float] = []
    client = AudioClient(provider, base_url=url, model="any", max_concurrency=2, timeout=600)
    transcript = client.transcribe(audio, words=True, progress=lambda event: progress.append(event.done))
    return transcript, 1 if longest is None else len(progress) - 2


def compare_starts(first: Transcript, second: Transcript) -> str:
    """Return how far apart the same words begin in two transcripts.

    They are matched a minute at a time, as the speech may repeat itself.
    """
    one, other = (group_by_minute(each) for each in (first, second))
    distances = [distance for minute in one for distance in measure_distances(one[minute], other.get(minute, []))]
    if len(distances) < 2:
        return "no words"
    return f"{statistics.median(distances):.3f}, {statistics.quantiles(distances, n=20)[-1]:.3f}"


def group_by_minute(transcript: Transcript) -> dict[int, list[Word]]:
    words = (word for segment in transcript.segments for word in segment.words)
    return {minute: list(group) for minute, group in itertools.groupby(words, lambda word: int(word.start // 60))}


def measure_distances(one: list[Word], other: list[Word]) -> Iterator[float]:
    blocks = SequenceMatcher(None, [word.text for word in one], [word.text for word in other], autojunk=False)
    for block in blocks.get_matching_blocks():
        for at in range(block.size):
            yield abs(one[block.a + at].start - other[block.b + at].start)


def write_speech(path: Path, cases: list[Case], seconds: float) -> str:
    """Write recordings to a WAV file in turn until it is long enough. Return their text.

    Args:
        path: the WAV file.
        cases: the recordings.
        seconds: minimum length of the file.

    Raises:
        ValueError: if there is no recording.
    """
    texts, length = list[str](), 0.0
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        for case in itertools.cycle(cases):
            if length >= seconds:
                return " ".join(texts)
            pcm = b"".join(decode(case.audio, rate=RATE))
            out.writeframes(pcm)
            texts.append(case.text)
            length += len(pcm) / (2 * RATE)
    raise ValueError("There is no recording.")


if __name__ == "__main__":
    main()
