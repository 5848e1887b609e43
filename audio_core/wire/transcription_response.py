"""Parse the response to a transcription request. No I/O here.

Responses differ in which fields they have and how they spell them. One lenient parser reads those of OpenAI,
OpenRouter, Cortecs, LiteLLM, Groq, Mistral, Together, vLLM, DeepInfra and speaches, subtitles and plain text. One odd
field costs that field, not the response.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from audio_core.errors import IncompleteResponse
from audio_core.http.error_responses import build_unreadable_error, find_error
from audio_core.lenient_json import decode_text, parse_body, to_list, to_objects, to_text
from audio_core.transcript.segment import Segment
from audio_core.transcript.subtitle_parser import parse_subtitles
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import parse_usage
from audio_core.wire.missing_words import insert_missing_words
from audio_core.wire.transcription_fields import (
    LenientModel,
    Number,
    RawSegment,
    RawWord,
    Text,
    join_words,
    remove_events,
)
from audio_core.wire.transcription_segments import build_events, build_segments, build_utterances

__all__ = ["parse_transcript"]


def _parse_language(value: Any) -> str | None:
    """Return the language, or the first one of several."""
    return to_text(next(iter(to_list(value)), None) if isinstance(value, list) else value)


_Language = Annotated[str | None, BeforeValidator(_parse_language)]
_OBJECTS = BeforeValidator(to_objects)


class _RawLanguage(LenientModel):
    code: Text = None


class _RawResponse(LenientModel):
    text: Any = None
    language: _Language = None
    languages: Annotated[list[_RawLanguage], _OBJECTS] = Field(default_factory=list[_RawLanguage])
    duration: Number = None
    input_length_ms: Number = None
    model: Text = None
    segments: Annotated[list[RawSegment], _OBJECTS] = Field(default_factory=list[RawSegment])
    speaker_segments: Annotated[list[RawSegment], _OBJECTS] = Field(default_factory=list[RawSegment])
    words: Annotated[list[RawWord], _OBJECTS] = Field(default_factory=list[RawWord])
    usage: Any = None

    @property
    def spoken_segments(self) -> list[RawSegment]:
        """The segments with text. Together tells speakers apart in segments of their own."""
        spoken = ([raw for raw in raws if raw.spoken] for raws in (self.speaker_segments, self.segments))
        return next(filter(None, spoken), list[RawSegment]())

    @property
    def all_words(self) -> list[RawWord]:
        """The words of the response, or else those of its segments."""
        return self.words or [word for raw in self.spoken_segments for word in raw.words]

    @property
    def spoken(self) -> str | None:
        """The text, or that of the segments or words if there is no other; None if there is no text at all."""
        text = (to_text(self.text) or "").strip() if isinstance(self.text, str) else None
        return text or " ".join(raw.spoken for raw in self.spoken_segments) or join_words(self.words) or text


def parse_transcript(
    body: bytes, headers: Mapping[str, str], *, provider: str, model: str, duration: float | None = None
) -> Transcript:
    """Parse the body of a response.

    A response with words and without timed segments gets segments of its words. One without any times has a text and no
    segments. Words of the text that no segment holds are put between the others, with estimated times. Sounds that are
    no speech, such as `(laughter)`, are events and not part of the text.

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
        >>> body = b'{"text": "Hello.", "segments": [{"start": 0.5, "end": 1, "text": "Hello."}]}'
        >>> parse_transcript(body, {}, provider="openai", model="whisper-1").segments
        (Segment(0.5, 1, 'Hello.'),)
    """
    response = _parse_response(body, headers, provider)
    duration = duration or response.duration or (response.input_length_ms / 1000 if response.input_length_ms else None)
    text = remove_events(response.spoken or "", response.all_words)
    segments = _build_segments(response, duration)
    complete, warnings = insert_missing_words(text, segments, duration) if segments else ((), ())
    return Transcript(
        text=text,
        segments=complete,
        language=response.language or next((each.code for each in response.languages), None),
        duration=duration,
        model=response.model or model,
        provider=provider,
        usage=parse_usage(response.usage),
        events=build_events(response.all_words, duration),
        warnings=warnings,
    )


def _parse_response(body: bytes, headers: Mapping[str, str], provider: str) -> _RawResponse:
    content_type = headers.get("content-type", "")
    reply: Any = parse_body(body, content_type)
    if reply is None:
        reply = _parse_text(decode_text(body, content_type), is_plain=content_type.startswith("text/plain"))
    elif isinstance(reply, str):
        reply = _parse_text(reply, is_plain="json" in content_type)
    if not isinstance(reply, dict):
        raise build_unreadable_error(body, provider=provider, content_type=content_type)
    if error := find_error(reply, provider=provider):
        raise error
    response = _RawResponse.model_validate(reply)
    if response.spoken is None:
        raise IncompleteResponse(f"{provider} sent no transcribed text. Ask again.", provider=provider)
    if not response.segments and (cues := parse_subtitles(response.spoken)):  # LiteLLM wraps SRT and VTT in JSON
        return _RawResponse.model_validate({**reply, "text": " ".join(cue["text"] for cue in cues), "segments": cues})
    return response


def _parse_text(text: str, *, is_plain: bool) -> dict[str, Any] | None:
    """Return subtitles, or text that is called plain, in the shape of a JSON response. An error page is neither."""
    if cues := parse_subtitles(text):
        return {"text": " ".join(cue["text"] for cue in cues), "segments": cues}
    if text.strip() == "WEBVTT":  # subtitles of silence
        return {"text": ""}
    return {"text": text} if is_plain and text.strip() and not text.lstrip().startswith(("<", "{", "[")) else None


def _build_segments(response: _RawResponse, duration: float | None) -> tuple[Segment, ...]:
    if any(raw.has_time for raw in response.spoken_segments):
        return build_segments(response.spoken_segments, response.words, duration)
    text = remove_events(response.spoken or "", response.all_words)
    return build_utterances(text, response.all_words, duration) if text else ()
