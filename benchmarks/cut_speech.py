"""Send twenty minutes of speech to the offline server, whole and in pieces: how many word errors does cutting cause?

    python benchmarks/cut_speech.py [--minutes 20] [--recordings FOLDER]

The speech is the shipped recordings and those of a folder with a manifest.json, in turn, until it is long enough.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import wave
from dataclasses import replace
from pathlib import Path

import jiwer
from local_engine import RATE, Case, load_manifest_cases, load_shipped_cases, normalize

from audio_core import AudioClient
from audio_core.integration import find_provider
from audio_core.media.decode import decode
from audio_core.offline.serving import running

LIMITS = (None, 60.0, 30.0, 15.0)  # maximum length of a piece, in seconds; None sends the recording whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--recordings", type=Path)
    options = parser.parse_args()
    cases = [*load_shipped_cases(), *(load_manifest_cases(options.recordings) if options.recordings else ())]
    print("| longest piece | requests | WER |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, running() as url:
        path = Path(folder) / "speech.wav"
        reference = normalize(write_speech(path, cases, options.minutes * 60))
        for longest in LIMITS:
            provider = replace(
                find_provider("openai"), api_key_env=(), max_upload_bytes=None, max_upload_seconds=longest
            )
            progress: list[float] = []
            client = AudioClient(provider, base_url=url, model="any", max_concurrency=2, timeout=600)
            transcript = client.transcribe(path, progress=lambda event, progress=progress: progress.append(event.done))
            requests = 1 if longest is None else len(progress) - 2
            errors = jiwer.wer(reference, normalize(transcript.text))
            print(f"| {longest or 'whole'} | {requests} | {errors:.2%} |", flush=True)


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
