"""A streamed transcription: events in, segments out, and at the end all of it or an error.

Dialects: OpenAI's `transcript.text.*` (llama.cpp too), Mistral's `transcription.*`, and vLLM's `transcription.chunk` with
`[DONE]` (SGLang too). Plain JSON in a stream's place, and LiteLLM's JSON around a stream's text, are read as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audio_core.errors import IncompleteResponse
from audio_core.http.error_responses import find_error
from audio_core.http.sse import ServerSentEvents
from audio_core.lenient_json import parse_json, to_object, to_objects
from audio_core.transcript.segment import Segment
from audio_core.transcript.usage import Usage, parse_usage
from audio_core.wire.transcription import parse_segment, parse_transcript

__all__ = ["TranscriptStream"]


class TranscriptStream:
    """Push decoder of a streamed transcription; it ends well only if the transcript is whole.

    What is newly heard comes as a partial segment; what is closed comes as a whole one. So the texts of the partial ones
    are live captions, and the whole ones are the transcript. Where a gateway times no segments, all is one, at the end.

    Args:
        headers: of the reply, names in lower case.
        provider: name of the gateway.
        seconds: how long the recording lasts.

    Attributes:
        usage: what it cost, once the end has come.

    Raises:
        ProviderError: if an error event comes, with the text so far in `partial`.
        IncompleteResponse: if the body ends before the transcript does.
    """

    def __init__(self, headers: Mapping[str, str], *, provider: str, seconds: float) -> None:
        self._headers, self._provider, self._seconds = headers, provider, seconds
        self._events = ServerSentEvents()
        self._plain: list[bytes] | None = [] if "json" in headers.get("content-type", "") else None
        self._texts: list[str] = []
        self._at = 0.0
        self._has_segments = self._done = False
        self.usage: Usage | None = None

    @property
    def partial(self) -> str:
        """The text that has come so far."""
        return "".join(self._texts)

    def feed(self, data: bytes) -> Iterator[Segment]:
        """The segments that are told once `data` has come."""
        if self._plain is not None:
            self._plain.append(data)
            return
        for event in self._events.feed(data):
            yield from self._read_event(event)

    def close(self) -> Iterator[Segment]:
        """What was left; raises if the transcript is not whole."""
        if self._plain is not None:
            yield from self._read_plain_json(b"".join(self._plain))
            return
        for event in self._events.close():
            yield from self._read_event(event)
        if not self._done:
            raise self._build_broken_error("the stream ended before the transcript did")
        if not self._has_segments and self.partial.strip():
            yield Segment(0.0, self._seconds, self.partial.strip())

    def _read_plain_json(self, body: bytes) -> Iterator[Segment]:
        heard = parse_transcript(body, self._headers, provider=self._provider, model="", duration=self._seconds)
        self.usage = heard.usage
        if not heard.text.startswith("data:"):
            yield from heard.segments
            return
        self._plain = None
        yield from self.feed(heard.text.encode() + b"\n\n")
        yield from self.close()

    def _read_event(self, event: str) -> Iterator[Segment]:
        if event.strip() == "[DONE]":
            self._done = True
            return
        found = to_object(parse_json(event))
        if not found:
            raise self._build_broken_error("an event of the stream is no JSON object")
        if error := find_error(found, provider=self._provider, partial=self.partial):
            raise error
        self.usage = parse_usage(found.get("usage")) or self.usage
        kind = str(found.get("type") or found.get("object") or "")
        if kind.endswith(".segment"):
            yield from self._read_segment(found)
        elif kind.endswith(".done"):
            yield from self._read_end(found)
        elif text := _get_new_text(found):
            self._texts.append(text)
            yield Segment(self._at, self._seconds, text, is_partial=True)

    def _read_segment(self, found: Mapping[str, Any]) -> Iterator[Segment]:
        segment = parse_segment(found)
        if segment is None:
            return
        self._has_segments, self._at = True, segment.end
        yield segment

    def _read_end(self, found: Mapping[str, Any]) -> Iterator[Segment]:
        self._done = True
        if not self._has_segments:
            for item in to_objects(found.get("segments")):
                yield from self._read_segment(item)
        if isinstance(found.get("text"), str):  # the whole of it: nothing is lost if deltas were
            self._texts = [found["text"]]

    def _build_broken_error(self, what: str) -> IncompleteResponse:
        return IncompleteResponse(
            f"{self._provider}: {what}. It is not passed on as whole; ask again.",
            provider=self._provider,
            partial=self.partial,
        )


def _get_new_text(found: Mapping[str, Any]) -> str:
    for choice in to_objects(found.get("choices")):
        return str(to_object(choice.get("delta")).get("content") or "")
    return str(found.get("delta") or found.get("text") or "")
