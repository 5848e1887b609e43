"""The two drivers of flows. This is the only file that knows httpx, and the only one that differs sync from async.

`timeout` is measured on the clock. httpx starts its own anew with every byte, so a server that dribbles would hold a caller
for as long as it likes: async exchanges run under `asyncio.timeout`, sync ones on a thread that is cut off when time is up.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import ssl
import threading
import time
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from audio_core.errors import IncompleteResponse, ProviderError, ProviderTimeout, Unreachable
from audio_core.http.body import Body
from audio_core.http.flow import Flow, Gather, Pause, Request, Response, Send, Step, Work
from audio_core.wire.stream import Decoder

__all__ = ["Connections", "arun", "astream", "run", "stream"]

T = TypeVar("T")
_PIECE, _ASYNC_PIECE = 192 * 1024, 768 * 1024  # measured: each piece costs an event loop turns
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class Connections:
    """The HTTP clients of one object: made when first needed, one per process and one per event loop.

    Args:
        http_client: a client of the user's for sync calls, used as it is and never closed here.
        http_async_client: likewise for async calls.
    """

    def __init__(
        self, http_client: httpx.Client | None = None, http_async_client: httpx.AsyncClient | None = None
    ) -> None:
        self._given, self._given_async = http_client, http_async_client
        self._lock = threading.Lock()
        self._own: tuple[int, httpx.Client] | None = None
        self._per_loop: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[httpx.AsyncClient]]
        ] = weakref.WeakKeyDictionary()

    def client(self) -> httpx.Client:
        """The client for sync calls; a forked child gets one of its own, so that answers are never mixed up."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None or self._own[0] != os.getpid():
                self._own = (os.getpid(), httpx.Client(verify=_tls(), limits=_LIMITS))
                weakref.finalize(self, self._own[1].close)
            return self._own[1]

    async def async_client(self) -> httpx.AsyncClient:
        """The client for calls on the running loop; it is closed when the loop shuts its generators down."""
        if self._given_async is not None:
            return self._given_async
        loop = asyncio.get_running_loop()
        if loop not in self._per_loop:
            keeper = _kept_async_client()
            self._per_loop[loop] = (await anext(keeper), keeper)
        return self._per_loop[loop][0]

    def close(self) -> None:
        """Close the connections of sync calls."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None and own[0] == os.getpid():
            own[1].close()

    async def aclose(self) -> None:
        """Close the connections of calls on the running loop."""
        if kept := self._per_loop.pop(asyncio.get_running_loop(), None):
            await kept[1].aclose()

    def __reduce__(self) -> tuple[type[Connections], tuple[()]]:
        return (Connections, ())  # sockets do not travel; the copy makes its own


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # takes 17 ms, so it is shared


async def _kept_async_client() -> AsyncGenerator[httpx.AsyncClient]:
    # asyncio.run closes the loop's suspended async generators, and so this client, before it closes the loop.
    async with httpx.AsyncClient(verify=_tls(), limits=_LIMITS) as client:
        yield client


# --- drivers ---


def run(connections: Connections, flow: Flow[T]) -> T:
    """Carry a flow out, blocking; works inside a running event loop too."""
    with contextlib.closing(flow):
        answer: Callable[[], Step] = functools.partial(next, flow)
        while True:
            try:
                step = answer()
            except StopIteration as done:
                return done.value
            try:
                answer = functools.partial(flow.send, _perform(connections, step))
            except Exception as error:  # whatever it is, it is the flow's to handle
                answer = functools.partial(flow.throw, error)


async def arun(connections: Connections, flow: Flow[T]) -> T:
    """Carry a flow out on the running event loop."""
    with contextlib.closing(flow):
        answer: Callable[[], Step] = functools.partial(next, flow)
        while True:
            try:
                step = answer()
            except StopIteration as done:
                return done.value
            try:
                answer = functools.partial(flow.send, await _aperform(connections, step))
            except Exception as error:  # whatever it is, it is the flow's to handle
                answer = functools.partial(flow.throw, error)


def _perform(connections: Connections, step: Step) -> Any:
    match step:
        case Send(request):
            return _exchange(connections.client(), request)
        case Pause(seconds):
            return time.sleep(seconds)
        case Work(call):
            return call()
        case Gather(flows, limit):
            with ThreadPoolExecutor(max_workers=limit) as pool:
                tasks = [pool.submit(copy_context().run, run, connections, flow) for flow in flows]
                return [task.exception() or task.result() for task in tasks]


async def _aperform(connections: Connections, step: Step) -> Any:
    match step:
        case Send(request):
            return await _aexchange(await connections.async_client(), request)
        case Pause(seconds):
            return await asyncio.sleep(seconds)
        case Work(call):
            return await asyncio.to_thread(call)
        case Gather(flows, limit):
            return await _agather(connections, flows, limit)


async def _agather(connections: Connections, flows: Any, limit: int) -> list[Any]:
    places = asyncio.Semaphore(limit)

    async def outcome(flow: Flow[Any]) -> Any:
        async with places:
            try:
                return await arun(connections, flow)
            except Exception as error:  # one failure must not cancel its siblings
                return error

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(outcome(flow)) for flow in flows]
    return [task.result() for task in tasks]


def stream(connections: Connections, opening: Flow[Response], decode: Callable[[Response], Decoder[T]]) -> Iterator[T]:
    """Open a streamed reply and give out what its decoder makes of it, as it comes; nothing is retried after that."""
    response = run(connections, opening)
    live, request, decoder = response.live.reply, response.live.request, decode(response)
    with (
        contextlib.closing(live),
        _Watchdog(live, request.timeout) as watchdog,
        _partial_kept(decoder),
        _clear_errors(request, watchdog),
    ):
        for data in live.iter_raw():
            for item in decoder.feed(data):
                with watchdog.resting():
                    yield item
        yield from decoder.close()


async def astream(
    connections: Connections, opening: Flow[Response], decode: Callable[[Response], Decoder[T]]
) -> AsyncGenerator[T]:
    """`stream` on the running event loop."""
    response = await arun(connections, opening)
    live, request, decoder = response.live.reply, response.live.request, decode(response)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(contextlib.aclosing(live))
        stack.enter_context(_partial_kept(decoder))
        pieces, last = live.aiter_raw(), time.monotonic()
        while (data := await _next_piece(pieces, request, last)) is not None:
            for item in decoder.feed(data):
                yield item
                last = time.monotonic()
        for item in decoder.close():
            yield item


async def _next_piece(pieces: AsyncIterator[bytes], request: Request, last: float) -> bytes | None:
    """The next piece of a body, within the time that is left since the `last` content; None at its end."""
    with _clear_errors(request):
        async with asyncio.timeout(last + request.timeout - time.monotonic()):
            return await anext(pieces, None)


# --- one exchange ---


def _exchange(client: httpx.Client, request: Request) -> Response:
    exchange = _Exchange(client, request)
    with _clear_errors(request):
        return exchange.within(request.timeout)


class _Exchange:
    """A blocking exchange on a thread of its own, so that it can be left when time is up or the user interrupts."""

    def __init__(self, client: httpx.Client, request: Request) -> None:
        self._client, self._request = client, request
        self._live: httpx.Response | None = None
        self._left = False

    def within(self, seconds: float) -> Response:
        """The response, or TimeoutError after this many seconds."""
        future: Future[Response] = Future()
        threading.Thread(target=copy_context().run, args=(self._into, future), daemon=True).start()
        try:
            return future.result(seconds)
        finally:
            if not future.done():
                self._left = True
                _shut(self._live)

    def _into(self, future: Future[Response]) -> None:
        try:
            future.set_result(self._run())
        except BaseException as error:  # it belongs to the thread that waits
            future.set_exception(error)

    def _run(self) -> Response:
        built = _built(self._client, self._request, _Pieces)
        live = self._live = self._client.send(built, stream=True, follow_redirects=False)
        if self._left:
            live.close()
        if self._request.streamed and live.is_success:
            return _response(live, live=_Live(live, self._request))
        with contextlib.closing(live):
            collect = _Collector(self._request, live)
            for data in live.iter_raw():
                collect(data)
            return _response(live, body=collect.body())


async def _aexchange(client: httpx.AsyncClient, request: Request) -> Response:
    with _clear_errors(request):
        async with asyncio.timeout(request.timeout):
            live = await client.send(_built(client, request, _AsyncPieces), stream=True, follow_redirects=False)
            if request.streamed and live.is_success:
                return _response(live, live=_Live(live, request))
            async with contextlib.aclosing(live):
                collect = _Collector(request, live)
                async for data in live.aiter_raw():
                    collect(data)
                return _response(live, body=collect.body())


def _built(
    client: httpx.Client | httpx.AsyncClient, request: Request, content: type[_Pieces | _AsyncPieces]
) -> httpx.Request:
    # Only identity: an endless gzip body is a bomb, and one that is cut would pass for a whole one.
    headers = {"Accept-Encoding": "identity", **request.headers}
    if request.body is not None:
        headers |= {"Content-Type": request.body.content_type, "Content-Length": str(request.body.length)}
    extensions: dict[str, Any] = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), request.timeout)}
    if request.sni is not None:
        extensions["sni_hostname"] = request.sni
    body: Any = None if request.body is None else content(request.body)
    return client.build_request(request.method, request.url, headers=headers, content=body, extensions=extensions)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A body for a sync client; it can be iterated again."""

    body: Body

    def __iter__(self) -> Iterator[bytes]:
        return self.body.pieces(_PIECE)


