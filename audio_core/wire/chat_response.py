"""Represent the answers of a chat model and the deltas of its streams, and parse responses that are not streamed.

Streams are decoded in `chat_stream`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pybase64

from audio_core.errors import IncompleteResponse
from audio_core.http.error_responses import build_unreadable_error, find_error, get_request_id
from audio_core.lenient_json import parse_body, to_list, to_number, to_object, to_objects, to_text
from audio_core.transcript.segment import Segment
from audio_core.transcript.speech import Speech, detect_speech_format
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
    """A model's complete answer.

    Attributes:
        text: the text of the answer. If there is speech but no text, the transcript of the speech.
        finish_reason: why the model stopped, in the gateway's words: `"stop"`, `"length"`, `"tool_calls"`, ...
        usage: tokens and cost, if the gateway reports them.
        id: the gateway's id of the completion.
        model: the model that answered, which a router may have chosen.
        provider: name of the gateway.
        request_id: the gateway's id of the request. Quote it to the gateway's support.
        speech: the spoken answer.
        tool_calls: the calls that the model asks for. Their arguments are complete.
        reasoning: the model's reasoning as text, if the gateway returns it.
        reasoning_details: the reasoning in the gateway's own form, to be sent back with the next request.
        refusal: why the model declined to answer.
        annotations: sources that the model cites, such as web pages, as the gateway sent them.
        logprobs: log probabilities, as the gateway sent them.
        warnings: what a user must know: an answer that was cut short, and what of a recording was not sent.

    Example:
        >>> AudioClient().chat([{"role": "user", "content": "Hi."}], {"model": "m"}).finish_reason
        'stop'
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
    annotations: tuple[Mapping[str, Any], ...] = ()
    logprobs: Mapping[str, Any] | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()

    def add_warnings(self, warnings: Iterable[str]) -> Answer:
        """Return the answer with more warnings, and one that says so if it was cut short."""
        is_cut_short = self.finish_reason in CUT_SHORT
        finish = (f"The answer was cut short ({self.finish_reason}).",) if is_cut_short else ()
        return replace(self, warnings=tuple(dict.fromkeys((*self.warnings, *warnings, *finish))))


@dataclass(frozen=True, slots=True)
class SpeechDelta:
    """A piece of a spoken answer.

    Attributes:
        data: decoded bytes.
        format: canonical name of the format; only the first delta with bytes has it.
        sample_rate: in Hz, of headerless PCM; only the first delta with bytes has it.
        id: the gateway's id of the speech.
        expires_at: Unix time in seconds after which the gateway forgets the id.
        text: of a text that is spoken while it is written, what has been written since the last piece.
        segments: of a text that is spoken, the sentences that have been said with this piece, as in `Speech.segments`.
    """

    data: bytes = field(default=b"", repr=False)
    format: str | None = None
    sample_rate: int | None = None
    id: str | None = None
    expires_at: float | None = None
    text: str = ""
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer.

    Attributes:
        text: new text.
        speech: new speech.
        tool_calls: new fragments of tool calls. Act on `answer.tool_calls` only: these fragments may be incomplete.
        reasoning: new text of the reasoning.
        refusal: new text of the refusal.
        logprobs: log probabilities of this piece.
        answer: the complete answer; only the last delta has it.
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
        """Why the model stopped; only the last delta has it."""
        return self.answer.finish_reason if self.answer else None

    @property
    def usage(self) -> Usage | None:
        """Tokens and cost of the answer; only the last delta has them."""
        return self.answer.usage if self.answer else None

    @property
    def is_text(self) -> bool:
        """Whether the delta has nothing but text."""
        return not (self.speech or self.tool_calls or self.reasoning or self.refusal or self.logprobs or self.answer)

    @property
    def has_content(self) -> bool:
        """Whether the delta has anything at all."""
        return bool(self.text) or not self.is_text


def parse_answer(body: bytes, headers: Mapping[str, str], *, provider: str, speech_format: str | None = None) -> Answer:
    """Parse the body of a response that is not streamed.

    Args:
        body: body of the response.
        headers: headers of the response, with names in lower case.
        provider: name of the gateway.
        speech_format: the format that was requested for speech.

    Raises:
        ProviderError: if the body is an error.
        IncompleteResponse: if the body is not JSON or has no choice, if the message is empty, or if a tool call or the
            speech is incomplete.

    Example:
        >>> body = b'{"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}]}'
        >>> parse_answer(body, {}, provider="openai").text
        'Hello.'
    """
    completion = to_object(parse_body(body, headers.get("content-type", "")))
    if not completion:
        raise build_unreadable_error(body, provider=provider, content_type=headers.get("content-type", ""))
    choice = get_first_choice(completion)
    text = get_text((choice or {}).get("message"))
    if error := find_error(completion, provider=provider, partial=text):
        raise error
    if choice is None:
        raise _build_empty_error(provider, "no choice")
    if choice.get("finish_reason") == "error":
        raise build_broken_off_error(provider, text)
    answer = _build_answer(completion, choice, provider, get_request_id(headers), speech_format)
    if not has_content(answer, has_text=text is not None):
        raise _build_empty_error(provider, "a message without text, speech or tool calls")
    return answer


