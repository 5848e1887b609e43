"""The HTTP clients of one object: one for each process and one for each event loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import ssl
import threading
import weakref
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import httpx

from audio_core.errors import InvalidOption
from audio_core.http.early_responses import close_without_loop, read_early_responses

__all__ = ["Clients"]

_CLOSE_DELAY = 1.0  # seconds
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # httpx reads them
_closing: set[asyncio.Task[None]] = set()
_Environment = tuple[str | None, ...]


@dataclass(slots=True)
class _LoopState:
    """What one event loop uses.

    Attributes:
        slots: limits how many flows run side by side.
        clients: each made when it is first needed, by the environment that chooses its certificates.
        keeper: the suspended generator that closes the client when the loop ends.
    """

    slots: asyncio.Semaphore
    clients: dict[_Environment, httpx.AsyncClient] = field(default_factory=dict[_Environment, httpx.AsyncClient])
    keeper: AsyncGenerator[None] | None = field(default=None, repr=False)


_States = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopState]


class Clients:
    """The HTTP clients of one object. They are made when they are first needed.

    Others are made if the environment names other certificates by then.

    Args:
        http_client: the user's own client for sync calls. It is used as it is and never closed here.
        http_async_client: the user's own client for async calls, likewise.
        max_concurrency: how many flows may run side by side, for each process and each event loop.
    """

    def __init__(
        self,
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
        max_concurrency: int = 8,
    ) -> None:
        self._given, self._given_async = http_client, http_async_client
        self._max_concurrency = max_concurrency
        self._lock = threading.Lock()
        self._own: dict[tuple[int, _Environment], httpx.Client] = {}
        self._slots: tuple[int, threading.Semaphore] | None = None
        self._states: _States = weakref.WeakKeyDictionary()
        weakref.finalize(self, _close_all, self._states).atexit = False

    def get_client(self) -> httpx.Client:
        """Return the client for sync calls. A forked child gets its own, so that replies are never mixed up."""
        if self._given is not None:
            return self._given
        key = (os.getpid(), environment := _read_environment())
        with self._lock:
            if key not in self._own:
                self._own[key] = httpx.Client(verify=_create_ssl_context(environment), limits=_LIMITS)
                weakref.finalize(self, self._own[key].close)
            return self._own[key]

    async def get_async_client(self) -> httpx.AsyncClient:
        """Return the client for calls on the running loop. It is closed when the loop ends."""
        if self._given_async is not None:
            return self._given_async
        state, environment = await self._get_state(), _read_environment()
        if environment not in state.clients:
            client = httpx.AsyncClient(verify=_create_ssl_context(environment), limits=_LIMITS)
            state.clients[environment] = read_early_responses(client)
        return state.clients[environment]

    def get_slots(self) -> threading.Semaphore:
        """Return the slots for sync flows. A forked child has its own, as nobody there would free those in use."""
        with self._lock:
            if self._slots is None or self._slots[0] != os.getpid():
                self._slots = (os.getpid(), threading.Semaphore(self._max_concurrency))
            return self._slots[1]

    async def get_async_slots(self) -> asyncio.Semaphore:
        """Return the slots for flows on the running loop."""
        return (await self._get_state()).slots

    def close(self) -> None:
        """Close the connections of sync calls, and those of event loops that are closed."""
        _forget_closed_loops(self._states)
        with self._lock:
            own, self._own = self._own, {}
        for (process, _), client in own.items():
            if process == os.getpid():
                client.close()

    async def aclose(self) -> None:
        """Close the connections of calls on the running loop."""
        state = self._states.get(asyncio.get_running_loop())
        if state is not None and state.keeper is not None:
            await state.keeper.aclose()

    async def _get_state(self) -> _LoopState:
        loop = asyncio.get_running_loop()
        if loop not in self._states:
            _forget_closed_loops(self._states)
            state = self._states[loop] = _LoopState(asyncio.Semaphore(self._max_concurrency))
            state.keeper = _keep_until_loop_ends(self._states, loop)
            await anext(state.keeper)
        return self._states[loop]

    def __reduce__(self) -> tuple[type[Clients], tuple[None, None, int]]:
        return (Clients, (None, None, self._max_concurrency))  # sockets cannot be pickled; the copy opens its own


async def _keep_until_loop_ends(states: _States, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
    """Close a loop's client and forget its state when the loop shuts its asynchronous generators down.

    A client refers to its loop, so a state that stayed in the dictionary would keep the loop alive: 7 KiB for each
    `asyncio.run`.
    """
    try:
        yield
    finally:
        if (state := states.pop(loop, None)) is not None:
            for client in state.clients.values():
                await client.aclose()


def _forget_closed_loops(states: _States) -> None:
    """Close the clients of loops that were closed without shutting their asynchronous generators down."""
    for loop in [loop for loop in tuple(states) if loop.is_closed()]:
        if (state := states.pop(loop, None)) is not None:
            for client in state.clients.values():
                close_without_loop(client)


def _close_all(states: _States) -> None:
    """Close the clients of an object that was dropped, on the loops that still run.

    This happens a moment later: a loop that is about to end closes its generators itself, and no generator may be
    closed twice.
    """
    _forget_closed_loops(states)
    for loop, state in list(states.items()):
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(loop.call_later, _CLOSE_DELAY, _start_closing, loop, state)


def _start_closing(loop: asyncio.AbstractEventLoop, state: _LoopState) -> None:
    keeper: Any = state.keeper
    task = loop.create_task(keeper.aclose())
    _closing.add(task)
    task.add_done_callback(_closing.discard)


def _read_environment() -> _Environment:
    return tuple(map(os.environ.get, _CERTIFICATE_VARIABLES))


@functools.lru_cache(16)
def _create_ssl_context(environment: _Environment) -> ssl.SSLContext:
    """Create what takes 17 ms, so it is shared.

    Raises:
        InvalidOption: if the environment names certificates that cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        names = " and ".join(name for name, value in zip(_CERTIFICATE_VARIABLES, environment, strict=True) if value)
        raise InvalidOption(
            f"The certificates of {names} cannot be read: {error.strerror or error}. Check what is set there."
        ) from None
