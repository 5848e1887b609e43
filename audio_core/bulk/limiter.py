"""The rate limit of a whole cluster: requests and seconds of audio a minute, and pauses that the gateway asks for."""

from __future__ import annotations

import time
from collections.abc import Callable

from audio_core.http.rate_limit import Reservation
from audio_core.http.retry import LONGEST_WAIT

__all__ = ["RateLimiter"]

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds, where the gateway does not say how long to wait
_MINUTE = 60.0  # seconds


class RateLimiter:
    """Spaces requests evenly, so that no minute has more than it may have.

    Args:
        requests_per_minute: how many requests may be sent; None for any number.
        audio_seconds_per_minute: how many seconds of audio may be sent; None for any number.
        clock: returns the time in seconds.

    Example:
        >>> limiter = RateLimiter(requests_per_minute=60, clock=lambda: 0.0)
        >>> [limiter.reserve(30.0).wait for _ in range(3)]
        [0.0, 1.0, 2.0]
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        audio_seconds_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds_per_request = _MINUTE / requests_per_minute if requests_per_minute else 0.0
        self._seconds_per_audio_second = _MINUTE / audio_seconds_per_minute if audio_seconds_per_minute else 0.0
        self._clock = clock
        self._next_request = self._next_audio = self._paused_until = clock()
        self._last_pause, self._period = 0.0, 0

    def reserve(self, audio_seconds: float) -> Reservation:
        """Count a request with so many seconds of audio, and return when it may be sent."""
        now = self._clock()
        start = max(now, self._next_request, self._next_audio)
        self._next_request = start + self._seconds_per_request
        self._next_audio = start + audio_seconds * self._seconds_per_audio_second
        return Reservation(start - now, self._period)

    def is_limited(self) -> bool:
        """Return whether requests or seconds of audio are limited at all."""
        return bool(self._seconds_per_request or self._seconds_per_audio_second)

    def get_period(self) -> int:
        """Return the number of the period since the last pause."""
        return self._period

    def slow_down(self, retry_after: float | None) -> None:
        """Make everybody pause and reserve again, as the gateway has answered that there were too many requests.

        Without a wish of the gateway's each pause is twice as long as the last one, if that was not long ago.

        Args:
            retry_after: seconds, as the gateway asked, of which a minute counts at most; None if it did not say.
        """
        now = self._clock()
        if retry_after is None:
            if now < self._paused_until:  # those that were under way fail for the same reason
                return
            is_new = now - self._paused_until > 2 * self._last_pause
            self._last_pause = _FIRST_PAUSE if is_new else min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * self._last_pause))
            retry_after = self._last_pause
        end = now + min(retry_after, LONGEST_WAIT)
        if end > self._paused_until:
            self._paused_until = self._next_request = self._next_audio = end
            self._period += 1
