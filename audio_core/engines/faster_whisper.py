"""Whisper models in this process, on CTranslate2. The weights are downloaded, or read from disk."""

# faster-whisper's `transcribe` has partly unknown parameter types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audio_core.audio.audio import Audio
from audio_core.engines.invented_text import find_unclear_speech, find_voice, is_invented
from audio_core.engines.whisper_options import check_whisper_options
from audio_core.engines.whisper_weights import load_whisper, name_weights, to_samples
from audio_core.errors import InvalidOption, ProviderUnavailable
from audio_core.errors.validation import pop_options
from audio_core.media.decode import decode
from audio_core.transcript.segment import UNCLEAR_SPEECH, AudioEvent, Segment, Word
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment as WhisperSegment
    from faster_whisper.transcribe import Word as WhisperWord

__all__ = ["FasterWhisper"]

_RATE = 16_000
_WINDOW = 30.0  # seconds that Whisper hears at once
_LOADING = ("device", "compute_type")


class FasterWhisper:
    """An engine that runs a faster-whisper model.

    Pieces of a recording are transcribed one after another, as CTranslate2 spreads each over the cores. A piece is held
    in memory: 230 kB per second of audio.

    Text that Whisper wrote where nobody speaks is left out. The transcript's `events` hold it.

    Args:
        weights: a size that faster-whisper downloads, such as `"small"`, the name of a repository on huggingface.co, or
            the folder of a model converted for CTranslate2.
        extra: `FasterWhisperOptions`.

    Raises:
        UnknownOption: if there is no such option in `extra`.
        InvalidOption: if an option does not accept its value.

    Example:
        >>> FasterWhisper("small", {"beam_size": 1}).model
        'faster-whisper:small'
    """

    max_concurrency = 1
    ignored_options = ("diarize", "aligner")
    languages = re.compile("[a-z]{2,3}")

    def __init__(self, weights: str, extra: Mapping[str, Any] | None = None) -> None:
        self.model = f"faster-whisper:{weights}"
        self.label = f"faster-whisper:{name_weights(weights)}"
        self._weights = weights
        options: dict[str, Any] = {**check_whisper_options(extra)}
        self._loading = pop_options(options, _LOADING)
        self._batch_size: int | None = options.pop("batch_size", None)
        self._options = options

    @property
    def longest_piece(self) -> float:
        """How many seconds of a recording are transcribed at once: a minute, or what fills a batch."""
        return max(60.0, _WINDOW * (self._batch_size or 1))

    def transcribe(self, audio: Audio, options: TranscriptionOptions) -> Transcript:
        """Transcribe a recording, or its clip.

        Args:
            audio: a recording that is not remote, in any supported format.
            options: how to transcribe it; `extra` was given to the engine before.

        Returns:
            The transcript, with times in seconds of the original recording.

        Raises:
            MissingDependency: if faster-whisper is not installed.
            UnsupportedFormat: if the weights cannot be loaded, or the recording's format is not supported.
            InvalidOption: if the weights do not know a language or task, or this machine lacks the device.
            InvalidAudio: if the recording is damaged or cut short.
            ProviderUnavailable: if the device fails, such as for lack of memory.
        """
        whisper = load_whisper(self._weights, **self._loading)
        self._check_weights(whisper, options.languages)
        warnings = list[str]()
        samples = _decode(audio, warnings)
        voice = find_voice(samples)
        try:
            written, language = self._run(whisper, samples, options)
        except ValueError as error:  # such as a prompt that is too long
            raise InvalidOption(f"{self.label} cannot follow the options: {error}") from None
        except RuntimeError as error:
            raise ProviderUnavailable(f"{self.label} failed: {error}", provider="local") from None
        offset = audio.start or 0.0
        segments = tuple(_build_segment(each, offset) for each in written if not is_invented(each, voice))
        return Transcript(
            text=" ".join(segment.text for segment in segments),
            segments=segments,
            language="en" if self._options.get("task") == "translate" else language if segments else None,
            duration=len(samples) / _RATE,
            model=self.model,
            provider="local",
            events=tuple(_build_events(written, voice, offset)),
            warnings=tuple(warnings),
        )

    def _check_weights(self, whisper: WhisperModel, languages: Sequence[str]) -> None:
        """Check that the weights know the languages, and the task. faster-whisper would transcribe as English."""
        known = whisper.supported_languages
        for language in languages:
            if language not in known:
                accepted = "English only" if known == ["en"] else f"{', '.join(sorted(known))}"
                raise InvalidOption(f"{self.label} does not know language={language!r}. It knows {accepted}.")
        if self._options.get("task") == "translate" and known == ["en"]:
            raise InvalidOption(f"{self.label} knows English only, so there is nothing that task='translate' could do.")

    def _run(
        self, whisper: WhisperModel, samples: Any, options: TranscriptionOptions
    ) -> tuple[list[WhisperSegment], str]:
        """Return what Whisper wrote, and the language."""
        hotwords = ", ".join(filter(None, (self._options.get("hotwords"), *(options.keywords or ()))))
        common: dict[str, Any] = {
            "language": _choose_language(whisper, samples, options.languages),
            "initial_prompt": options.prompt,
            "word_timestamps": options.words,
            **({} if options.temperature is None else {"temperature": options.temperature}),
            **self._options,
            "hotwords": hotwords or None,
        }
        if self._batch_size is None:
            segments, info = whisper.transcribe(samples, **common)
            return list(segments), info.language
        from faster_whisper import BatchedInferencePipeline  # noqa: PLC0415 - an extra

        batch = {"batch_size": self._batch_size, "without_timestamps": False}
        segments, info = BatchedInferencePipeline(whisper).transcribe(samples, **batch, **common)
        return list(segments), info.language


def _decode(audio: Audio, warnings: list[str]) -> Any:
    pcm = bytearray()
    for block in decode(audio, rate=_RATE, warnings=warnings):
        pcm += block
    return to_samples(pcm)


def _choose_language(whisper: WhisperModel, samples: Any, languages: Sequence[str]) -> str | None:
    """Return the most probable of the languages that may be spoken; None if it may be any."""
    if len(languages) < 2:
        return next(iter(languages), None)
    _, _, probabilities = whisper.detect_language(samples)
    return max((each for each in probabilities if each[0] in languages), key=lambda each: each[1])[0]


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


def _build_events(
    written: Sequence[WhisperSegment], voice: Sequence[tuple[float, float]], offset: float
) -> Iterator[AudioEvent]:
    """Yield what is no speech although Whisper wrote text, and what may be speech although it wrote none."""
    for segment in written:
        if is_invented(segment, voice):
            yield AudioEvent(segment.start + offset, segment.end + offset, "(no speech)", segment.text.strip())
    for start, end in find_unclear_speech(written, voice):
        yield AudioEvent(start + offset, end + offset, UNCLEAR_SPEECH)
