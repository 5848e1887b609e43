"""When a request is retried. The flows run by hand, without a network."""

from collections.abc import Iterable

import pytest

from audio_core import NotFound, ProviderError, ProviderTimeout, ProviderUnavailable, RateLimited, Unreachable
from audio_core.http import retry
from audio_core.http.body import Body
from audio_core.http.flow import Pause, Request, Response, Send
from audio_core.http.retry import RetryBudget, send_with_retry


def run_flow(
    outcomes: Iterable[Response | Exception], max_retries: int = 2, request: Request | None = None
) -> tuple[object, list[float], list[Request]]:
    """Return what the flow returned or raised, its waits in seconds, and the requests it sent."""
    request = request or Request("POST", "http://x/v1")
    flow = send_with_retry(request, max_retries=max_retries, doing="chat")
    waits, sent, remaining = [], [], iter(outcomes)
    step = next(flow)
    try:
        while True:
            if isinstance(step, Pause):
                waits.append(step.seconds)
                step = flow.send(None)
                continue
            assert isinstance(step, Send)
            sent.append(step.request)
            outcome = next(remaining)
            step = flow.throw(outcome) if isinstance(outcome, Exception) else flow.send(outcome)
    except StopIteration as done:
        return done.value, waits, sent
    except ProviderError as error:
        return error, waits, sent


def build_response(status: int, **headers: str) -> Response:
    return Response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, b'{"error": {"message": "x"}}'
    )


@pytest.fixture(autouse=True)
def fresh_budget() -> None:
    retry._get_budget.cache_clear()


def test_a_success_needs_one_request() -> None:
    value, waits, sent = run_flow([build_response(200)])
    assert value.status == 200
    assert (waits, len(sent)) == ([], 1)


def test_a_request_is_retried_until_it_succeeds() -> None:
    value, waits, _ = run_flow([build_response(500), Unreachable("gone"), build_response(200)])
    assert value.status == 200
    assert len(waits) == 2


def test_retries_are_limited_and_the_error_counts_the_attempts() -> None:
    error, waits, sent = run_flow([build_response(503)] * 9)
    assert isinstance(error, ProviderUnavailable)
    assert (error.attempts, len(waits), len(sent)) == (3, 2, 3)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 307])
def test_a_request_that_a_retry_cannot_help_is_sent_once(status: int) -> None:
    error, _, sent = run_flow([build_response(status)] * 3)
    assert (error.attempts, len(sent)) == (1, 1)


def test_the_gateway_says_how_long_to_wait() -> None:
    _, waits, _ = run_flow(
        [build_response(429, retry_after="2"), build_response(503, retry_after_ms="1500"), build_response(200)]
    )
    assert waits == [2.0, 1.5]


def test_the_body_may_say_how_long_to_wait() -> None:
    def build(seconds: int) -> Response:
        return Response(429, {}, b'{"error": {"message": "x", "availability": {"retry_after": %d}}}' % seconds)

    assert run_flow([build(7), build_response(200)])[1] == [7.0]
    assert run_flow([build(3600)])[1] == []


def test_a_wait_that_is_too_long_is_an_error_at_once() -> None:
    error, waits, _ = run_flow([build_response(429, retry_after="3600")] * 3)
    assert isinstance(error, RateLimited)
    assert (error.retry_after, waits) == (3600.0, [])


@pytest.mark.parametrize(("status", "should_retry", "requests"), [(500, "false", 1), (400, "true", 2)])
def test_the_gateway_says_whether_to_retry(status: int, should_retry: str, requests: int) -> None:
    _, _, sent = run_flow([build_response(status, x_should_retry=should_retry), build_response(200)])
    assert len(sent) == requests


def test_a_request_is_sent_once_if_the_certificate_does_not_verify() -> None:
    _, _, sent = run_flow([Unreachable("certificate", retryable=False)] * 3)
    assert len(sent) == 1


def test_every_attempt_carries_the_same_idempotency_key() -> None:
    _, _, sent = run_flow([build_response(500), build_response(500), build_response(200)])
    assert len({request.headers["Idempotency-Key"] for request in sent}) == 1


def test_a_server_that_is_down_is_not_hammered_by_many_callers() -> None:
    requests = sum(len(run_flow([build_response(500)] * 9)[2]) for _ in range(100))
    assert requests == 100 + RetryBudget.capacity // RetryBudget.retry_cost


def test_a_server_that_is_down_costs_no_other_server_its_retries() -> None:
    for _ in range(100):
        run_flow([build_response(500)] * 9)
    assert len(run_flow([build_response(500)] * 9, request=Request("POST", "http://x:81/v1"))[2]) == 3


