"""A completion in OpenAI's shapes: whole, or as a stream of server-sent events."""

from __future__ import annotations

import base64
import json
import math
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from audio_core.offline.canned_responses import CannedResponse
from audio_core.offline.speech import Voice

__all__ = ["Completion"]

_TOKENS_PER_SECOND = 10  # about what gpt-4o-audio was seen to report; here it is only a documented rate
_WORD = re.compile(r"\s*\S+")
_SPEECH_CHUNK_BYTES, _ARGUMENTS_CHUNK_CHARACTERS = 12_000, 12
_SPEECH_ID_SECONDS = 3600  # how long the id of a spoken reply is valid, according to its `expires_at`


@dataclass(frozen=True)
class Completion:
    """The response to one request, and its usage.

    Attributes:
        response: the text or the tool calls.
        speech: the spoken reply, if the request asked for one.
        model: the model that the request named.
        words_read: how many words the last message has.
        seconds_heard: the duration of its clips.
        wants_usage: whether a stream ends with its usage.
        created: seconds since the epoch.
        id: the id of the completion.
    """

    response: CannedResponse
    speech: Voice | None
    model: str
    words_read: int
    seconds_heard: float
    wants_usage: bool
    created: int
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex[:24]}")

    def to_openai(self) -> dict[str, Any]:
        """Build the body of a whole response."""
        message: dict[str, Any] = {"role": "assistant", "content": self.response.text or None, "refusal": None}
        if calls := self._build_calls():
            message["tool_calls"] = calls
        if self.speech:
            audio = {"data": _encode_base64(self.speech.data), "transcript": self.response.text}
            message |= {"content": None, "audio": {"id": self.speech.id, "expires_at": self._expiry, **audio}}
        choice = {"index": 0, "message": message, "finish_reason": self.response.finish_reason, "logprobs": None}
        return {**self._build_envelope("chat.completion"), "choices": [choice], "usage": self._build_usage()}

    def stream_openai(self) -> Iterator[str]:
        """Yield the server-sent events of a streamed response."""
        envelope = self._build_envelope("chat.completion.chunk")
        yield _format_event(envelope, {"role": "assistant", "content": None if self.speech else ""})
        for delta in self._iterate_deltas():
            yield _format_event(envelope, delta)
        yield _format_event(envelope, {}, self.response.finish_reason)
        if self.wants_usage:
            yield f"data: {json.dumps({**envelope, 'choices': [], 'usage': self._build_usage()})}\n\n"
        yield "data: [DONE]\n\n"

    @property
    def _expiry(self) -> int:
        return self.created + _SPEECH_ID_SECONDS

    def _iterate_deltas(self) -> Iterator[dict[str, Any]]:
        words = _WORD.findall(self.response.text)
        if self.speech is None:
            yield from ({"content": word} for word in words)
        else:
            yield from ({"audio": part} for part in self._iterate_speech(self.speech, words))
        for index, call in enumerate(self._build_calls()):
            arguments = call["function"].pop("arguments")
            yield {"tool_calls": [{"index": index, **call}]}
            for start in range(0, len(arguments), _ARGUMENTS_CHUNK_CHARACTERS):
                part = arguments[start : start + _ARGUMENTS_CHUNK_CHARACTERS]
                yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}

    def _iterate_speech(self, speech: Voice, words: list[str]) -> Iterator[dict[str, Any]]:
        yield {"id": speech.id}
        yield from ({"transcript": word} for word in words)
        for start in range(0, len(speech.data), _SPEECH_CHUNK_BYTES):
            yield {"data": _encode_base64(speech.data[start : start + _SPEECH_CHUNK_BYTES])}
        yield {"expires_at": self._expiry}

    def _build_calls(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"call_{self.id[-20:]}{index}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)},
            }
            for index, (name, arguments) in enumerate(self.response.tool_calls)
        ]

    def _build_envelope(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": "pocketsphinx",
        }

    def _build_usage(self) -> dict[str, Any]:
        input_audio = _count_tokens(self.seconds_heard)
        output_audio = _count_tokens(self.speech.seconds if self.speech else 0.0)
        prompt = input_audio + self.words_read
        completion = output_audio + len(self.response.text.split()) + len(self.response.tool_calls)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"audio_tokens": input_audio, "cached_tokens": 0},
            "completion_tokens_details": {"audio_tokens": output_audio, "reasoning_tokens": 0},
        }


def _count_tokens(seconds: float) -> int:
    return math.ceil(seconds * _TOKENS_PER_SECOND)


def _encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _format_event(envelope: dict[str, Any], delta: dict[str, Any], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return f"data: {json.dumps({**envelope, 'choices': [choice]})}\n\n"
