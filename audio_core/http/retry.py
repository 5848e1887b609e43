"""When to ask again, and how long to wait: decided here, once, for every operation.

At most `max_retries + 1` requests in all. Waits are full jitter over an exponential base (AWS's standard mode), or what
the gateway asks for, up to a minute; beyond that the error is raised at once. A process-wide budget per server stops a
crowd of callers from hammering a gateway that is down.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from audio_core.errors import ProviderError, RateLimited
from audio_core.http.error_responses import build_error, parse_retry_after
from audio_core.http.flow import Flow, Request, Response, pause, send

__all__ = ["LONGEST_WAIT", "RetryBudget", "compute_backoff", "send_with_retry"]

LONGEST_WAIT = 60.0
"""Seconds; a gateway that asks for more gets its error raised at once, with `retry_after`."""

_FIRST_WAIT, _LONGEST_BACKOFF = 0.5, 8.0


class RetryBudget:
    """Tokens that retries cost and successes earn back; the figures are those of AWS's SDKs."""

    capacity, retry_cost, success_gain = 500, 14, 1

    def __init__(self) -> None:
        self._tokens = self.capacity
        self._lock = threading.Lock()

    def spend(self) -> bool:
        """Pay for a retry; False if there is nothing left."""
        with self._lock:
            if self._tokens < self.retry_cost:
                return False
            self._tokens -= self.retry_cost
            return True

    def record_success(self) -> None:
        """A request succeeded."""
        with self._lock:
            self._tokens = min(self.capacity, self._tokens + self.success_gain)


_budgets: defaultdict[str, RetryBudget] = defaultdict(RetryBudget)


def send_with_retry(request: Request, *, max_retries: int, doing: str, accept_below: int = 300) -> Flow[Response]:
    """Make a request, and make it again where that may help.

    Args:
        request: its body can be sent again.
        max_retries: how many more requests may follow the first.
        doing: what is asked, for messages, such as `"chat"`.
        accept_below: the lowest status that is a failure.

    Returns:
        A response with a status below `accept_below`.

    Raises:
        ProviderError: the last failure, with `attempts`.
    """
    request = replace(request, headers={**request.headers, "Idempotency-Key": uuid.uuid4().hex})
    budget = _budgets[urlsplit(request.url).netloc]
    for attempt in range(1, max_retries + 2):
        headers: Mapping[str, str] = {}
        try:
            response = yield from send(request)
            if response.status < accept_below:
                budget.record_success()
                return response
            headers = response.headers
            error = build_error(response.status, headers, response.body, provider=request.provider, doing=doing)
        except ProviderError as failure:
            error = failure
        error.attempts = attempt
        if attempt > max_retries or not _is_worth_retrying(error, headers) or not budget.spend():
            raise error
        yield from pause(_compute_wait(error, headers, attempt))
    raise AssertionError("unreachable: the last attempt returns or raises")


def compute_backoff(attempt: int) -> float:
    """Seconds to wait after this many attempts, when nobody says how long: anything up to the exponential bound."""
    return random.uniform(0, min(_LONGEST_BACKOFF, _FIRST_WAIT * 2 ** (attempt - 1)))  # noqa: S311 - not a secret


def _is_worth_retrying(error: ProviderError, headers: Mapping[str, str]) -> bool:
    if isinstance(error, RateLimited) and (error.retry_after or 0) > LONGEST_WAIT:
        return False
    told = headers.get("x-should-retry", "").lower()
    return told == "true" if told in ("true", "false") else error.retryable


def _compute_wait(error: ProviderError, headers: Mapping[str, str], attempt: int) -> float:
    asked = error.retry_after if isinstance(error, RateLimited) else parse_retry_after(headers)
    return compute_backoff(attempt) if asked is None else min(asked, LONGEST_WAIT)
