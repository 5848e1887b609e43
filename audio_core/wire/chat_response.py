"""What a chat model answers: the values, and the reader of a whole reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pybase64

from audio_core.audio.speech import Speech, detect_speech_format
from audio_core.errors import IncompleteResponse
from audio_core.http.error_responses import build_unreadable_error, find_error, get_request_id
from audio_core.lenient_json import parse_json, to_list, to_object, to_objects
from audio_core.transcript.usage import Usage, parse_usage
from audio_core.wire.tool_calls import CUT_SHORT, ToolCall, ToolCallDelta, parse_tool_calls

__all__ = [
    "Answer",
    "Delta",
    "SpeechDelta",
    "build_broken_off_error",
    "get_first_choice",
    "get_reasoning",
    "get_text",
    "has_content",
    "parse_answer",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered.

    Attributes:
        text: its text; of a spoken reply without any, the transcript.
        finish_reason: why it stopped, as the gateway says it: `"stop"`, `"length"`, `"tool_calls"`, ...
        usage: what it cost, if the gateway says.
        id: the gateway's id of the completion.
        model: the model that answered, which a router may have chosen.
        provider: name of the gateway.
        request_id: the id to give to the gateway's support.
        speech: the spoken reply.
        tool_calls: the calls it asks for; their arguments are whole.
        reasoning: what it thought, if the gateway shows it.
        reasoning_details: the same in the gateway's own form, to be sent back with the next request.
        refusal: why it declined to answer.
        logprobs: as the gateway sent them.
    """

    text: str
    finish_reason: str | None = None
    usage: Usage | None = None
    id: str | None = None
    model: str | None = None
    provider: str | None = None
    request_id: str | None = None
    speech: Speech | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    reasoning_details: tuple[Mapping[str, Any], ...] = ()
    refusal: str = ""
    logprobs: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SpeechDelta:
    """A piece of a spoken reply, decoded; `format` and `sample_rate` stand beside the first bytes."""

    data: bytes = field(default=b"", repr=False)
    format: str | None = None
    sample_rate: int | None = None
    id: str | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer.

    Attributes:
        text: the next of its text.
        speech: the next of its speech.
        tool_calls: fragments of calls; they are whole, and may be acted upon, once `whole` has come.
        reasoning: the next of its reasoning.
        refusal: the next of its refusal.
        logprobs: of this piece.
        whole: the whole answer; only the last delta has it.
    """

    text: str = ""
    speech: SpeechDelta | None = None
    tool_calls: tuple[ToolCallDelta, ...] = ()
    reasoning: str = ""
    refusal: str = ""
    logprobs: Mapping[str, Any] | None = field(default=None, repr=False)
    answer: Answer | None = None

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped; the last delta says so."""
        return self.answer.finish_reason if self.answer else None

    @property
    def usage(self) -> Usage | None:
        """What the answer cost; the last delta says so."""
        return self.answer.usage if self.answer else None

    @property
    def is_text(self) -> bool:
        """Whether there is nothing but text in it."""
        rest = self.speech or self.tool_calls or self.reasoning or self.refusal or self.logprobs or self.answer
        return not rest

    @property
    def has_content(self) -> bool:
        """Whether there is anything in it."""
        return bool(
            self.text
            or self.speech
            or self.tool_calls
            or self.reasoning
            or self.refusal
            or self.logprobs
            or self.answer
        )


def parse_answer(body: bytes, headers: Mapping[str, str], *, provider: str, speech_format: str | None = None) -> Answer:
    """The answer in a whole reply.

    Args:
        body: of the reply.
        headers: of the reply, names in lower case.
        provider: name of the gateway.
        speech_format: the format in which speech was asked for.

    Raises:
        ProviderError: if an error stands in its place.
        IncompleteResponse: if it is no JSON, has no choice, says nothing, or holds a tool call or speech that is cut.
    """
    found = to_object(parse_json(body))
    if not found:
        raise build_unreadable_error(body, provider=provider, content_type=headers.get("content-type", ""))
    choice = get_first_choice(found)
    text = get_text((choice or {}).get("message"))
    if error := find_error(found, provider=provider, partial=text):
        raise error
    if choice is None:
        raise _build_empty_error(provider, "no choice")
    if choice.get("finish_reason") == "error":
        raise build_broken_off_error(provider, text)
    answer = _build_answer(found, choice, provider, get_request_id(headers), speech_format)
    if text is None and not has_content(answer):
        raise _build_empty_error(provider, "a message without text, speech or tool calls")
    return answer


def _build_answer(
    found: Mapping[str, Any], choice: Mapping[str, Any], provider: str, request_id: str | None, asked: str | None
) -> Answer:
    message, finish = to_object(choice.get("message")), choice.get("finish_reason")
    text, speech = get_text(message), _parse_speech(message, provider, asked)
    return Answer(
        text=text or (speech.transcript if speech else ""),
        finish_reason=finish,
        usage=parse_usage(found.get("usage")),
        id=found.get("id"),
        model=found.get("model"),
        provider=provider,
        request_id=request_id,
        speech=speech,
        tool_calls=parse_tool_calls(message, finish, provider=provider, partial=text),
        reasoning=get_reasoning(message),
        reasoning_details=tuple(to_objects(message.get("reasoning_details"))),
        refusal=str(message.get("refusal") or ""),
        logprobs=to_object(choice.get("logprobs")) or None,
    )


def _build_empty_error(provider: str, what: str) -> IncompleteResponse:
    return IncompleteResponse(f"{provider} answered with {what}. Ask again, or ask another model.", provider=provider)


def has_content(answer: Answer) -> bool:
    """Whether an answer that has no text, not even an empty one, is an answer; a finish reason may say why nothing came."""
    said = answer.speech or answer.tool_calls or answer.reasoning or answer.refusal
    return bool(said) or answer.finish_reason in CUT_SHORT


def _parse_speech(message: Mapping[str, Any], provider: str, asked: str | None) -> Speech | None:
    audio = to_object(message.get("audio"))
    if not isinstance(audio.get("data"), str):
        return None
    try:
        data = pybase64.b64decode(audio["data"], validate=True)
    except ValueError:
        raise IncompleteResponse(
            f"{provider} sent speech that is no whole base64.", provider=provider, partial=audio.get("transcript")
        ) from None
    kind, rate = detect_speech_format(data, asked)
    return Speech(
        data=data,
        format=kind,
        transcript=str(audio.get("transcript") or ""),
        id=audio.get("id"),
        expires_at=audio.get("expires_at"),
        sample_rate=rate,
    )


def get_first_choice(reply: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first choice of a reply or chunk."""
    return next(iter(to_objects(reply.get("choices"))), None)


def get_text(message: Any) -> str | None:
    """The text of a message or delta: a string, or the text parts of a list."""
    content = to_object(message).get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in to_objects(to_list(cast("Any", content))))
    return content if isinstance(content, str) else None


def get_reasoning(message: Mapping[str, Any]) -> str:
    """The reasoning of a message or delta: vLLM, DeepSeek and LiteLLM call it one thing, OpenRouter another."""
    found = message.get("reasoning_content") or message.get("reasoning")
    return found if isinstance(found, str) else ""


def build_broken_off_error(provider: str, partial: str | None) -> IncompleteResponse:
    """The error for a finish reason `"error"`."""
    return IncompleteResponse(f"{provider} broke the answer off with an error.", provider=provider, partial=partial)
