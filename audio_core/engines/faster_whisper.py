"""Whisper models in this process, on CTranslate2. The weights are downloaded, or read from disk."""

# faster-whisper's `transcribe` has partly unknown parameter types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import functools
import math
import os
import re
import threading
from typing import TYPE_CHECKING

from audio_core.audio.audio import Audio
from audio_core.engines.cores import count_cores
from audio_core.errors import MissingDependency, UnsupportedFormat, describe_install
from audio_core.media.decode import decode
from audio_core.transcript.segment import Segment, Word
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment as WhisperSegment
    from faster_whisper.transcribe import Word as WhisperWord

__all__ = ["FasterWhisper"]

_RATE = 16_000
_lock = threading.Lock()


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
    ignored_options = ("diarize",)
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
        with _lock:  # one caller loads, the others wait
            whisper = _load(self._weights)
        import numpy as np  # noqa: PLC0415 - an extra

        samples = np.frombuffer(b"".join(decode(audio, rate=_RATE)), dtype="<i2").astype("float32") / 32768
        whisper_segments, info = whisper.transcribe(
            samples,
            language=options.language,
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


def _advise(weights: str, error: Exception) -> str:
    """Return what to do about weights that cannot be loaded."""
    from faster_whisper import available_models  # noqa: PLC0415 - an extra

    if weights in available_models() or isinstance(error, ConnectionError):
        return (
            "they are downloaded at their first use, and that failed. Is there a connection to huggingface.co, or is "
            "HF_HUB_OFFLINE set? Without one, give the folder of a model converted for CTranslate2."
        )
    return "give a size that can be downloaded, such as 'small', or the folder of a model converted for CTranslate2."


def _count_threads() -> int:
    """Return how many threads CTranslate2 shall use; 0 leaves it to OpenMP's own variable. Its default is 4 at most."""
    return 0 if "OMP_NUM_THREADS" in os.environ else count_cores()


@functools.lru_cache(maxsize=2)
def _load(weights: str) -> WhisperModel:
    try:
        import numpy as np  # noqa: F401, PLC0415 - installed with faster-whisper, as a rule  # pyright: ignore[reportUnusedImport]
        from faster_whisper import WhisperModel  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingDependency(
            f"This engine needs {error.name or 'faster-whisper'}: {describe_install('faster-whisper')}"
        ) from None
    try:
        return WhisperModel(weights, cpu_threads=_count_threads())
    except (OSError, ValueError, RuntimeError) as error:
        raise UnsupportedFormat(
            f"The weights {weights.rsplit('/', 1)[-1]!r} cannot be loaded ({type(error).__name__}): "
            f"{_advise(weights, error)}"
        ) from None
