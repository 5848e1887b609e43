"""Transcriptions on the wire: two ways to ask, and one lenient reader for every shape of reply. No I/O here.

Always asked for as `verbose_json`: gateways damage text, SRT and VTT, and only segments carry time. Replies differ in
what they leave out and how they spell it; what is read here is the union of OpenAI, OpenRouter, Cortecs, LiteLLM, Groq,
Mistral, Together, vLLM, DeepInfra and speaches.
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
    """The keyword arguments of `AudioClient.transcribe`; `TranscriptionOptions` says what each means."""

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
    """How a recording is to be transcribed.

    Attributes:
        language: code of the language spoken, such as `"en"`; None lets the model find out.
        prompt: words or names to expect.
        words: whether each word's time is wanted.
        diarize: whether speakers are to be told apart.
        temperature: of the model.
        extra: fields of the gateway's own.
        gaps: what becomes of a long recording of which a piece failed: an error, or a transcript with the gap marked.
        channels: whether channels are mixed, or heard one by one, each as a speaker of its own.
        vad: how pauses are found where a long recording is cut: by its `"energy"`, or by the voice activity detector
            `"silero"`, which noise does not confuse (extra `[vad]`).
        progress: is told how far the recording is; possibly on another thread.
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
        """The fields that every gateway names alike."""
        known = {"language": self.language, "prompt": self.prompt, "temperature": self.temperature}
        given = {name: value for name, value in known.items() if value is not None}
        timing = {"timestamp_granularities": ["segment", "word"]} if self.words else {}
        return {"model": model, "response_format": "verbose_json", **given, **timing}


def encode_multipart_request(
    model: str, content: Content, name: str, format: str, options: TranscriptionOptions
) -> Body:
    """OpenAI's form: `POST /audio/transcriptions` with a file.

    Args:
        model: name of the model.
        content: the recording.
        name: file name without suffix; gateways tell the format by the suffix, so the true one is added.
        format: canonical format name.
        options: how to transcribe. Lists are sent as `name[]`, as OpenAI's SDK does.
    """
    row = FORMATS[format]
    diarized = {"response_format": "diarized_json", "chunking_strategy": "auto"} if options.diarize else {}
    return encode_multipart(
        _flatten({**options.build_fields(model), **diarized, **(options.extra or {})}),
        FilePart("file", name + row.suffix, row.mime, content),
    )


def encode_json_request(model: str, content: Content, format: str, options: TranscriptionOptions) -> Body:
    """OpenRouter's form: `POST /audio/transcriptions` with JSON."""
    diarized = {"diarize": True} if options.diarize else {}
    audio = {"input_audio": {"data": content, "format": format}}
    return encode_json({**options.build_fields(model), **diarized, **(options.extra or {}), **audio})


