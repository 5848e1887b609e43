"""The transcription options, and the requests made of them: a multipart form or JSON. No I/O here.

Requests ask for `verbose_json`, because only its segments have times, and gateways damage text, SRT and VTT.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self, TypedDict, Unpack, cast

from pydantic import Field, PositiveFloat

from audio_core.audio.content import Content
from audio_core.audio.formats import FORMATS
from audio_core.errors import InvalidOption
from audio_core.errors.validation import validate_options
from audio_core.http.body import Body, FilePart, encode_json, encode_multipart
from audio_core.lenient_json import drop_none
from audio_core.providers import Provider
from audio_core.transcript.budget import Budget
from audio_core.transcript.progress import Progress
from audio_core.wire.speaker_samples import SpeakerSample, list_sample_fields

__all__ = [
    "AlignerName",
    "RecordingKwargs",
    "TranscriptionKwargs",
    "TranscriptionOptions",
    "encode_json_request",
    "encode_multipart_request",
]


_UNKNOWN_SPEAKER = re.compile(r"(\d+:)*[A-Z]")


AlignerName = Annotated[str, Field(pattern="^(pocketsphinx|faster-whisper:.+)$")]
"""The name of a local model that finds the times of given text."""


class RecordingKwargs(TypedDict, total=False):
    """How to transcribe a recording, wherever that is done. `TranscriptionOptions` documents it."""

    language: str | list[str] | tuple[str, ...] | None
    prompt: str | None
    keywords: list[str] | tuple[str, ...] | None
    words: bool
    diarize: bool | Literal["if possible"]
    known_speakers: Mapping[str, Any] | None
    temperature: float | None
    extra: Mapping[str, Any] | None
    gaps: Literal["raise", "mark"]
    channels: Literal["mixed", "separate"]
    vad: Literal["energy", "silero"]
    segment_seconds: PositiveFloat | None
    aligner: AlignerName | None


class TranscriptionKwargs(RecordingKwargs, total=False):
    """The keyword arguments of `AudioClient.transcribe`. `TranscriptionOptions` documents them."""

    budget: Budget | None
    progress: Callable[[Progress], object] | None


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """Options of a transcription.

    Attributes:
        language: code of the spoken language, such as `"en"`, or the codes of several where the gateway takes them.
            None lets the model detect it.
        prompt: text that precedes the recording, or describes it.
        keywords: words and names to expect, where the gateway or engine takes them.
        words: whether to ask for the times of words.
        diarize: whether to tell speakers apart: True, or `"if possible"` to transcribe without speakers, with a
            warning, where that is refused.
        known_speakers: names of speakers, each with 2 to 10 seconds of speech: anything that `Audio.of` takes.
        temperature: sampling temperature of the model.
        extra: further fields, specific to the gateway.
        gaps: what to do if a piece of a long recording fails: `"raise"` an error, or `"mark"` a gap in the transcript.
        channels: `"mixed"` transcribes all channels as one; `"separate"` transcribes each as a speaker of its own.
        vad: the voice activity detection that finds the pauses at which a long recording is cut: `"energy"`, or
            `"silero"`, which is robust against noise (extra `[vad]`).
        segment_seconds: the longest segment, in seconds, of a model that sends no times. Its recordings are cut at
            pauses into pieces of this length, whose times are known. None sends them whole.
        aligner: what finds the times of a text that comes without them: `"pocketsphinx"` for English, which is also
            what None means, or `"faster-whisper:<size or folder of a model>"` for all languages of Whisper.
        budget: a limit on what may be sent, such as `Budget(seconds=3600)`; one object may serve several calls.
        progress: called with a `Progress` as the work goes on, possibly on another thread.
    """

    language: str | list[str] | tuple[str, ...] | None = None
    prompt: str | None = None
    keywords: list[str] | tuple[str, ...] | None = None
    words: bool = False
    diarize: bool | Literal["if possible"] = False
    known_speakers: Mapping[str, Any] | None = field(default=None, repr=False)
    temperature: float | None = None
    extra: Mapping[str, Any] | None = None
    gaps: Literal["raise", "mark"] = "raise"
    channels: Literal["mixed", "separate"] = "mixed"
    vad: Literal["energy", "silero"] = "energy"
    segment_seconds: PositiveFloat | None = 30.0
    aligner: AlignerName | None = None
    budget: Budget | None = None
    progress: Callable[[Progress], object] | None = field(default=None, repr=False)

    @classmethod
    def check(cls, **options: Unpack[TranscriptionKwargs]) -> Self:
        """Build the options that a user gave to `transcribe`.

        Raises:
            InvalidOption: if there is no such option, or it does not accept its value.
        """
        return cls.build(validate_options(TranscriptionKwargs, options, "transcribe"))

    @classmethod
    def build(cls, options: Mapping[str, Any]) -> Self:
        """Build the options of values whose types are right. A list of one language is that language."""
        built = cls(**options)
        languages = built.languages
        only = languages[0] if len(languages) == 1 else languages or None
        return replace(built, language=only, keywords=tuple(built.keywords or ()) or None)

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that may be spoken; empty if the model is to detect them."""
        return (self.language,) if isinstance(self.language, str) else tuple(self.language or ())

    def check_support(self, provider: Provider) -> None:
        """Check that a gateway has a field for each option.

        Raises:
            InvalidOption: if it has none.
        """
        self._check_known_speakers(provider)
        if provider.transcription not in (
            "multipart",
            "json",
        ):  # a chat's prompt takes both, and engines check for themselves
            return
        if len(self.languages) > 1 and provider.languages_field is None:
            raise InvalidOption(
                f"{provider.name} takes one language, not several: {', '.join(self.languages)}. Give one code, or leave "
                "language= out, so that the model detects it."
            )
        if self.keywords and provider.keywords_field is None:
            raise InvalidOption(f"{provider.name} has no field for keywords. Name them in prompt=...")

    def _check_known_speakers(self, provider: Provider) -> None:
        names, most = [*(self.known_speakers or ())], provider.max_known_speakers
        if names and not self.diarize:
            raise InvalidOption("known_speakers needs diarize=True.")
        if names and not most:
            raise InvalidOption(f"{provider.name} takes no known_speakers; its documentation names no such field.")
        if len(names) > most:
            raise InvalidOption(f"{provider.name} takes {most} known_speakers at most, not {len(names)}.")
        if wrong := [name for name in names if not name.strip() or _UNKNOWN_SPEAKER.fullmatch(name)]:
            raise InvalidOption(
                f"known_speakers may not be called {wrong[0]!r}: speakers whose names are not known are called so."
            )

    def build_fields(self, model: str, provider: Provider) -> dict[str, Any]:
        """Build the fields of a request. Options that are None are left out."""
        optional = {"prompt": self.prompt, "temperature": self.temperature}
        language = {(provider.languages_field or "") if len(self.languages) > 1 else "language": self.language}
        keywords = {provider.keywords_field or "": self.keywords and [*self.keywords]}
        timing = {"timestamp_granularities": ["segment", "word"]} if self.words else {}
        fields = drop_none({**language, **optional, **keywords})
        return {"model": model, "response_format": "verbose_json", **fields, **timing}


