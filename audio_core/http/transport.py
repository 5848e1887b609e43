"""Exchange one request for its response over httpx, and raise our errors in place of httpx's.

Timeouts are measured on the wall clock. httpx starts its own timeout anew with every byte, so a server that sends one
byte at a time would hold a caller for as long as it likes. Async exchanges run under `asyncio.timeout`. Sync exchanges
run on a thread, whose connection is shut down when time is up.

Read in this order: `exchange` and `aexchange`; what is sent; what is received; an open response that is read as it
comes; errors.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from audio_core.errors import IncompleteResponse, ProviderError
from audio_core.errors.secrets import scrub
from audio_core.http.body import Body
from audio_core.http.connection import Connection, StreamClock, watch
from audio_core.http.error_responses import attribute_errors
from audio_core.http.exchange_errors import (
    build_invalid_host,
    build_invalid_redirect,
    build_invalid_request,
    build_timeout,
    build_unreachable,
)
from audio_core.http.flow import Request, Response
from audio_core.http.interruption import abandon_if_interrupted
from audio_core.http.threads import run_in_thread, wait_for
from audio_core.http.tracebacks import HiddenFrames

__all__ = ["ResponseStream", "aexchange", "exchange"]

_PIECE, _ASYNC_PIECE = 384 * 1024, 768 * 1024  # bytes; measured: fewer cost CPU time, more memory; a loop, turns


def exchange(client: httpx.Client, request: Request) -> Response:
    """Send a request and return its response, blocking for at most `request.timeout` seconds.

    Raises:
        ProviderTimeout: if time is up.
        Unreachable: if there is no connection, or it breaks.
        IncompleteResponse: if the response is over the limit, or compressed.
    """
    connection = Connection(client)
    with HiddenFrames(), _translate_errors(request, connection), abandon_if_interrupted(connection):
        future = run_in_thread(partial(_exchange, client, request, connection))
        try:
            return wait_for(future, request.timeout).result(0)
        except BaseException:  # time is up, or the user interrupts
            if not future.done():
                connection.abandon()
            future.add_done_callback(_close_stream)
            raise


def _exchange(client: httpx.Client, request: Request, connection: Connection) -> Response:
    built = _build_request(client, request, connection)
    reply = client.send(built, stream=True, follow_redirects=False, auth=_choose_auth(request))
    connection.record_response(reply.extensions)
    if _is_stream(request, reply):
        return _build_response(reply, stream=ResponseStream(reply, request, connection))
    with contextlib.closing(reply), _describe_errors(request, connection, reply):
        collector = _Collector(request, reply)
        for data in reply.iter_raw():
            if connection.is_abandoned:  # the same sink may take in another response by now
                raise TimeoutError
            collector.add(data)
        return _build_response(reply, body=collector.get_body())


def _close_stream(future: Future[Response]) -> None:
    """Close a streamed response that came when nobody waited for it any longer."""
    if future.exception() is None and (stream := future.result().stream) is not None:
        stream.close()


async def aexchange(client: httpx.AsyncClient, request: Request) -> Response:
    """Do what `exchange` does on the running event loop."""
    connection = Connection(client)
    with HiddenFrames(), _translate_errors(request, connection):
        async with asyncio.timeout(request.timeout):
            built = _build_request(client, request, connection)
            reply = await client.send(built, stream=True, follow_redirects=False, auth=_choose_auth(request))
            connection.record_response(reply.extensions)
            if _is_stream(request, reply):
                return _build_response(reply, stream=ResponseStream(reply, request, connection))
            async with contextlib.aclosing(reply):
                with _describe_errors(request, connection, reply):
                    collector = _Collector(request, reply)
                    async for data in reply.aiter_raw():
                        collector.add(data)
                    return _build_response(reply, body=collector.get_body())


# --- what is sent ---


def _build_request(client: httpx.Client | httpx.AsyncClient, request: Request, connection: Connection) -> httpx.Request:
    is_sync = isinstance(client, httpx.Client)
    # Identity only: an endless gzip body is a bomb, and a truncated one would pass for a whole one.
    headers = {"Accept-Encoding": "identity", **request.headers}
    if request.body is not None:
        headers |= {"Content-Type": request.body.content_type, "Content-Length": str(request.body.length)}
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), request.timeout)
    extensions: dict[str, Any] = {"timeout": timeout, "trace": connection.trace if is_sync else connection.atrace}
    if request.sni is not None:
        extensions["sni_hostname"] = request.sni
    body: Any = request.body and (_Pieces if is_sync else _AsyncPieces)(request.body, connection)
    build = httpx.Request if request.is_anonymous else client.build_request
    return build(request.method, request.url, headers=headers, content=body, extensions=extensions)


def _choose_auth(request: Request) -> Any:
    return None if request.is_anonymous else httpx.USE_CLIENT_DEFAULT


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A body for a sync client. It can be iterated again."""

    body: Body
    connection: Connection

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.body.iterate_pieces(_PIECE):
            if self.connection.is_abandoned:
                return  # the body is too short then, and httpcore closes the connection
            yield piece
        self.connection.record_sent()


