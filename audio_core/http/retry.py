"""Decide when to send a request again, and how long to wait first. All operations share these rules.

At most `max_retries + 1` requests are sent. A request is sent again if the gateway answered that it failed, or if it
cannot have acted on it: there was no connection, the connection broke before all was sent, or it had been idle and was
closed already. What was sent as a whole and then got no answer may have been billed, so its error is raised at once.
`x-should-retry` from the gateway wins.

We wait as long as the gateway asks, up to a minute; if it asks for longer, the error is raised immediately. If it does
not say, the wait is exponential backoff with full jitter, as in the standard mode of AWS's SDKs. A budget for each
server, shared by the whole process, keeps many callers from overloading a gateway that is down.
"""

from __future__ import annotations

import functools
import logging
import random
import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from audio_core.errors import ProviderError, RateLimited
from audio_core.http.error_responses import build_error, get_request_id, parse_retry_after
from audio_core.http.flow import Flow, Request, Response, pause, send
from audio_core.http.rate_limit import Turn

__all__ = ["LONGEST_WAIT", "RetryBudget", "compute_backoff", "send_with_retry"]

LONGEST_WAIT = 60.0
"""Seconds. If a gateway asks for a longer wait, whatever the status, the error is raised at once."""

_FIRST_WAIT, _LONGEST_BACKOFF = 0.5, 8.0  # seconds
_log = logging.getLogger(__name__)


class RetryBudget:
    """Tokens that retries cost and successes earn back.

    The figures are those of AWS's SDKs (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
    """

    capacity, retry_cost, success_gain = 500, 14, 1

    def __init__(self) -> None:
        self._tokens = self.capacity
        self._lock = threading.Lock()

    def spend(self) -> bool:
        """Pay for a retry, and return whether there were enough tokens."""
        with self._lock:
            if self._tokens < self.retry_cost:
                return False
            self._tokens -= self.retry_cost
            return True

    def record_success(self) -> None:
        """Earn tokens back, as a request has succeeded."""
        with self._lock:
            self._tokens = min(self.capacity, self._tokens + self.success_gain)


@functools.lru_cache(1000)
def _get_budget(host: str) -> RetryBudget:  # noqa: ARG001 - each host has its own
    return RetryBudget()


def send_with_retry(
    request: Request,
    *,
    max_retries: int,
    doing: str,
    accept_below: int = 300,
    attempts: int = 0,
    turn: Turn | None = None,
) -> Flow[Response]:
    """Send a request, and send it again after failures that may be temporary.

    Every attempt to post carries the same `Idempotency-Key`.

    Args:
        request: the request.
        max_retries: how many times it may be sent again.
        doing: what the request is for, as error messages call it, such as `"chat"`.
        accept_below: the lowest status that is a failure.
        attempts: how many requests the call has sent before. They count, but this request is sent once at least.
        turn: what each attempt waits for, if a rate limit is shared with others.

    Returns:
        A response with a status below `accept_below`.

    Raises:
        ProviderError: the last failure, with the number of `attempts`.
    """
    if request.method == "POST":
        request = replace(request, headers={**request.headers, "Idempotency-Key": uuid.uuid4().hex})
    budget = _get_budget(urlsplit(request.url).netloc)
    for attempt in range(attempts + 1, max(attempts, max_retries) + 2):
        headers: Mapping[str, str] = {}
        try:
            _log_request(request, attempt)
            response = yield from (turn.send(request) if turn else send(request))
            _log_response(request, response)
            if response.status < accept_below:
                budget.record_success()
                return replace(response, attempts=attempt)
            headers = response.headers
            error = _build_error(response, request, doing)
        except ProviderError as failure:
            error = failure
        error.attempts = attempt
        if attempt > max_retries or not _is_worth_retrying(error, headers) or not budget.spend():
            raise error
        wait = _compute_wait(error, headers, attempt)
        _log_retry(request, doing, error, wait)
        yield from pause(wait)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _log_request(request: Request, attempt: int) -> None:
    """Log a request without its headers and query. The path of a foreign host may hold a secret, so it is left out."""
    url = urlsplit(request.url)
    path = "" if request.is_anonymous else url.path
    size = request.body.length if request.body else 0
    host = url.netloc.rpartition("@")[2]
    _log.debug(
        "%s: %s %s://%s%s, %d bytes, attempt %d",
        request.provider,
        request.method,
        url.scheme,
        host,
        path,
        size,
        attempt,
    )


def _log_response(request: Request, response: Response) -> None:
    request_id = get_request_id(response.headers) or "unknown"
    _log.debug("%s: status %d, request id %s", request.provider, response.status, request_id)


def _log_retry(request: Request, doing: str, error: ProviderError, wait: float) -> None:
    reason = f"{type(error).__name__}, status {error.status}"
    message = "%s: %s failed (%s) in attempt %d. The next one follows in %.1f s."
    _log.info(message, request.provider, doing, reason, error.attempts, wait)


def compute_backoff(attempt: int) -> float:
    """Return how many seconds to wait after this many attempts: a random time up to an exponential bound."""
    return random.uniform(0, min(_LONGEST_BACKOFF, _FIRST_WAIT * 2 ** (attempt - 1)))  # noqa: S311 - not a secret


def _build_error(response: Response, request: Request, doing: str) -> ProviderError:
    sent_bytes = request.body.length if request.body else 0
    return build_error(
        response.status, response.headers, response.body, provider=request.provider, doing=doing, sent_bytes=sent_bytes
    )


def _is_worth_retrying(error: ProviderError, headers: Mapping[str, str]) -> bool:
    if (_get_requested_wait(error, headers) or 0) > LONGEST_WAIT:
        return False
    should_retry = headers.get("x-should-retry", "").lower()
    is_safe = error.retryable and not error.may_have_been_billed
    return should_retry == "true" if should_retry in ("true", "false") else is_safe


def _compute_wait(error: ProviderError, headers: Mapping[str, str], attempt: int) -> float:
    requested = _get_requested_wait(error, headers)
    return compute_backoff(attempt) if requested is None else requested


def _get_requested_wait(error: ProviderError, headers: Mapping[str, str]) -> float | None:
    return error.retry_after if isinstance(error, RateLimited) else parse_retry_after(headers)
