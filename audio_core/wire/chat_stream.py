"""Decode a streamed chat completion: server-sent events in, deltas out. The last delta has the complete answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from audio_core.errors import IncompleteResponse
from audio_core.http.error_responses import find_event_error, get_request_id
from audio_core.http.flow import MAX_REPLY_BYTES
from audio_core.http.sse import StreamedBody, is_end_mark, is_event_stream
from audio_core.lenient_json import to_list, to_object, to_objects, to_text
from audio_core.transcript.speech import Speech
from audio_core.transcript.usage import Usage, parse_usage
from audio_core.wire.chat_response import (
    Answer,
    Delta,
    SpeechDelta,
    build_broken_off_error,
    get_first_choice,
    get_reasoning,
    get_text,
    has_content,
    parse_answer,
)
from audio_core.wire.speech_stream import SpeechBuilder
from audio_core.wire.stream_events import EventParser
from audio_core.wire.tool_calls import ToolCallBuilder, ToolCallDelta

__all__ = ["ChatStream", "read_answer"]

# In a chunk that has nothing but text, all other keys are missing or empty.
_CHOICE_KEYS, _DELTA_KEYS = {"index", "delta"}, {"role", "content"}
_JOINED_DETAILS = ("text", "summary", "data")  # the fields of reasoning details that come in fragments


def read_answer(body: bytes, headers: Mapping[str, str], *, provider: str, speech_format: str | None = None) -> Answer:
    """Read the body of a response that was not to be streamed: JSON, or a whole stream all the same.

    The arguments and errors are those of `parse_answer`.
    """
    if not is_event_stream(body, headers):
        return parse_answer(body, headers, provider=provider, speech_format=speech_format)
    stream = ChatStream(headers, provider=provider, speech_format=speech_format, max_bytes=len(body))
    return cast("Answer", [*stream.feed(body), *stream.close()][-1].answer)


class ChatStream:
    r"""Push decoder of a streamed chat completion. An incomplete answer is an error.

    A gateway may answer a request for a stream with plain JSON. That becomes a single delta.

    Args:
        headers: headers of the response, with names in lower case.
        provider: name of the gateway.
        speech_format: the format that was requested for speech.
        max_bytes: size of the largest body that is read.
        warnings: what a user must know about the recordings that were sent.

    Example:
        >>> stream = ChatStream({"content-type": "text/event-stream"}, provider="openai")
        >>> events = b'data: {"choices": [{"delta": {"content": "Hello."}}]}\n\ndata: [DONE]\n\n'
        >>> [delta.text for delta in stream.feed(events)], [delta.answer.text for delta in stream.close()]
        (['Hello.'], ['Hello.'])
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        *,
        provider: str,
        speech_format: str | None = None,
        max_bytes: int = MAX_REPLY_BYTES,
        warnings: tuple[str, ...] = (),
    ) -> None:
        self._provider, self._headers, self._speech_format = provider, headers, speech_format
        self._warnings = warnings
        self._body, self._parser = StreamedBody(headers, max_bytes), EventParser()
        self._builder = _AnswerBuilder(provider, speech_format)
        self._done = False

    @property
    def partial(self) -> str:
        """The text received so far."""
        return self._builder.text

    def feed(self, data: bytes) -> Iterator[Delta]:
        """Yield the deltas that `data` completes.

        Raises:
            ProviderError: if the gateway sends an error event. The text so far is in `partial`.
            IncompleteResponse: if an event is not a JSON object, if speech is not valid base64, or if there is no end.
        """
        for event in self._body.feed(data):
            yield from self._decode_event(event)

    def close(self) -> Iterator[Delta]:
        """Yield the remaining deltas. The last one has the complete answer.

        Raises:
            ProviderError: if the remaining bytes are an error. The text so far is in `partial`.
            IncompleteResponse: if the body ended with neither a finish reason nor `[DONE]`, if it has no content, or if
                a tool call or the speech is incomplete.
        """
        if (body := self._body.take_held()) is not None:
            yield from self._decode_json(body)
            return
        for event in self._body.close():
            yield from self._decode_event(event)
        for chunk in self._parser.close():
            yield self._builder.add(chunk)
        if not (self._done or self._builder.finish_reason is not None):
            raise self._build_stream_error("the stream ended before the answer did (no finish reason and no [DONE])")
        speech, answer = self._builder.speech.close(), self._builder.build_answer(get_request_id(self._headers))
        if not has_content(
            answer, has_text=self._builder.has_text
        ):  # LiteLLM turns an upstream error into such a stream
            raise self._build_stream_error("the stream ended without any content")
        yield Delta(speech=speech, answer=answer.add_warnings(self._warnings))

    def _decode_json(self, body: bytes) -> Iterator[Delta]:
        answer = parse_answer(body, self._headers, provider=self._provider, speech_format=self._speech_format)
        answer = answer.add_warnings(self._warnings)
        calls = enumerate(answer.tool_calls)
        yield Delta(
            text=answer.text,
            speech=_to_speech_delta(answer.speech),
            tool_calls=tuple(ToolCallDelta(index, call.id, call.name, call.arguments) for index, call in calls),
            reasoning=answer.reasoning,
            refusal=answer.refusal,
            logprobs=answer.logprobs,
            answer=answer,
        )

    def _decode_event(self, event: str) -> Iterator[Delta]:
        if self._done or is_end_mark(event):
            self._done = True
            return
        chunk = self._parse_event(event)
        if text := self._builder.add_plain_text(chunk):  # fast path for nearly all events
            yield Delta(text)
            return
        self._raise_error_in(chunk)
        delta = self._builder.add(chunk)
        if delta.has_content:
            yield delta

    def _parse_event(self, event: str) -> dict[str, Any]:
        chunk = to_object(self._parser.parse(event))
        if not chunk:
            raise self._build_stream_error("an event of the stream is not a JSON object")
        return chunk

    def _raise_error_in(self, chunk: dict[str, Any]) -> None:
        if error := find_event_error(chunk, provider=self._provider):
            error.partial = self.partial
            raise error

    def _build_stream_error(self, problem: str) -> IncompleteResponse:
        return IncompleteResponse(
            f"{self._provider}: {problem}. Ask again; the {len(self.partial)} characters received are in .partial.",
            provider=self._provider,
            partial=self.partial,
            may_have_been_billed=True,
        )


