"""Decode a streamed transcription: server-sent events in, segments out. An incomplete transcript is an error.

There are three dialects: `transcript.text.*` of OpenAI and llama.cpp, `transcription.*` of Mistral, and
`transcription.chunk` with `[DONE]` of vLLM and SGLang. JSON, subtitles and text in place of a stream are accepted, and
so are LiteLLM's JSON, whose text is a stream, and a stream in place of JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audio_core.errors import IncompleteResponse
from audio_core.http.error_responses import find_event_error
from audio_core.http.sse import StreamedBody, is_end_mark, is_event_stream
from audio_core.lenient_json import to_object, to_objects, to_text
from audio_core.transcript.segment import Segment, join_text
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage, parse_usage
from audio_core.wire.chat_response import get_first_choice, get_text
from audio_core.wire.missing_words import find_missing_words
from audio_core.wire.stream_events import EventParser
from audio_core.wire.tool_calls import CUT_SHORT
from audio_core.wire.transcription_fields import RawSegment
from audio_core.wire.transcription_response import parse_transcript
from audio_core.wire.transcription_segments import build_segments

__all__ = ["TranscriptStream", "read_transcript"]

_CONTENT_FIELDS = {"choices", "delta", "text"}


def read_transcript(
    body: bytes, headers: Mapping[str, str], *, provider: str, model: str, duration: float
) -> Transcript:
    r"""Read a body that was not to be streamed: JSON, subtitles or text, or a whole stream all the same.

    Args:
        body: body of the response.
        headers: headers of the response, with names in lower case.
        provider: name of the gateway.
        model: name of the requested model, used if the response names none.
        duration: length of the recording in seconds.

    Raises:
        ProviderError: if the body is an error.
        IncompleteResponse: if it holds no transcript, or only a part of one.

    Example:
        >>> body = b'data: {"type": "transcript.text.done", "text": "Hello."}\n\n'
        >>> read_transcript(body, {}, provider="openai", model="whisper-1", duration=2.0).text
        'Hello.'
    """
    if not is_event_stream(body, headers):
        return parse_transcript(body, headers, provider=provider, model=model, duration=duration)
    stream = TranscriptStream(headers, provider=provider, seconds=duration)
    segments = [each for each in (*stream.feed(body), *stream.close()) if not each.is_partial]
    return Transcript(
        text=stream.partial.strip() or join_text(segments),
        segments=tuple(segments) if stream.has_times else (),
        duration=duration,
        model=model,
        provider=provider,
        usage=stream.usage,
        warnings=stream.warnings,
    )


class TranscriptStream:
    r"""Push decoder of a streamed transcription. An incomplete transcript is an error.

    Partial segments have new text, for live captions. The other segments are final: together they are the transcript.
    They come in the order in which the gateway sends them; words that only the whole text has come last, with estimated
    times. One whose end is missing waits for the next, so that its end can be estimated. Where a gateway sends no timed
    segments, the whole text is one final segment.

    Args:
        headers: headers of the response, with names in lower case.
        provider: name of the gateway.
        seconds: length of the recording.

    Attributes:
        usage: tokens, seconds and cost, once the gateway has reported them.
        warnings: what a user must know of the segments, once the stream has ended.

    Example:
        >>> stream = TranscriptStream({"content-type": "text/event-stream"}, provider="openai", seconds=2.0)
        >>> event = b'data: {"type": "transcript.text.done", "text": "Hello."}\n\n'
        >>> [segment.text for segment in (*stream.feed(event), *stream.close())]
        ['Hello.']
    """

    def __init__(self, headers: Mapping[str, str], *, provider: str, seconds: float) -> None:
        self._headers, self._provider, self._seconds = headers, provider, seconds
        self._body, self._parser = StreamedBody(headers), EventParser()
        self._texts: list[str] = []
        self._pending: list[RawSegment] = []
        self._segments: list[Segment] = []
        self._position = 0.0
        self._has_events = self._has_whole_text = self._done = self._is_closed = False
        self.usage: Usage | None = None
        self.warnings: tuple[str, ...] = ()

    @property
    def partial(self) -> str:
        """The text received so far."""
        return "".join(self._texts)

    @property
    def has_times(self) -> bool:
        """Whether the gateway has sent timed segments."""
        return bool(self._segments)

    def feed(self, data: bytes) -> Iterator[Segment]:
        """Yield the segments that `data` completes.

        Raises:
            ProviderError: if the gateway sends an error event. The text so far is in `partial`.
            IncompleteResponse: if an event is not a JSON object, or says that the transcript was cut short.
        """
        for event in self._body.feed(data):
            yield from self._decode_event(event)

    def close(self) -> Iterator[Segment]:
        """Yield the remaining segments.

        Raises:
            ProviderError: if the remaining bytes are an error. The text so far is in `partial`.
            IncompleteResponse: if the body ended before the transcript did.
        """
        if (body := self._body.take_held()) is not None:
            yield from self._decode_json(body)
            return
        for event in self._body.close():
            yield from self._decode_event(event)
        yield from self._decode_rest()
        if not self._done:
            raise self._build_stream_error("the stream ended before the transcript did")
        if not self._has_events:
            raise self._build_stream_error("the stream ended without any content")
        if self._segments or any(raw.has_time for raw in self._pending) or not self.partial.strip():
            yield from self._build_pending()
            yield from self._build_missing()
        else:
            yield Segment(0.0, self._seconds, self.partial.strip())

    def _decode_json(self, body: bytes) -> Iterator[Segment]:
        transcript = parse_transcript(body, self._headers, provider=self._provider, model="", duration=self._seconds)
        self.usage, self.warnings = transcript.usage, transcript.warnings
        if not is_event_stream(transcript.text.encode(), {}):
            self._texts, self._segments = [transcript.text.strip()], list(transcript.segments)
            yield from self._segments or ([Segment(0.0, self._seconds, self.partial)] if self.partial else ())
            return
        yield from self.feed(transcript.text.encode() + b"\n\n")
        yield from self.close()

    def _decode_event(self, data: str) -> Iterator[Segment]:
        if self._is_closed or is_end_mark(data):
            self._is_closed = self._done = True
            return
        event = to_object(self._parser.parse(data))
        if not event:
            raise self._build_stream_error("an event of the stream is not a JSON object")
        if error := find_event_error(event, provider=self._provider):
            error.partial = self.partial
            raise error
        self.usage = parse_usage(event.get("usage")) or self.usage
        event_type = to_text(event.get("type")) or to_text(event.get("object")) or ""
        self._has_events |= bool(event_type) or not _CONTENT_FIELDS.isdisjoint(event)
        if event_type.endswith(".segment"):
            yield from self._decode_segment(event)
        elif event_type.endswith(".done"):
            yield from self._decode_end(event)
        else:
            yield from self._decode_text(event)
        if _get_finish_reason(event) in (*CUT_SHORT, "error"):
            raise self._build_stream_error("the model stopped before the end of the recording")

    def _decode_text(self, event: Mapping[str, Any]) -> Iterator[Segment]:
        text = _get_new_text(event)
        if text and not self._has_whole_text:
            self._texts.append(text)
            yield Segment(min(self._position, self._seconds), self._seconds, text, is_partial=True)

    def _decode_rest(self) -> Iterator[Segment]:
        for event in self._parser.close():
            yield from self._decode_text(event)

    def _decode_segment(self, event: Mapping[str, Any]) -> Iterator[Segment]:
        raw = RawSegment.model_validate(event)
        self._pending.append(raw)
        if raw.end is not None:
            yield from self._build_pending()

    def _build_pending(self) -> Iterator[Segment]:
        segments = build_segments(self._pending, (), self._seconds, begin=self._position)
        self._pending = []
        if segments:
            self._position = segments[-1].end
        self._segments += segments
        yield from segments

    def _build_missing(self) -> Iterator[Segment]:
        """Yield segments of the words that only the whole text has, which comes last."""
        numbered, self.warnings = find_missing_words(self.partial, self._segments, self._seconds)
        missing = [segment for _, segment in numbered]
        self._segments += missing
        yield from missing

    def _decode_end(self, event: Mapping[str, Any]) -> Iterator[Segment]:
        self._done = True
        yield from self._decode_rest()
        if not (self._segments or self._pending):
            for item in to_objects(event.get("segments")):
                yield from self._decode_segment(item)
        if (text := to_text(event.get("text")) or "").strip():  # all of it, even if deltas were lost, or come again
            self._texts, self._has_whole_text = [text], True

    def _build_stream_error(self, problem: str) -> IncompleteResponse:
        return IncompleteResponse(
            f"{self._provider}: {problem}. The transcript is incomplete; ask again. The text so far is in .partial.",
            provider=self._provider,
            partial=self.partial,
        )


def _get_new_text(event: Mapping[str, Any]) -> str | None:
    if choice := get_first_choice(event):
        return get_text(choice.get("delta"))
    return next((text for text in (event.get("delta"), event.get("text")) if isinstance(text, str) and text), None)


def _get_finish_reason(event: Mapping[str, Any]) -> str | None:
    return to_text((get_first_choice(event) or {}).get("finish_reason"))
