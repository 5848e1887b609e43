"""Ray, which is imported when a job starts: to read its rows, pyarrow is enough."""

from __future__ import annotations

from typing import Any

from audio_core.integration.rows.packages import import_package

__all__ = ["import_ray"]


def import_ray() -> Any:
    """Return Ray, with Ray Data.

    Raises:
        MissingDependency: if Ray Data is not installed.
    """
    import_package("ray.data")
    return import_package("ray")
