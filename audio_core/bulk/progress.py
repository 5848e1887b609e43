"""How far a bulk job has come, over the whole cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BulkProgress", "Tally"]


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a bulk job has come.

    Attributes:
        total: recordings that this run is to transcribe.
        done: recordings that are finished, those that failed among them.
        seconds: of audio in those that were transcribed.
        cost: in US dollars so far; None if the gateway reports none.
        failures: how many recordings failed, by the class of their error.
        elapsed: seconds on the wall clock since the run began.

    Example:
        >>> progress = BulkProgress(total=100, done=25, seconds=750.0, elapsed=10.0)
        >>> progress.seconds_per_second, progress.remaining
        (75.0, 30.0)
    """

    total: int
    done: int = 0
    seconds: float = 0.0
    cost: float | None = None
    failures: Mapping[str, int] = field(default_factory=dict[str, int])
    elapsed: float = 0.0

    @property
    def seconds_per_second(self) -> float:
        """Seconds of audio that are transcribed in a second."""
        return self.seconds / self.elapsed if self.elapsed else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds on the wall clock that are left, at this pace; None before the first recording is done."""
        return (self.total - self.done) * self.elapsed / self.done if self.done else None


class Tally:
    """Counts rows. Those that Ray produced again, as a worker was lost, count once.

    Example:
        >>> tally = Tally()
        >>> for _ in range(2):
        ...     tally.add("a.mp3", [{"duration": 2.0}, {"error": {"class": "InvalidAudio"}}])
        >>> tally.sum(10, elapsed=1.0).failures
        {'InvalidAudio': 1}
    """

    def __init__(self) -> None:
        self._batches: dict[str, tuple[int, float, float | None, dict[str, int]]] = {}

    def add(self, key: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Count the rows of a batch, in place of what was counted for it before.

        Args:
            key: the first URI of the batch.
            rows: with their `duration`, `cost` and `error`.
        """
        rows = list(rows)
        failures = Counter(row["error"]["class"] for row in rows if row.get("error"))
        seconds = sum(row.get("duration") or 0.0 for row in rows if not row.get("error"))
        costs = [row["cost"] for row in rows if row.get("cost") is not None]
        self._batches[key] = (len(rows), seconds, sum(costs) if costs else None, dict(failures))

    def sum(self, total: int, elapsed: float) -> BulkProgress:
        """Return the progress of a run with so many recordings, after so many seconds."""
        batches = self._batches.values()
        costs = [cost for _, _, cost, _ in batches if cost is not None]
        failures = Counter[str]()
        for _, _, _, failed in batches:
            failures.update(failed)
        return BulkProgress(
            total,
            sum(count for count, _, _, _ in batches),
            sum(seconds for _, seconds, _, _ in batches),
            sum(costs) if costs else None,
            dict(failures),
            elapsed,
        )
