"""Cut speech without pauses into pieces that Whisper hears: how many words are wrong, with and without bridges?

    python benchmarks/whisper_cuts.py [--recordings FOLDER] [--starts 16]

A gateway on this machine transcribes uploads with Whisper tiny.en and sends the text alone, so recordings are cut into
pieces of half a minute. The pauses of the recordings are taken out, and chords that swell are mixed in. Each recording
is cut at other words by starting later, a second and a half each time. The words of the text before the first one that
was heard are not counted: they were left out. The recordings are those of `local_engine.py` that last two minutes or
more.
"""

from __future__ import annotations

import argparse
import functools
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import jiwer
import numpy as np
from local_engine import RATE, find_models, load_manifest_cases, load_shipped_cases
from measuring import print_table

from audio_core import Audio, AudioClient, Provider
from audio_core.audio.content import BytesContent
from audio_core.media.decode import decode
from audio_core.media.voice_activity import find_speech_throughout
from audio_core.testing import Recorded, Reply, ScriptedGateway

SHORTEST = 120.0  # seconds of speech
STEP = 1.5  # seconds between two starts
CHORD = ((220.0, 0.7), (277.0, 0.9), (330.0, 1.1), (440.0, 0.5))  # Hz, and swells a second
SOUNDS = {"nothing": 0.0, "chords": 300.0, "louder chords": 800.0}  # amplitude of each tone


class Listener(ScriptedGateway):
    """A gateway that hears each upload once, with Whisper, and sends its text alone."""

    def __init__(self, engine: AudioClient) -> None:
        super().__init__()
        self._engine, self._lock = engine, threading.Lock()

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        upload = next(part.content for part in request.parts if part.filename)
        with self._lock:
            return Reply({"text": self._hear(upload)})

    @functools.cache  # noqa: B019 - pieces are sent twice, and the gateway lives as long as the program
    def _hear(self, upload: bytes) -> str:
        return self._engine.transcribe(upload, language="en").text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, help="a folder with a manifest.json")
    parser.add_argument("--starts", type=int, default=16)
    options = parser.parse_args()
    cases = [*load_shipped_cases(), *(load_manifest_cases(options.recordings) if options.recordings else ())]
    spoken = [(case, squeeze(case.audio)) for case in cases]
    columns = ("joins", "bridges", "words", "wrong without bridges", "wrong with bridges")
    with Listener(AudioClient(model=find_models()["Whisper tiny.en"])) as gateway:
        for case, speech in spoken:
            if len(speech) >= SHORTEST * RATE:
                rows = (measure(gateway, case.text, speech, sound, options.starts) for sound in SOUNDS)
                print_table(f"{case.audio.label} without its pauses, and what is mixed in", columns, rows)


def squeeze(audio: Audio) -> np.ndarray:
    """Return the samples of a recording without its pauses."""
    pcm = np.frombuffer(b"".join(decode(audio, rate=RATE)), "<i2").astype(float)
    spans = find_speech_throughout(audio)
    return np.concatenate([pcm[round(start * RATE) : round(end * RATE)] for start, end in spans])


def measure(gateway: Listener, text: str, speech: np.ndarray, sound: str, starts: int) -> Iterator[str]:
    """Cut a recording at many places and return a row of the table."""
    times = np.arange(len(speech)) / RATE
    chords = sum(np.sin(2 * np.pi * tone * times) * np.abs(np.sin(np.pi * swells * times)) for tone, swells in CHORD)
    samples = np.clip(np.rint(speech + SOUNDS[sound] * chords), -32768, 32767).astype("<i2")
    counts = Counter[str]()
    for start in range(starts):
        counts += count_errors(gateway, text, samples[round(start * STEP * RATE) :])
    return map(str, (sound, *(counts[name] for name in ("joins", "bridges", "words", "without", "with"))))


def count_errors(gateway: Listener, text: str, samples: np.ndarray) -> Counter[str]:
    audio = Audio.of(BytesContent(samples.tobytes()).open_reader(), format="pcm16", sample_rate=RATE)
    bridged = transcribe(gateway, audio)
    requests = len(gateway.requests)
    with mock.patch("audio_core.operations.bridging.choose_bridges", return_value=[]):
        unbridged = transcribe(gateway, audio)
    pieces = len(gateway.requests)
    words, wrong = count_words(text, bridged)
    numbers = {"joins": pieces - 1, "bridges": requests - pieces, "words": words, "with": wrong}
    return Counter({**numbers, "without": count_words(text, unbridged)[1]})


def transcribe(gateway: Listener, audio: Audio) -> str:
    client = AudioClient(Provider("text", gateway.base_url, upload_formats=("wav",)), model="tiny.en")
    client.transcribe(audio.clip(0.0, 2.0))  # tells that no times come
    gateway.requests.clear()
    return client.transcribe(audio, language="en").text


def count_words(text: str, heard: str) -> tuple[int, int]:
    """Return how many words of the text were sent, and how many are wrong."""
    from whisper_normalizer.english import EnglishTextNormalizer

    unify = EnglishTextNormalizer()
    words = jiwer.process_words(unify(text), unify(heard))
    first = words.alignments[0][0]
    left_out = first.ref_end_idx if first.type == "delete" else 0
    wrong = words.substitutions + words.insertions + words.deletions
    return len(words.references[0]) - left_out, wrong - left_out


if __name__ == "__main__":
    main()
