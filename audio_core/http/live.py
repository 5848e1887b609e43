"""A reply whose body is read as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator

import httpx

from audio_core.http.failures import shut_down, translate_errors
from audio_core.http.flow import Request
from audio_core.http.threads import run_in_thread

__all__ = ["ResponseStream"]


class ResponseStream:
    """An open reply, and how long it may be silent: `request.timeout` seconds without content.

    Args:
        reply: with its body unread.
        request: that it answers.
    """

    def __init__(self, reply: httpx.Response, request: Request) -> None:
        self._reply, self._request = reply, request
        self.restart_timeout()

    @contextlib.contextmanager
    def read(self) -> Generator[tuple[Iterator[bytes], _Watchdog]]:
        """Pieces of the body, and the watchdog to be told of content; the connection is closed afterwards."""
        watchdog = _Watchdog(self._reply, self._request.timeout)
        with contextlib.closing(self._reply), watchdog, translate_errors(self._request, lambda: watchdog.expired):
            yield self._reply.iter_raw(), watchdog

    async def aread(self) -> AsyncGenerator[bytes]:
        """Pieces of the body; `heard` is to be called after content."""
        self.restart_timeout()
        async with contextlib.aclosing(self._reply):
            pieces = self._reply.aiter_raw()
            while (data := await self._next(pieces)) is not None:
                yield data

    def restart_timeout(self) -> None:
        """Content has come: time starts anew."""
        self._last_content = time.monotonic()

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        with translate_errors(self._request):
            async with asyncio.timeout(self._last_content + self._request.timeout - time.monotonic()):
                return await anext(pieces, None)


class _Watchdog:
    """Cuts a connection that brings no content for too long, comments and dribbled bytes notwithstanding."""

    def __init__(self, live: httpx.Response, seconds: float) -> None:
        self._live, self._seconds = live, seconds
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
        """While the consumer works on an item, no time runs; afterwards it starts anew."""
        self._deadline = float("inf")
        yield
        self._deadline = time.monotonic() + self._seconds

    def _watch(self) -> None:
        while not self._done.wait(max(0.01, min(self._deadline - time.monotonic(), self._seconds))):
            if time.monotonic() >= self._deadline:
                self.expired = True
                shut_down(self._live)
                return
