"""What the workers of a job share: an actor with the rate limit, the budget, the progress and rows that are ready."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audio_core.bulk.limiter import RateLimiter
from audio_core.bulk.progress import BulkProgress, Tally
from audio_core.bulk.ray_package import connect_ray
from audio_core.bulk.row_cache import RowCache
from audio_core.errors import AccessDenied, AudioError
from audio_core.http.rate_limit import Reservation
from audio_core.transcript.budget import Budget, Share

__all__ = ["ClusterBudget", "ClusterRateLimit", "Coordinator", "start_coordinator"]

_MANY = 100  # recordings
_VALID_SECONDS = 0.1  # how long a worker goes on before it asks whether there is a pause


class Coordinator(RateLimiter):
    """The rate limit and the budget of a job, the count of what its workers have done, and their newest rows."""

    def __init__(
        self,
        requests_per_minute: float | None = None,
        audio_seconds_per_minute: float | None = None,
        budget: Budget | None = None,
    ) -> None:
        super().__init__(requests_per_minute, audio_seconds_per_minute)
        self._tally, self._budget, self._ready = Tally(), budget, RowCache()
        self._reason: AudioError | None = None

    def stop(self, reason: AudioError) -> None:
        """Take down why the job must stop, as of errors of workers Ray hands on only the text."""
        self._reason = reason

    def get_reason(self) -> AudioError | None:
        """Return why the job must stop, if a worker has said so."""
        return self._reason

    def get_budget(self) -> Budget | None:
        """Return the budget as it is now."""
        return self._budget

    def reserve_budget(
        self, label: str, seconds: float, price_per_second: float | None
    ) -> tuple[float, float] | AudioError:
        """Reserve a share of the budget. Return its seconds and cost, or the error if too little is left."""
        if self._budget is None:
            return seconds, 0.0
        try:
            share = self._budget.reserve(label, seconds, price_per_second)
        except AudioError as error:  # raised, it would come wrapped in one of Ray's
            return error
        return share.seconds, share.cost

    def add_used(self, seconds: float, cost: float) -> None:
        """Add to what is used of the budget."""
        if self._budget is not None:
            self._budget.add(seconds, cost)

    def record(self, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Count the rows of a batch."""
        self._tally.add(key, rows)

    def add_ready(self, uri: str, row: bytes) -> None:
        """Keep the row of a recording, in case that its worker is lost before Ray has written it."""
        self._ready.add(uri, row)

    def find_ready(self, uris: Iterable[str]) -> dict[str, bytes]:
        """Return the rows that are ready of a block. There are some if a worker that had the block was lost."""
        return self._ready.find(uris)

    def are_all_denied(self) -> bool:
        """Return whether many recordings are done and none might be opened, as of a bucket that wants another key."""
        progress = self._tally.sum(0, 0.0)
        return progress.done >= _MANY and progress.failures == {AccessDenied.__name__: progress.done}

    def sum(self, total: int, elapsed: float) -> BulkProgress:
        """Return the progress of a run with so many recordings, after so many seconds."""
        return self._tally.sum(total, elapsed)


def start_coordinator(
    requests_per_minute: float | None = None,
    audio_seconds_per_minute: float | None = None,
    budget: Budget | None = None,
    *,
    name: str | None = None,
) -> Any:
    """Start the actor that the workers of one job share, on this node. It ends when nobody refers to it any longer.

    It keeps rows that are ready, so that no recording is paid for again if a worker is lost. So give each job its own.

    Args:
        requests_per_minute: how many requests the whole cluster may send; None for any number.
        audio_seconds_per_minute: how many seconds of audio it may send; None for any number.
        budget: what the whole cluster may spend; None for no limit.
        name: name of the actor, as Ray's tools list it.

    Returns:
        The handle of the actor, for `Transcriber`.
    """
    ray = connect_ray()
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - it imports Ray

    # Any other node may be lost, and the job would go on.
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(Coordinator).options(
        name=name, num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here
    )
    return actor.remote(requests_per_minute, audio_seconds_per_minute, budget)


class ClusterRateLimit:
    """The rate limit of a coordinator, as the requests of one worker see it. It can be pickled.

    Args:
        coordinator: the handle of the actor.
        is_limited: whether requests or seconds of audio are limited. If not, only pauses are asked for, and not at each
            request, as one actor answers about a thousand a second.
    """

    def __init__(self, coordinator: Any, *, is_limited: bool) -> None:
        self._coordinator, self._is_limited = coordinator, is_limited
        self._reservation, self._asked_at = Reservation(0.0, 0), -math.inf

    @classmethod
    def find(cls, coordinator: Any) -> ClusterRateLimit:
        """Return the rate limit of a coordinator."""
        return cls(coordinator, is_limited=connect_ray().get(coordinator.is_limited.remote()))

    def reserve(self, audio_seconds: float) -> Reservation:
        """Count a request with so many seconds of audio, and return when it may be sent."""
        now = time.monotonic()
        if self._is_limited or now > self._asked_at + _VALID_SECONDS:
            self._reservation = connect_ray().get(self._coordinator.reserve.remote(audio_seconds))
            self._asked_at = now
        return self._reservation

    def get_period(self) -> int:
        """Return the number of the period since the last pause."""
        return connect_ray().get(self._coordinator.get_period.remote())

    def slow_down(self, retry_after: float | None) -> None:
        """Make every worker pause, as the gateway has answered that there were too many requests."""
        connect_ray().get(self._coordinator.slow_down.remote(retry_after))
        self._asked_at = -math.inf


class ClusterBudget(Budget):
    """The budget of a coordinator, as the requests of one worker see it.

    Args:
        coordinator: the handle of the actor.
        budget: the limits.
    """

    def __init__(self, coordinator: Any, budget: Budget) -> None:
        super().__init__(seconds=budget.seconds, cost=budget.cost, price_per_minute=budget.price_per_minute)
        self._coordinator = coordinator

    @classmethod
    def find(cls, coordinator: Any) -> ClusterBudget | None:
        """Return the budget of a coordinator, if it has one."""
        budget = connect_ray().get(coordinator.get_budget.remote())
        return None if budget is None else cls(coordinator, budget)

    def reserve(self, label: str, seconds: float, price_per_second: float | None) -> Share:
        """Reserve a share for a request, as `Budget.reserve` does."""
        # This blocks the worker's event loop for a millisecond, before each request.
        outcome = connect_ray().get(self._coordinator.reserve_budget.remote(label, seconds, price_per_second))
        if isinstance(outcome, AudioError):
            raise outcome
        return Share(self, *outcome)

    def add(self, seconds: float, cost: float) -> None:
        """Add to what is used."""
        self._coordinator.add_used.remote(seconds, cost)
