"""Encode transcription requests, as a multipart form or as JSON, and parse every shape of response. Without I/O.

Requests ask for `verbose_json`, because only its segments have times, and gateways damage text, SRT and VTT. Responses
differ in which fields they have and how they spell them. One lenient parser reads those of OpenAI, OpenRouter, Cortecs,
LiteLLM, Groq, Mistral, Together, vLLM, DeepInfra and speaches.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypedDict, cast

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from audio_core.audio.content import Content
from audio_core.audio.formats import FORMATS
from audio_core.errors import IncompleteResponse
from audio_core.http.body import Body, FilePart, encode_json, encode_multipart
from audio_core.http.error_responses import build_unreadable_error, find_error
from audio_core.lenient_json import parse_json, to_objects
from audio_core.transcript.progress import Progress
from audio_core.transcript.segment import Segment, Word
from audio_core.transcript.subtitle_parser import parse_subtitles
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import parse_usage

__all__ = [
    "TranscriptionKwargs",
    "TranscriptionOptions",
    "encode_json_request",
    "encode_multipart_request",
    "parse_segment",
    "parse_transcript",
]


class TranscriptionKwargs(TypedDict, total=False):
    """The keyword arguments of `AudioClient.transcribe`. `TranscriptionOptions` documents them."""

    language: str | None
    prompt: str | None
    words: bool
    diarize: bool
    temperature: float | None
    extra: Mapping[str, Any] | None
    gaps: Literal["raise", "mark"]
    channels: Literal["mixed", "separate"]
    vad: Literal["energy", "silero"]
    progress: Callable[[Progress], object] | None


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """Options of a transcription.

    Attributes:
        language: code of the spoken language, such as `"en"`. None lets the model detect it.
        prompt: words or names to expect.
        words: whether to ask for the times of words.
        diarize: whether to tell speakers apart.
        temperature: sampling temperature of the model.
        extra: further fields, specific to the gateway.
        gaps: what to do if a piece of a long recording fails: `"raise"` an error, or `"mark"` a gap in the transcript.
        channels: `"mixed"` transcribes all channels as one; `"separate"` transcribes each as a speaker of its own.
        vad: the voice activity detection that finds the pauses at which a long recording is cut: `"energy"`, or
            `"silero"`, which is robust against noise (extra `[vad]`).
        progress: called with a `Progress` as the work goes on, possibly on another thread.
    """

    language: str | None = None
    prompt: str | None = None
    words: bool = False
    diarize: bool = False
    temperature: float | None = None
    extra: Mapping[str, Any] | None = None
    gaps: Literal["raise", "mark"] = "raise"
    channels: Literal["mixed", "separate"] = "mixed"
    vad: Literal["energy", "silero"] = "energy"
    progress: Callable[[Progress], object] | None = field(default=None, repr=False)

    def build_fields(self, model: str) -> dict[str, Any]:
        """Build the request fields that have the same name at every gateway. Options that are None are left out."""
        optional = {"language": self.language, "prompt": self.prompt, "temperature": self.temperature}
        fields = {name: value for name, value in optional.items() if value is not None}
        timing = {"timestamp_granularities": ["segment", "word"]} if self.words else {}
        return {"model": model, "response_format": "verbose_json", **fields, **timing}


def encode_multipart_request(
    model: str, content: Content, name: str, format: str, options: TranscriptionOptions
) -> Body:
    """Encode a request as OpenAI takes it: `POST /audio/transcriptions` with a multipart form.

    Args:
        model: name of the model.
        content: bytes of the recording.
        name: file name without suffix. The suffix of the format is added, because gateways detect the format by it.
        format: canonical name of the format.
        options: options of the transcription. Lists are sent as `name[]`, as OpenAI's SDK does.
    """
    row = FORMATS[format]
    diarization = {"response_format": "diarized_json", "chunking_strategy": "auto"} if options.diarize else {}
    return encode_multipart(
        _to_form_fields({**options.build_fields(model), **diarization, **(options.extra or {})}),
        FilePart("file", name + row.suffix, row.mime, content),
    )


def encode_json_request(model: str, content: Content, format: str, options: TranscriptionOptions) -> Body:
    """Encode a request as OpenRouter takes it: `POST /audio/transcriptions` with JSON.

    Args:
        model: name of the model.
        content: bytes of the recording, which are sent as base64.
        format: canonical name of the format.
        options: options of the transcription.
    """
    diarization = {"diarize": True} if options.diarize else {}
    audio = {"input_audio": {"data": content, "format": format}}
    return encode_json({**options.build_fields(model), **diarization, **(options.extra or {}), **audio})


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


def _to_non_negative(value: Any) -> float | None:
    """Return a finite number of 0 or more, which vLLM writes as text, or None for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _to_text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


_NonNegative = Annotated[float | None, BeforeValidator(_to_non_negative)]
_Text = Annotated[str | None, BeforeValidator(_to_text)]
_OBJECTS = BeforeValidator(to_objects)
_SPEAKER_ALIASES = AliasChoices("speaker_label", "speaker", "speaker_id")