def _flatten(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
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


# --- the reader ---


def _to_seconds(value: Any) -> float | None:
    """Seconds as a number or, as vLLM writes them, as text; anything else is no time."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _to_text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _to_list(value: Any) -> list[Any]:
    return to_objects(value)


_Seconds = Annotated[float | None, BeforeValidator(_to_seconds)]
_Text = Annotated[str | None, BeforeValidator(_to_text)]
_SPEAKER = AliasChoices("speaker_label", "speaker", "speaker_id")


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Word(_Lenient):
    text: _Text = Field(None, validation_alias=AliasChoices("word", "text"))
    start: _Seconds = None
    end: _Seconds = None
    speaker: _Text = Field(None, validation_alias=_SPEAKER)
    confidence: _Seconds = Field(None, validation_alias=AliasChoices("confidence", "probability", "score"))


class _Segment(_Lenient):
    text: _Text = None
    start: _Seconds = None
    end: _Seconds = None
    speaker: _Text = Field(None, validation_alias=_SPEAKER)
    avg_logprob: float | None = None
    confidence: _Seconds = Field(None, validation_alias=AliasChoices("confidence", "score"))
    words: Annotated[list[_Word], BeforeValidator(_to_list)] = Field(default_factory=list[_Word])


class _Reply(_Lenient):
    text: str
    language: _Text = None
    duration: _Seconds = None
    input_length_ms: _Seconds = None
    model: _Text = None
    segments: Annotated[list[_Segment], BeforeValidator(_to_list)] = Field(default_factory=list[_Segment])
    speaker_segments: Annotated[list[_Segment], BeforeValidator(_to_list)] = Field(default_factory=list[_Segment])
    words: Annotated[list[_Word], BeforeValidator(_to_list)] = Field(default_factory=list[_Word])
    usage: Any = None


def parse_transcript(
    body: bytes, headers: Mapping[str, str], *, provider: str, model: str, duration: float | None = None
) -> Transcript:
    """The transcript in a reply.

    Args:
        body: of the reply.
        headers: of the reply, names in lower case.
        provider: name of the gateway.
        model: the model that was asked.
        duration: seconds of what was sent, as counted here. Where a gateway gives no segments, all is one segment.

    Raises:
        ProviderError: if an error stands in its place.
        IncompleteResponse: if it is no JSON, or has no text: an error page must never pass for a transcript.
    """
    raw = _parse_reply(body, headers, provider)
    duration = duration or raw.duration or (raw.input_length_ms / 1000 if raw.input_length_ms else None)
    return Transcript(
        text=raw.text.strip(),
        segments=_build_segments(raw, duration),
        language=raw.language,
        duration=duration,
        model=raw.model or model,
        provider=provider,
        usage=parse_usage(raw.usage),
    )


def _parse_reply(body: bytes, headers: Mapping[str, str], provider: str) -> _Reply:
    reply: Any = parse_json(body)
    if reply is None and (cues := parse_subtitles(body.decode("utf-8", "replace"))):
        reply = {"text": " ".join(cue["text"] for cue in cues), "segments": cues}
    if not isinstance(reply, dict):
        raise build_unreadable_error(body, provider=provider, content_type=headers.get("content-type", ""))
    if error := find_error(reply, provider=provider):
        raise error
    try:
        raw = _Reply.model_validate(reply)
    except ValidationError:
        raise IncompleteResponse(f"{provider} answered a transcription without text.", provider=provider) from None
    if not raw.segments and (cues := parse_subtitles(raw.text)):  # LiteLLM wraps SRT and VTT into JSON
        return _Reply.model_validate({**reply, "text": " ".join(cue["text"] for cue in cues), "segments": cues})
    return raw


def _build_segments(raw: _Reply, duration: float | None) -> tuple[Segment, ...]:
    words = _build_words(raw.words)
    spoken = [segment for segment in raw.speaker_segments or raw.segments if segment.text]
    timed = [segment for segment in spoken if segment.start is not None and segment.end is not None]
    if spoken and len(timed) == len(spoken):
        return _assign_words([_build_segment(segment) for segment in timed], words)
    if not raw.text.strip():
        return ()
    end = duration if duration is not None else (words[-1].end if words else 0.0)
    return (Segment(0.0, end, raw.text.strip(), words=tuple(words)),)


def parse_segment(found: Mapping[str, Any]) -> Segment | None:
    """The segment that an event of a stream tells of; None if it has no text or no times."""
    raw = _Segment.model_validate(found)
    return _build_segment(raw) if raw.text and raw.start is not None and raw.end is not None else None


def _build_segment(raw: _Segment) -> Segment:
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


def _build_words(raw: Sequence[_Word]) -> list[Word]:
    return [
        Word(word.start, max(word.start, word.end), word.text.strip(), word.speaker, word.confidence)
        for word in raw
        if word.text and word.text.strip() and word.start is not None and word.end is not None
    ]


def _assign_words(segments: list[Segment], words: list[Word]) -> tuple[Segment, ...]:
    """Give words that stand beside the segments to the segment in which the middle of each lies, or to the nearest."""
    if not words or any(segment.words for segment in segments):
        return tuple(segments)
    segments = sorted(segments, key=lambda segment: segment.start)
    starts, shares = [segment.start for segment in segments], [list[Word]() for _ in segments]
    for word in words:
        middle = (word.start + word.end) / 2
        after = bisect.bisect(starts, middle)
        near = range(max(0, after - 1), min(after + 1, len(segments)))
        shares[min(near, key=lambda at: max(starts[at] - middle, middle - segments[at].end))].append(word)
    return tuple(replace(segment, words=tuple(share)) for segment, share in zip(segments, shares, strict=True))
