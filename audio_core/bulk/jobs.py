"""`transcribe_dataset`: transcribe any number of recordings on a Ray cluster, into Parquet."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Unpack

from pydantic import PositiveFloat, PositiveInt

from audio_core.bulk.coordinator import start_coordinator
from audio_core.bulk.job_folder import JobFolder
from audio_core.bulk.manifest import read_manifest
from audio_core.bulk.monitor import watch_progress
from audio_core.bulk.plan import Pool, run_plan
from audio_core.bulk.progress import BulkProgress
from audio_core.bulk.ray_package import connect_ray
from audio_core.bulk.results import BulkResult, summarize_rows
from audio_core.bulk.transcriber import TranscriberOptions, create_client
from audio_core.client import AudioClient
from audio_core.errors import InvalidOption
from audio_core.errors.validation import pop_options, validate_options
from audio_core.transcript.budget import Budget

__all__ = ["BulkOptions", "transcribe_dataset"]

_WAITING_CPUS, _WORKING_CPUS = 0.25, 1.0  # of a worker that asks a gateway, and of one that transcribes itself
_WORKERS = (1, 8)
_FORMAT = 1  # of the rows
_WITHOUT_EFFECT = ("api_key", "timeout", "max_retries", "max_concurrency", "access", "store", "known_speakers")


class BulkOptions(TranscriberOptions, total=False):
    """The options of `transcribe_dataset`, in addition to those of `TranscriberOptions`.

    Attributes:
        concurrency: how many workers there are, or from how many to how many; by default from 1 to 8. Each transcribes
            up to `max_concurrency` recordings side by side.
        num_cpus: what Ray reserves for a worker; by default a quarter of a core through a gateway, else one.
        requests_per_minute: how many requests the whole cluster may send; None for any number.
        audio_seconds_per_minute: how many seconds of audio it may send; None for any number.
        budget: what the whole job may spend, such as `Budget(seconds=3600)`. Recordings that would go over it fail with
            `BudgetExceeded`, and are transcribed by a later run with `retry_failed=True`.
        checkpoint: folder for Ray's checkpoint, if not in the output.
        retry_failed: whether recordings that failed in an earlier run are transcribed again.
        overwrite: whether to delete the rows of an earlier job with other settings.
        progress: called each second with a `BulkProgress`, on another thread.
        show_progress: whether to show a progress bar.
    """

    concurrency: PositiveInt | tuple[PositiveInt, PositiveInt]
    num_cpus: PositiveFloat | None
    requests_per_minute: PositiveFloat | None
    audio_seconds_per_minute: PositiveFloat | None
    budget: Budget | None
    checkpoint: str | Path | None
    retry_failed: bool
    overwrite: bool
    progress: Callable[[BulkProgress], object] | None
    show_progress: bool


def transcribe_dataset(recordings: Any, output: str | Path, **options: Unpack[BulkOptions]) -> BulkResult:
    """Transcribe recordings on a Ray cluster, into Parquet files with one row for each.

    A job that is started again with the same output does only what is missing. A recording that fails is a row with its
    error. Ray is started on this machine if no cluster is connected.

    Args:
        recordings: a Parquet manifest with a column `uri`, or a folder of such; a folder or a pattern of recordings; or
            a list of paths and URLs. A relative path begins at the working directory. Every worker must reach them.
        output: folder of the job: a path or URL that every worker reaches. Its folder `rows` gets the rows.
        **options: see `BulkOptions`.

    Returns:
        What the folder holds now.

    Raises:
        MissingDependency: if Ray Data is not installed.
        InvalidOption: if an option or the manifest is wrong, or the output holds another job's rows.
        AudioNotFound: if there are no recordings.
        AudioError: if all recordings would fail: no valid key (`AuthenticationError`), no such model (`NotFound`), a
            bucket that may not be read (`AccessDenied`).
        StoreError: if the output cannot be written.
    """
    began = time.monotonic()
    settings, transcriber_options = _split_options(options)
    client, _ = create_client(transcriber_options)
    pool, table = _build_pool(client, settings), read_manifest(recordings)
    job = JobFolder.of(str(output), settings.get("checkpoint"))
    job.claim(_describe_job(client, transcriber_options), overwrite=settings.get("overwrite", False))
    missing = job.prepare_run(table, retry_failed=settings.get("retry_failed", False))
    if missing:
        _run_job(job, missing, pool, settings, _resolve_store(transcriber_options))
    return summarize_rows(str(output), missing, time.monotonic() - began)


def _split_options(options: BulkOptions) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the job, and those of its workers."""
    remaining = validate_options(BulkOptions, options, "transcribe_dataset")
    return pop_options(remaining, BulkOptions.__optional_keys__ - TranscriberOptions.__optional_keys__), remaining


def _run_job(job: JobFolder, missing: int, pool: Pool, settings: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    ray, began = connect_ray(), time.monotonic()
    budget = settings.get("budget")
    limits = (settings.get("requests_per_minute"), settings.get("audio_seconds_per_minute"), budget)
    coordinator = start_coordinator(*limits, name=f"audio-bulk-{uuid.uuid4().hex[:8]}")

    def get_progress() -> BulkProgress:
        return ray.get(coordinator.sum.remote(missing, time.monotonic() - began))

    arguments = {**options, "coordinator": coordinator, "folder": str(Path.cwd())}
    with watch_progress(get_progress, settings.get("progress"), show=settings.get("show_progress", False)):
        run_plan(job, missing, pool, arguments)
    if budget is not None:
        used = ray.get(coordinator.get_budget.remote())
        budget.add(used.used_seconds - budget.used_seconds, used.used_cost - budget.used_cost)


def _build_pool(client: AudioClient, settings: Mapping[str, Any]) -> Pool:
    concurrency = settings.get("concurrency", _WORKERS)
    fewest, most = (concurrency, concurrency) if isinstance(concurrency, int) else concurrency
    if fewest > most:
        raise InvalidOption(f"concurrency={concurrency!r} is not accepted: give (fewest, most).")
    num_cpus = settings.get("num_cpus") or (_WORKING_CPUS if client.is_local else _WAITING_CPUS)
    return Pool(fewest, most, num_cpus, client.get_concurrency())


def _describe_job(client: AudioClient, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a job's rows depend on, as JSON. A key is none of them."""
    settings = {name: value for name, value in options.items() if name not in _WITHOUT_EFFECT and value is not None}
    settings |= {"provider": client.endpoint.provider.name, "model": client.model, "format": _FORMAT}
    return json.loads(json.dumps(settings, sort_keys=True, default=str))


def _resolve_store(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with an absolute path of the store, as workers have another working directory."""
    store = options.get("store")
    return {**options, "store": str(Path(store).absolute())} if isinstance(store, (str, Path)) else {**options}
