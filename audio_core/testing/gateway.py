"""The scripted gateway, and what it has received."""

from __future__ import annotations

import email.parser
import email.policy
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from audio_core.testing.replies import Reply, chat_reply, speech_reply

__all__ = ["FormPart", "Recorded", "ScriptedGateway"]

_CHARACTERS_PER_SECOND = 15.0  # of speech


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

    Without a script a request for speech gets a tone, as long as its text would take, and any other a chat completion
    `yes`. Use it as a context manager, which starts and stops it.

    Attributes:
        requests: the requests received, in order.
        abandoned: an event that is set once a client has disconnected before its response was sent.
    """

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.abandoned = threading.Event()
        self._script, self._latest = deque[Reply](), cast("Reply | None", None)
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
            return self._latest or _answer_plainly(request)

    def __enter__(self) -> ScriptedGateway:
        threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _answer_plainly(request: Recorded) -> Reply:
    if not request.path.endswith("/audio/speech"):
        return chat_reply("yes")
    seconds = max(0.1, len(str(request.json.get("input"))) / _CHARACTERS_PER_SECOND)
    return speech_reply(seconds, str(request.json.get("response_format")))


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
