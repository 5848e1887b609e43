"""A scripted gateway and generated audio, for tests of this project and of projects that use it.

They work with any test framework.

Example:
    >>> with ScriptedGateway() as gateway:
    ...     gateway.will_answer(chat_reply("hello"))
    ...     AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url).ask(tone(0.5), "Hi?").text
    'hello'
"""

from __future__ import annotations

import array
import email.parser
import email.policy
import io
import json
import math
import socket
import struct
import threading
import time
import wave
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["FormPart", "Recorded", "Reply", "ScriptedGateway", "chat_reply", "chat_stream", "silence", "tone"]


def tone(seconds: float, *, rate: int = 16_000, hertz: float = 440.0) -> bytes:
    """Return a WAV file of a sine tone, 16-bit mono.

    Args:
        seconds: duration in seconds.
        rate: sample rate in Hz.
        hertz: frequency of the tone in Hz.

    Example:
        >>> Audio.of(tone(0.5)).format
        'wav'
    """
    return _write_wav(
        rate, (round(8000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(round(seconds * rate)))
    )


def silence(seconds: float, *, rate: int = 16_000) -> bytes:
    """Return a WAV file of silence, 16-bit mono.

    Args:
        seconds: duration in seconds.
        rate: sample rate in Hz.
    """
    return _write_wav(rate, (0 for _ in range(round(seconds * rate))))


def _write_wav(rate: int, samples: Any) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(array.array("h", samples).tobytes())
    return file.getvalue()


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


@dataclass(frozen=True)
class FormPart:
    """One part of a multipart form."""

    name: str
    content: bytes
    filename: str | None
    content_type: str


@dataclass(frozen=True)
class Recorded:
    """A request that the gateway received; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """The body, parsed as JSON."""
        return json.loads(self.body)

    @property
    def parts(self) -> list[FormPart]:
        """The parts of a multipart body, as the standard library parses them."""
        header = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(header + self.body)
        return [
            FormPart(
                name=str(part.get_param("name", header="content-disposition")),
                content=bytes(part.get_payload(decode=True) or b""),
                filename=part.get_filename(),
                content_type=part.get_content_type(),
            )
            for part in message.iter_parts()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
        ]

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields of a multipart body that are not files: lists of values by name."""
        fields: dict[str, list[str]] = {}
        for part in self.parts:
            if part.filename is None:
                fields.setdefault(part.name, []).append(part.content.decode())
        return fields


class ScriptedGateway:
    """A server on the loopback interface that records requests and sends scripted replies; the last reply repeats.

    Without a script the reply is a chat completion `yes`. Use it as a context manager, which starts and stops it.

    Attributes:
        requests: the requests received, in order.
        abandoned: an event that is set once a client has disconnected before its response was sent.
    """

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.abandoned = threading.Event()
        self._script, self._latest = deque[Reply](), chat_reply("yes")
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"gateway": self}))
        self._server.daemon_threads = True
        self._server.socket.listen(128)  # the default of 5 resets connections of many callers at once

    @property
    def base_url(self) -> str:
        """The base URL of its API."""
        return f"{self.origin}/v1"

    @property
    def origin(self) -> str:
        """The URL of the server: scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def will_answer(self, *replies: Reply) -> None:
        """Add replies to the script: each answers one request, in order, and the last one all later requests too."""
        with self._lock:
            self._script.extend(replies)

    def next_reply(self, request: Recorded) -> Reply:
        """Record a request and return the reply to it. Override this to reply by the request."""
        with self._lock:
            self.requests.append(request)
            if self._script:
                self._latest = self._script.popleft()
            return self._latest

    def __enter__(self) -> ScriptedGateway:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits 40 ms until the client acknowledges the headers
    gateway: ScriptedGateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.gateway.next_reply(Recorded(self.command, self.path, headers, body))
        time.sleep(reply.wait)
        try:
            self._send_headers(reply)
            self._send_body(reply)
            self._end_reply(reply)
        except OSError:  # the client has disconnected
            self.gateway.abandoned.set()
            self.close_connection = True

    do_GET = do_POST  # noqa: N815 - the base class requires this name

    def _send_headers(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type(), **reply.headers}.items():
            self.send_header(name, value)
        if reply.streamed:
            self.send_header("Transfer-Encoding", "chunked")
        elif "Content-Length" not in reply.headers:
            self.send_header("Content-Length", str(len(reply.pieces()[0]) + (100 if reply.cut else 0)))
        self.end_headers()

    def _send_body(self, reply: Reply) -> None:
        for piece in reply.pieces():
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if reply.streamed else piece)
            self.wfile.flush()
            time.sleep(reply.between)
        if reply.streamed and reply.cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def _end_reply(self, reply: Reply) -> None:
        if reply.cut is None:
            return
        self.close_connection = True
        if reply.cut == "reset":  # closing a socket with SO_LINGER of zero seconds sends a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""
