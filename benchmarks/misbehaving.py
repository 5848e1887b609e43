"""Gateways that misbehave in one way each, and what must come of it."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from raw_server import RawServer

__all__ = ["CASES", "KEY", "LONGEST", "TIMEOUT", "Case", "Exchange", "Outcome"]

KEY = "live_4f2c91d07b"
TIMEOUT = 2  # seconds that a client is told to wait
LONGEST = 15.0  # seconds after which a call is given up
JSON, SSE = "application/json", "text/event-stream"


@dataclass(frozen=True)
class Outcome:
    """What a call came to.

    Attributes:
        text: that it returned; None if it raised an error or was given up.
        calls: the tool calls that an agent would run.
        error: class of the error; empty if there was none.
        message: of the error.
        seconds: that it took.
        requests: that the server got.
        strays: requests that another server got.
    """

    text: str | None = None
    calls: int = 0
    error: str = ""
    message: str = ""
    seconds: float = LONGEST
    requests: int = 0
    strays: int = 0


Respond = Callable[["Exchange"], None]
Judge = Callable[[Outcome], str]  # what is wrong; empty if it is as it must be


@dataclass(frozen=True)
class Exchange:
    """One request that the server has read.

    Attributes:
        server: that got it.
        connection: to answer on.
        number: of the request, counted from 1.
        elsewhere: URL of another server.
    """

    server: RawServer
    connection: socket.socket
    number: int
    elsewhere: str

    def answer(self, body: Any, status: int = 200, kind: str = JSON, **headers: str) -> None:
        """Send a whole response; a body that is no text is sent as JSON."""
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        fields = {"Content-Type": kind, "Content-Length": str(len(data)), "Connection": "close", **headers}
        lines = [f"HTTP/1.1 {status} x", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode() + data)

    def stream(self, *events: Any, ending: str = "") -> None:
        """Send a whole stream of server-sent events."""
        self.answer("".join(f"data: {json.dumps(event)}\n\n" for event in events) + ending, kind=SSE)


@dataclass(frozen=True)
class Case:
    """One way to misbehave.

    Attributes:
        title: the first column of its row.
        respond: answers a request.
        judge: tells what is wrong with the outcome.
        is_streamed: whether a stream is asked for.
    """

    title: str
    respond: Respond
    judge: Judge
    is_streamed: bool = False


# --- what the gateway does ---


def reply(content: str | None = "yes", finish: str = "stop") -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    facts = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "system_fingerprint": "f"}
    return {**facts, "choices": [choice], "usage": usage}


def chunk(delta: dict[str, Any], finish: str | None = None, **fields: Any) -> dict[str, Any]:
    facts = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "system_fingerprint": "f"}
    return {**facts, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **fields}


HALF = chunk({"role": "assistant", "content": "half"})
CALL = {"name": "erase", "arguments": '{"path": "/data/cus'}
CUT_CALL = chunk({"role": "assistant", "tool_calls": [{"index": 0, "id": "c", "type": "function", "function": CALL}]})


def fail(status: int, message: str = "died", **fields: Any) -> Respond:
    return lambda exchange: exchange.answer({"error": {"message": message, **fields}}, status)


def refuse_once(**headers: str) -> Respond:
    def respond(exchange: Exchange) -> None:
        if exchange.number == 1:
            exchange.answer({"error": {"message": "slow down", "code": 429}}, 429, **headers)
        else:
            exchange.answer(reply())

    return respond


def dribble(exchange: Exchange) -> None:
    exchange.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    exchange.server.dribble(exchange.connection, b"    ")


def comment(exchange: Exchange) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {SSE}\r\nConnection: close\r\n\r\ndata: {json.dumps(HALF)}\n\n"
    exchange.connection.sendall(head.encode())
    exchange.server.dribble(exchange.connection, b": PROCESSING\n\n")


# --- what must happen ---

RAW = ("AttributeError", "TypeError", "IndexError", "KeyError", "JSONDecodeError", "RecursionError", "OverflowError")


def expect_error(outcome: Outcome, cause: str = "", requests: int = 3, seconds: float = LONGEST) -> str:
    """Tell what is wrong with an outcome that should be a clear error.

    Args:
        outcome: of the call.
        cause: what the message must hold.
        requests: at most so many may have been sent.
        seconds: at most so many may have passed.
    """
    if outcome.text is not None:
        return f"returns {outcome.text[:12]!r}"
    if outcome.seconds > seconds or not outcome.error:
        return f"{'' if outcome.error else 'over '}{outcome.seconds:.0f} s, {count_requests(outcome)}"
    if outcome.requests > requests:
        return count_requests(outcome)
    if outcome.error in RAW:
        return outcome.error
    return "" if cause in outcome.message else "hides the cause"


def count_requests(outcome: Outcome) -> str:
    return "1 request" if outcome.requests == 1 else f"{outcome.requests} requests"


def expect_text(outcome: Outcome) -> str:
    if outcome.text == "yes":
        return ""
    return f"fails after {count_requests(outcome)}" if outcome.error else expect_error(outcome)


def expect_no_key(outcome: Outcome) -> str:
    return "shows the key" if KEY in outcome.message else expect_error(outcome)


def expect_no_strays(outcome: Outcome) -> str:
    return "sends it elsewhere" if outcome.strays else expect_error(outcome)


def expect_no_calls(outcome: Outcome) -> str:
    return "hands it on" if outcome.calls else expect_error(outcome)


def expect_no_empty_text(outcome: Outcome) -> str:
    return "" if outcome.text == "yes" else expect_error(outcome)


in_time = partial(expect_error, seconds=TIMEOUT + 2.0)
CASES = (
    Case("402 with `code: null`", fail(402, "no credit", code=None), partial(expect_error, requests=1)),
    Case("401 that echoes the key", fail(401, f"wrong key {KEY}"), expect_no_key),
    Case("429 with `Retry-After: 1`, then an answer", refuse_once(Retry_After="1"), expect_text),
    Case("429 with `Retry-After: 1e400`, then an answer", refuse_once(Retry_After="1e400"), expect_text),
    Case(
        "429 for a used-up quota",
        fail(429, "no credit", code="insufficient_quota"),
        partial(expect_error, requests=1),
    ),
    Case("500 for good", fail(500), expect_error),
    Case("no answer", lambda exchange: exchange.server.wait_for_close(exchange.connection), in_time),
    Case("a byte now and then", dribble, in_time),
    Case("200 with HTML", lambda exchange: exchange.answer("<html>Sign in</html>", kind="text/html"), expect_error),
    Case("200 with an error", fail(200), partial(expect_error, cause="died")),
    Case("200 with `choices: []`", lambda exchange: exchange.answer({**reply(), "choices": []}), expect_error),
    Case("finish reason `error`", lambda exchange: exchange.answer(reply("half", "error")), expect_error),
    Case(
        "307 to another host",
        lambda exchange: exchange.answer("", 307, Location=f"{exchange.elsewhere}/chat/completions"),
        expect_no_strays,
    ),
    Case("a self-signed certificate", fail(200), partial(expect_error, cause="certificate", requests=1)),
    Case("stream: ends early", lambda exchange: exchange.stream(HALF), expect_error, True),
    Case(
        "stream: an error beside `choices`",
        lambda exchange: exchange.stream(
            HALF, chunk({"content": ""}, "error", error={"message": "died", "code": 502}), ending="data: [DONE]\n\n"
        ),
        partial(expect_error, cause="died"),
        True,
    ),
    Case(
        "stream: an error that is `{message}` alone",
        lambda exchange: exchange.stream(HALF, {"message": "died", "code": 502}, ending="data: [DONE]\n\n"),
        partial(expect_error, cause="died"),
        True,
    ),
    Case("stream: plain JSON", lambda exchange: exchange.answer(reply()), expect_no_empty_text, True),
    Case("stream: comments for ever", comment, partial(expect_error, seconds=LONGEST - 1), True),
    Case("stream: a tool call that is cut", lambda exchange: exchange.stream(CUT_CALL), expect_no_calls, True),
)
