"""Whisper models in this process, on CTranslate2. The weights are downloaded, or read from disk."""

# faster-whisper's `transcribe` has partly unknown parameter types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from audio_core.audio.audio import Audio
from audio_core.engines.whisper_weights import load_whisper
from audio_core.media.decode import decode
from audio_core.transcript.segment import Segment, Word
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment as WhisperSegment
    from faster_whisper.transcribe import Word as WhisperWord

__all__ = ["FasterWhisper"]

_RATE = 16_000


class FasterWhisper:
    """An engine that runs a faster-whisper model.

    Pieces of a recording are transcribed one after another, as CTranslate2 spreads each over the cores. A piece is held
    in memory: 230 kB per second of audio.

    Args:
        weights: a size that faster-whisper downloads, such as `"small"`, or the folder of a model converted for
            CTranslate2.

    Example:
        >>> FasterWhisper("small").model
        'faster-whisper:small'
    """

    longest_piece = 60.0
    max_concurrency = 1
    ignored_options = ("diarize", "keywords")
    languages = re.compile("[a-z]{2,3}")

    def __init__(self, weights: str) -> None:
        self.model = f"faster-whisper:{weights}"
        self._weights = weights

    def transcribe(self, audio: Audio, options: TranscriptionOptions) -> Transcript:
        """Transcribe a recording, or its clip.

        Args:
            audio: a recording that is not remote, in any supported format.
            options: `extra` is passed to faster-whisper's `transcribe` unchanged.

        Returns:
            The transcript, with times in seconds of the original recording.

        Raises:
            MissingDependency: if faster-whisper is not installed.
            UnsupportedFormat: if the weights cannot be loaded, or the recording's format is not supported.
            InvalidAudio: if the recording is damaged or cut short.
        """
        whisper = load_whisper(self._weights)
        import numpy as np  # noqa: PLC0415 - an extra

        samples = np.frombuffer(b"".join(decode(audio, rate=_RATE)), dtype="<i2").astype("float32") / 32768
        whisper_segments, info = whisper.transcribe(
            samples,
            language=next(iter(options.languages), None),
            initial_prompt=options.prompt,
            word_timestamps=options.words,
            **({} if options.temperature is None else {"temperature": options.temperature}),
            **(options.extra or {}),
        )
        segments = tuple(_build_segment(segment, audio.start or 0.0) for segment in whisper_segments)
        return Transcript(
            text=" ".join(segment.text for segment in segments),
            segments=segments,
            language=info.language,
            duration=float(info.duration),
            model=self.model,
            provider="local",
        )


def _build_segment(raw: WhisperSegment, offset: float) -> Segment:
    return Segment(
        start=float(raw.start) + offset,
        end=float(raw.end) + offset,
        text=raw.text.strip(),
        words=tuple(_build_word(word, offset) for word in raw.words or ()),
        confidence=math.exp(min(0.0, float(raw.avg_logprob))),
    )


def _build_word(raw: WhisperWord, offset: float) -> Word:
    # Plain floats, as not all of NumPy's can be written as JSON.
    start, end = float(raw.start) + offset, float(raw.end) + offset
    return Word(start, end, raw.word.strip(), confidence=float(raw.probability))
