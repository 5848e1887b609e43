"""What workers share, without Ray: its handle is stood in for by one that calls the coordinator itself."""

import types
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from audio_core import AccessDenied, Budget, BudgetExceeded, NotFound, Usage
from audio_core.bulk import Transcriber, coordinator, transcriber
from audio_core.bulk.coordinator import ClusterBudget, ClusterRateLimit, Coordinator
from audio_core.http.rate_limit import Reservation
from audio_core.testing import Reply, ScriptedGateway, tone


class Handle:
    """A handle as Ray's: `handle.method.remote(...)`."""

    def __init__(self, actor: Coordinator) -> None:
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        return types.SimpleNamespace(remote=getattr(self._actor, name))


@pytest.fixture(autouse=True)
def ray(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (coordinator, transcriber):
        monkeypatch.setattr(module, "connect_ray", lambda: types.SimpleNamespace(get=lambda value: value))


def test_workers_share_one_rate_limit() -> None:
    handle = Handle(Coordinator(requests_per_minute=1))
    workers = [ClusterRateLimit.find(handle) for _ in range(2)]
    assert workers[0].reserve(1.0).wait <= 0
    assert workers[1].reserve(1.0).wait > 50
    workers[0].slow_down(7.0)
    assert workers[1].get_period() == 1


def test_a_worker_without_a_limit_asks_for_pauses_only_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, now = list[float](), 1000.0
    monkeypatch.setattr(coordinator.time, "monotonic", lambda: now)
    monkeypatch.setattr(actor := Coordinator(), "reserve", lambda seconds: asked.append(now) or Reservation(0.0, 0))
    limit = ClusterRateLimit.find(Handle(actor))
    for _ in range(10):
        limit.reserve(1.0)
    now += 0.2
    limit.reserve(1.0)
    limit.slow_down(7.0)
    limit.reserve(1.0)
    assert asked == [1000.0, 1000.2, 1000.2]


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


async def test_a_block_that_is_repeated_sends_only_what_is_not_ready(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(3)]
    for path in paths[:2]:
        path.write_bytes(tone(0.5))
    reply = {"text": "hi", "language": "en", "segments": [{"start": 0.0, "end": 0.4, "text": "hi"}]}
    options = {"provider": "openai", "model": "whisper-1", "api_key": "k"}
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply(reply))
        lost, other = (
            Transcriber(Handle(actor), base_url=gateway.base_url, **options) for actor in [Coordinator()] * 2
        )
        first = await transcribe(lost, paths[0], paths[2])
        second = await transcribe(other, *paths)
        assert len(gateway.requests) == 2
    assert [row["error"] and row["error"]["class"] for row in second] == [None, None, "AudioNotFound"]
    assert [second[0], second[2]] == first


async def transcribe(transcriber: Transcriber, *paths: Path) -> list[dict[str, Any]]:
    batch = pa.table({"uri": [*map(str, paths)]})
    return [row async for table in transcriber(batch) for row in table.to_pylist()]


async def test_a_job_of_which_no_recording_may_be_opened_stops_after_a_hundred(tmp_path: Path) -> None:
    actor, paths = Coordinator(), [tmp_path / "other" / f"{number}.wav" for number in range(100)]
    worker = Transcriber(Handle(actor), access=tmp_path / "mine")
    assert len(await transcribe(worker, *paths)) == 100
    with pytest.raises(AccessDenied) as raised:
        await transcribe(worker, paths[0])
    assert actor.get_reason() is raised.value
    actor.record("talk.wav", [{"duration": 0.5}])
    assert (await transcribe(worker, paths[0]))[0]["error"]["class"] == "AccessDenied"


def test_a_worker_tells_why_the_job_must_stop() -> None:
    actor, reason = Coordinator(), NotFound("no such model", status=404, provider="local")
    assert actor.get_reason() is None
    with pytest.raises(NotFound):
        Transcriber(Handle(actor))._raise_if_hopeless([reason])
    assert actor.get_reason() is reason
