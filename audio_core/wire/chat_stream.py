"""A streamed answer: events in, deltas out, and at the end the whole answer or an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audio_core.audio.speech import Speech
from audio_core.errors import IncompleteResponse
from audio_core.http.error_responses import find_error, get_request_id
from audio_core.http.sse import ServerSentEvents
from audio_core.lenient_json import parse_json, to_list, to_object, to_objects
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
from audio_core.wire.tool_calls import ToolCallBuilder, ToolCallDelta

__all__ = ["ChatStream"]


_OF_CHOICE, _OF_TEXT = {"index", "delta"}, {"role", "content"}  # what a chunk of text has besides what is empty


class ChatStream:
    """Push decoder of a streamed answer; it ends well only if the answer is whole.

    A gateway may answer a request for a stream with plain JSON: that is read as one piece.

    Args:
        headers: of the reply, names in lower case.
        provider: name of the gateway.
        speech_format: the format in which speech was asked for.

    Raises:
        ProviderError: if an error event comes, with the text so far in `partial`.
        IncompleteResponse: if the body ends with neither a finish reason nor `[DONE]`, or with a tool call that is cut.
    """

    def __init__(self, headers: Mapping[str, str], *, provider: str, speech_format: str | None = None) -> None:
        self._provider, self._headers, self._speech_format = provider, headers, speech_format
        self._events = None if "json" in headers.get("content-type", "") else ServerSentEvents()
        self._plain: list[bytes] = []
        self._parts = _AnswerBuilder(provider, speech_format)
        self._done = False

    @property
    def partial(self) -> str:
        """The text that has come so far."""
        return self._parts.text

    def feed(self, data: bytes) -> Iterator[Delta]:
        """The deltas that are whole once `data` has come."""
        if self._events is None:
            self._plain.append(data)
            return
        for event in self._events.feed(data):
            yield from self._read_event(event)

    def close(self) -> Iterator[Delta]:
        """What was left, and the whole answer; raises if it is not whole."""
        if self._events is None:
            yield from self._read_plain_json()
            return
        for event in self._events.close():
            yield from self._read_event(event)
        if not (self._done or self._parts.finish_reason is not None):
            raise self._build_broken_error("the stream ended before the answer did (no finish reason and no [DONE])")
        speech, answer = self._parts.speech.close(), self._parts.build_answer(get_request_id(self._headers))
        if not (self._parts.has_text or has_content(answer)):  # LiteLLM makes such a stream of an upstream's error
            raise self._build_broken_error("the stream ended without having said anything")
        yield Delta(speech=speech, answer=answer)

    def _read_plain_json(self) -> Iterator[Delta]:
        body = b"".join(self._plain)
        answer = parse_answer(body, self._headers, provider=self._provider, speech_format=self._speech_format)
        calls = enumerate(answer.tool_calls)
        yield Delta(
            text=answer.text,
            speech=_to_speech_delta(answer.speech),
            tool_calls=tuple(ToolCallDelta(at, call.id, call.name, call.arguments) for at, call in calls),
            reasoning=answer.reasoning,
            refusal=answer.refusal,
            logprobs=answer.logprobs,
            answer=answer,
        )

    def _read_event(self, event: str) -> Iterator[Delta]:
        if self._done or event.strip() == "[DONE]":
            self._done = True
            return
        found = self._parse_event(event)
        if text := self._parts.add_plain_text(found):  # nearly all events are such
            yield Delta(text)
            return
        delta = self._parts.add(self._raise_error_in(found))
        if delta.has_content:
            yield delta

    def _parse_event(self, event: str) -> dict[str, Any]:
        found = to_object(parse_json(event))
        if not found:
            raise self._build_broken_error("an event of the stream is no JSON object")
        return found

    def _raise_error_in(self, found: dict[str, Any]) -> dict[str, Any]:
        is_bare_error = "message" in found and not {"choices", "usage"} & found.keys()
        if error := find_error({"error": found} if is_bare_error else found, provider=self._provider):
            error.partial = self.partial
            raise error
        return found

    def _build_broken_error(self, what: str) -> IncompleteResponse:
        return IncompleteResponse(
            f"{self._provider}: {what}. {len(self.partial)} characters had come; they are in .partial.",
            provider=self._provider,
            partial=self.partial,
            may_have_been_billed=True,
        )


class _AnswerBuilder:
    """What has come of an answer. Of usage, id and model the last word counts: some gateways repeat them."""

    def __init__(self, provider: str, speech_format: str | None) -> None:
        self.speech = SpeechBuilder(provider, speech_format)
        self.finish_reason: str | None = None
        self.has_text = False
        self._provider = provider
        self._calls = ToolCallBuilder()
        self._said: list[str] = []
        self._has_content = False
        self._reasoning: list[str] = []
        self._details: list[Mapping[str, Any]] = []
        self._refusal: list[str] = []
        self._logprobs: dict[str, Any] = {}
        self._usage: Usage | None = None
        self._facts: dict[str, Any] = {}

    @property
    def text(self) -> str:
        return "".join(self._said)

    def add_plain_text(self, chunk: dict[str, Any]) -> str:
        """The text of a chunk that brings nothing else, taken in; empty if there may be more in it."""
        text = _get_plain_text(chunk)
        if not text or self._facts.get("id") != chunk.get("id") or self._facts.get("model") != chunk.get("model"):
            return ""
        self.has_text = self._has_content = True
        self._said.append(text)
        return text

    def add(self, chunk: Mapping[str, Any]) -> Delta:
        """Take a chunk in, and give out what is new in it."""
        choice = get_first_choice(chunk) or {}
        said = to_object(choice.get("delta"))
        self._usage = parse_usage(chunk.get("usage")) or self._usage
        self._facts |= {key: chunk[key] for key in ("id", "model") if chunk.get(key)}
        self._details += to_objects(said.get("reasoning_details"))
        if choice.get("finish_reason") == "error":
            raise build_broken_off_error(self._provider, self.text)
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        delta = Delta(
            text=self._take_text(said),
            speech=self.speech.add(to_object(said.get("audio"))),
            tool_calls=self._calls.add(said.get("tool_calls")),
            reasoning=get_reasoning(said),
            refusal=str(said.get("refusal") or ""),
            logprobs=to_object(choice.get("logprobs")) or None,
        )
        self._keep(delta)
        return delta

    def build_answer(self, request_id: str | None) -> Answer:
        """The answer, once it has ended."""
        return Answer(
            text=self.text,
            finish_reason=self.finish_reason,
            usage=self._usage,
            provider=self._provider,
            request_id=request_id,
            speech=self.speech.build_speech(),
            tool_calls=self._calls.build_calls(self.finish_reason, provider=self._provider, partial=self.text),
            reasoning="".join(self._reasoning),
            reasoning_details=tuple(_merge_details(self._details)),
            refusal="".join(self._refusal),
            logprobs=self._logprobs or None,
            **self._facts,
        )

    def _take_text(self, said: Mapping[str, Any]) -> str:
        """The next of the text: the transcript of what is spoken is the text, unless text came beside it."""
        content = get_text(said)
        self.has_text = self.has_text or content is not None
        self._has_content = self._has_content or bool(content)
        transcript = "" if self._has_content else str(to_object(said.get("audio")).get("transcript") or "")
        return content or transcript

    def _keep(self, delta: Delta) -> None:
        self._said.append(delta.text)
        self._reasoning.append(delta.reasoning)
        self._refusal.append(delta.refusal)
        for key, tokens in (delta.logprobs or {}).items():
            held = self._logprobs.setdefault(key, [] if isinstance(tokens, list) else tokens)
            to_list(held).extend(to_list(tokens))


def _get_plain_text(chunk: Mapping[str, Any]) -> str:
    """The text of a chunk in which there is nothing else."""
    choices = to_list(chunk.get("choices"))
    if len(choices) != 1 or chunk.get("error") or chunk.get("usage"):
        return ""
    choice = to_object(choices[0])
    delta = to_object(choice.get("delta"))
    has_more = any(map(choice.get, choice.keys() - _OF_CHOICE)) or any(map(delta.get, delta.keys() - _OF_TEXT))
    text = delta.get("content")
    return text if isinstance(text, str) and not has_more else ""


def _to_speech_delta(speech: Speech | None) -> SpeechDelta | None:
    if speech is None:
        return None
    return SpeechDelta(speech.data, speech.format, speech.sample_rate, speech.id, speech.expires_at)


def _merge_details(details: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Reasoning details with the fragments of each put together: those of one index and type, text to text."""
    whole: dict[Any, dict[str, Any]] = {}
    for at, fragment in enumerate(details):
        key = (fragment["index"], fragment.get("type")) if "index" in fragment else at
        held = whole.setdefault(key, {})
        grown = {
            name: held.get(name, "") + fragment[name] for name in ("text", "summary", "data") if fragment.get(name)
        }
        held |= {**{name: value for name, value in fragment.items() if value is not None}, **grown}
    return list(whole.values())
