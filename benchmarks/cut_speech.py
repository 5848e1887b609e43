"""Twenty minutes of speech through the offline server, whole and cut into pieces: what cutting costs in words.

    python benchmarks/cut_speech.py [--minutes 20] [--recordings FOLDER]

The speech is the shipped recordings, and those of a folder with a manifest.json, one after the other until it is long enough.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import wave
from dataclasses import replace
from pathlib import Path

import jiwer
from local_engine import RATE, Case, manifest_cases, normal, own_cases

from audio_core import AudioClient
from audio_core.integration import find_provider
from audio_core.media.decode import decode
from audio_core.offline.serving import running

PIECES = (None, 60.0, 30.0, 15.0)  # the longest a piece may be, in seconds; None sends it whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--recordings", type=Path)
    options = parser.parse_args()
    cases = [*own_cases(), *(manifest_cases(options.recordings) if options.recordings else ())]
    print("| longest piece | requests | WER |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, running() as url:
        path = Path(folder) / "speech.wav"
        said = normal(written(path, cases, options.minutes * 60))
        for longest in PIECES:
            row = replace(find_provider("openai"), api_key_env=(), max_upload_bytes=None, max_upload_seconds=longest)
            told: list[float] = []
            client = AudioClient(row, base_url=url, model="any", max_concurrency=2, timeout=600)
            heard = client.transcribe(path, progress=lambda news, told=told: told.append(news.done))
            requests = 1 if longest is None else len(told) - 2
            print(f"| {longest or 'whole'} | {requests} | {jiwer.wer(said, normal(heard.text)):.2%} |", flush=True)


def written(path: Path, cases: list[Case], seconds: float) -> str:
    """Write recordings one after the other until it is long enough; what is said in it."""
    texts, length = list[str](), 0.0
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        for case in itertools.cycle(cases):
            if length >= seconds:
                return " ".join(texts)
            sound = b"".join(decode(case.audio, rate=RATE))
            out.writeframes(sound)
            texts.append(case.text)
            length += len(sound) / (2 * RATE)
    raise ValueError("There is no recording.")


if __name__ == "__main__":
    main()
