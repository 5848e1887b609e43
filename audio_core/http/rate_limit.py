"""Wait for one's turn before a request is sent, where several clients share a gateway's rate limit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from audio_core.http.error_responses import parse_retry_after
from audio_core.http.flow import Flow, Request, Response, pause, run_blocking, send

__all__ = ["RateLimit", "Reservation", "Turn"]

_TOO_MANY_REQUESTS = 429


class Reservation(NamedTuple):
    """When a request may be sent.

    Attributes:
        wait: seconds from now.
        period: number of the period between two pauses that it was made in. A pause cancels it.
    """

    wait: float
    period: int


class RateLimit(Protocol):
    """What several clients share, perhaps over a network. Each method may block for a moment."""

    def reserve(self, audio_seconds: float) -> Reservation:
        """Count a request with so many seconds of audio, and return when it may be sent."""
        ...

    def get_period(self) -> int:
        """Return the number of the period since the last pause."""
        ...

    def slow_down(self, retry_after: float | None) -> None:
        """Make everybody pause and reserve again, as the gateway has answered that there were too many requests.

        Args:
            retry_after: seconds, as the gateway asked; None if it did not say.
        """
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """A request's place in the queue of a rate limit.

    Attributes:
        limit: what is shared.
        audio_seconds: seconds of audio in the request.
    """

    limit: RateLimit
    audio_seconds: float = 0.0

    def send(self, request: Request) -> Flow[Response]:
        """Send a request when its turn has come, and tell the others if the gateway says that there are too many.

        Raises:
            ProviderError: if there is no response, or it is incomplete.
        """
        yield from self._wait()
        response = yield from send(request)
        if response.status == _TOO_MANY_REQUESTS:
            yield from run_blocking(partial(self.limit.slow_down, parse_retry_after(response.headers)))
        return response

    def _wait(self) -> Flow[None]:
        while True:
            reservation = yield from run_blocking(partial(self.limit.reserve, self.audio_seconds))
            if reservation.wait <= 0:
                return
            yield from pause(reservation.wait)
            if reservation.period == (yield from run_blocking(self.limit.get_period)):
                return
