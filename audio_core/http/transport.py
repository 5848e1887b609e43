"""Exchange one request for its response over httpx, and translate httpx's errors into ours.

Timeouts are measured on the wall clock. httpx starts its own timeout anew with every byte, so a server that sends one byte at a
time would hold a caller for as long as it likes. Async exchanges run under `asyncio.timeout`. Sync exchanges run on a thread,
whose connection is shut down when time is up.

Read in this order: `exchange` and `aexchange`; what is sent; what is received; an open response that is read as it comes; errors.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from audio_core.errors import IncompleteResponse, InvalidRequest, ProviderError, ProviderTimeout, Unreachable
from audio_core.http.body import Body
from audio_core.http.flow import Request, Response
from audio_core.http.threads import run_in_thread

__all__ = ["ResponseStream", "aexchange", "exchange"]

_PIECE, _ASYNC_PIECE = 192 * 1024, 768 * 1024  # bytes; measured: each piece costs an event loop several turns


def exchange(client: httpx.Client, request: Request) -> Response:
    """Send a request and return its response, blocking for at most `request.timeout` seconds.

    Raises:
        ProviderTimeout: if time is up.
        Unreachable: if there is no connection, or it breaks.
        IncompleteResponse: if the response is over the limit, or compressed.
    """
    with _translate_errors(request):
        return _Exchange(client, request).wait(request.timeout)


class _Exchange:
    """A blocking exchange on a thread of its own, so that it can be left when time is up or the user interrupts."""

    def __init__(self, client: httpx.Client, request: Request) -> None:
        self._client, self._request = client, request
        self._reply: httpx.Response | None = None
        self._is_abandoned = False

    def wait(self, seconds: float) -> Response:
        """Return the response; raise TimeoutError after `seconds`."""
        future = run_in_thread(self._run)
        try:
            return future.result(seconds)
        finally:
            if not future.done():
                self._is_abandoned = True
                _shut_down(self._reply)

    def _run(self) -> Response:
        built = _build_request(self._client, self._request, _Pieces)
        reply = self._reply = self._client.send(built, stream=True, follow_redirects=False)
        if self._is_abandoned:
            reply.close()
        if self._request.streamed and reply.is_success:
            return _build_response(reply, stream=ResponseStream(reply, self._request))
        with contextlib.closing(reply):
            collector = _Collector(self._request, reply)
            for data in reply.iter_raw():
                collector.add(data)
            return _build_response(reply, body=collector.get_body())


async def aexchange(client: httpx.AsyncClient, request: Request) -> Response:
    """Do what `exchange` does on the running event loop."""
    with _translate_errors(request):
        async with asyncio.timeout(request.timeout):
            reply = await client.send(
                _build_request(client, request, _AsyncPieces), stream=True, follow_redirects=False
            )
            if request.streamed and reply.is_success:
                return _build_response(reply, stream=ResponseStream(reply, request))
            async with contextlib.aclosing(reply):
                collector = _Collector(request, reply)
                async for data in reply.aiter_raw():
                    collector.add(data)
                return _build_response(reply, body=collector.get_body())


# --- what is sent ---


def _build_request(
    client: httpx.Client | httpx.AsyncClient, request: Request, content: type[_Pieces | _AsyncPieces]
) -> httpx.Request:
    # Identity only: an endless gzip body is a bomb, and a truncated one would pass for a whole one.
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
    """A body for a sync client. It can be iterated again."""

    body: Body

    def __iter__(self) -> Iterator[bytes]:
        return self.body.iterate_pieces(_PIECE)


@dataclass(frozen=True, slots=True)
class _AsyncPieces:
    """A body for an async client. It can be iterated again."""

    body: Body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.body.iterate_pieces(_ASYNC_PIECE):
            yield piece


# --- what is received ---


class _Collector:
    """Takes a body in, up to the request's limit, into memory or into the request's sink."""

    def __init__(self, request: Request, reply: httpx.Response) -> None:
        self._request, self._pieces, self._size = request, list[bytes](), 0
        self._sink = request.sink() if request.sink and reply.is_success else self._pieces.append
        encoding = reply.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", ""):
            raise IncompleteResponse(f"{request.provider} answered in {encoding[:20]}, which was not asked for.")

    def add(self, data: bytes) -> None:
        self._size += len(data)
        if self._request.sink is None and self._size > self._request.max_reply_bytes:
            limit = self._request.max_reply_bytes
            raise IncompleteResponse(
                f"{self._request.provider} answered with more than {limit:,} bytes; it is not read."
            )
        self._sink(data)

    def get_body(self) -> bytes:
        return b"".join(self._pieces)


def _build_response(reply: httpx.Response, **content: Any) -> Response:
    return Response(reply.status_code, dict(reply.headers), **content)


# --- an open response that is read as it comes ---


class ResponseStream:
    """An open response. It may be silent for `request.timeout` seconds at a time.

    Args:
        reply: httpx's response, with its body unread.
        request: the request that it answers.
    """

    def __init__(self, reply: httpx.Response, request: Request) -> None:
        self._reply, self._request = reply, request
        self.restart_timeout()

    @contextlib.contextmanager
    def read(self) -> Generator[tuple[Iterator[bytes], _Watchdog]]:
        """Yield the pieces of the body, and the watchdog to pause while content is consumed. Close the connection afterwards."""
        watchdog = _Watchdog(self._reply, self._request.timeout)
        with contextlib.closing(self._reply), watchdog, _translate_errors(self._request, lambda: watchdog.expired):
            yield self._reply.iter_raw(), watchdog

    async def aread(self) -> AsyncGenerator[bytes]:
        """Yield the pieces of the body. Call `restart_timeout` whenever content has been consumed."""
        self.restart_timeout()
        async with contextlib.aclosing(self._reply):
            pieces = self._reply.aiter_raw()
            while (data := await self._read_next(pieces)) is not None:
                yield data

    def restart_timeout(self) -> None:
        """Measure silence from now on."""
        self._last_content = time.monotonic()

    async def _read_next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        with _translate_errors(self._request):
            async with asyncio.timeout(self._last_content + self._request.timeout - time.monotonic()):
                return await anext(pieces, None)


class _Watchdog:
    """Shuts a connection down that brings no content for too long. Comments and single bytes do not count as content."""

    def __init__(self, reply: httpx.Response, seconds: float) -> None:
        self._reply, self._seconds = reply, seconds
        self._deadline = time.monotonic() + seconds
        self._done = threading.Event()
        self.expired = False

    def __enter__(self) -> _Watchdog:
        run_in_thread(self._watch)
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()

    @contextlib.contextmanager
    def pause(self) -> Generator[None]:
        """Stop the clock while the consumer works on an item, and start it anew afterwards."""
        self._deadline = float("inf")
        yield
        self._deadline = time.monotonic() + self._seconds

    def _watch(self) -> None:
        while not self._done.wait(max(0.01, min(self._deadline - time.monotonic(), self._seconds))):
            if time.monotonic() >= self._deadline:
                self.expired = True
                _shut_down(self._reply)
                return


# --- errors ---


def _shut_down(reply: httpx.Response | None) -> None:
    """Wake whoever reads from this connection. On Linux, closing alone does not."""
    network = reply.extensions.get("network_stream") if reply is not None else None
    connection = network.get_extra_info("socket") if network is not None else None
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _translate_errors(request: Request, has_expired: Callable[[], bool] = lambda: False) -> Generator[None]:
    """Raise our errors in place of httpx's.

    Args:
        request: the request that is under way.
        has_expired: tells whether we broke the connection ourselves, because time was up.
    """
    try:
        yield
    except (httpx.TimeoutException, TimeoutError):
        raise _build_timeout(request) from None
    except (httpx.InvalidURL, httpx.LocalProtocolError) as error:
        raise _build_invalid_request(request, error) from None
    except httpx.TransportError as error:
        raise (_build_timeout(request) if has_expired() else _build_unreachable(request, error)) from None
    except ProviderError as error:
        error.provider = error.provider or request.provider
        raise


def _build_timeout(request: Request) -> ProviderError:
    return ProviderTimeout(
        f"{request.provider} gave no answer within {request.timeout:g} s. Pass a larger timeout=... if it needs longer.",
        provider=request.provider,
        may_have_been_billed=True,
    )


def _build_invalid_request(request: Request, error: Exception) -> ProviderError:
    return InvalidRequest(
        f"The exchange with {request.provider} is not valid HTTP: {error}. Check the base_url, and where it redirects to.",
        provider=request.provider,
    )


def _build_unreachable(request: Request, error: httpx.TransportError) -> ProviderError:
    reason = str(error) or type(error).__name__
    was_sent = not isinstance(error, httpx.ConnectError)
    is_certificate = "certificate" in reason.lower() or "ssl" in reason.lower()
    where = httpx.URL(request.url)
    port = f":{where.port}" if where.port else ""
    hint = " Set SSL_CERT_FILE if your network has its own authority." if "certificate" in reason.lower() else ""
    what = "broke off" if was_sent else "cannot be reached"
    return Unreachable(
        f"{request.provider} at {where.scheme}://{request.sni or where.host}{port} {what}: {reason}.{hint}",
        provider=request.provider,
        retryable=not is_certificate,
        may_have_been_billed=was_sent,
    )
