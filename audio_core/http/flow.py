"""Flows: operations as generators that yield what must be done and are sent what came of it.

A flow knows neither sockets nor event loops, so retries, fetching and transcribing are written once and tested without
I/O. `http/drive.py` holds the two drivers that carry the steps out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from audio_core.errors import AudioError
from audio_core.http.body import Body

__all__ = [
    "Flow",
    "Gather",
    "Limited",
    "Pause",
    "Request",
    "Response",
    "RunBlocking",
    "Send",
    "Step",
    "gather",
    "pause",
    "run_blocking",
    "run_limited",
    "send",
]

T = TypeVar("T")
_MAX_REPLY_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        method: such as `"POST"`.
        url: absolute.
        headers: all but `Content-Length`, `Content-Type` and `Host`, which the driver sets from body and URL.
        body: what is sent; it can be sent again.
        timeout: seconds on the clock for the whole exchange; of a streamed reply, the longest silence without content.
        provider: who is asked, for messages.
        streamed: whether a reply with a good status is left open, for its body to be read as it comes.
        sink: called as a good reply begins, for what then takes its body piece by piece instead of `Response.body`.
        max_reply_bytes: a longer reply is refused while it comes; a sink has limits of its own.
        sni: the host name to verify in TLS when `url` holds an address.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: Body | None = None
    timeout: float = 60.0
    provider: str = "the server"
    streamed: bool = False
    sink: Callable[[], Callable[[bytes], object]] | None = None
    max_reply_bytes: int = _MAX_REPLY_BYTES
    sni: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: header names are in lower case; `live` is the driver's open reply, of a streamed request."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    stream: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Make a request; answered with its `Response`, or with `Unreachable` or `ProviderTimeout` raised."""

    request: Request


@dataclass(frozen=True, slots=True)
class Pause:
    """Let this many seconds go by."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RunBlocking:
    """Do something that blocks; answered with what it returns."""

    function: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Gather:
    """Run flows side by side, at most `limit` at a time; answered with a value or an error for each, in order.

    The next flow is taken when there is room for it, so a generator may do blocking work to make one.
    """

    flows: Iterable[Generator[Any, Any, Any]]
    limit: int


@dataclass(frozen=True, slots=True)
class Limited:
    """Run a flow once there is a place for it among all of the `Connections`; answered with what it returns."""

    flow: Generator[Any, Any, Any]


Step = Send | Pause | RunBlocking | Gather | Limited
Flow = Generator[Step, Any, T]


def send(request: Request) -> Flow[Response]:
    """Make a request."""
    return cast("Response", (yield Send(request)))


def pause(seconds: float) -> Flow[None]:
    """Let time go by."""
    yield Pause(seconds)


def run_blocking(call: Callable[[], T]) -> Flow[T]:
    """Do something that blocks, away from any event loop."""
    return cast("T", (yield RunBlocking(call)))


def run_limited(flow: Flow[T]) -> Flow[T]:
    """Run a flow, of which only so many may be under way, however many flows were gathered at how many levels."""
    return cast("T", (yield Limited(flow)))


def gather(flows: Iterable[Flow[T]], limit: int) -> Flow[list[T]]:
    """Run flows side by side; if any failed, the first error is raised once all have ended.

    One by itself, which is the usual case of a list, needs no thread or task of its own.
    """
    if isinstance(flows, Sequence) and len(flows) < 2:
        return [(yield from flows[0])] if flows else []
    outcomes = cast("list[T | AudioError]", (yield Gather(flows, limit)))
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return cast("list[T]", outcomes)
