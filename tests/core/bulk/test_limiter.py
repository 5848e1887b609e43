import pytest

from audio_core.bulk.limiter import RateLimiter


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_requests_are_spaced_so_that_no_minute_has_too_many(clock: Clock) -> None:
    limiter = RateLimiter(requests_per_minute=120, clock=clock)
    assert [limiter.reserve(1.0).wait for _ in range(4)] == [0.0, 0.5, 1.0, 1.5]


def test_time_without_requests_is_not_saved_up(clock: Clock) -> None:
    limiter = RateLimiter(requests_per_minute=60, clock=clock)
    limiter.reserve(1.0)
    clock.now += 600
    assert [limiter.reserve(1.0).wait for _ in range(2)] == [0.0, 1.0]


def test_seconds_of_audio_are_spaced_by_their_number(clock: Clock) -> None:
    limiter = RateLimiter(audio_seconds_per_minute=600, clock=clock)
    assert [limiter.reserve(seconds).wait for seconds in (20.0, 5.0, 1.0)] == [0.0, 2.0, 2.5]


def test_the_stricter_of_two_limits_counts(clock: Clock) -> None:
    limiter = RateLimiter(60, 600, clock)
    assert [limiter.reserve(seconds).wait for seconds in (1.0, 20.0, 1.0)] == [0.0, 1.0, 3.0]


def test_without_limits_nothing_waits(clock: Clock) -> None:
    limiter = RateLimiter(clock=clock)
    assert [limiter.reserve(1e6).wait for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_pause_holds_for_all_and_cancels_what_was_reserved(clock: Clock) -> None:
    limiter = RateLimiter(requests_per_minute=60, clock=clock)
    early = [limiter.reserve(1.0) for _ in range(3)]
    limiter.slow_down(20.0)
    assert all(each.period != limiter.get_period() for each in early)
    again = [limiter.reserve(1.0) for _ in range(3)]
    assert [each.wait for each in again] == [20.0, 21.0, 22.0]
    assert all(each.period == limiter.get_period() for each in again)


def test_a_shorter_pause_does_not_end_a_longer_one(clock: Clock) -> None:
    limiter = RateLimiter(clock=clock)
    limiter.slow_down(20.0)
    limiter.slow_down(5.0)
    assert limiter.reserve(1.0).wait == 20.0


def test_a_gateway_that_asks_for_an_hour_is_asked_again_after_a_minute(clock: Clock) -> None:
    limiter = RateLimiter(clock=clock)
    limiter.slow_down(3600.0)
    assert limiter.reserve(1.0).wait == 60.0


def test_pauses_grow_while_the_gateway_does_not_say_how_long(clock: Clock) -> None:
    limiter = RateLimiter(clock=clock)
    pauses = []
    for _ in range(7):
        limiter.slow_down(None)
        limiter.slow_down(None)  # of a request that was under way
        pauses.append(limiter.reserve(1.0).wait)
        clock.now += pauses[-1]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    clock.now += 600
    limiter.slow_down(None)
    assert limiter.reserve(1.0).wait == 1.0
