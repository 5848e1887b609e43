"""What workers share, without Ray: its handle is stood in for by one that calls the coordinator itself."""

import types
from typing import Any

import pytest

from audio_core import Budget, BudgetExceeded, Usage
from audio_core.bulk import coordinator
from audio_core.bulk.coordinator import ClusterBudget, ClusterRateLimit, Coordinator


class Handle:
    """A handle as Ray's: `handle.method.remote(...)`."""

    def __init__(self, actor: Coordinator) -> None:
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        return types.SimpleNamespace(remote=getattr(self._actor, name))


@pytest.fixture(autouse=True)
def ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator, "connect_ray", lambda: types.SimpleNamespace(get=lambda value: value))


def test_workers_share_one_rate_limit() -> None:
    handle = Handle(Coordinator(requests_per_minute=1))
    workers = [ClusterRateLimit(handle) for _ in range(2)]
    assert workers[0].reserve(1.0).wait <= 0
    assert workers[1].reserve(1.0).wait > 50
    workers[0].slow_down(7.0)
    assert workers[1].get_period() == 1


def test_workers_share_one_budget() -> None:
    handle = Handle(Coordinator(budget=Budget(seconds=10.0, cost=1.0, price_per_minute=0.6)))
    first, second = ClusterBudget.find(handle), ClusterBudget.find(handle)
    assert first is not None
    assert second is not None
    share = first.reserve("a.mp3", 8.0, None)
    with pytest.raises(BudgetExceeded, match=r"b\.mp3: 4\.0 s of audio"):
        second.reserve("b.mp3", 4.0, None)
    share.settle(Usage(cost=0.5))
    assert handle._actor.get_budget().used_cost == pytest.approx(0.5)
    share.give_back()
    second.reserve("b.mp3", 4.0, None)
    assert handle._actor.get_budget().used_seconds == 4.0


def test_a_job_without_a_budget_has_none() -> None:
    assert ClusterBudget.find(Handle(Coordinator())) is None


def test_what_workers_report_is_summed() -> None:
    actor = Coordinator()
    actor.record("a.mp3", [{"duration": 2.0, "cost": 0.25}, {"error": {"class": "InvalidAudio"}}])
    actor.record("c.mp3", [{"duration": 3.0, "cost": 0.5}])
    progress = actor.sum(6, elapsed=1.5)
    assert (progress.done, progress.seconds, progress.cost) == (3, 5.0, 0.75)
    assert (progress.failures, progress.remaining) == ({"InvalidAudio": 1}, 1.5)


def test_a_worker_tells_why_the_job_must_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    from audio_core import NotFound
    from audio_core.bulk import Transcriber, transcriber

    monkeypatch.setattr(transcriber, "connect_ray", coordinator.connect_ray)
    actor, reason = Coordinator(), NotFound("no such model", status=404, provider="local")
    assert actor.get_reason() is None
    with pytest.raises(NotFound):
        Transcriber(Handle(actor))._raise_if_hopeless([reason])
    assert actor.get_reason() is reason
