"""The rows of a bulk job, read again: one for each recording, or one for each segment."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from audio_core.errors import AudioNotFound
from audio_core.integration.rows.locations import convert_errors, open_location, shorten
from audio_core.integration.rows.packages import compute, dataset, pa

__all__ = ["explode_segments", "open_rows"]

_LONGEST_FIELDS = ("segments", "events", "text")


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


def explode_segments(rows: Any) -> Any:
    """Return a row for each segment, with the other columns of its recording.

    Args:
        rows: a `pyarrow.Table` of a job's rows. So it can be given to `map_batches(..., batch_format="pyarrow")`.

    Returns:
        A table with the columns `segment` (index), those of a segment such as `start`, `end` and `text`, and those of
        the recording but its own text, events and error. A recording that failed as a whole has no row.

    Example:
        >>> import pyarrow
        >>> from audio_core.integration.rows.schema import RESULT_SCHEMA, build_row
        >>> row = build_row(Transcript("a b", (Segment(0.0, 1.0, "a"), Segment(1.0, 2.0, "b"))))
        >>> schema = pyarrow.schema([("uri", pyarrow.string()), *RESULT_SCHEMA])
        >>> table = explode_segments(pyarrow.Table.from_pylist([{"uri": "a.mp3", **row}], schema=schema))
        >>> table["text"].to_pylist(), table["segment"].to_pylist()
        (['a', 'b'], [0, 1])
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
