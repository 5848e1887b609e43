"""Transcribe the shipped recordings a hundred times over on a Ray cluster of two nodes, of which one is killed.

    make demo-bulk        # no key: a scripted gateway on this machine answers

On a cluster of your own, `transcribe_dataset("s3://bucket/talks", "s3://bucket/job", provider=..., model=...)` is all.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bulk import CountingGateway, kill_later, run_cluster
from common import CALL, TALK

from audio_core.bulk import BulkProgress, explode_segments, open_rows, transcribe_dataset
from langchain_audio import BulkLoader

COPIES = 100
OPTIONS: dict[str, Any] = {"provider": "openai", "model": "whisper-1", "api_key": "none", "concurrency": 4}


def main() -> None:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, CountingGateway(latency=0.5) as gateway:
        print_step(f"1. Copy {CALL.name} and {TALK.name} {COPIES} times, and start a Ray cluster of two nodes")
        count = copy_recordings(Path(folder, "talks"))
        with run_cluster(nodes=2) as cluster:
            run_jobs(cluster, gateway, Path(folder), count)
        look_at_rows(Path(folder, "job"))
    print(f"\nDone in {time.perf_counter() - began:.0f} s.")


def run_jobs(cluster: Any, gateway: CountingGateway, folder: Path, count: int) -> None:
    print_step("2. Transcribe them all. Once a third is sent, a node is killed")
    with kill_later(cluster, gateway, after=count // 3):
        result = transcribe(gateway, folder, progress=print_progress)
    print(f"  {result.recordings} rows, {result.seconds / 60:.0f} minutes of audio, failures: {dict(result.failures)}")
    extra = gateway.total - len(gateway.counts)
    print(f"  {gateway.total} requests for {count} recordings: {extra} were sent again, as a node died")

    print_step("3. Start the job again: everything is done, so nothing is sent")
    before = gateway.total
    print(f"  {transcribe(gateway, folder).transcribed} recordings transcribed, {gateway.total - before} requests")


def transcribe(gateway: CountingGateway, folder: Path, **options: Any) -> Any:
    return transcribe_dataset(folder / "talks", folder / "job", base_url=gateway.base_url, **OPTIONS, **options)


def look_at_rows(job: Path) -> None:
    print_step("4. Look at the Parquet: a row for each recording, then one for each segment, then Documents")
    rows = open_rows(job).to_table()
    names = set(rows["uri"].to_pylist())
    print(f"  {rows.num_rows} rows, {len(names)} different URIs, columns: {', '.join(rows.column_names[:8])}, ...")
    segments = explode_segments(rows).select(["start", "end", "text"]).slice(0, 2).to_pylist()
    print(*(f"  {segment}" for segment in segments), sep="\n")
    document = next(BulkLoader(job).lazy_load())
    print(f"  {document.page_content!r}, cited as {document.metadata['clip'].rsplit('/', 1)[-1]}")


def copy_recordings(folder: Path) -> int:
    folder.mkdir()
    for number in range(COPIES):
        for source in (CALL, TALK):
            shutil.copy(source, folder / f"{source.stem}-{number:03}{source.suffix}")
    return 2 * COPIES


def print_progress(progress: BulkProgress) -> None:
    if not progress.done:
        return
    left = "" if progress.remaining is None else f", {progress.remaining:.0f} s left"
    print(f"  {progress.done} of {progress.total}, {progress.seconds_per_second:.0f} s of audio a second{left}")


def print_step(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    main()
