"""The packages of the extra `[ray]`. They have no complete type hints, so they are `Any` here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from audio_core.errors import MissingDependency, describe_install

__all__ = ["compute", "dataset", "fs", "fsspec", "import_ray", "pa", "parquet"]


def _import_package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise MissingDependency(f"audio_core.bulk needs {package}: {describe_install('ray')}") from None


pa, compute, parquet, dataset, fs, fsspec = map(
    _import_package,
    ("pyarrow", "pyarrow.compute", "pyarrow.parquet", "pyarrow.dataset", "pyarrow.fs", "fsspec"),
)


def import_ray() -> Any:
    """Return Ray with Ray Data. It is imported when a job starts: reading the results needs only pyarrow.

    Raises:
        MissingDependency: if Ray Data is not installed.
    """
    _import_package("ray.data")
    return _import_package("ray")
