"""Bulk jobs on a real Ray cluster of two nodes on loopback, of which one is killed. `make test-bulk` runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from bulk import CountingGateway, kill_later, run_cluster, write_recordings
from pyarrow import parquet

from audio_core import NotFound
from audio_core.bulk import BulkProgress, BulkResult, open_rows, transcribe_dataset
from audio_core.testing import Reply, ScriptedGateway

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # Ray's own


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with run_cluster(nodes=2) as cluster:
        yield cluster


@pytest.fixture
def gateway() -> Iterator[CountingGateway]:
    with CountingGateway(latency=0.1) as gateway:
        yield gateway


def transcribe(recordings: Any, output: Path, gateway: ScriptedGateway, **options: Any) -> BulkResult:
    options = {"concurrency": 2, "max_concurrency": 8, "api_key": "k", **options}
    return transcribe_dataset(
        recordings, output, provider="openai", model="whisper-1", base_url=gateway.base_url, **options
    )


def test_a_job_writes_a_row_for_each_recording_and_later_runs_do_what_is_missing(
    cluster: Any, gateway: CountingGateway, tmp_path: Path
) -> None:
    paths, reports = write_recordings(tmp_path / "in", 40, hostile=20), list[BulkProgress]()
    parquet.write_table(pa.table({"uri": paths, "case": range(40)}), tmp_path / "manifest.parquet")
    first = transcribe(tmp_path / "manifest.parquet", tmp_path / "out", gateway, progress=reports.append)
    assert (first.recordings, first.transcribed, first.failures) == (40, 40, {"InvalidAudio": 2})
    assert first.seconds == pytest.approx(38 * 1.0)
    rows = open_rows(tmp_path / "out").to_table().sort_by("case").to_pylist()
    assert [row["uri"] for row in rows] == paths
    assert [row["text"] for row in rows[1:3]] == [
        "these are the words of 000001.wav",
        "these are the words of 000002.wav",
    ]
    assert (reports[-1].done, reports[-1].total, reports[-1].failures) == (40, 40, {"InvalidAudio": 2})

    second = transcribe(paths, tmp_path / "out", gateway)
    assert (second.transcribed, gateway.total) == (0, 38)

    Path(paths[0]).write_bytes(Path(paths[1]).read_bytes())
    third = transcribe(paths, tmp_path / "out", gateway, retry_failed=True)
    assert (third.recordings, third.transcribed, third.failures) == (40, 2, {"InvalidAudio": 1})
    assert gateway.total == 39


def test_a_model_that_is_not_there_is_one_error(cluster: Any, tmp_path: Path) -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply({"error": {"message": "The model `whisper-1` does not exist."}}, status=404))
        with pytest.raises(NotFound, match="does not exist"):
            transcribe(write_recordings(tmp_path / "in", 400), tmp_path / "out", gateway)
        assert len(gateway.requests) < 100


def test_a_refusal_for_too_many_requests_slows_every_worker(cluster: Any, tmp_path: Path) -> None:
    import time

    class Busy(CountingGateway):
        def __init__(self) -> None:
            super().__init__()
            self.times, self.refused_at = list[float](), 0.0

        def next_reply(self, request: Any) -> Reply:
            self.times.append(time.monotonic())
            if self.total == 20 and not self.refused_at:
                self.refused_at = time.monotonic()
                return Reply({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "2"})
            return super().next_reply(request)

    with Busy() as gateway:
        result = transcribe(write_recordings(tmp_path / "in", 60), tmp_path / "out", gateway)
    assert (result.recordings, result.failures) == (60, {})
    paused = [at for at in gateway.times if gateway.refused_at + 0.5 < at < gateway.refused_at + 1.9]
    assert paused == []  # those of half a second after it were under way


def test_a_node_that_is_killed_loses_nothing_and_doubles_nothing(
    cluster: Any, gateway: CountingGateway, tmp_path: Path
) -> None:
    cluster.add_node(num_cpus=3)
    paths = write_recordings(tmp_path / "in", 300, hostile=50)
    with kill_later(cluster, gateway, after=100):
        result = transcribe(paths, tmp_path / "out", gateway, concurrency=4)
    uris = open_rows(tmp_path / "out").to_table(columns=["uri"])["uri"].to_pylist()
    assert sorted(uris) == paths
    assert result.failures == {"InvalidAudio": 6}
    assert len(gateway.counts) == 294
    assert gateway.total - 294 <= 2 * 8  # what the two workers of a node may have in flight
