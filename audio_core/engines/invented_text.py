"""Find the text that Whisper invents where nobody speaks.

Whisper writes "You" or "Thank you." for silence, noise and music, or repeats a phrase. Two witnesses must agree before
text is left out: a voice activity detector hears too little voice for it, and the model's own figures are poor.
"""

# faster-whisper's functions have partly unknown types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment as WhisperSegment

__all__ = ["Stretch", "find_unclear_speech", "find_voice", "is_invented"]

Stretch: TypeAlias = tuple[float, float]
"""Start and end in seconds."""

_RATE = 16_000
_FASTEST = 30.0  # characters that are spoken in a second; fast speech has 20 to 25
_LIKELY_SILENCE = 0.4  # of `no_speech_prob`; "You" for silence has 0.7 and more
_UNLIKELY_TEXT = -0.7  # of `avg_logprob`
_REPETITION = 2.4  # of `compression_ratio`; Whisper's own threshold
_SHORTEST_UNCLEAR = 5.0  # seconds of voice without text that are worth a warning


def find_voice(samples: Any) -> list[Stretch]:
    """Return the stretches with a voice, by the voice activity detector that comes with faster-whisper.

    Args:
        samples: a NumPy array of floats, mono, at 16 kHz.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps  # noqa: PLC0415 - an extra

    options = VadOptions(threshold=0.35, min_silence_duration_ms=500, speech_pad_ms=400)
    stretches = get_speech_timestamps(samples, options)
    return [(stretch["start"] / _RATE, stretch["end"] / _RATE) for stretch in stretches]


def is_invented(segment: WhisperSegment, voice: Sequence[Stretch]) -> bool:
    """Return whether a segment has more text than its voice can have said, and the model was unsure of it.

    Args:
        segment: as Whisper wrote it; its times count from the beginning of the samples.
        voice: what `find_voice` has returned.
    """
    is_unsure = (
        segment.no_speech_prob > _LIKELY_SILENCE
        or segment.avg_logprob < _UNLIKELY_TEXT
        or segment.compression_ratio > _REPETITION
    )
    return is_unsure and len(segment.text.strip()) > _FASTEST * _measure_overlap(segment.start, segment.end, voice)


def find_unclear_speech(segments: Iterable[WhisperSegment], voice: Iterable[Stretch]) -> Iterator[Stretch]:
    """Yield the stretches with a voice for which Whisper wrote nothing, as it took them for silence.

    Args:
        segments: what Whisper wrote.
        voice: what `find_voice` has returned.
    """
    written = sorted((segment.start, segment.end) for segment in segments)
    for start, end in voice:
        for begin, stop in (*written, (end, end)):
            if min(begin, end) - start > _SHORTEST_UNCLEAR:
                yield (start, min(begin, end))
            start = max(start, stop)  # noqa: PLW2901 - the rest of the stretch


def _measure_overlap(start: float, end: float, stretches: Iterable[Stretch]) -> float:
    return sum(max(0.0, min(end, stop) - max(start, begin)) for begin, stop in stretches)
