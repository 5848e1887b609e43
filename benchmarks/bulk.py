"""Bulk jobs on a Ray cluster of one to three nodes on this machine: what they cost beside the latency of a gateway.

python benchmarks/bulk.py 400 10000    # fewer files and rows, for a first look
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

FILES, ROWS = map(int, sys.argv[1:] or (2_000, 100_000))
LATENCY, HOSTILE = 0.2, 50  # seconds; one of so many files is no audio
IN_FLIGHT, FEWER = 16, 8  # of each worker; the cores are busy with 3 x 16
OPTIONS: dict[str, Any] = {"provider": "openai", "model": "whisper-1", "api_key": "none", "max_concurrency": IN_FLIGHT}
HEAD = "| run | workers x in flight | seconds | from first request to last | times `files x latency / in flight` | rows | sent again |"


def main() -> None:
    if "INSIDE" not in os.environ:
        command = [ROOT / "tests/bulk/on_loopback.sh", sys.executable, *sys.argv]
        sys.exit(subprocess.run(command, env={**os.environ, "INSIDE": "1"}, check=False).returncode)
    with tempfile.TemporaryDirectory() as folder:
        measure_jobs(Path(folder))
        measure_ray(Path(folder))


def measure_jobs(folder: Path) -> None:
    from bulk import write_recordings

    paths = write_recordings(folder / "talks", FILES, hostile=HOSTILE)
    print(
        f"{FILES:,} files of 1 s, of which {FILES // HOSTILE} are no audio; a gateway that answers after {LATENCY} s.\n"
    )
    print(f"{HEAD}\n|---|---|---|---|---|---|---|", flush=True)
    for in_flight, nodes in itertools.product((IN_FLIGHT, FEWER), (1, 2, 3)):
        print(run_job(paths, folder / f"job-{nodes}-{in_flight}", nodes, in_flight), flush=True)
    print(run_job(paths, folder / "job-killed", 2, kill=True), flush=True)
    print(load_documents(paths), flush=True)
    print(ingest(paths), flush=True)


@dataclass
class Memory:
    """Resident memory of the workers, in MB: the largest of each quarter of a run."""

    samples: list[float] = field(default_factory=list)

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        is_over = threading.Event()

        def sample() -> None:
            while not is_over.wait(1.0):
                self.samples.append(max(map(read_memory, find_workers()), default=0.0))

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        yield
        is_over.set()
        thread.join()

    def describe(self) -> str:
        used = [each for each in self.samples if each]
        size = max(1, len(used) // 4)
        quarters = [max(used[at : at + size]) for at in range(0, len(used), size)][:4]
        return ", ".join(f"{each:.0f}" for each in quarters)


def find_workers() -> list[str]:
    return [
        process.name
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and b"ray::MapWorker" in read_quietly(process / "cmdline")
    ]


def read_quietly(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def read_memory(process: str) -> float:
    found = re.search(rb"VmRSS:\s+(\d+)", read_quietly(Path("/proc", process, "status")))
    return int(found[1]) / 1024 if found else 0.0


def run_job(paths: list[str], output: Path, nodes: int, in_flight: int = IN_FLIGHT, *, kill: bool = False) -> str:
    from bulk import CountingGateway, kill_later, run_cluster

    from audio_core.bulk import open_rows, transcribe_dataset

    memory, options = Memory(), {**OPTIONS, "max_concurrency": in_flight}
    with run_cluster(nodes=nodes) as cluster, CountingGateway(LATENCY) as gateway, memory.watch():
        began = time.perf_counter()
        killing = kill_later(cluster, gateway, after=FILES // 2) if kill else contextlib.nullcontext({})
        with killing as killed:
            transcribe_dataset(paths, output, base_url=gateway.base_url, concurrency=nodes, **options)
        elapsed = time.perf_counter() - began
    uris = open_rows(output).to_table(columns=["uri"])["uri"].to_pylist()
    assert sorted(uris) == sorted(paths), "a row is lost or twice"
    name = (
        f"{nodes} nodes, one killed with {killed['in_flight']} in flight"
        if kill
        else f"{nodes} node{'s' * (nodes > 1)}"
    )
    print(f"<!-- {name}: largest worker, MB in each quarter: {memory.describe()} -->", file=sys.stderr)
    name = f"`transcribe_dataset`, {name}; worker {memory.describe()} MB"
    return describe(name, nodes, in_flight, elapsed, gateway, len(uris))


def load_documents(paths: list[str]) -> str:
    from bulk import CountingGateway

    from langchain_audio import AudioLoader

    options = {**OPTIONS, "max_concurrency": 2 * IN_FLIGHT}
    with CountingGateway(LATENCY) as gateway:
        began = time.perf_counter()
        loader = AudioLoader(paths, base_url=gateway.base_url, on_error="collect", granularity="file", **options)
        count = sum(1 for _ in loader.lazy_load()) + len(loader.failures)
        return describe("`AudioLoader`, one process", 2, IN_FLIGHT, time.perf_counter() - began, gateway, count)


def ingest(paths: list[str]) -> str:
    from bulk import CountingGateway, run_cluster
    from llama_index.core.schema import Document
    from llama_index.ingestion.ray import RayIngestionPipeline, RayTransformComponent

    from llamaindex_audio import AudioTranscriber

    with run_cluster(nodes=2), CountingGateway(LATENCY) as gateway:
        began = time.perf_counter()
        component = RayTransformComponent(
            transform_class=AudioTranscriber,
            transform_kwargs={**OPTIONS, "base_url": gateway.base_url, "on_error": "skip", "granularity": "file"},
            map_batches_kwargs={"batch_size": IN_FLIGHT, "num_cpus": 0.25, "concurrency": 2},
        )
        documents = [Document(text=path) for path in paths]
        nodes = RayIngestionPipeline(transformations=[component]).run(documents=documents)
        return describe(
            "`RayIngestionPipeline`, 2 nodes", 2, IN_FLIGHT, time.perf_counter() - began, gateway, len(nodes)
        )


def describe(name: str, workers: int, in_flight: int, elapsed: float, gateway: Any, rows: int) -> str:
    ideal = len(gateway.counts) * LATENCY / (workers * in_flight)
    busy, extra = gateway.busy_seconds, gateway.total - len(gateway.counts)
    return (
        f"| {name} | {workers} x {in_flight} | {elapsed:.1f} | {busy:.1f} | {busy / ideal:.2f} | {rows:,} | {extra} |"
    )


def measure_ray(folder: Path) -> None:
    from bulk import run_cluster

    from audio_core.bulk import plan, transcribe_dataset

    plan.Transcriber = ReadyTranscriber
    uris = [f"/talks/{number:06}.wav" for number in range(ROWS)]
    with run_cluster(nodes=2):
        result = transcribe_dataset(uris, folder / "ready", concurrency=2, **OPTIONS)
        again = transcribe_dataset(uris, folder / "ready", concurrency=2, **OPTIONS)
    print(
        f"\n{ROWS:,} rows whose transcripts are ready at once, 2 nodes: {result.elapsed:.0f} s, "
        f"{ROWS / result.elapsed:,.0f} rows a second, {result.elapsed / ROWS * 1000:.2f} ms a row. "
        f"The same job again, with nothing to do: {again.elapsed:.1f} s."
    )


def make_ready_transcriber() -> type:
    from audio_core import Segment, Transcript
    from audio_core.bulk import Transcriber

    class Ready(Transcriber):
        """A `Transcriber` that sends nothing, so that what is left is Ray's and ours."""

        async def _transcribe(self, uri: str) -> Any:
            return Transcript("ready", (Segment(0.0, 1.0, "ready"),), duration=1.0, source=uri)

    return Ready


if __name__ == "__main__":
    ReadyTranscriber = make_ready_transcriber()
    main()
