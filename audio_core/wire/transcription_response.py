"""Parse the response to a transcription request. No I/O here.

Responses differ in which fields they have and how they spell them. One lenient parser reads those of OpenAI, OpenRouter,
Cortecs, LiteLLM, Groq, Mistral, Together, vLLM, DeepInfra and speaches, subtitles and plain text. One odd field costs
that field, not the response.
"""

from __future__ import annotations

import bisect
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, cast

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from audio_core.errors import IncompleteResponse
from audio_core.http.error_responses import build_unreadable_error, find_error
from audio_core.lenient_json import parse_json, to_objects
from audio_core.transcript.segment import Segment, Word
from audio_core.transcript.subtitle_parser import parse_subtitles
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import parse_usage

__all__ = ["parse_segment", "parse_transcript"]

_END_TOLERANCE = 1.0  # seconds; models often end their last segment a little late
_log = logging.getLogger("audio_core")


def _to_non_negative(value: Any) -> float | None:
    """Return a finite number of 0 or more, which vLLM writes as text, or None for anything else."""
    number = _to_finite(value)
    return number if number is not None and number >= 0 else None


def _to_time(value: Any) -> float | None:
    """Return a time in seconds, or None if it is missing or not a finite number. A negative time becomes 0."""
    number = _to_finite(value)
    return None if number is None else max(0.0, number)


def _to_finite(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _to_language(value: Any) -> str | None:
    """Return the language, or the first one of several."""
    return _to_text(next(iter(cast("list[Any]", value)), None) if isinstance(value, list) else value)


def _to_text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


_NonNegative = Annotated[float | None, BeforeValidator(_to_non_negative)]
_Time = Annotated[float | None, BeforeValidator(_to_time)]
_Finite = Annotated[float | None, BeforeValidator(_to_finite)]
_Text = Annotated[str | None, BeforeValidator(_to_text)]
_Language = Annotated[str | None, BeforeValidator(_to_language)]
_OBJECTS = BeforeValidator(to_objects)
_SPEAKER_ALIASES = AliasChoices("speaker_label", "speaker", "speaker_id")


class _LenientModel(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _RawWord(_LenientModel):
    text: _Text = Field(None, validation_alias=AliasChoices("word", "text"))
    start: _Time = None
    end: _Time = None
    speaker: _Text = Field(None, validation_alias=_SPEAKER_ALIASES)
    confidence: _NonNegative = Field(None, validation_alias=AliasChoices("confidence", "probability", "score"))


class _RawSegment(_LenientModel):
    text: _Text = None
    start: _Time = None
    end: _Time = None
    speaker: _Text = Field(None, validation_alias=_SPEAKER_ALIASES)
    avg_logprob: _Finite = None
    confidence: _NonNegative = Field(None, validation_alias=AliasChoices("confidence", "score"))
    words: Annotated[list[_RawWord], _OBJECTS] = Field(default_factory=list[_RawWord])


class _RawResponse(_LenientModel):
    text: str
    language: _Language = None
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
    if reply is None:
        reply = _parse_text(body, headers.get("content-type", ""))
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


def _parse_text(body: bytes, content_type: str) -> dict[str, Any] | None:
    """Return subtitles or plain text in the shape of a JSON response. An error page is neither."""
    text = body.decode("utf-8", "replace")
    if cues := parse_subtitles(text):
        return {"text": " ".join(cue["text"] for cue in cues), "segments": cues}
    is_plain = content_type.startswith("text/plain") and text.strip() and not text.lstrip().startswith(("<", "{", "["))
    return {"text": text} if is_plain else None


def _build_segments(response: _RawResponse, duration: float | None) -> tuple[Segment, ...]:
    words = _build_words(response.words)
    nonempty = [segment for segment in response.speaker_segments or response.segments if segment.text]
    if any(segment.start is not None or segment.end is not None for segment in nonempty):
        return _assign_words(_build_timed_segments(nonempty, duration), words)
    if not response.text.strip():
        return ()
    end = duration if duration is not None else (words[-1].end if words else 0.0)
    return (Segment(0.0, end, response.text.strip(), words=tuple(words)),)


def _build_timed_segments(raws: Sequence[_RawSegment], duration: float | None) -> list[Segment]:
    """Build segments in order of time. A missing time lies between its neighbours, and is marked as estimated."""
    segments, end = list[Segment](), 0.0
    for raw, next_start in zip(raws, _list_next_starts(raws), strict=True):
        start = end if raw.start is None else raw.start
        limit = (duration or start) if next_start is None else next_start
        end = max(start, limit) if raw.end is None else raw.end
        is_estimated = raw.start is None or raw.end is None
        segments.append(replace(_build_segment(raw, start, end), is_estimated=is_estimated))
    return sorted((_clamp(segment, duration) for segment in segments), key=lambda segment: segment.start)


def _list_next_starts(raws: Sequence[_RawSegment]) -> list[float | None]:
    """Return for each segment the first known start after it; None if there is none."""
    next_starts, next_start = list[float | None](), None
    for raw in reversed(raws):
        next_starts.append(next_start)
        next_start = next_start if raw.start is None else raw.start
    return next_starts[::-1]


def _clamp(segment: Segment, duration: float | None) -> Segment:
    """Move times that lie well after the end of what was sent to its end, and mark them as estimated."""
    if duration is None or segment.end <= duration + _END_TOLERANCE:
        return segment
    _log.warning("A segment ends at %.2f s, but the recording at %.2f s; it is cut there.", segment.end, duration)
    start = min(segment.start, duration)
    return replace(segment, start=start, end=duration, is_estimated=segment.start >= duration)


def parse_segment(raw_segment: Mapping[str, Any]) -> Segment | None:
    """Parse the segment in an event of a stream, or return None if it lacks text or times."""
    raw = _RawSegment.model_validate(raw_segment)
    if not raw.text or raw.start is None or raw.end is None:
        return None
    return _build_segment(raw, raw.start, raw.end)


def _build_segment(raw: _RawSegment, start: float, end: float) -> Segment:
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
