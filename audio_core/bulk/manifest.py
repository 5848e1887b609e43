"""The recordings of a job: a Parquet manifest, a folder, a pattern or a list, as one table with a column `uri`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, cast

from audio_core.audio.audio import Audio
from audio_core.audio.formats import SUFFIXES
from audio_core.errors import AudioNotFound, InvalidAudio, InvalidOption
from audio_core.integration.rows.locations import convert_errors, find_files, open_location, shorten
from audio_core.integration.rows.packages import compute, pa, parquet
from audio_core.integration.rows.schema import ID_COLUMN, RESULT_SCHEMA

__all__ = ["read_manifest"]

_MAX_SHOWN = 3  # URIs in a message


def read_manifest(recordings: Any) -> Any:
    """Return the manifest of a job as a `pyarrow.Table` with the column `uri`, and any others of the user's own.

    Args:
        recordings: a Parquet file, or a folder of such; a folder or a pattern of recordings; or a list of recordings.

    Raises:
        AudioNotFound: if there is no such file or folder, or it holds no recording.
        InvalidOption: if a manifest has no column `uri`, or a URI twice, or a column that the results have too.
        InvalidAudio: if an item of a list has neither path nor URL.
    """
    if isinstance(recordings, (str, os.PathLike)):
        return _check_table(_read_location(os.fspath(cast("str", recordings))))
    if not isinstance(recordings, Iterable):
        raise InvalidOption(
            "The recordings of a job are a manifest, a folder, a pattern or a list of paths and URLs, not "
            f"{type(recordings).__name__}."
        )
    uris = map(_to_uri, cast("Iterable[Any]", recordings))
    return _check_table(_build_table(dict.fromkeys(uris)))  # the same recording twice is one row


def _read_location(location: str) -> Any:
    urls = find_files(location)
    if urls and all(url.lower().endswith(".parquet") for url in urls):
        return pa.concat_tables([_read_parquet(url) for url in urls])
    found = [url for url in urls if PurePosixPath(url).suffix.lower() in SUFFIXES]
    if not found:
        raise AudioNotFound(f"There are neither recordings nor Parquet manifests at {shorten(location)}.")
    return _build_table(found)


def _read_parquet(location: str) -> Any:
    filesystem, path = open_location(location)
    with convert_errors(location):
        return parquet.read_table(path, filesystem=filesystem)


def _build_table(uris: Iterable[str]) -> Any:
    return pa.table({ID_COLUMN: pa.array(uris, pa.string())})


def _to_uri(item: Any) -> str:
    """Return an item of a list as text. Audio itself would travel through Ray's object store."""
    if isinstance(item, (str, os.PathLike)):
        return os.fspath(cast("str", item))
    reference = item.reference if isinstance(item, Audio) else None
    if reference is None:
        raise InvalidAudio(
            f"A bulk job takes paths and URLs, not {type(item).__name__} without one: save the recording first, where "
            "every worker can read it."
        )
    return reference


def _check_table(table: Any) -> Any:
    """Return the table with its URIs as text, if each is there once."""
    if ID_COLUMN not in table.column_names:
        names = ", ".join(table.column_names[:10]) or "none"
        raise InvalidOption(f"The manifest has no column {ID_COLUMN!r}. Its columns are: {names}.")
    if clashes := [name for name in table.column_names if name in RESULT_SCHEMA.names]:
        raise InvalidOption(
            f"The results have columns of their own called {', '.join(clashes)}: rename the manifest's."
        )
    try:
        uris = compute.cast(table[ID_COLUMN], pa.string())
    except pa.ArrowException:
        raise InvalidOption(f"The column {ID_COLUMN!r} holds {table[ID_COLUMN].type}, not text.") from None
    _check_uris(uris)
    return table.set_column(table.column_names.index(ID_COLUMN), pa.field(ID_COLUMN, pa.string()), uris)


def _check_uris(uris: Any) -> None:
    if not len(uris):
        raise AudioNotFound("There are no recordings to transcribe: the list or manifest is empty.")
    if missing := uris.null_count + compute.sum(compute.equal(uris, "")).as_py():
        raise InvalidOption(f"The column {ID_COLUMN!r} is empty in {missing} rows of the manifest.")
    if compute.any(compute.starts_with(uris, "data:")).as_py():
        raise InvalidAudio("A bulk job takes paths and URLs, not data: URIs, as audio is not to travel through Ray.")
    _check_unique(uris)


def _check_unique(uris: Any) -> None:
    counts = compute.value_counts(uris)
    if len(counts) == len(uris):
        return
    repeated = counts.filter(compute.greater(counts.field("counts"), 1)).field("values")
    examples = ", ".join(shorten(uri.as_py()) for uri in repeated[:_MAX_SHOWN])
    raise InvalidOption(
        f"{len(repeated)} URIs stand in the manifest more than once, such as {examples}. Each names one row of the "
        "results: leave the others out."
    )
