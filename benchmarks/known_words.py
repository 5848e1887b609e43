"""Recordings whose words are known to the sample: the words of the shipped recordings, under eight kinds of sound."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from audio_core import Audio
from audio_core.media.decode import decode
from audio_core.media.segmentation import RATE

EXAMPLES = Path(__file__).parents[1] / "examples/audio"


@dataclass(frozen=True)
class Said:
    """A word of a recording: its times in seconds, and its text."""

    start: float
    end: float
    text: str


@dataclass
class Recording:
    """A recording under construction."""

    sounds: list[np.ndarray] = field(default_factory=list)
    words: list[Said] = field(default_factory=list)
    samples: int = 0

    @property
    def seconds(self) -> float:
        return self.samples / RATE

    def add_pause(self, seconds: float) -> None:
        self._add(np.zeros(round(seconds * RATE)))

    def add_words(self, words: list[tuple[str, np.ndarray]], gain: float = 1.0) -> None:
        for text, sound in words:
            start = self.seconds
            self._add(sound * gain)
            self.words.append(Said(start, self.seconds, text))

    def add_sentence(self, rng: random.Random, pauses: tuple[float, float], gain: float = 1.0) -> None:
        self.add_words(rng.choice(rng.choice(SPEECHES)), gain)
        self.add_pause(rng.uniform(*pauses))

    def join(self) -> np.ndarray:
        return np.concatenate(self.sounds)

    def _add(self, sound: np.ndarray) -> None:
        self.sounds.append(sound.astype(np.float32))
        self.samples += len(sound)


Known = tuple[np.ndarray, list[Said]]
"""The samples of a recording, and its words."""


def load_sentences(name: str) -> list[list[tuple[str, np.ndarray]]]:
    """Return the sentences of a shipped recording: the words with their sound, cut at their ends."""
    path = next(EXAMPLES.glob(f"{name}.[mo]*"))
    samples = np.frombuffer(b"".join(decode(Audio.of(path), rate=RATE)), "<i2").astype(np.float32)
    return [
        [(text, samples[round(start * RATE) : round(end * RATE)]) for text, start, end in sentence["words"]]
        for sentence in json.loads((EXAMPLES / f"{name}.json").read_text())
    ]


SPEECHES = [load_sentences("talk"), load_sentences("call")]
WORDS = dict(itertools.chain.from_iterable(itertools.chain.from_iterable(SPEECHES)))


def build_talk(rng: random.Random, seconds: float, pauses: tuple[float, float] = (0.1, 1.2)) -> Recording:
    recording = Recording()
    while recording.seconds < seconds:
        recording.add_sentence(rng, pauses)
    return recording


def build_continuous(rng: random.Random, seconds: float) -> Known:
    recording = build_talk(rng, seconds, (0.0, 0.0))
    return recording.join(), recording.words


def build_two_speakers(rng: random.Random, seconds: float) -> Known:
    voices = [build_talk(rng, seconds, (0.0, 1.0)) for _ in range(2)]
    length = min(voice.samples for voice in voices)
    words = (word for voice in voices for word in voice.words if word.end <= length / RATE)
    return sum(voice.join()[:length] for voice in voices), sorted(words, key=lambda word: word.start)


def build_quiet(rng: random.Random, seconds: float) -> Known:
    """Speakers of whom one is up to 43 dB quieter than another, in turn, and a little hiss."""
    recording = Recording()
    while recording.seconds < seconds:
        gain, until = rng.choice([1.5, 0.2, 0.04, 0.01]), recording.seconds + rng.uniform(5, 90)
        while recording.seconds < until:
            recording.add_sentence(rng, (0.1, 1.0), gain)
    return recording.join() + _create_noise(rng).normal(size=recording.samples) * 2, recording.words


def build_silence(rng: random.Random, seconds: float) -> Known:
    recording = Recording()
    while recording.seconds < seconds:
        until = recording.seconds + rng.uniform(60, 300)
        while recording.seconds < until:
            recording.add_sentence(rng, (0.1, 1.0), rng.choice([1.0, 0.05]))
        recording.add_pause(600)
    return recording.join(), recording.words


def build_ten_words(rng: random.Random, seconds: float) -> Known:
    """Ten words in any order, often one of them two or three times, and no pause."""
    words, recording = list(itertools.islice(WORDS.items(), 10)), Recording()
    while recording.seconds < seconds:
        recording.add_words([rng.choice(words)] * rng.choice([1, 1, 1, 1, 1, 2, 3]))
    return recording.join(), recording.words


def add_music(rng: random.Random, sound: np.ndarray) -> None:
    """Add chords and drums that change about once a second, some 10 dB below the speech."""
    noise, at = _create_noise(rng), 0
    while at < len(sound):
        part = sound[at : at + round(rng.uniform(0.4, 1.5) * RATE)]
        time = np.arange(len(part)) / RATE
        chord = sum(np.sin(2 * np.pi * 110 * 2 ** (rng.randrange(36) / 12) * time + rng.random()) for _ in range(4))
        drum = noise.normal(size=len(part)) * np.exp(-time * 30) * rng.choice([0, 1, 2])
        part += rng.uniform(150, 500) * (chord * np.exp(-time * rng.uniform(0, 2)) + drum)
        at += len(part)


def add_noise(rng: random.Random, sound: np.ndarray) -> None:
    """Add noise that rises from 50 dB below the speech to 3 dB below it, and falls."""
    noise, period = _create_noise(rng), rng.uniform(15, 40) * RATE
    for times in _split_times(sound):
        phase = 2 * np.pi * times / period
        sound[times] += noise.normal(size=len(times)) * 2000 * 10 ** ((-26.5 + 23.5 * np.sin(phase)) / 20)


def add_hum(rng: random.Random, sound: np.ndarray) -> None:
    """Add a telephone's hum of 50 Hz, a few decibels below the speech, and its noise."""
    noise = _create_noise(rng)
    for times in _split_times(sound):
        hum = sum(1200 / number * np.sin(2 * np.pi * 50 * number * times / RATE) for number in (1, 2, 3, 5))
        sound[times] += hum + noise.normal(size=len(times)) * 20