def test_a_server_that_recovers_earns_its_retries_back() -> None:
    for _ in range(100):
        run_flow([build_response(500)] * 9)
    for successes, requests in ((1, 1), (RetryBudget.retry_cost, 2)):
        for _ in range(successes):
            run_flow([build_response(200)])
        assert len(run_flow([build_response(500)] * 9)[2]) == requests


def test_successes_earn_no_more_than_the_full_budget() -> None:
    budget = RetryBudget()
    for _ in range(100):
        budget.record_success()
    assert sum(budget.spend() for _ in range(100)) == RetryBudget.capacity // RetryBudget.retry_cost


def test_a_wait_may_be_as_short_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("random.uniform", lambda low, high: low)
    assert [retry.compute_backoff(attempt) for attempt in (1, 2, 9)] == [0, 0, 0]


def test_backoff_grows_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    assert [retry.compute_backoff(attempt) for attempt in (1, 2, 3, 9)] == [0.5, 1.0, 2.0, 8.0]


def test_the_message_names_the_operation_and_the_status() -> None:
    error, _, _ = run_flow([build_response(404)])
    assert isinstance(error, NotFound)
    assert "refused chat with status 404" in str(error)


def test_what_is_too_large_is_told_with_its_size() -> None:
    request = Request("POST", "http://x/v1", body=Body("audio/wav", [bytes(1234)]))
    error, _, _ = run_flow([build_response(413)], request=request)
    assert "1,234 bytes" in str(error)


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_a_wait_that_is_too_long_is_not_waited_for_whatever_the_status(status: int) -> None:
    error, waits, sent = run_flow([build_response(status, retry_after="3600")])
    assert isinstance(error, ProviderError)
    assert (waits, len(sent)) == ([], 1)


@pytest.mark.parametrize("status", [429, 503])
def test_the_longest_wait_is_waited_for_in_full(status: int) -> None:
    _, waits, _ = run_flow([build_response(status, retry_after="60"), build_response(200)])
    assert waits == [60.0]


def test_only_what_is_posted_carries_an_idempotency_key() -> None:
    flow = send_with_retry(Request("GET", "http://x/a.mp3"), max_retries=0, doing="the download")
    assert "Idempotency-Key" not in next(flow).request.headers
    _, _, (sent,) = run_flow([build_response(200)])
    assert "Idempotency-Key" in sent.headers


@pytest.mark.parametrize("kind", [Unreachable, ProviderTimeout, ProviderError])
def test_what_may_have_been_billed_is_not_sent_again(kind: type[ProviderError]) -> None:
    error, waits, sent = run_flow([kind("gone", retryable=True, may_have_been_billed=True)] * 3)
    assert (error.attempts, waits, len(sent)) == (1, [], 1)


def test_what_was_not_sent_as_a_whole_is_sent_again_after_a_timeout() -> None:
    _, _, sent = run_flow([ProviderTimeout("slow"), Unreachable("gone"), build_response(200)])
    assert len(sent) == 3


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_gateway_that_says_it_failed_is_asked_again(status: int) -> None:
    _, _, sent = run_flow([build_response(status), build_response(200)])
    assert len(sent) == 2


@pytest.mark.parametrize("value", ["-5", "nan", "1e400", "soon", "٣", "Mon, 01 Jan 2001 00:00:00 GMT"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_makes_no_sense_is_replaced_by_backoff(
    status: int, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "compute_backoff", lambda attempt: 0.25 * attempt)
    _, waits, _ = run_flow([build_response(status, retry_after=value)] * 2 + [build_response(200)])
    assert waits == [0.25, 0.5]


@pytest.mark.parametrize("status", [429, 503])
def test_milliseconds_count_before_seconds(status: int) -> None:
    _, waits, _ = run_flow([build_response(status, retry_after_ms="20", retry_after="3600"), build_response(200)])
    assert waits == [0.02]


def test_attempts_that_the_call_has_made_before_count() -> None:
    flow = send_with_retry(Request("POST", "http://x/v1"), max_retries=2, doing="chat", attempts=2)
    next(flow)
    with pytest.raises(ProviderUnavailable) as caught:
        flow.send(build_response(503))
    assert caught.value.attempts == 3


def test_budgets_of_many_servers_fill_no_memory() -> None:
    budgets = {id(retry._get_budget(f"host-{number}")) for number in range(3000)}
    assert retry._get_budget.cache_info().currsize == 1000
    assert len(budgets) > 1
    assert retry._get_budget("host-2999") is retry._get_budget("host-2999")