def encode_multipart_request(
    model: str,
    content: Content,
    name: str,
    format: str,
    options: TranscriptionOptions,
    provider: Provider,
    samples: Sequence[SpeakerSample] = (),
) -> Body:
    """Encode a request as OpenAI takes it: `POST /audio/transcriptions` with a multipart form.

    Args:
        model: name of the model.
        content: bytes of the recording.
        name: file name without suffix. The suffix of the format is added, because gateways detect the format by it.
        format: canonical name of the format.
        options: options of the transcription. Lists are sent as `name[]`, as OpenAI's SDK does.
        provider: the gateway.
        samples: speech of the speakers who are known. It is sent if speakers are to be told apart.
    """
    row = FORMATS[format]
    diarization = {"response_format": "diarized_json", "chunking_strategy": "auto"} if options.diarize else {}
    fields = {**options.build_fields(model, provider), **diarization, **(options.extra or {})}
    if fields["response_format"] == "diarized_json":  # "This option is not available for gpt-4o-transcribe-diarize."
        fields.pop("timestamp_granularities", None)
    return encode_multipart(
        [*_to_form_fields(fields), *list_sample_fields(samples if options.diarize else ())],
        FilePart("file", name + row.suffix, row.mime, content),
    )


def encode_json_request(
    model: str, content: Content, format: str, options: TranscriptionOptions, provider: Provider
) -> Body:
    """Encode a request as OpenRouter takes it: `POST /audio/transcriptions` with JSON.

    Args:
        model: name of the model.
        content: bytes of the recording, which are sent as base64.
        format: canonical name of the format.
        options: options of the transcription.
        provider: the gateway.
    """
    diarization = {"diarize": True} if options.diarize else {}
    audio = {"input_audio": {"data": content, "format": format}}
    return encode_json({**options.build_fields(model, provider), **diarization, **(options.extra or {}), **audio})


def _to_form_fields(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in fields.items():
        if isinstance(value, Mapping):
            items = cast("Mapping[str, Any]", value).items()
            pairs += ((f"{name}[{key}]", _to_form_text(item)) for key, item in items)
        elif isinstance(value, (list, tuple)):
            pairs += ((f"{name}[]", _to_form_text(item)) for item in cast("Sequence[Any]", value))
        elif value is not None:
            pairs.append((name, _to_form_text(value)))
    return pairs


def _to_form_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
