from collections import deque

import pytest

from audio_core import AudioClient, RateLimited
from audio_core.http.rate_limit import Reservation
from audio_core.testing import Reply, ScriptedGateway, tone

TRANSCRIPT = Reply({"text": "hi", "segments": [{"start": 0.0, "end": 0.4, "text": "hi"}]})
TOO_MANY = Reply({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0.01"})


class Limit:
    """A limit with scripted reservations, which records what it is told."""

    def __init__(self, *waits: float, periods: tuple[int, ...] = ()) -> None:
        self.waits, self.periods = deque(waits), deque(periods)
        self.seconds, self.pauses = list[float](), list[float | None]()

    def reserve(self, audio_seconds: float) -> Reservation:
        self.seconds.append(audio_seconds)
        return Reservation(self.waits.popleft() if self.waits else 0.0, 0)

    def get_period(self) -> int:
        return self.periods.popleft() if self.periods else 0

    def slow_down(self, retry_after: float | None) -> None:
        self.pauses.append(retry_after)


def transcribe(gateway: ScriptedGateway, limit: Limit, **options: int) -> str:
    from dataclasses import replace

    client = AudioClient("openai", model="whisper-1", api_key="k", base_url=gateway.base_url, **options)
    client.endpoint = replace(client.endpoint, rate_limit=limit)
    return client.transcribe(tone(0.5)).text


def test_a_request_counts_with_its_seconds_of_audio() -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(TRANSCRIPT)
        assert transcribe(gateway, limit := Limit()) == "hi"
    assert limit.seconds == [0.5]


def test_a_request_whose_wait_was_cut_by_a_pause_reserves_again() -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(TRANSCRIPT)
        transcribe(gateway, limit := Limit(0.001, 0.001, periods=(1, 0)))
    assert len(limit.seconds) == 2


def test_a_refusal_for_too_many_requests_is_told_and_each_attempt_counts() -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(TOO_MANY, TRANSCRIPT)
        assert transcribe(gateway, limit := Limit()) == "hi"
    assert limit.pauses == [0.01]
    assert limit.seconds == [0.5, 0.5]


def test_a_refusal_is_told_even_if_it_is_final() -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(TOO_MANY)
        with pytest.raises(RateLimited):
            transcribe(gateway, limit := Limit(), max_retries=0)
    assert limit.pauses == [0.01]
