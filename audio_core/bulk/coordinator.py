"""What the workers of a job share: one actor on the cluster with the rate limit, the budget and the progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audio_core.bulk.limiter import RateLimiter
from audio_core.bulk.progress import BulkProgress, Tally
from audio_core.bulk.ray_package import import_ray
from audio_core.http.rate_limit import Reservation

__all__ = ["ClusterRateLimit", "Coordinator", "start_coordinator"]


class Coordinator(RateLimiter):
    """The rate limit of a job, and the count of what its workers have done."""

    def __init__(self, requests_per_minute: float | None, audio_seconds_per_minute: float | None) -> None:
        super().__init__(requests_per_minute, audio_seconds_per_minute)
        self._tally = Tally()

    def record(self, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Count the rows of a batch."""
        self._tally.add(key, rows)

    def sum(self, total: int, elapsed: float) -> BulkProgress:
        """Return the progress of a run with so many recordings, after so many seconds."""
        return self._tally.sum(total, elapsed)


def start_coordinator(
    requests_per_minute: float | None = None, audio_seconds_per_minute: float | None = None, *, name: str | None = None
) -> Any:
    """Start the actor that the workers of a job share, on this node. It ends when nobody refers to it any longer.

    Args:
        requests_per_minute: how many requests the whole cluster may send; None for any number.
        audio_seconds_per_minute: how many seconds of audio it may send; None for any number.
        name: name of the actor, as Ray's tools list it.

    Returns:
        The handle of the actor, for `Transcriber`.
    """
    ray = import_ray()
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - it imports Ray

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    actor = ray.remote(Coordinator).options(
        name=name, num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here
    )
    return actor.remote(requests_per_minute, audio_seconds_per_minute)


class ClusterRateLimit:
    """The rate limit of a coordinator, as the requests of one worker see it. It can be pickled.

    Args:
        coordinator: the handle of the actor.
    """

    def __init__(self, coordinator: Any) -> None:
        self._coordinator = coordinator

    def reserve(self, audio_seconds: float) -> Reservation:
        """Count a request with so many seconds of audio, and return when it may be sent."""
        return import_ray().get(self._coordinator.reserve.remote(audio_seconds))

    def get_period(self) -> int:
        """Return the number of the period since the last pause."""
        return import_ray().get(self._coordinator.get_period.remote())

    def slow_down(self, retry_after: float | None) -> None:
        """Make every worker pause, as the gateway has answered that there were too many requests."""
        import_ray().get(self._coordinator.slow_down.remote(retry_after))
