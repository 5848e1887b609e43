"""The packages of the extra `[ray]` that read and write Parquet. Their type hints have gaps, so they are `Any`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from audio_core.errors import MissingDependency, describe_install

__all__ = ["compute", "dataset", "fs", "fsspec", "import_package", "pa", "parquet"]


def import_package(name: str) -> Any:
    """Return a package of the extra.

    Raises:
        MissingDependency: if it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise MissingDependency(f"Bulk jobs need {package}: {describe_install('ray')}") from None


pa, compute, parquet, dataset, fs, fsspec = map(
    import_package,
    ("pyarrow", "pyarrow.compute", "pyarrow.parquet", "pyarrow.dataset", "pyarrow.fs", "fsspec"),
)