class _LenientModel(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _RawWord(_LenientModel):
    text: _Text = Field(None, validation_alias=AliasChoices("word", "text"))
    start: _NonNegative = None
    end: _NonNegative = None
    speaker: _Text = Field(None, validation_alias=_SPEAKER_ALIASES)
    confidence: _NonNegative = Field(None, validation_alias=AliasChoices("confidence", "probability", "score"))


class _RawSegment(_LenientModel):
    text: _Text = None
    start: _NonNegative = None
    end: _NonNegative = None
    speaker: _Text = Field(None, validation_alias=_SPEAKER_ALIASES)
    avg_logprob: float | None = None
    confidence: _NonNegative = Field(None, validation_alias=AliasChoices("confidence", "score"))
    words: Annotated[list[_RawWord], _OBJECTS] = Field(default_factory=list[_RawWord])


class _RawResponse(_LenientModel):
    text: str
    language: _Text = None
    duration: _NonNegative = None
    input_length_ms: _NonNegative = None
    model: _Text = None
    segments: Annotated[list[_RawSegment], _OBJECTS] = Field(default_factory=list[_RawSegment])
    speaker_segments: Annotated[list[_RawSegment], _OBJECTS] = Field(default_factory=list[_RawSegment])
    words: Annotated[list[_RawWord], _OBJECTS] = Field(default_factory=list[_RawWord])
    usage: Any = None


def parse_transcript(
    body: bytes, headers: Mapping[str, str], *, provider: str, model: str, duration: float | None = None
) -> Transcript:
    """Parse the body of a response. A response without timed segments becomes a single segment.

    Args:
        body: body of the response.
        headers: headers of the response, with names in lower case.
        provider: name of the gateway.
        model: name of the requested model, used if the response names none.
        duration: length of the recording in seconds, as measured before sending. None takes the gateway's figure.

    Raises:
        ProviderError: if the body is an error.
        IncompleteResponse: if the body is not JSON or subtitles, or has no text, such as an error page.

    Example:
        >>> parse_transcript(b'{"text": "Hello."}', {}, provider="openai", model="whisper-1", duration=2.0).segments
        (Segment(start=0.0, end=2.0, text='Hello.'...),)
    """
    response = _parse_response(body, headers, provider)
    duration = duration or response.duration or (response.input_length_ms / 1000 if response.input_length_ms else None)
    return Transcript(
        text=response.text.strip(),
        segments=_build_segments(response, duration),
        language=response.language,
        duration=duration,
        model=response.model or model,
        provider=provider,
        usage=parse_usage(response.usage),
    )


def _parse_response(body: bytes, headers: Mapping[str, str], provider: str) -> _RawResponse:
    reply: Any = parse_json(body)
    if reply is None and (cues := parse_subtitles(body.decode("utf-8", "replace"))):
        reply = {"text": " ".join(cue["text"] for cue in cues), "segments": cues}
    if not isinstance(reply, dict):
        raise build_unreadable_error(body, provider=provider, content_type=headers.get("content-type", ""))
    if error := find_error(reply, provider=provider):
        raise error
    try:
        response = _RawResponse.model_validate(reply)
    except ValidationError:
        raise IncompleteResponse(f"{provider} sent no transcribed text. Ask again.", provider=provider) from None
    if not response.segments and (cues := parse_subtitles(response.text)):  # LiteLLM wraps SRT and VTT in JSON
        return _RawResponse.model_validate({**reply, "text": " ".join(cue["text"] for cue in cues), "segments": cues})
    return response


def _build_segments(response: _RawResponse, duration: float | None) -> tuple[Segment, ...]:
    words = _build_words(response.words)
    nonempty = [segment for segment in response.speaker_segments or response.segments if segment.text]
    timed = [segment for segment in nonempty if segment.start is not None and segment.end is not None]
    if nonempty and len(timed) == len(nonempty):
        return _assign_words([_build_segment(segment) for segment in timed], words)
    if not response.text.strip():
        return ()
    end = duration if duration is not None else (words[-1].end if words else 0.0)
    return (Segment(0.0, end, response.text.strip(), words=tuple(words)),)


def parse_segment(raw_segment: Mapping[str, Any]) -> Segment | None:
    """Parse the segment in an event of a stream, or return None if it lacks text or times."""
    raw = _RawSegment.model_validate(raw_segment)
    return _build_segment(raw) if raw.text and raw.start is not None and raw.end is not None else None


def _build_segment(raw: _RawSegment) -> Segment:
    start, end = raw.start or 0.0, raw.end or 0.0
    confidence = raw.confidence
    if confidence is None and raw.avg_logprob is not None:
        confidence = math.exp(min(0.0, raw.avg_logprob))
    return Segment(
        start=start,
        end=max(start, end),
        text=(raw.text or "").strip(),
        speaker=raw.speaker,
        words=tuple(_build_words(raw.words)),
        confidence=confidence,
    )


def _build_words(words: Sequence[_RawWord]) -> list[Word]:
    return [
        Word(word.start, max(word.start, word.end), word.text.strip(), word.speaker, word.confidence)
        for word in words
        if word.text and word.text.strip() and word.start is not None and word.end is not None
    ]


def _assign_words(segments: list[Segment], words: list[Word]) -> tuple[Segment, ...]:
    """Assign each word that came outside the segments to the segment that contains its middle, or to the nearest."""
    if not words or any(segment.words for segment in segments):
        return tuple(segments)
    segments = sorted(segments, key=lambda segment: segment.start)
    starts, assigned = [segment.start for segment in segments], [list[Word]() for _ in segments]
    for word in words:
        middle = (word.start + word.end) / 2
        after = bisect.bisect(starts, middle)
        candidates = range(max(0, after - 1), min(after + 1, len(segments)))
        nearest = min(candidates, key=lambda index: max(starts[index] - middle, middle - segments[index].end))
        assigned[nearest].append(word)
    return tuple(replace(segment, words=tuple(own)) for segment, own in zip(segments, assigned, strict=True))
