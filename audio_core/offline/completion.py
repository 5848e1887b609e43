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

_TOKENS_PER_SECOND = 10  # what gpt-4o-audio was seen to count, roughly; here it is only a stated rate
_PIECES = re.compile(r"\s*\S+")
_VOICE_BYTES, _ARGUMENT_CHARACTERS = 12_000, 12
_REMEMBERED = 3600  # seconds for which the id of a spoken reply is said to be known


@dataclass(frozen=True)
class Completion:
    """What is answered to one request, and what it cost."""

    response: CannedResponse
    speech: Voice | None
    model: str
    words_read: int
    seconds_heard: float
    wants_usage: bool
    created: int
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex[:24]}")

    def to_openai(self) -> dict[str, Any]:
        """The body of a reply."""
        message: dict[str, Any] = {"role": "assistant", "content": self.response.text or None, "refusal": None}
        if calls := self._build_calls():
            message["tool_calls"] = calls
        if self.speech:
            spoken = {"data": _encode_base64(self.speech.data), "transcript": self.response.text}
            message |= {"content": None, "audio": {"id": self.speech.id, "expires_at": self._expiry, **spoken}}
        choice = {"index": 0, "message": message, "finish_reason": self.response.finish_reason, "logprobs": None}
        return {**self._build_envelope("chat.completion"), "choices": [choice], "usage": self._build_usage()}

    def stream_openai(self) -> Iterator[str]:
        """The events of a stream."""
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
        return self.created + _REMEMBERED

    def _iterate_deltas(self) -> Iterator[dict[str, Any]]:
        pieces = _PIECES.findall(self.response.text)
        if self.speech is None:
            yield from ({"content": piece} for piece in pieces)
        else:
            yield from ({"audio": part} for part in self._iterate_speech(self.speech, pieces))
        for at, call in enumerate(self._build_calls()):
            said = call["function"].pop("arguments")
            yield {"tool_calls": [{"index": at, **call}]}
            for start in range(0, len(said), _ARGUMENT_CHARACTERS):
                part = said[start : start + _ARGUMENT_CHARACTERS]
                yield {"tool_calls": [{"index": at, "function": {"arguments": part}}]}

    def _iterate_speech(self, voice: Voice, pieces: list[str]) -> Iterator[dict[str, Any]]:
        yield {"id": voice.id}
        yield from ({"transcript": piece} for piece in pieces)
        for start in range(0, len(voice.data), _VOICE_BYTES):
            yield {"data": _encode_base64(voice.data[start : start + _VOICE_BYTES])}
        yield {"expires_at": self._expiry}

    def _build_calls(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"call_{self.id[-20:]}{at}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)},
            }
            for at, (name, arguments) in enumerate(self.response.tool_calls)
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
        heard, voiced = _count_tokens(self.seconds_heard), _count_tokens(self.speech.seconds if self.speech else 0.0)
        read, said = heard + self.words_read, voiced + len(self.response.text.split()) + len(self.response.tool_calls)
        return {
            "prompt_tokens": read,
            "completion_tokens": said,
            "total_tokens": read + said,
            "prompt_tokens_details": {"audio_tokens": heard, "cached_tokens": 0},
            "completion_tokens_details": {"audio_tokens": voiced, "reasoning_tokens": 0},
        }


def _count_tokens(seconds: float) -> int:
    return math.ceil(seconds * _TOKENS_PER_SECOND)


def _encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _format_event(envelope: dict[str, Any], delta: dict[str, Any], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return f"data: {json.dumps({**envelope, 'choices': [choice]})}\n\n"
