"""Sounds without speech, for which recognisers invent words: 16-bit WAV files, made here."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable

import numpy as np

RATE = 16_000
CHORDS = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
MELODY = (523, 587, 659, 784, 659, 587)


def to_wav(samples: np.ndarray) -> bytes:
    """Encode one channel, or several as columns, of samples between -1 and 1."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))


def white_noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(5).standard_normal(round(seconds * RATE)) * 0.05


def pink_noise(seconds: float) -> np.ndarray:
    spectrum = np.fft.rfft(white_noise(seconds))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))))
    return noise / np.abs(noise).max() * 0.3


def hum(seconds: float) -> np.ndarray:
    return sum(0.1 * _sine(50 * harmonic, seconds) / harmonic for harmonic in (1, 2, 3, 5))


def tone(seconds: float) -> np.ndarray:
    return 0.3 * _sine(440, seconds)


def music(seconds: float) -> np.ndarray:
    """Half-second beats: a chord with overtones, a note of a melody, and a drum."""
    rng = np.random.default_rng(5)
    beats = [_play_beat(index, rng) for index in range(round(seconds * 2))]
    samples = np.concatenate(beats)
    return samples / np.abs(samples).max() * 0.3


def _play_beat(index: int, rng: np.random.Generator) -> np.ndarray:
    notes = [(pitch * harmonic, 0.5 / harmonic) for pitch in CHORDS[index // 4 % 4] for harmonic in (1, 2, 3)]
    notes.append((MELODY[index % 6], 1.0))
    beat = sum(loudness * _sine(pitch, 0.5) for pitch, loudness in notes)
    beat *= np.exp(-4 * np.arange(len(beat)) / RATE)
    beat[: RATE // 20] += 0.6 * rng.standard_normal(RATE // 20)
    return beat


def _sine(hertz: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


SOUNDS: dict[str, Callable[[float], np.ndarray]] = {
    each.__name__: each for each in (silence, white_noise, pink_noise, hum, tone, music)
}