@dataclass(frozen=True, slots=True)
class _AsyncPieces:
    """A body for an async client. It can be iterated again."""

    body: Body
    connection: Connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.body.iterate_pieces(_ASYNC_PIECE):
            yield piece
        self.connection.record_sent()


# --- what is received ---


class _Collector:
    """Takes a body in, up to the request's limit, into memory or into the request's sink."""

    def __init__(self, request: Request, reply: httpx.Response) -> None:
        self._request, self._pieces, self._size = request, list[bytes](), 0
        self._sink = request.sink() if request.sink and reply.is_success else self._pieces.append
        if _is_compressed(reply):
            self._sink = _ignore  # of an error, the status is enough
            if reply.is_success:
                encoding = scrub(reply.headers["content-encoding"], 20)
                raise IncompleteResponse(
                    f"{request.provider} answered in {encoding}, which was not asked for. "
                    "Check whether it, or a proxy on the way, ignores Accept-Encoding: identity."
                )

    def add(self, data: bytes) -> None:
        self._size += len(data)
        if self._request.sink is None and self._size > self._request.max_reply_bytes:
            limit = self._request.max_reply_bytes
            raise IncompleteResponse(
                f"{self._request.provider} answered with more than {limit:,} bytes; it is not read. "
                "Ask for a shorter answer."
            )
        self._sink(data)

    def get_body(self) -> bytes:
        return b"".join(self._pieces)


def _ignore(_data: bytes) -> None:
    """Take a piece of a body that cannot be read."""


def _is_compressed(reply: httpx.Response) -> bool:
    return reply.headers.get("content-encoding", "").lower() not in ("identity", "")


def _is_stream(request: Request, reply: httpx.Response) -> bool:
    """Return whether a response is left open. A compressed one is not, as it cannot be read."""
    return request.streamed and reply.is_success and not _is_compressed(reply)


def _build_response(reply: httpx.Response, **content: Any) -> Response:
    return Response(reply.status_code, dict(reply.headers), **content)


# --- an open response that is read as it comes ---


class ResponseStream:
    """An open response. Its clock is to be paused while the consumer works on content.

    Args:
        reply: httpx's response, with its body unread.
        request: the request that it answers.
        connection: on which it arrives.

    Attributes:
        provider: name of the gateway.
        clock: the time that it still has.
    """

    def __init__(self, reply: httpx.Response, request: Request, connection: Connection) -> None:
        self._reply, self._request, self._connection = reply, request, connection
        self.provider, self.clock = request.provider, StreamClock(request.timeout)

    def read(self) -> Generator[bytes]:
        """Yield the pieces of the body, then close the connection."""
        self.clock.restart()
        with (
            HiddenFrames(),
            contextlib.closing(self._reply),
            _translate_errors(self._request, self._connection, self.clock),
            watch(self._connection, self.clock),
            abandon_if_interrupted(self._connection),
        ):
            yield from self._reply.iter_raw()
            if self._connection.is_abandoned:  # a body without a length ends as if it were whole
                raise TimeoutError

    async def aread(self) -> AsyncGenerator[bytes]:
        """Do what `read` does on the running event loop."""
        self.clock.restart()
        async with contextlib.aclosing(self._reply):
            pieces = self._reply.aiter_raw()
            while (data := await self._read_next(pieces)) is not None:
                yield data

    async def _read_next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        with HiddenFrames(), _translate_errors(self._request, self._connection, self.clock):
            async with asyncio.timeout(self.clock.deadline - time.monotonic()):
                return await anext(pieces, None)

    def close(self) -> None:
        """Close the connection of a response that nobody reads."""
        self._reply.close()


# --- errors ---


@contextlib.contextmanager
def _translate_errors(request: Request, connection: Connection, clock: StreamClock | None = None) -> Generator[None]:
    """Raise our errors in place of httpx's.

    Args:
        request: the request that is under way.
        connection: which it uses.
        clock: of the response, if that is read as it comes.
    """
    try:
        yield
    except (httpx.TimeoutException, TimeoutError):
        raise build_timeout(request, connection, clock) from None
    except (httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
        raise build_invalid_request(request, error) from None
    except UnicodeError:  # IDNA's, also where httpx builds the request that would follow a redirect
        raise build_invalid_host(request, connection) from None
    except httpx.TransportError as error:
        if "URL in location header" in str(error):
            raise build_invalid_redirect(request) from None
        if connection.is_abandoned:
            raise build_timeout(request, connection, clock) from None
        is_connected = not isinstance(error, httpx.ConnectError)
        raise build_unreachable(request, connection, error, is_connected=is_connected) from None
    except ProviderError as error:
        error.provider = error.provider or request.provider
        raise


@contextlib.contextmanager
def _describe_errors(request: Request, connection: Connection, reply: httpx.Response) -> Generator[None]:
    is_billed = request.method == "POST"
    facts = attribute_errors(reply.status_code, reply.headers, is_billed=is_billed)
    with facts, _translate_errors(request, connection):
        yield
