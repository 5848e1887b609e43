"""`BulkResult`: what a bulk job has written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audio_core.integration.rows.job_rows import open_rows
from audio_core.integration.rows.packages import compute, dataset

__all__ = ["BulkResult", "summarize_rows"]


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
        unanswered_seconds: of audio that was sent whole and got no answer, so that it may be billed on top of `cost`.
    """

    output: str
    recordings: int
    transcribed: int
    seconds: float
    cost: float | None
    failures: Mapping[str, int] = field(default_factory=dict[str, int])
    elapsed: float = 0.0
    unanswered_seconds: float = 0.0


def summarize_rows(output: str, transcribed: int, elapsed: float) -> BulkResult:
    """Return what a job has written, of its rows."""
    names = {
        "duration": ("duration",),
        "cost": ("cost",),
        "failure": ("error", "class"),
        "unanswered": ("usage", "unanswered_seconds"),
    }
    rows = open_rows(output).to_table(columns={name: dataset.field(*path) for name, path in names.items()})
    counts = compute.value_counts(rows["failure"].drop_null()).to_pylist()
    failures = {each["values"]: each["counts"] for each in counts}
    seconds = compute.sum(rows["duration"].filter(compute.is_null(rows["failure"]))).as_py()
    cost = compute.sum(rows["cost"]).as_py()  # None if there is none
    unanswered = compute.sum(rows["unanswered"]).as_py()
    return BulkResult(output, len(rows), transcribed, seconds or 0.0, cost, failures, elapsed, unanswered or 0.0)
