"""Chat completions on the wire: messages to a payload, a reply or its stream to an `Answer`. No I/O here.

A message is a mapping as OpenAI defines it, except that an audio part is an `Audio`. Read in this order: `audio_parts`
finds the recordings, `payload` puts prepared ones in their place, `read_answer` and `AnswerStream` read what comes back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from audio_core.audio import Audio
from audio_core.content import Content
from audio_core.errors import IncompleteResponse
from audio_core.wire.faults import as_json, error_in, request_id_in, unreadable
from audio_core.wire.loose import as_list, as_object, objects_in
from audio_core.wire.stream import ServerSentEvents
from audio_core.wire.usage import Usage, read_usage

__all__ = ["Answer", "AnswerStream", "Delta", "Sound", "audio_parts", "payload", "read_answer"]

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording that is ready to be sent: its bytes, and their true format name."""

    content: Content
    format: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered.

    Attributes:
        text: its text.
        finish_reason: why it stopped, as the gateway says it: `"stop"`, `"length"`, `"content_filter"`, ...
        usage: what it cost, if the gateway says.
        id: the gateway's id of the completion.
        model: the model that answered, which a router may have chosen.
        provider: name of the gateway.
        request_id: the id to give to the gateway's support.
    """

    text: str
    finish_reason: str | None = None
    usage: Usage | None = None
    id: str | None = None
    model: str | None = None
    provider: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer; the last one carries `finish_reason`, and one carries `usage`."""

    text: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    id: str | None = None
    model: str | None = None


# --- out ---


def audio_parts(messages: Sequence[Message]) -> list[tuple[int, int, Audio]]:
    """Every recording in the messages, with the index of its message and of its part."""
    return [
        (at, index, part)
        for at, message in enumerate(messages)
        for index, part in enumerate(_parts(message))
        if isinstance(part, Audio)
    ]


def payload(
    model: str, messages: Sequence[Message], sounds: Mapping[tuple[int, int], Sound], options: Mapping[str, Any]
) -> dict[str, Any]:
    """The body of a chat request; a `Content` in it stands for its base64.

    Args:
        model: name of the model.
        messages: with an `Audio` wherever a recording belongs.
        sounds: by message and part index, what to put there.
        options: further fields; those that are None are left out.
    """
    return {
        "model": model,
        "messages": [_message(message, at, sounds) for at, message in enumerate(messages)],
        **{name: value for name, value in options.items() if value is not None},
    }


def _message(message: Message, at: int, sounds: Mapping[tuple[int, int], Sound]) -> Message:
    if not any(isinstance(part, Audio) for part in _parts(message)):
        return message
    content = [
        _input_audio(sounds[at, index]) if isinstance(part, Audio) else part
        for index, part in enumerate(_parts(message))
    ]
    return {**message, "content": content}


def _input_audio(sound: Sound) -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": sound.content, "format": sound.format}}


def _parts(message: Message) -> Sequence[Any]:
    return as_list(message.get("content"))


# --- back ---


def read_answer(body: bytes, headers: Mapping[str, str], *, provider: str) -> Answer:
    """The answer in a whole reply.

    Raises:
        ProviderError: if an error stands in its place.
        IncompleteResponse: if it is no JSON, or has no choice or no text.
    """
    found = as_object(as_json(body))
    if not found:
        raise unreadable(body, provider=provider, content_type=headers.get("content-type", ""))
    choice = _first_choice(found)
    text = _text((choice or {}).get("message"))
    if error := error_in(found, provider=provider, partial=text):
        raise error
    if choice is None or text is None:
        what = "no choice" if choice is None else "a message without text"
        raise IncompleteResponse(
            f"{provider} answered with {what}. Ask again, or ask another model.", provider=provider
        )
    _refuse_failed(choice, provider, text)
    return Answer(
        text=text,
        finish_reason=choice.get("finish_reason"),
        usage=read_usage(found.get("usage")),
        id=found.get("id"),
        model=found.get("model"),
        provider=provider,
        request_id=request_id_in(headers),
    )


class AnswerStream:
    """Push decoder of a streamed answer; it ends well only if the answer is whole.

    A gateway may answer a request for a stream with plain JSON: that is read as one piece.

    Raises:
        ProviderError: if an error event comes, with the text so far in `partial`.
        IncompleteResponse: if the body ends with neither a finish reason nor `[DONE]`.
    """

    def __init__(self, headers: Mapping[str, str], *, provider: str) -> None:
        self._provider, self._headers = provider, headers
        self._events = None if "json" in headers.get("content-type", "") else ServerSentEvents()
        self._plain: list[bytes] = []
        self._said: list[str] = []
        self._whole = self._done = False

    @property
    def partial(self) -> str:
        """The text that has come so far."""
        return "".join(self._said)

    def feed(self, data: bytes) -> Iterator[Delta]:
        """The deltas that are whole once `data` has come."""
        if self._events is None:
            self._plain.append(data)
            return
        for event in self._events.feed(data):
            yield from self._delta(event)

    def close(self) -> Iterator[Delta]:
        """What was left; raises if the answer is not whole."""
        if self._events is None:
            answer = read_answer(b"".join(self._plain), self._headers, provider=self._provider)
            yield Delta(answer.text, answer.finish_reason, answer.usage, answer.id, answer.model)
            return
        for event in self._events.close():
            yield from self._delta(event)
        if not self._whole:
            raise self._broken("the stream ended before the answer did (no finish reason and no [DONE])")

    def _delta(self, event: str) -> Iterator[Delta]:
        if self._done or event.strip() == "[DONE]":
            self._whole = self._done = True
            return
        chunk = self._chunk(event)
        choice = _first_choice(chunk) or {}
        delta = Delta(
            text=_text(choice.get("delta")) or "",
            finish_reason=choice.get("finish_reason"),
            usage=read_usage(chunk.get("usage")),
            id=chunk.get("id"),
            model=chunk.get("model"),
        )
        self._said.append(delta.text)
        _refuse_failed(choice, self._provider, self.partial if delta.finish_reason == "error" else "")
        self._whole = self._whole or delta.finish_reason is not None
        if delta.text or delta.finish_reason or delta.usage:
            yield delta

    def _chunk(self, event: str) -> dict[str, Any]:
        try:
            found = as_object(json.loads(event))
        except (ValueError, RecursionError):
            raise self._broken("an event of the stream is no JSON") from None
        if not found:
            raise self._broken("an event of the stream is no object")
        is_bare_error = "message" in found and not {"choices", "usage"} & found.keys()
        if error := error_in({"error": found} if is_bare_error else found, provider=self._provider):
            error.partial = self.partial
            raise error
        return found

    def _broken(self, what: str) -> IncompleteResponse:
        return IncompleteResponse(
            f"{self._provider}: {what}. {len(self.partial)} characters had come; they are in .partial.",
            provider=self._provider,
            partial=self.partial,
            may_have_been_billed=True,
        )


def _first_choice(reply: dict[str, Any]) -> dict[str, Any] | None:
    return next(iter(objects_in(reply.get("choices"))), None)


def _text(message: Any) -> str | None:
    """The text of a message or delta: a string, or the text parts of a list."""
    content = as_object(message).get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in objects_in(cast("list[Any]", content)))
    return content if isinstance(content, str) else None


def _refuse_failed(choice: dict[str, Any], provider: str, partial: str) -> None:
    if choice.get("finish_reason") == "error":
        raise IncompleteResponse(f"{provider} broke the answer off with an error.", provider=provider, partial=partial)
