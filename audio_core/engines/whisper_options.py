"""Options of faster-whisper, beside those that all engines and gateways share. They are given in `extra=`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from typing_extensions import TypedDict

from audio_core.errors import InvalidOption
from audio_core.errors.validation import validate_options

__all__ = ["FasterWhisperOptions", "FasterWhisperVad", "check_whisper_options"]

Share = Annotated[float, Field(ge=0, le=1)]
ComputeType = Literal[
    "default",
    "auto",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
]

_OURS = {
    "audio": "the recording is what you transcribe",
    "clip_timestamps": "for a clip transcribe Audio.of(source, start=..., end=...)",
    "initial_prompt": "pass prompt=...",
    "language": "pass language=...",
    "log_progress": "pass progress=... or show_progress=True",
    "temperature": "pass temperature=...",
    "without_timestamps": "times are always kept",
    "word_timestamps": "pass words=True",
}
"""Parameters of faster-whisper's `transcribe` that have a name here already, and what to do instead."""


class FasterWhisperVad(TypedDict, total=False):
    """How `vad_filter` tells speech from what it leaves out.

    Attributes:
        threshold: probability, from 0 to 1, from which on a moment is speech.
        neg_threshold: probability below which speech ends.
        min_speech_duration_ms: milliseconds; shorter speech is left out.
        max_speech_duration_s: seconds; longer speech is split.
        min_silence_duration_ms: milliseconds of silence that end a stretch of speech.
        speech_pad_ms: milliseconds that are kept around speech.
    """

    threshold: Share
    neg_threshold: Share | None
    min_speech_duration_ms: NonNegativeInt
    max_speech_duration_s: PositiveFloat
    min_silence_duration_ms: NonNegativeInt
    speech_pad_ms: NonNegativeInt


class FasterWhisperOptions(TypedDict, total=False):
    """Options of a faster-whisper model, as `extra={"beam_size": 1}`.

    The first four say how it runs. The others are parameters of faster-whisper's `transcribe`, which documents them.

    Attributes:
        device: `"cpu"`, `"cuda"`, or `"auto"` for the best that there is.
        compute_type: type of numbers that it computes with, such as `"int8"`, `"float16"` or `"float32"`. `"default"`
            is that of the weights.
        batch_size: how many stretches of up to 30 s are decoded at once, by faster-whisper's
            `BatchedInferencePipeline`. It is for GPUs. A pass through voice activity detection comes first.
        task: `"transcribe"`, or `"translate"` into English.
        beam_size: how many hypotheses are followed; 1 is the fastest.
        vad_filter: whether stretches without speech are left out before they are decoded.
        vad_parameters: how `vad_filter` tells them.
        hotwords: words and phrases to expect, in all of the recording; `prompt` counts for its beginning only.

    Example:
        >>> from audio_core import AudioClient
        >>> options = FasterWhisperOptions(beam_size=1, compute_type="int8", vad_filter=True)
        >>> client = AudioClient(model="faster-whisper:small")
        >>> transcribe = lambda path: client.transcribe(path, extra=options)
    """

    device: Literal["auto", "cpu", "cuda"]
    compute_type: ComputeType
    batch_size: PositiveInt
    task: Literal["transcribe", "translate"]
    beam_size: PositiveInt
    vad_filter: bool
    vad_parameters: FasterWhisperVad
    hotwords: str
    best_of: PositiveInt
    patience: PositiveFloat
    length_penalty: float
    repetition_penalty: PositiveFloat
    no_repeat_ngram_size: NonNegativeInt
    compression_ratio_threshold: float | None
    log_prob_threshold: float | None
    no_speech_threshold: Share | None
    condition_on_previous_text: bool
    prompt_reset_on_temperature: NonNegativeFloat
    prefix: str
    suppress_blank: bool
    suppress_tokens: list[int] | None
    max_initial_timestamp: NonNegativeFloat
    prepend_punctuations: str
    append_punctuations: str
    multilingual: bool
    max_new_tokens: PositiveInt
    hallucination_silence_threshold: NonNegativeFloat | None
    language_detection_threshold: Share | None
    language_detection_segments: PositiveInt


def check_whisper_options(extra: Mapping[str, Any] | None) -> FasterWhisperOptions:
    """Return the options that a user gave in `extra=`. Nothing is loaded for it.

    Raises:
        UnknownOption: if there is no such option.
        InvalidOption: if an option does not accept its value, or cannot go with another one.

    Example:
        >>> check_whisper_options({"beem_size": 1})
        Traceback (most recent call last):
        audio_core.errors.UnknownOption: faster-whisper has no option 'beem_size'. Did you mean 'beam_size'?
    """
    given = dict(extra or {})
    for name in given.keys() & _OURS.keys():
        raise InvalidOption(f"extra={{{name!r}: ...}} is not accepted by faster-whisper here: {_OURS[name]}.")
    vad_parameters = given.pop("vad_parameters", {})
    if not isinstance(vad_parameters, Mapping):
        raise InvalidOption("vad_parameters is not accepted: it should be a dict, such as {'threshold': 0.6}.")
    options = validate_options(FasterWhisperOptions, given, "faster-whisper")
    if vad_parameters:
        options["vad_parameters"] = validate_options(
            FasterWhisperVad, cast("Mapping[str, Any]", vad_parameters), "vad_parameters"
        )
    if "batch_size" in options and options.get("vad_filter") is False:
        raise InvalidOption(
            "batch_size needs vad_filter: a batch is made of stretches of speech. Leave one of them out."
        )
    return FasterWhisperOptions(**options)
