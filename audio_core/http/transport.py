"""One exchange: a request out, its reply in.

`timeout` is measured on the clock. httpx starts its own anew with every byte, so a server that dribbles would hold a caller
for as long as it likes: async exchanges run under `asyncio.timeout`, sync ones on a thread that is cut off when time is up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from audio_core.errors import IncompleteResponse
from audio_core.http.body import Body
from audio_core.http.failures import shut_down, translate_errors
from audio_core.http.flow import Request, Response
from audio_core.http.live import ResponseStream
from audio_core.http.threads import run_in_thread

__all__ = ["aexchange", "exchange"]

_PIECE, _ASYNC_PIECE = 192 * 1024, 768 * 1024  # measured: each piece costs an event loop turns


def exchange(client: httpx.Client, request: Request) -> Response:
    """Make a request, blocking; its `timeout` is measured on the clock."""
    with translate_errors(request):
        return _Exchange(client, request).wait(request.timeout)


class _Exchange:
    """A blocking exchange on a thread of its own, so that it can be left when time is up or the user interrupts."""

    def __init__(self, client: httpx.Client, request: Request) -> None:
        self._client, self._request = client, request
        self._live: httpx.Response | None = None
        self._left = False

    def wait(self, seconds: float) -> Response:
        """The response, or TimeoutError after this many seconds."""
        future = run_in_thread(self._run)
        try:
            return future.result(seconds)
        finally:
            if not future.done():
                self._left = True
                shut_down(self._live)

    def _run(self) -> Response:
        built = _build_request(self._client, self._request, _Pieces)
        live = self._live = self._client.send(built, stream=True, follow_redirects=False)
        if self._left:
            live.close()
        if self._request.streamed and live.is_success:
            return _build_response(live, live=ResponseStream(live, self._request))
        with contextlib.closing(live):
            collect = _Collector(self._request, live)
            for data in live.iter_raw():
                collect(data)
            return _build_response(live, body=collect.get_body())


async def aexchange(client: httpx.AsyncClient, request: Request) -> Response:
    """Make a request on the running event loop; its `timeout` is measured on the clock."""
    with translate_errors(request):
        async with asyncio.timeout(request.timeout):
            live = await client.send(_build_request(client, request, _AsyncPieces), stream=True, follow_redirects=False)
            if request.streamed and live.is_success:
                return _build_response(live, live=ResponseStream(live, request))
            async with contextlib.aclosing(live):
                collect = _Collector(request, live)
                async for data in live.aiter_raw():
                    collect(data)
                return _build_response(live, body=collect.get_body())


def _build_request(
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
        return self.body.iterate_pieces(_PIECE)


@dataclass(frozen=True, slots=True)
class _AsyncPieces:
    """A body for an async client; it can be iterated again."""

    body: Body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.body.iterate_pieces(_ASYNC_PIECE):
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
