"""Compare what this project and the ffmpeg program make of one file."""

from __future__ import annotations

import subprocess
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import av
import numpy as np

from audio_core import Audio
from audio_core.audio.content import Content
from audio_core.errors import AudioError
from audio_core.media.decode import ENCODERS, decode, encode
from audio_core.media.probing import probe

Value = TypeVar("Value")
TOLERANCE = 0.05  # seconds that lengths may differ
SAME_SOUND = 0.9  # correlation of what counts as the same sound
LARGEST_LAG = 0.5  # seconds by which sound is moved to find where it belongs
QUIET = 64  # differences below this, of 32768, are rounding and dither
STRETCHES = ((0.0, 0.2), (0.4, 0.6), (0.8, None))  # shares of the length
LONGEST_ENCODED = 30.0  # seconds that each encoder is given
LENGTH_UNSTATED = "aac"  # bare AAC does not say how much its encoder adds, nor is a frame or two read again by FFmpeg
DEFAULT_RATE = 44_100


@dataclass
class Report:
    """What was found out about a file.

    Attributes:
        reference_seconds: how much the ffmpeg program decoded.
        complaint: the ffmpeg program's errors.
        failed: whether it exited with an error.
        seconds: how much we decoded; None if we refused.
        refusals: the `AudioError` of each step that raised one.
        foreign_exceptions: other exceptions, by step.
        deviations: lengths that differ.
        other_sound: clips, or a whole recording, that hold other sound than they should.
    """

    reference_seconds: float = 0.0
    complaint: str = ""
    failed: bool = False
    seconds: float | None = None
    refusals: list[str] = field(default_factory=list)
    foreign_exceptions: list[str] = field(default_factory=list)
    deviations: list[str] = field(default_factory=list)
    other_sound: list[str] = field(default_factory=list)


def examine_file(path: Path) -> Report:
    report = Report()
    audio = Audio.of(path)
    probed = _attempt(report, "probe", lambda: probe(audio))
    rate = probed.sample_rate if probed else DEFAULT_RATE
    reference = _decode_by_ffmpeg(report, path, rate)
    whole = _attempt(report, "decode", lambda: _decode_samples(audio, rate))
    if whole is None:
        return report
    report.seconds = len(whole) / rate
    _compare_length(report, "ffmpeg", report.reference_seconds, report.seconds)
    if probed:
        _compare_length(report, "probe", probed.duration, report.seconds)
    _compare_whole(report, whole, reference, rate)
    _check_clips(report, audio, whole, rate)
    _check_encoders(report, audio, report.seconds)
    return report


def _attempt(report: Report, step: str, work: Callable[[], Value]) -> Value | None:
    """Return what `work` returns, or report why it failed and return None."""
    try:
        return work()
    except AudioError as error:
        report.refusals.append(f"{step}: {type(error).__name__}: {error}")
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        report.foreign_exceptions.append(f"{step}: {type(error).__name__}: {error} ({place})")
    return None


def _decode_samples(audio: Audio, rate: int) -> np.ndarray:
    return np.frombuffer(b"".join(decode(audio, rate=rate)), np.int16)


def _decode_by_ffmpeg(report: Report, path: Path, rate: int) -> np.ndarray:
    """Decode the first audio track with the ffmpeg program, to one channel, and report what it says."""
    command = ("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a:0", "-ac", "1", "-ar", str(rate))
    done = subprocess.run((*command, "-f", "s16le", "-"), capture_output=True, check=False)
    samples = np.frombuffer(done.stdout[: len(done.stdout) // 2 * 2], np.int16)
    report.reference_seconds = len(samples) / rate
    report.failed = done.returncode != 0
    report.complaint = " ".join(done.stderr.decode(errors="replace").split())[:300]
    return samples


def _compare_length(report: Report, what: str, seconds: float, expected: float) -> None:
    if abs(seconds - expected) > TOLERANCE:
        report.deviations.append(f"{what}: {seconds:.3f} s, decode: {expected:.3f} s")


def _check_clips(report: Report, audio: Audio, whole: np.ndarray, rate: int) -> None:
    for first, last in STRETCHES:
        start = round(first * len(whole) / rate, 3)
        end = None if last is None else round(last * len(whole) / rate, 3)
        expected = whole[round(start * rate) : None if end is None else round(end * rate)]
        if not len(expected) or start == end:
            continue
        step = f"clip {start} to {end}"
        clip = _attempt(report, step, lambda part=(start, end): _decode_samples(audio.clip(*part), rate))
        if clip is not None:
            _compare_length(report, step, len(clip) / rate, len(expected) / rate)
            if shift := _find_shift(clip, expected, rate):
                report.other_sound.append(f"{step}: {shift}")


def _compare_whole(report: Report, whole: np.ndarray, reference: np.ndarray, rate: int) -> None:
    """Report if the whole recording holds other sound than ffmpeg's; the same sound, moved, is a deviation."""
    if shift := _find_shift(whole, reference, rate):
        differences = report.deviations if shift.best >= SAME_SOUND else report.other_sound
        differences.append(f"whole against ffmpeg's: {shift}")


@dataclass(frozen=True)
class _Shift:
    """How a recording differs in its sound from what is expected.

    Attributes:
        correlation: that of the two as they are.
        best: the highest correlation that moving one of them yields.
        seconds: by how much it is late then.
    """

    correlation: float
    best: float
    seconds: float

    def __str__(self) -> str:
        return f"correlation {self.correlation:.3f}; {self.best:.3f} when moved by {self.seconds * 1000:+.1f} ms"


def _find_shift(found: np.ndarray, expected: np.ndarray, rate: int) -> _Shift | None:
    """Return how the sound of two recordings differs; None if it is the same at the same time."""
    length = min(len(found), len(expected))
    found, expected = found[:length].astype(np.float32), expected[:length].astype(np.float32)
    norm = float(np.linalg.norm(found) * np.linalg.norm(expected)) or 1.0
    correlation = float(found @ expected) / norm
    if not length or np.abs(found - expected).max() < QUIET or correlation >= SAME_SOUND:
        return None
    size = 2 ** (2 * length).bit_length()
    products = np.fft.irfft(np.fft.rfft(found, size) * np.fft.rfft(expected, size).conj(), size)
    most = min(round(LARGEST_LAG * rate), length - 1)
    lag = int(np.argmax(np.roll(products, most)[: 2 * most + 1])) - most
    return _Shift(correlation, float(products[lag]) / norm, lag / rate)


def _check_encoders(report: Report, audio: Audio, seconds: float) -> None:
    part = audio if seconds <= LONGEST_ENCODED else audio.clip(end=LONGEST_ENCODED)
    for name in sorted(ENCODERS.keys() - {LENGTH_UNSTATED}):
        encoded = _attempt(report, f"encode {name}", lambda name=name: _count_seconds(encode(part, name)))
        if encoded is not None:
            _compare_length(report, f"encode {name}", encoded, min(seconds, LONGEST_ENCODED))


def _count_seconds(content: Content) -> float:
    """Decode what we encoded with FFmpeg's libraries alone, so that our reading hides no fault of our writing."""
    with av.open(content.open_reader(), "r") as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
