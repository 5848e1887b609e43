"""The plan that Ray Data carries out: read the manifest, transcribe, write rows and checkpoint."""

from __future__ import annotations

import contextlib
import copy
import errno
import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from audio_core.bulk.job_folder import JobFolder
from audio_core.bulk.ray_package import connect_ray
from audio_core.bulk.transcriber import Transcriber
from audio_core.errors import AudioError, StoreError
from audio_core.integration.rows.schema import ID_COLUMN

__all__ = ["Pool", "convert_job_errors", "run_plan"]

_CALLS = 2  # blocks that a worker has at a time: one finishes while the next one starts
_MOST_FILES = 2_000  # of rows
_BLOCKS_PER_FILE = 4  # at least, where a file has many rows


@dataclass(frozen=True, slots=True)
class Pool:
    """The workers of a job.

    Attributes:
        fewest: how many there are at first.
        most: how many Ray may add.
        num_cpus: what Ray reserves for each. A worker mostly waits for the gateway.
        rows: how many recordings each takes at a time, at least.
    """

    fewest: int
    most: int
    num_cpus: float
    rows: int


def run_plan(job: JobFolder, missing: int, pool: Pool, arguments: Mapping[str, Any]) -> None:
    """Transcribe the recordings of a job's manifest.

    Args:
        job: its folder.
        missing: how many recordings the manifest lists.
        pool: the workers.
        arguments: of `Transcriber`.

    Raises:
        AudioError: if all recordings would fail for the same reason.
        StoreError: if the rows cannot be written, as the disk is full.
    """
    ray = connect_ray()
    with (
        convert_job_errors(job, partial(_find_reason, arguments["coordinator"])),
        ray.data.DataContext.current(_build_context(job)),
    ):
        recordings = ray.data.read_parquet(job.manifest.path, filesystem=job.manifest.filesystem)
        # A small job's rows are written at once; a large one would leave a million files.
        rows_per_file = missing // _MOST_FILES
        # A block is a batch, and costs Ray up to 0.1 s of CPU. A large job's rows wait for their file anyway.
        rows_per_block = max(pool.rows, rows_per_file // _BLOCKS_PER_FILE)
        blocks = recordings.repartition(target_num_rows_per_block=rows_per_block, strict=True)
        rows = blocks.map_batches(
            Transcriber,
            fn_constructor_kwargs=dict(arguments),
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=pool.num_cpus,
            compute=ray.data.ActorPoolStrategy(
                min_size=pool.fewest,
                max_size=pool.most,
                max_concurrent_calls_per_actor=_CALLS,
                max_tasks_in_flight_per_actor=2 * _CALLS,
            ),
        )
        rows.write_parquet(job.rows.path, filesystem=job.rows.filesystem, min_rows_per_file=rows_per_file or None)


def _find_reason(coordinator: Any) -> AudioError | None:
    return connect_ray().get(coordinator.get_reason.remote())


def _build_context(job: JobFolder) -> Any:
    from ray.data.checkpoint import CheckpointConfig  # noqa: PLC0415 - it imports Ray
    from ray.data.checkpoint.checkpoint_filter import IdColumnCheckpointManager  # noqa: PLC0415

    class _MissingOnly(IdColumnCheckpointManager):
        """The manifest lists only what is missing, so no actors are needed to leave out what is done."""

        def load_checkpoint(self, *_: Any, **__: Any) -> tuple[None, int]:
            return None, 0

    context = copy.deepcopy(connect_ray().data.DataContext.get_current())
    context.enable_progress_bars = False
    context.checkpoint_config = CheckpointConfig(
        id_column=ID_COLUMN,
        checkpoint_path=job.checkpoint.path,
        override_filesystem=job.checkpoint.filesystem,
        delete_checkpoint_on_success=False,
        checkpoint_manager_cls=_MissingOnly,
    )
    return context


@contextlib.contextmanager
def convert_job_errors(job: JobFolder, find_reason: Callable[[], AudioError | None]) -> Generator[None]:
    """Raise the error that a worker has ended in, in place of Ray's.

    Args:
        job: the folder of the job.
        find_reason: returns why a worker has stopped the job, if one has.

    Raises:
        AudioError: if a worker has stopped the job.
        StoreError: if the disk is full.
    """
    try:
        yield
    except Exception as error:
        if reason := find_reason():
            raise reason from None
        if os.strerror(errno.ENOSPC) in str(error):
            raise StoreError(
                f"The rows cannot be written to {job.name}, as the disk is full. Make room and start the job again: "
                "it does only what is missing."
            ) from None
        raise
