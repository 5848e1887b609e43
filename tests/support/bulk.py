"""A gateway that counts, and a Ray cluster on loopback, for tests and benchmarks of bulk jobs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audio_core.testing import Recorded, Reply, ScriptedGateway, tone

__all__ = ["CountingGateway", "kill_later", "run_cluster", "write_recordings"]

_FILENAME = re.compile(rb'filename="([^"]+)"')
_ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}  # else workers wait for all other processes


class CountingGateway(ScriptedGateway):
    """A gateway that transcribes each file after `latency` seconds, and counts its requests by the file's name.

    Attributes:
        counts: requests by the name of the file.
        in_flight: requests that are not answered yet.
        times: when each request came, in seconds.
    """

    def __init__(self, latency: float = 0.0) -> None:
        super().__init__()
        self.latency, self.counts, self.in_flight = latency, Counter[str](), 0
        self.times = list[float]()

    def next_reply(self, request: Recorded) -> Reply:
        found = _FILENAME.search(request.body[:4096])
        if found is None:  # its sender was killed before it had sent the file
            return Reply("incomplete", status=400)
        name = found[1].decode()
        with self._lock:
            self.counts[name] += 1
            self.in_flight += 1
            self.times.append(time.monotonic())
        time.sleep(self.latency)
        with self._lock:
            self.in_flight -= 1
        text = f"these are the words of {name}"
        return Reply({"text": text, "language": "en", "segments": [{"start": 0.0, "end": 0.9, "text": text}]})

    @property
    def total(self) -> int:
        """How many requests there were."""
        return self.counts.total()

    @property
    def busy_seconds(self) -> float:
        """Seconds from the first request to the last answer."""
        return self.times[-1] - self.times[0] + self.latency


def write_recordings(folder: Path, count: int, *, hostile: int = 0) -> list[str]:
    """Write short recordings, each of its own sound, of which every `hostile`th is no audio. Return their paths.

    Args:
        folder: where to.
        count: how many.
        hostile: one of so many is no audio; 0 for none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sound = tone(1.0)
    paths = [folder / f"{number:06}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        is_hostile = hostile and number % hostile == 0
        path.write_bytes(b"This is not audio." if is_hostile else sound[:-4] + number.to_bytes(4, "little"))
    return [str(path) for path in paths]


@contextlib.contextmanager
def run_cluster(nodes: int, cpus: int = 3) -> Iterator[Any]:
    """Run a Ray cluster of several nodes on this machine, and connect to it: on loopback in a network namespace."""
    os.environ.update(_ENVIRONMENT)
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": cpus, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        # It connects to the head, as there is no other node yet. So any other may be lost.
        ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
        for _ in range(nodes - 1):
            cluster.add_node(**node)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def _kill_processes(node: Any) -> None:
    """Kill a node's processes at once, as the end of a machine does. Ray's own workers would go on for a second."""
    raylet = node.all_processes["raylet"][0].process.pid
    children = [text for each in Path(f"/proc/{raylet}/task").glob("*/children") for text in each.read_text().split()]
    for process in [*map(int, children), raylet]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@contextlib.contextmanager
def kill_later(cluster: Any, gateway: CountingGateway, after: int) -> Iterator[dict[str, int]]:
    """Kill a node of the cluster once the gateway has had so many requests. The dict gets what was in flight then."""
    facts: dict[str, int] = {}

    def kill() -> None:
        while gateway.total < after:
            time.sleep(0.01)
        node = next(iter(cluster.worker_nodes))
        facts["in_flight"] = gateway.in_flight
        _kill_processes(node)
        cluster.remove_node(node, allow_graceful=False)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    yield facts
    thread.join(1)
