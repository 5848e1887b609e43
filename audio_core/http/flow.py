"""Flows: operations written as generators, which yield steps and receive their results.

A flow knows neither sockets nor event loops. So retries, downloads and transcription are written once, for sync and
async callers, and are tested without I/O. The drivers in `http/driver.py` carry the steps out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from audio_core.errors import AudioError
from audio_core.http.body import Body

__all__ = [
    "MAX_REPLY_BYTES",
    "MAX_SPEECH_BYTES",
    "Flow",
    "Gather",
    "Limited",
    "Pause",
    "ReadToEnd",
    "Request",
    "Response",
    "RunBlocking",
    "Send",
    "Step",
    "gather",
    "pause",
    "read_to_end",
    "run_blocking",
    "run_limited",
    "send",
]

T = TypeVar("T")
MAX_REPLY_BYTES = 64 * 2**20
"""Size of the largest reply without speech: 290,000 words, with a JSON event for each."""

MAX_SPEECH_BYTES = 256 * 2**20
"""Size of the largest reply with speech: 70 minutes of PCM at 24 kHz in base64, or three hours of MP3."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        method: such as `"POST"`.
        url: absolute.
        headers: further headers. `Content-Type` and `Content-Length` follow from the body, and `Host`
            from the URL unless it is given.
        body: what is sent. It can be sent again.
        timeout: seconds on the wall clock for the whole exchange; for a streamed response, the longest time without
            content.
        provider: name of the gateway or server, for error messages.
        streamed: whether a successful response is left open, for its body to be read as it arrives.
        sink: called when a successful response begins. It returns a function, which then takes each piece of the body;
            `Response.body` stays empty.
        max_reply_bytes: size of the largest body that is read into memory. A sink sets limits of its own.
        sni: the host name that TLS sends and verifies, if `url` holds an IP address.
        is_anonymous: whether headers, cookies and credentials of the user's own client are left out, as the server is
            not the gateway.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: Body | None = None
    timeout: float = 60.0
    provider: str = "the server"
    streamed: bool = False
    sink: Callable[[], Callable[[bytes], object]] | None = None
    max_reply_bytes: int = MAX_REPLY_BYTES
    sni: str | None = None
    is_anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """The response to a request.

    Attributes:
        status: HTTP status.
        headers: with names in lower case.
        body: empty if a sink has taken it or `stream` is set.
        stream: the open `ResponseStream` of a successful streamed request, else None.
        attempts: how many requests it took to get it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    stream: Any = field(default=None, repr=False)
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Send:
    """A step that sends a request. Its result is the `Response`; if there is none, the flow gets an error raised."""

    request: Request


@dataclass(frozen=True, slots=True)
class Pause:
    """A step that waits for this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RunBlocking:
    """A step that calls a blocking function. Its result is what the function returns."""

    function: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Gather:
    """A step that runs flows side by side, at most `limit` at a time. Its result lists values or errors, in order.

    Each flow is taken from `flows` when it can start, away from any event loop. So a generator may block to make one.
    """

    flows: Iterable[Generator[Any, Any, Any]]
    limit: int


@dataclass(frozen=True, slots=True)
class Limited:
    """A step that runs a flow once one of the slots of the `Clients` is free. Its result is what the flow returns."""

    flow: Generator[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class ReadToEnd:
    """A step that opens a streamed response and reads it to its end. Its result is the last item of the decoder."""

    opening: Generator[Any, Any, Any]


Step = Send | Pause | RunBlocking | Gather | Limited | ReadToEnd
Flow = Generator[Step, Any, T]


def send(request: Request) -> Flow[Response]:
    """Send a request and return its response, whatever its status.

    Raises:
        ProviderError: if there is no response, or it is incomplete.
        InvalidAudio: if a file changed while it was sent.
    """
    return cast("Response", (yield Send(request)))


def read_to_end(opening: Flow[tuple[Response, Any]]) -> Flow[Any]:
    """Open a streamed response, read it to its end and return the last item of its decoder.

    Args:
        opening: the flow that sends the request, and returns the open response with its decoder.

    Raises:
        ProviderError: if the stream breaks off or is incomplete.
    """
    return (yield ReadToEnd(opening))


def pause(seconds: float) -> Flow[None]:
    """Wait for this many seconds."""
    yield Pause(seconds)


def run_blocking(function: Callable[[], T]) -> Flow[T]:
    """Call a blocking function, away from any event loop, and return what it returns."""
    return cast("T", (yield RunBlocking(function)))


def run_limited(flow: Flow[T]) -> Flow[T]:
    """Run a flow once one of the slots of the `Clients` is free, and return what it returns.

    The slots limit how many such flows run at a time, even if several `gather` calls are nested.
    """
    return cast("T", (yield Limited(flow)))


def gather(flows: Iterable[Flow[T]], limit: int) -> Flow[list[T]]:
    """Run flows side by side and return their values, in order.

    A list of one flow, the usual case, runs without a thread or task of its own.

    Args:
        flows: each is taken when it can start, so a generator may make them one by one.
        limit: how many may run at a time.

    Raises:
        AudioError: the error of the first flow in order that failed, once all have ended.
    """
    if isinstance(flows, Sequence) and len(flows) < 2:
        return [(yield from flows[0])] if flows else []
    outcomes = cast("list[T | AudioError]", (yield Gather(flows, limit)))
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return cast("list[T]", outcomes)
