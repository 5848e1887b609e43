"""The HTTP clients of one object, one per process and one per event loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import ssl
import threading
import weakref
from collections.abc import AsyncGenerator
from typing import Any

import httpx

from audio_core.http.early import read_early_responses

__all__ = ["Clients"]

_MOMENT = 1.0
_closing: set[asyncio.Task[None]] = set()
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class Clients:
    """The HTTP clients of one object: made when first needed, one per process and one per event loop.

    Args:
        http_client: a client of the user's for sync calls, used as it is and never closed here.
        http_async_client: likewise for async calls.
        at_once: how many flows may be in turn side by side, per process and per event loop.
    """

    def __init__(
        self,
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
        max_concurrency: int = 8,
    ) -> None:
        self._given, self._given_async = http_client, http_async_client
        self._at_once = max_concurrency
        self._places: tuple[int, threading.Semaphore] | None = None
        self._places_per_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )
        self._lock = threading.Lock()
        self._own: tuple[int, httpx.Client] | None = None
        self._per_loop: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[httpx.AsyncClient]]
        ] = weakref.WeakKeyDictionary()
        weakref.finalize(self, _leave, self._per_loop).atexit = False

    def get_client(self) -> httpx.Client:
        """The client for sync calls; a forked child gets one of its own, so that answers are never mixed up."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None or self._own[0] != os.getpid():
                self._own = (os.getpid(), httpx.Client(verify=_create_ssl_context(), limits=_LIMITS))
                weakref.finalize(self, self._own[1].close)
            return self._own[1]

    async def get_async_client(self) -> httpx.AsyncClient:
        """The client for calls on the running loop; it is closed when the loop shuts its generators down."""
        if self._given_async is not None:
            return self._given_async
        loop = asyncio.get_running_loop()
        if loop not in self._per_loop:
            keeper = _kept_async_client()
            self._per_loop[loop] = (await anext(keeper), keeper)
        return self._per_loop[loop][0]

    def get_slots(self) -> threading.Semaphore:
        """The places for sync flows; a forked child has its own, as nobody there would leave those that are taken."""
        with self._lock:
            if self._places is None or self._places[0] != os.getpid():
                self._places = (os.getpid(), threading.Semaphore(self._at_once))
            return self._places[1]

    def get_async_slots(self) -> asyncio.Semaphore:
        """The places for flows on the running loop."""
        return self._places_per_loop.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._at_once))

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

    def __reduce__(self) -> tuple[type[Clients], tuple[None, None, int]]:
        return (Clients, (None, None, self._at_once))  # sockets do not travel; the copy makes its own


def _leave(per_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Any, AsyncGenerator[Any]]]) -> None:
    """Close the clients of an object that was dropped, on the loops that are still running.

    A moment later: if the loop is about to end, it closes its generators itself, and two must not close the same one.
    """
    for loop, (_, keeper) in list(per_loop.items()):
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(loop.call_later, _MOMENT, _close, loop, keeper)


def _close(loop: asyncio.AbstractEventLoop, keeper: AsyncGenerator[Any]) -> None:
    task = loop.create_task(keeper.aclose())  # pyright: ignore[reportArgumentType, reportUnknownVariableType]
    _closing.add(task)
    task.add_done_callback(_closing.discard)


@functools.cache
def _create_ssl_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # takes 17 ms, so it is shared


async def _kept_async_client() -> AsyncGenerator[httpx.AsyncClient]:
    # asyncio.run closes the loop's suspended async generators, and so this client, before it closes the loop.
    async with read_early_responses(httpx.AsyncClient(verify=_create_ssl_context(), limits=_LIMITS)) as client:
        yield client
