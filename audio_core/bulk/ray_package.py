"""Ray, which is imported when a job starts: to read its rows, pyarrow is enough."""

from __future__ import annotations

from typing import Any

from audio_core.integration.rows.packages import import_package

__all__ = ["connect_ray"]


def connect_ray() -> Any:
    """Return Ray, with Ray Data, connected to the cluster that `RAY_ADDRESS` names, or else to one on this machine.

    Raises:
        MissingDependency: if Ray Data is not installed.
    """
    import_package("ray.data")
    ray = import_package("ray")
    if not ray.is_initialized():
        ray.init()
    return ray
