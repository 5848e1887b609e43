"""Scripted replies."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audio_core.testing.sounds import tone

__all__ = ["Reply", "chat_reply", "chat_stream", "speech_reply"]

_SPEECH_RATE = 24_000  # Hz, of OpenAI's PCM
_WAV_HEAD = 44  # bytes


@dataclass(frozen=True)
class Reply:
    """The scripted response to one request.

    Attributes:
        body: a JSON object, text or bytes; or a sequence of pieces, which are sent one by one.
        status: HTTP status.
        headers: headers to add; a `Content-Type` replaces the one that `content_type` returns.
        wait: seconds before the response begins.
        between: seconds after each piece.
        cut: how the response ends: None for completely, `"reset"` for a connection reset and `"fin"` for a connection
            closed before the announced end of the body.
    """

    body: dict[str, Any] | str | bytes | Sequence[str | bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    wait: float = 0.0
    between: float = 0.0
    cut: str | None = None

    def pieces(self) -> Sequence[bytes]:
        """Return the body as the pieces to send."""
        if isinstance(self.body, dict):
            return [json.dumps(self.body).encode()]
        pieces = [self.body] if isinstance(self.body, (str, bytes)) else self.body
        return [piece.encode() if isinstance(piece, str) else piece for piece in pieces]

    @property
    def streamed(self) -> bool:
        """Whether the body is sent piece by piece."""
        return not isinstance(self.body, (dict, str, bytes))

    def content_type(self) -> str:
        """Return the default content type: JSON for an object, an event stream for pieces, else plain text."""
        if isinstance(self.body, dict):
            return "application/json"
        return "text/event-stream" if self.streamed else "text/plain"


def chat_reply(text: str | None, *, finish: str = "stop", **message: Any) -> Reply:
    """Build a reply that is a complete chat completion.

    Args:
        text: content of the message.
        finish: the finish reason.
        **message: further fields of the message, such as `audio` or `tool_calls`.
    """
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    usage = {
        "prompt_tokens": 12,
        "completion_tokens": 3,
        "total_tokens": 15,
        "prompt_tokens_details": {"audio_tokens": 9},
    }
    return Reply({"id": "chatcmpl-1", "object": "chat.completion", "model": "m-1", "choices": [choice], "usage": usage})


def chat_stream(
    *deltas: str | Mapping[str, Any], finish: str | None = "stop", done: bool = True, **reply: Any
) -> Reply:
    """Build a reply that streams a chat completion: an event for each delta, finish reason, usage and `[DONE]`.

    Args:
        *deltas: texts, or deltas with other fields, such as `audio` or `tool_calls`.
        finish: the finish reason; None omits it and the usage.
        done: whether the stream ends with `[DONE]`.
        **reply: further arguments of `Reply`.
    """
    events = [_format_event(delta={"content": delta} if isinstance(delta, str) else delta) for delta in deltas]
    if finish:
        events += [_format_event(delta={}, finish_reason=finish)]
        events += [f"data: {json.dumps({'choices': [], 'usage': {'prompt_tokens': 12, 'completion_tokens': 3}})}\n\n"]
    return Reply([*events, *(["data: [DONE]\n\n"] if done else [])], **reply)


def _format_event(**choice: Any) -> str:
    return f"data: {json.dumps({'id': 'chatcmpl-1', 'model': 'm-1', 'choices': [{'index': 0, **choice}]})}\n\n"


def speech_reply(seconds: float = 1.0, format: str = "wav", **reply: Any) -> Reply:
    """Build a reply to a request for speech: a tone, in one piece.

    Args:
        seconds: how long it lasts.
        format: `"pcm"` for samples without a header, at 24 kHz; anything else is WAV.
        **reply: further arguments of `Reply`.
    """
    data = _make_tone(seconds)
    if format == "pcm":
        return Reply(data[_WAV_HEAD:], headers={"Content-Type": f"audio/pcm;rate={_SPEECH_RATE};channels=1"}, **reply)
    return Reply(data, headers={"Content-Type": "audio/wav"}, **reply)


@functools.lru_cache(maxsize=64)
def _make_tone(seconds: float) -> bytes:
    """Return a tone. Making one takes a tenth of a second for each ten of its own."""
    return tone(seconds, rate=_SPEECH_RATE)
