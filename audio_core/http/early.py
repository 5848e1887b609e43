"""An answer that comes before all of the request is sent, such as a 413, also where the gateway then resets the connection.

asyncio gives up a connection as soon as writing to it fails, with all that it has not read yet, and while a body goes out, nobody
reads: of fifteen such answers, none arrived. So here somebody reads from the first write on. A reset can still overtake the
answer within one turn of the event loop (one in forty, on a busy machine); the retry then hears it. Blocking sockets need none
of this: what has come can still be read.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import httpcore
import httpx

__all__ = ["read_early_responses"]

_READ_BYTES = 64 * 1024  # as httpcore does


def read_early_responses(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Let a client's connections, also those through proxies, hear what comes while they send.

    httpx has no door for this; where its inside is not as we know it, the client stays as it is.
    """
    for transport in (client._transport, *client._mounts.values()):  # pyright: ignore[reportPrivateUsage]
        pool: Any = getattr(transport, "_pool", None)
        if backend := getattr(pool, "_network_backend", None):
            pool._network_backend = _Backend(backend)
    return client


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(self, *arguments: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._backend.connect_tcp(*arguments, **named))

    async def connect_unix_socket(self, *arguments: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._backend.connect_unix_socket(*arguments, **named))

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that reads while it writes much."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._coming: asyncio.Task[bytes] | None = None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's parameter
        if self._coming is None:
            self._coming = asyncio.create_task(self._stream.read(_READ_BYTES))
        await asyncio.sleep(0)  # what has come by now is read before writing fails
        await self._stream.write(buffer, timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's parameter
        if self._coming is None:
            return await self._stream.read(max_bytes, timeout)
        coming, self._coming = self._coming, None
        try:
            return await asyncio.wait_for(coming, timeout)
        except TimeoutError:
            raise httpcore.ReadTimeout from None

    async def aclose(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