def add_applause(rng: random.Random, sound: np.ndarray) -> None:
    """Add applause for 3 to 15 s, from time to time, also while somebody speaks."""
    noise, at = _create_noise(rng), 0
    sound += noise.normal(size=len(sound)) * 8
    decay = np.exp(-np.arange(RATE // 20) / (0.008 * RATE))
    while (at := at + round(rng.uniform(2, 25) * RATE)) < len(sound):
        part = sound[at : at + round(rng.uniform(3, 15) * RATE)]
        claps = np.convolve(noise.random(len(part)) < 60 / RATE, decay)[: len(part)]
        swell = np.sin(np.pi * np.arange(len(part)) / len(part)) ** 0.3
        part += swell * noise.normal(size=len(part)) * (600 + 2500 * claps)
        at += len(part)


def build_with(add: Callable[[random.Random, np.ndarray], None]) -> Callable[[random.Random, float], Known]:
    """Return a function that builds talk with pauses, to which `add` adds something."""

    def build(rng: random.Random, seconds: float) -> Known:
        recording = build_talk(rng, seconds)
        sound = recording.join()
        add(rng, sound)
        return sound, recording.words

    return build


def _create_noise(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.getrandbits(32))


def _split_times(sound: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the numbers of the samples, a second at a time."""
    return (np.arange(at, min(at + RATE, len(sound))) for at in range(0, len(sound), RATE))


CONDITIONS: dict[str, Callable[[random.Random, float], Known]] = {
    "talk without a pause": build_continuous,
    "music under speech": build_with(add_music),
    "noise that rises and falls": build_with(add_noise),
    "two people at once": build_two_speakers,
    "quiet speakers after loud ones": build_quiet,
    "telephone hum": build_with(add_hum),
    "applause": build_with(add_applause),
    "silence of ten minutes": build_silence,
    "ten words without a pause": build_ten_words,
}