@dataclass(frozen=True, slots=True)
class _AsyncPieces:
    """A body for an async client; it can be iterated again."""

    body: Body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.body.pieces(_ASYNC_PIECE):
            yield piece


class _Collector:
    """Takes a body in, up to the request's limit, into memory or into the request's sink."""

    def __init__(self, request: Request, live: httpx.Response) -> None:
        self._request, self._pieces, self._size = request, list[bytes](), 0
        self._sink = request.sink() if request.sink and live.is_success else self._pieces.append
        coding = live.headers.get("content-encoding", "identity").lower()
        if coding not in ("identity", ""):
            raise IncompleteResponse(f"{request.provider} answered in {coding[:20]}, which was not asked for.")

    def __call__(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._request.max_reply_bytes:
            limit = self._request.max_reply_bytes
            raise IncompleteResponse(
                f"{self._request.provider} answered with more than {limit:,} bytes; it is not read."
            )
        self._sink(data)

    def body(self) -> bytes:
        return b"".join(self._pieces)


@dataclass(frozen=True, slots=True)
class _Live:
    """An open reply, and the request that it answers."""

    reply: httpx.Response
    request: Request


def _response(reply: httpx.Response, **content: Any) -> Response:
    return Response(reply.status_code, dict(reply.headers), **content)


class _Watchdog:
    """Cuts a connection that brings no content for too long, comments and dribbled bytes notwithstanding."""

    def __init__(self, live: httpx.Response, seconds: float) -> None:
        self._live, self._seconds = live, seconds
        self._deadline = time.monotonic() + seconds
        self._done = threading.Event()
        self.expired = False

    def __enter__(self) -> _Watchdog:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()

    @contextlib.contextmanager
    def resting(self) -> Generator[None]:
        """While the consumer works on an item, no time runs; afterwards it starts anew."""
        self._deadline = float("inf")
        yield
        self._deadline = time.monotonic() + self._seconds

    def _watch(self) -> None:
        while not self._done.wait(max(0.01, min(self._deadline - time.monotonic(), self._seconds))):
            if time.monotonic() >= self._deadline:
                self.expired = True
                _shut(self._live)
                return


def _shut(live: httpx.Response | None) -> None:
    """Wake whoever reads from this connection: closing alone does not, on Linux."""
    network = live.extensions.get("network_stream") if live is not None else None
    connection = network.get_extra_info("socket") if network is not None else None
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


# --- errors ---


@contextlib.contextmanager
def _clear_errors(request: Request, watchdog: _Watchdog | None = None) -> Generator[None]:
    try:
        yield
    except (httpx.TimeoutException, TimeoutError):
        raise _timed_out(request) from None
    except httpx.TransportError as error:
        raise (_timed_out(request) if watchdog and watchdog.expired else _unreachable(request, error)) from None
    except ProviderError as error:
        error.provider = error.provider or request.provider
        raise


@contextlib.contextmanager
def _partial_kept(decoder: Decoder[Any]) -> Generator[None]:
    try:
        yield
    except ProviderError as error:
        error.partial = error.partial or decoder.partial
        raise


def _timed_out(request: Request) -> ProviderError:
    return ProviderTimeout(
        f"{request.provider} gave no answer within {request.timeout:g} s. Pass a larger timeout=... if it needs longer.",
        provider=request.provider,
        may_have_been_billed=True,
    )


def _unreachable(request: Request, error: httpx.TransportError) -> ProviderError:
    reason = str(error) or type(error).__name__
    sent = not isinstance(error, httpx.ConnectError)
    certificate = "certificate" in reason.lower() or "ssl" in reason.lower()
    where = httpx.URL(request.url)
    hint = " Set SSL_CERT_FILE if your network has its own authority." if certificate else ""
    did = "broke off" if sent else "cannot be reached"
    return Unreachable(
        f"{request.provider} at {where.scheme}://{request.sni or where.host} {did}: {reason}.{hint}",
        provider=request.provider,
        retryable=not certificate,
        may_have_been_billed=sent,
    )
