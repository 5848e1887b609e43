"""A gateway that tells speakers apart as OpenAI's documentation says. It knows voices by their pitch.

It labels the speakers of each request `A`, `B`, ... in the order in which they speak, but for those whose samples come
with the request. Its text says whose voice it is, so that a test can tell whether a label is right.
"""

from __future__ import annotations

import base64

import numpy as np

from audio_core import Audio
from audio_core.media.decode import decode
from audio_core.testing import Recorded, Reply, ScriptedGateway

__all__ = ["DiarizingGateway", "extract_samples"]

_RATE = 16_000
_FRAME = 800  # samples
_PAUSE = 8  # frames
_VOICES = [(113, "rms"), (145, "caller"), (1000, "agent")]  # Hz up to which flite's voices in examples/audio speak


class DiarizingGateway(ScriptedGateway):
    """A gateway whose model tells speakers apart; `refusal` is what it says to a request with samples."""

    refusal = ""

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        names, samples = request.form.get("known_speaker_names[]", []), extract_samples(request)
        lengths = [len(_decode(sample)) / _RATE for sample in samples]
        if request.form["response_format"] != ["diarized_json"] or request.form["chunking_strategy"] != ["auto"]:
            return _refuse("response_format and chunking_strategy are wrong")
        if len(names) != len(samples) or len(names) > 4 or not all(2 <= length <= 10 for length in lengths):
            return _refuse("known_speaker_references[] must be up to 4 samples of 2 to 10 seconds")
        if self.refusal and names:
            return _refuse(self.refusal)
        known = {_find_voice(_decode(sample)): name for name, sample in zip(names, samples, strict=True)}
        upload = _decode(next(part.content for part in request.parts if part.filename))
        return Reply(_build_body(upload, known))


def extract_samples(request: Recorded) -> list[bytes]:
    """Return the samples in a request, which are data URLs."""
    urls = request.form.get("known_speaker_references[]", [])
    assert all(url.startswith("data:audio/") for url in urls)
    return [base64.b64decode(url.partition(";base64,")[2], validate=True) for url in urls]


def _refuse(message: str) -> Reply:
    return Reply({"error": {"message": message}}, status=400)


def _build_body(upload: np.ndarray, known: dict[str, str]) -> dict[str, object]:
    labels, segments = dict(known), []
    for begin, end in _find_utterances(upload):
        voice = _find_voice(upload[begin:end])
        label = labels.setdefault(voice, "ABCDEFGH"[len(labels) - len(known)])
        start, stop = begin / _RATE, end / _RATE
        segment = {"type": "transcript.text.segment", "id": f"seg_{len(segments)}", "start": start, "end": stop}
        segments.append({**segment, "text": f" {voice} speaks.", "speaker": label})
    text = "\n".join(f"{segment['speaker']}:{segment['text']}" for segment in segments)
    return {"task": "transcribe", "duration": len(upload) / _RATE, "text": text, "segments": segments}


def _decode(data: bytes) -> np.ndarray:
    return np.frombuffer(b"".join(decode(Audio.of(data), rate=_RATE)), "<i2").astype("float32")


def _find_utterances(samples: np.ndarray) -> list[tuple[int, int]]:
    levels = [np.abs(samples[at : at + _FRAME]).mean() for at in range(0, len(samples), _FRAME)]
    loud = [index for index, level in enumerate(levels) if level > 100]
    runs: list[list[int]] = []
    for index in loud:
        if runs and index - runs[-1][-1] <= _PAUSE:
            runs[-1].append(index)
        else:
            runs.append([index])
    return [(run[0] * _FRAME, min((run[-1] + 1) * _FRAME, len(samples))) for run in runs if len(run) > _PAUSE]


def _find_voice(samples: np.ndarray) -> str:
    """Return whose voice it is, by the median pitch."""
    pitches = [
        pitch for at in range(0, len(samples) - 1280, 1600) if (pitch := _measure_pitch(samples[at : at + 1280]))
    ]
    median = float(np.median(pitches)) if pitches else 0.0
    return next(voice for limit, voice in _VOICES if median < limit)


def _measure_pitch(window: np.ndarray) -> float:
    window = window - window.mean()
    similarity = np.correlate(window, window, "full")[len(window) - 1 :]
    shortest, longest = _RATE // 350, _RATE // 70
    lag = shortest + int(np.argmax(similarity[shortest:longest]))
    is_voiced = np.abs(window).mean() > 300 and similarity[lag] > 0.5 * similarity[0]
    return _RATE / lag if is_voiced else 0.0