def _build_answer(
    completion: Mapping[str, Any],
    choice: Mapping[str, Any],
    provider: str,
    request_id: str | None,
    speech_format: str | None,
) -> Answer:
    message, finish_reason = to_object(choice.get("message")), to_text(choice.get("finish_reason"))
    text, speech = get_text(message), _parse_speech(message, provider, speech_format)
    return Answer(
        text=text or to_text(to_object(message.get("audio")).get("transcript")) or "",
        finish_reason=finish_reason,
        usage=parse_usage(completion.get("usage")),
        id=to_text(completion.get("id")),
        model=to_text(completion.get("model")),
        provider=provider,
        request_id=request_id,
        speech=speech,
        tool_calls=parse_tool_calls(message, finish_reason, provider=provider, partial=text),
        reasoning=get_reasoning(message),
        reasoning_details=tuple(to_objects(message.get("reasoning_details"))),
        refusal=to_text(message.get("refusal")) or "",
        annotations=tuple(to_objects(message.get("annotations"))),
        logprobs=to_object(choice.get("logprobs")) or None,
    )


def _build_empty_error(provider: str, what: str) -> IncompleteResponse:
    return IncompleteResponse(f"{provider} answered with {what}. Ask again, or ask another model.", provider=provider)


def has_content(answer: Answer, *, has_text: bool) -> bool:
    """Tell whether an answer has content, or a finish reason that explains why there is none.

    Args:
        answer: the answer.
        has_text: whether the gateway sent a text. It may be empty where the model stopped of its own accord, as it may
            have nothing to say. If it called tools, the calls are missing.
    """
    content = answer.text or answer.speech or answer.tool_calls or answer.reasoning or answer.refusal
    is_silent = has_text and answer.finish_reason not in (None, "tool_calls", "function_call")
    return bool(content) or is_silent or answer.finish_reason in CUT_SHORT


def _parse_speech(message: Mapping[str, Any], provider: str, speech_format: str | None) -> Speech | None:
    audio = to_object(message.get("audio"))
    if not isinstance(audio.get("data"), str):
        return None
    try:
        data = pybase64.b64decode(audio["data"], validate=True)
    except ValueError:
        raise IncompleteResponse(
            f"{provider} sent speech that is not valid base64. Ask again.",
            provider=provider,
            partial=to_text(audio.get("transcript")),
        ) from None
    format_name, sample_rate = detect_speech_format(data, speech_format)
    return Speech(
        data=data,
        format=format_name,
        transcript=to_text(audio.get("transcript")) or "",
        id=to_text(audio.get("id")),
        expires_at=to_number(audio.get("expires_at")),
        sample_rate=sample_rate,
    )


def get_first_choice(reply: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the first choice of a response or of a chunk of a stream, or None if there is none."""
    return next(iter(to_objects(reply.get("choices"))), None)


def get_text(message: Any) -> str | None:
    """Return the text of a message or delta, with the text parts of a list joined, or None if there is no text.

    A model that has nothing to say, such as after a tool, sends `null` or leaves the content out. That is an empty
    text. Where LiteLLM hides an error of the gateway behind it, there is no message at all: `null` or `{}`.
    """
    fields = to_object(message)
    content = fields.get("content", "" if "role" in fields else None)
    if content is None and "content" in fields:
        return ""
    if isinstance(content, list):
        return "".join(to_text(to_object(part).get("text", part)) or "" for part in to_list(content))
    return content if isinstance(content, str) else None


def get_reasoning(message: Mapping[str, Any]) -> str:
    """Return the reasoning of a message or delta, or an empty text.

    vLLM, DeepSeek and LiteLLM call the field `reasoning_content`; OpenRouter calls it `reasoning`.
    """
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    return reasoning if isinstance(reasoning, str) else ""


def build_broken_off_error(provider: str, partial: str | None) -> IncompleteResponse:
    """Build the error for the finish reason `"error"`.

    Args:
        provider: name of the gateway.
        partial: the text that arrived before the error.
    """
    return IncompleteResponse(
        f"{provider} broke the answer off with an error. Ask again; the text so far, if any, is in .partial.",
        provider=provider,
        partial=partial,
    )
