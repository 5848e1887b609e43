"""When to ask again: flows carried out by hand, without a network."""

from collections.abc import Iterable

import pytest

from audio_core import NotFound, ProviderError, ProviderUnavailable, RateLimited, Unreachable
from audio_core.http import retry
from audio_core.http.flow import Pause, Request, Response, Send
from audio_core.http.retry import RetryBudget, send_with_retry


def carried_out(
    answers: Iterable[Response | Exception], max_retries: int = 2
) -> tuple[object, list[float], list[Request]]:
    """What the flow returned or raised, the waits it took, and the requests it made."""
    flow, waits, sent, left = (
        send_with_retry(Request("POST", "http://x/v1"), max_retries=max_retries, doing="chat"),
        [],
        [],
        iter(answers),
    )
    step = next(flow)
    try:
        while True:
            if isinstance(step, Pause):
                waits.append(step.seconds)
                step = flow.send(None)
                continue
            assert isinstance(step, Send)
            sent.append(step.request)
            answer = next(left)
            step = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration as done:
        return done.value, waits, sent
    except ProviderError as error:
        return error, waits, sent


def reply(status: int, **headers: str) -> Response:
    return Response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, b'{"error": {"message": "x"}}'
    )


@pytest.fixture(autouse=True)
def fresh_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_budgets", retry.defaultdict(RetryBudget))


def test_a_good_answer_needs_one_request() -> None:
    value, waits, sent = carried_out([reply(200)])
    assert value.status == 200
    assert (waits, len(sent)) == ([], 1)


def test_two_failures_and_then_an_answer() -> None:
    value, waits, _ = carried_out([reply(500), Unreachable("gone"), reply(200)])
    assert value.status == 200
    assert len(waits) == 2


def test_never_more_than_allowed_and_the_error_counts_them() -> None:
    error, waits, sent = carried_out([reply(503)] * 9)
    assert isinstance(error, ProviderUnavailable)
    assert (error.attempts, len(waits), len(sent)) == (3, 2, 3)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 307])
def test_what_cannot_get_better_is_asked_once(status: int) -> None:
    error, _, sent = carried_out([reply(status)] * 3)
    assert (error.attempts, len(sent)) == (1, 1)


def test_the_gateway_says_how_long_to_wait() -> None:
    _, waits, _ = carried_out([reply(429, retry_after="2"), reply(503, retry_after_ms="1500"), reply(200)])
    assert waits == [2.0, 1.5]


def test_a_wait_that_is_too_long_is_an_error_at_once() -> None:
    error, waits, _ = carried_out([reply(429, retry_after="3600")] * 3)
    assert isinstance(error, RateLimited)
    assert (error.retry_after, waits) == (3600.0, [])


@pytest.mark.parametrize(("status", "told", "requests"), [(500, "false", 1), (400, "true", 2)])
def test_the_gateway_says_whether_to_ask_again(status: int, told: str, requests: int) -> None:
    _, _, sent = carried_out([reply(status, x_should_retry=told), reply(200)])
    assert len(sent) == requests


def test_a_certificate_that_does_not_verify_is_asked_once() -> None:
    _, _, sent = carried_out([Unreachable("certificate", retryable=False)] * 3)
    assert len(sent) == 1


def test_every_attempt_carries_the_same_idempotency_key() -> None:
    _, _, sent = carried_out([reply(500), reply(500), reply(200)])
    assert len({request.headers["Idempotency-Key"] for request in sent}) == 1


def test_a_server_that_is_down_is_not_hammered_by_many_callers() -> None:
    requests = sum(len(carried_out([reply(500)] * 9)[2]) for _ in range(100))
    assert requests == 100 + RetryBudget.capacity // RetryBudget.retry_cost


def test_backing_off_grows_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    assert [retry.compute_backoff(attempt) for attempt in (1, 2, 3, 9)] == [0.5, 1.0, 2.0, 8.0]


def test_the_message_names_what_was_asked_and_of_whom() -> None:
    error, _, _ = carried_out([reply(404)])
    assert isinstance(error, NotFound)
    assert "refused chat with status 404" in str(error)