class _AnswerBuilder:
    """Builder of an answer from its chunks. Some gateways repeat usage, id and model; the last value counts."""

    def __init__(self, provider: str, speech_format: str | None) -> None:
        self.speech = SpeechBuilder(provider, speech_format)
        self.finish_reason: str | None = None
        self.has_text = False
        self._provider = provider
        self._calls = ToolCallBuilder()
        self._texts: list[str] = []
        self._has_content = False
        self._reasoning: list[str] = []
        self._reasoning_details: list[Mapping[str, Any]] = []
        self._refusal: list[str] = []
        self._annotations: list[Mapping[str, Any]] = []
        self._logprobs: dict[str, Any] = {}
        self._usage: Usage | None = None
        self._metadata: dict[str, Any] = {}

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def add_plain_text(self, chunk: dict[str, Any]) -> str:
        """Add a chunk of nothing but text, and return the text. If it may have more, return "" and add nothing."""
        text = _get_plain_text(chunk)
        if not text or self._metadata.get("id") != chunk.get("id") or self._metadata.get("model") != chunk.get("model"):
            return ""
        self.has_text = self._has_content = True
        self._texts.append(text)
        return text

    def add(self, chunk: Mapping[str, Any]) -> Delta:
        """Add a chunk, and return what is new in it."""
        choice = get_first_choice(chunk) or {}
        fields = to_object(choice.get("delta"))
        self._usage = parse_usage(chunk.get("usage")) or self._usage
        self._metadata |= {key: value for key in ("id", "model") if (value := to_text(chunk.get(key)))}
        self._reasoning_details += to_objects(fields.get("reasoning_details"))
        self._annotations += to_objects(fields.get("annotations"))
        if choice.get("finish_reason") == "error":
            raise build_broken_off_error(self._provider, self.text)
        self.finish_reason = to_text(choice.get("finish_reason")) or self.finish_reason
        delta = Delta(
            text=self._extract_text(fields),
            speech=self.speech.add(to_object(fields.get("audio"))),
            tool_calls=self._calls.add(fields.get("tool_calls")),
            reasoning=get_reasoning(fields),
            refusal=to_text(fields.get("refusal")) or "",
            logprobs=to_object(choice.get("logprobs")) or None,
        )
        self._append(delta)
        return delta

    def build_answer(self, request_id: str | None) -> Answer:
        """Build the answer from all chunks; raise `IncompleteResponse` if a tool call is incomplete."""
        return Answer(
            text=self.text,
            finish_reason=self.finish_reason,
            usage=self._usage,
            provider=self._provider,
            request_id=request_id,
            speech=self.speech.build_speech(),
            tool_calls=self._calls.build_calls(self.finish_reason, provider=self._provider, partial=self.text),
            reasoning="".join(self._reasoning),
            reasoning_details=tuple(_merge_details(self._reasoning_details)),
            refusal="".join(self._refusal),
            annotations=tuple(self._annotations),
            logprobs=self._logprobs or None,
            **self._metadata,
        )

    def _extract_text(self, fields: Mapping[str, Any]) -> str:
        """Return the new text. The transcript of speech counts as the text until the gateway sends text as well."""
        content = get_text(fields)
        self.has_text = self.has_text or content is not None
        self._has_content = self._has_content or bool(content)
        transcript = None if self._has_content else to_text(to_object(fields.get("audio")).get("transcript"))
        return content or transcript or ""

    def _append(self, delta: Delta) -> None:
        self._texts.append(delta.text)
        self._reasoning.append(delta.reasoning)
        self._refusal.append(delta.refusal)
        for key, tokens in (delta.logprobs or {}).items():
            collected = self._logprobs.setdefault(key, [] if isinstance(tokens, list) else tokens)
            to_list(collected).extend(to_list(tokens))


def _get_plain_text(chunk: Mapping[str, Any]) -> str:
    """Return the text of a chunk that has nothing else, or an empty text."""
    choices = to_list(chunk.get("choices"))
    if len(choices) != 1 or chunk.get("error") or chunk.get("usage"):
        return ""
    choice = to_object(choices[0])
    delta = to_object(choice.get("delta"))
    has_more = any(map(choice.get, choice.keys() - _CHOICE_KEYS)) or any(map(delta.get, delta.keys() - _DELTA_KEYS))
    text = delta.get("content")
    return text if isinstance(text, str) and not has_more else ""


def _to_speech_delta(speech: Speech | None) -> SpeechDelta | None:
    if speech is None:
        return None
    return SpeechDelta(speech.data, speech.format, speech.sample_rate, speech.id, speech.expires_at)


def _merge_details(details: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Join the fragments of reasoning details that have the same index and type."""
    merged: dict[Any, dict[str, Any]] = {}
    for position, fragment in enumerate(details):
        index, kind = fragment.get("index"), to_text(fragment.get("type"))
        detail = merged.setdefault((index, kind) if isinstance(index, (int, str)) else position, {})
        for name, value in fragment.items():
            known = detail.get(name)
            if name in _JOINED_DETAILS and isinstance(known, str):
                detail[name] = known + (to_text(value) or "")
            elif value is not None:
                detail[name] = value
    return list(merged.values())
