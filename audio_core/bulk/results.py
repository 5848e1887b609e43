"""The rows of a bulk job, read again: as a summary, as segments, as passages for retrieval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack

from audio_core.bulk.locations import convert_errors, open_location, shorten
from audio_core.bulk.packages import compute, dataset, pa
from audio_core.bulk.schema import ID_COLUMN, RESULT_SCHEMA, build_transcript
from audio_core.errors import AudioNotFound
from audio_core.integration.reader import SplitOptions, build_split_options
from audio_core.transcript.passages import Passage, split_passages

__all__ = ["BulkResult", "explode_segments", "open_rows", "read_passages", "summarize_rows"]

_BATCH = 64  # rows that are in memory at a time
_LONGEST_FIELDS = ("segments", "events", "text")


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a bulk job has written.

    Attributes:
        output: the folder of the job. The rows are in its folder `rows`.
        recordings: how many rows there are, those of earlier runs among them.
        transcribed: how many recordings this run has worked on.
        seconds: of audio in the recordings that were transcribed.
        cost: in US dollars, with that of earlier runs; None if the gateway reports none.
        failures: how many recordings failed, by the class of their error.
        elapsed: seconds on the wall clock that this run took.
    """

    output: str
    recordings: int
    transcribed: int
    seconds: float
    cost: float | None
    failures: Mapping[str, int] = field(default_factory=dict[str, int])
    elapsed: float = 0.0


def open_rows(output: str | Path) -> Any:
    """Return the rows of a job as a `pyarrow.dataset.Dataset`, which reads them when they are needed.

    Args:
        output: the folder of the job.

    Raises:
        AudioNotFound: if it holds no rows.
    """
    folder = open_location(str(output)).join("rows")
    with convert_errors(str(output)):
        files = [file.path for file in folder.list_files()]
        if not files:
            raise AudioNotFound(f"The folder {shorten(str(output))} holds no rows of a bulk job.")
        return dataset.dataset(files, filesystem=folder.filesystem)


def summarize_rows(output: str, transcribed: int, elapsed: float) -> BulkResult:
    """Return what a job has written, of its rows."""
    rows = open_rows(output).to_table(columns=["duration", "cost", "error"])
    is_failed = compute.is_valid(rows["error"])
    failures = Counter(error["class"] for error in rows["error"].filter(is_failed).to_pylist())
    seconds = compute.sum(rows["duration"].filter(compute.invert(is_failed))).as_py()
    cost = compute.sum(rows["cost"]).as_py()  # None if there is none
    return BulkResult(output, len(rows), transcribed, seconds or 0.0, cost, dict(failures), elapsed)


def explode_segments(rows: Any) -> Any:
    """Return a row for each segment, with the other columns of its recording.

    Args:
        rows: a `pyarrow.Table` of a job's rows. So it can be given to `map_batches(..., batch_format="pyarrow")`.

    Returns:
        A table with the columns `segment` (index), those of a segment such as `start`, `end` and `text`, and those of the
        recording but its own text, events and error. A recording that failed as a whole has no row.

    Example:
        >>> import pyarrow
        >>> from audio_core.bulk.schema import build_row
        >>> row = build_row(Transcript("a b", (Segment(0.0, 1.0, "a"), Segment(1.0, 2.0, "b"))))
        >>> segments = explode_segments(pyarrow.Table.from_pylist([{"uri": "a.mp3", **row}], schema=...))
    """
    rows = rows.combine_chunks()
    nested = rows["segments"].combine_chunks()
    parents, segments = compute.list_parent_indices(nested), compute.list_flatten(nested)
    dropped = {*_LONGEST_FIELDS, "error", "language"}
    columns = {name: rows[name].take(parents) for name in rows.column_names if name not in dropped}
    own = {name: segments.field(name) for name in (each.name for each in segments.type) if name != "language"}
    language = compute.coalesce(segments.field("language"), rows["language"].take(parents).combine_chunks())
    return pa.table({**columns, "segment": _count_up(parents), **own, "language": language})


def _count_up(parents: Any) -> Any:
    """Return the index of each segment in its recording."""
    counts = Counter[int]()
    indices = list[int]()
    for parent in parents.to_pylist():
        indices.append(counts[parent])
        counts[parent] += 1
    return pa.array(indices, pa.int64())


def read_passages(output: str | Path, **options: Unpack[SplitOptions]) -> Iterator[Passage]:
    """Yield the passages of a job's transcripts, with the ids and metadata that a loader gives them.

    Recordings that failed have none. Further columns of the manifest become metadata. A few rows are in memory at a
    time.

    Args:
        output: the folder of the job.
        **options: `granularity`, `window_seconds` and `window_overlap`, as for a loader.

    Raises:
        AudioNotFound: if the folder holds no rows.
        InvalidOption: if an option does not accept its value.
    """
    split_options = build_split_options(**options)
    rows = open_rows(output).to_batches(filter=dataset.field("error").is_null(), batch_size=_BATCH, batch_readahead=1)
    for batch in rows:
        for row in batch.to_pylist():
            metadata = {name: value for name, value in row.items() if _is_own_column(name) and value is not None}
            yield from split_passages(build_transcript(row), metadata=metadata, **split_options)


def _is_own_column(name: str) -> bool:
    return name != ID_COLUMN and name not in RESULT_SCHEMA.names
