"""The connection of one exchange: how far the request has come, and a way to end it from outside.

Closing a response wakes nobody who waits for its bytes, and before headers have come there is none to close. So the
socket is shut down. httpcore's `trace` extension tells of each connection that is opened. One that is used again is
looked up in the pool of the client; where httpx's internals are not as expected, the exchange goes on until its server
or httpx's own timeout ends it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Generator, Mapping
from typing import Any

from audio_core.http.early_responses import find_pools
from audio_core.http.threads import run_in_thread

__all__ = ["Connection", "StreamClock", "watch"]

_LONGEST_STREAM, _MOST_TIMEOUTS = 3600.0, 10  # seconds, or times the timeout if that is more
_OPENED = (".connect_tcp.complete", ".connect_unix_socket.complete", ".start_tls.complete")
_ANSWERED = ".receive_response_headers.complete"
_STALE_SECONDS = 1.0  # a server that had closed an idle connection says so within a round trip


class Connection:
    """The connection that an exchange uses, which the pool may have kept open from an earlier one.

    Args:
        client: httpx's client, sync or async.

    Attributes:
        is_abandoned: whether nobody waits for the response any longer.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._network: Any = None
        self._sent_at: float | None = None
        self._is_new = self._is_shared = self._has_response = False
        self.is_abandoned = False

    @property
    def has_sent_all(self) -> bool:
        """Whether the whole request was sent, so that the server may act on it."""
        return self._sent_at is not None

    @property
    def has_response(self) -> bool:
        """Whether the headers of a response have come."""
        return self._has_response

    @property
    def is_stale(self) -> bool:
        """Whether the server seems to have closed the idle connection. Clients notice once they use it again."""
        is_recent = self._sent_at is not None and time.monotonic() - self._sent_at < _STALE_SECONDS
        return is_recent and not self._is_new and not self._has_response

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore does for the request."""
        if event.endswith(_OPENED):
            self._network, self._is_new = info.get("return_value"), True
        self._has_response = self._has_response or event.endswith(_ANSWERED)
        self._is_shared = self._is_shared or event.startswith("http2.")
        if self.is_abandoned:
            self.abandon()

    async def atrace(self, event: str, info: Mapping[str, Any]) -> None:
        """Do what `trace` does, as async clients demand it."""
        self.trace(event, info)

    def record_sent(self) -> None:
        """Take note that the whole request was sent."""
        self._sent_at = time.monotonic()

    def record_response(self, extensions: Mapping[str, Any]) -> None:
        """Take note that the headers of the response have come."""
        self._network, self._has_response = extensions.get("network_stream"), True

    def abandon(self) -> None:
        """End the exchange. Whoever sends or receives on another thread is woken, now or once a connection is known."""
        self.is_abandoned = True
        network = self._network or _find_network(self._client, self.trace)
        connected = None if network is None or self._is_shared else network.get_extra_info("socket")
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


def _find_network(client: Any, trace: Any) -> Any:
    """Return the network stream of the request that has this `trace` extension, or None if it is not found."""
    with contextlib.suppress(AttributeError, TypeError):
        for pool in find_pools(client):
            for pool_request in tuple(pool._requests):
                if pool_request.request.extensions.get("trace") == trace:
                    connection = pool_request.connection
                    while not hasattr(connection, "_network_stream"):  # those through proxies hold another one
                        connection = connection._connection
                    return connection._network_stream
    return None


class StreamClock:
    """The time that a stream still has: `seconds` at a time without content, and a limit in all.

    Args:
        seconds: the longest time without content.

    Attributes:
        deadline: when the time is up, as `time.monotonic` counts. Infinity while the clock is paused.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self._left = seconds, max(_LONGEST_STREAM, _MOST_TIMEOUTS * seconds)
        self.restart()

    @property
    def is_exhausted(self) -> bool:
        """Whether the limit in all is reached, though there may be content."""
        return self._left <= time.monotonic() - self._started

    def restart(self) -> None:
        """Measure the time without content from now on."""
        self._started = time.monotonic()
        self.deadline = self._started + min(self.seconds, self._left)

    @contextlib.contextmanager
    def pause(self) -> Generator[None]:
        """Stop the clock while the consumer works on content, and measure anew afterwards."""
        self._left -= time.monotonic() - self._started
        self.deadline = float("inf")
        yield
        self.restart()


@contextlib.contextmanager
def watch(connection: Connection, clock: StreamClock) -> Generator[None]:
    """Abandon a connection if the time of its stream is up. Comments and single bytes do not count as content."""
    done = threading.Event()

    def abandon_in_time() -> None:
        while (left := clock.deadline - time.monotonic()) > 0:
            if done.wait(min(left, clock.seconds)):
                return
        connection.abandon()

    run_in_thread(abandon_in_time)
    try:
        yield
    finally:
        done.set()
