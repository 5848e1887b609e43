"""A job's folder as Ray leaves it, without Ray."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from audio_core import Transcript
from audio_core.integration.rows.schema import RESULT_SCHEMA, build_failed_row, build_row

WriteRows = Callable[..., None]


@pytest.fixture
def write_rows(tmp_path: Path) -> WriteRows:
    """Return a function that writes one file of rows, and the checkpoint of those that are done."""

    def write(
        name: str, outcomes: dict[str, Transcript | Exception], *, done: bool = True, **columns: list[object]
    ) -> None:
        built = [
            build_failed_row(each) if isinstance(each, Exception) else build_row(each) for each in outcomes.values()
        ]
        rows = pa.Table.from_pylist(built, schema=RESULT_SCHEMA)
        for column, values in {**columns, "uri": [*outcomes]}.items():
            rows = rows.add_column(0, column, [values])
        for folder in ("rows", "checkpoint"):
            (tmp_path / "out" / folder).mkdir(parents=True, exist_ok=True)
        parquet.write_table(rows, tmp_path / "out/rows" / f"{name}.parquet")
        suffix = "" if done else ".pending"
        parquet.write_table(rows.select(["uri"]), tmp_path / "out/checkpoint" / f"{name}{suffix}.parquet")

    return write
