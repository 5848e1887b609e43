"""Read the transcripts of a bulk job as passages, for the loaders of both frameworks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

from audio_core.integration.reader import SplitOptions, build_split_options
from audio_core.transcript.passages import Passage, split_passages

__all__ = ["read_passages"]

_BATCH = 64  # rows that are in memory at a time


def read_passages(output: str | Path, **options: Unpack[SplitOptions]) -> Iterator[Passage]:
    """Yield the passages of a job's transcripts, with the ids and metadata that a loader gives them.

    Recordings that failed have none. Further columns of the manifest become metadata. A few rows are in memory at a
    time.

    Args:
        output: the folder of the job.
        **options: `granularity`, `window_seconds` and `window_overlap`, as for a loader.

    Raises:
        MissingDependency: if pyarrow is not installed.
        AudioNotFound: if the folder holds no rows.
        InvalidOption: if an option does not accept its value.
    """
    from audio_core.integration.rows.job_rows import open_rows  # noqa: PLC0415 - it imports pyarrow, which is optional
    from audio_core.integration.rows.packages import dataset  # noqa: PLC0415
    from audio_core.integration.rows.schema import build_transcript, get_own_columns  # noqa: PLC0415

    split_options = build_split_options(**options)
    rows = open_rows(output).to_batches(filter=dataset.field("error").is_null(), batch_size=_BATCH, batch_readahead=1)
    for batch in rows:
        for row in batch.to_pylist():
            yield from split_passages(build_transcript(row), metadata=get_own_columns(row), **split_options)
