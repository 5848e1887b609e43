"""A bulk job's rows as its workers write them, without Ray."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from audio_core.bulk import Transcriber

__all__ = ["write_job"]


def write_job(output: Path, uris: list[str], *, columns: dict[str, list[Any]] | None = None, **options: Any) -> Path:
    """Transcribe recordings into a job's folder, and return it.

    Args:
        output: the folder.
        uris: of the recordings.
        columns: further columns of the manifest.
        **options: of `Transcriber`.
    """

    async def transcribe() -> list[Any]:
        batch = pa.table({"uri": uris, **(columns or {})})
        return [table async for table in Transcriber(**options)(batch)]

    (output / "rows").mkdir(parents=True)
    parquet.write_table(pa.concat_tables(asyncio.run(transcribe())), output / "rows" / "0.parquet")
    return output
