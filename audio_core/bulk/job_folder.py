"""The folder of a job: its rows, Ray's checkpoint of which are done, the manifest of what is missing, and its settings.

A row counts once its URI is in the checkpoint, which Ray writes after the row. What a killed job left behind without
one is removed before the next run, and transcribed again.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from audio_core.errors import InvalidOption
from audio_core.integration.rows.locations import Location, convert_errors, open_location, shorten
from audio_core.integration.rows.packages import compute, dataset, pa, parquet
from audio_core.integration.rows.schema import ID_COLUMN

__all__ = ["JobFolder"]

_ROWS_PER_FILE = 10_000  # of the manifest
_PENDING = ".pending.parquet"  # what Ray calls a checkpoint whose rows are being written
_PARTS = ("rows", "checkpoint", "manifest", "job.json")


@dataclass(frozen=True, slots=True)
class JobFolder:
    """A folder that belongs to one job.

    Attributes:
        name: what messages call it.
        location: where it is.
        checkpoint: where Ray notes which rows are done.
        run: name of this run.
    """

    name: str
    location: Location
    checkpoint: Location
    run: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(cls, output: str | Path, checkpoint: str | Path | None = None) -> JobFolder:
        """Return the folder at a path or URL.

        Args:
            output: path or URL of the folder.
            checkpoint: that of the checkpoint, if it is elsewhere, on the same file system.
        """
        location = open_location(str(output))
        place = location.join("checkpoint") if checkpoint is None else open_location(str(checkpoint))
        return cls(shorten(str(output)), location, place)

    @property
    def rows(self) -> Location:
        """Where the results are."""
        return self.location.join("rows")

    @property
    def manifest(self) -> Location:
        """Where the recordings are listed that this run transcribes.

        It is a new folder, as Ray's processes may remember what a bucket held in one that they have seen.
        """
        return self.location.join(f"manifest/{self.run}")

    def claim(self, settings: Mapping[str, Any], *, overwrite: bool) -> None:
        """Make the folder that of a job with these settings, or check that it is.

        Args:
            settings: of the job.
            overwrite: whether to delete the rows of a job with other settings.

        Raises:
            InvalidOption: if it holds another job's rows, or files that no job wrote.
            StoreError: if it is in a bucket that is not there.
        """
        with convert_errors(self.name):
            for folder in (self.location, self.checkpoint):
                folder.check_bucket()
            found = self._read_settings()
            if found == settings:
                return
            if found is None:
                self._check_empty()
            elif not overwrite:
                raise InvalidOption(self._describe_difference(found, settings))
            self._clear()
            self._write("job.json", json.dumps(settings, indent=2).encode())

    def prepare_run(self, manifest: Any, *, retry_failed: bool) -> int:
        """Write the manifest of what is missing, and return how many recordings that is.

        Args:
            manifest: the table of all recordings.
            retry_failed: whether those that failed are to be transcribed again.
        """
        with convert_errors(self.name):
            self._drop_uncommitted_rows()
            if retry_failed:
                self._forget_failures()
            missing = _select_missing(manifest, self._read_done())
            self._write_manifest(missing)
            return len(missing)

    def _clear(self) -> None:
        filesystem = self.location.filesystem
        for part in map(self.location.join, _PARTS):
            if part.exists():
                is_file = filesystem.get_file_info(part.path).is_file
                (filesystem.delete_file if is_file else filesystem.delete_dir)(part.path)
        self.checkpoint.filesystem.delete_dir_contents(self.checkpoint.path, missing_dir_ok=True)

    def _read_settings(self) -> Any:
        file = self.location.join("job.json")
        if not file.exists():
            return None
        with file.filesystem.open_input_stream(file.path) as stream:
            return json.loads(stream.read())

    def _check_empty(self) -> None:
        for name, folder in ((self.name, self.location), (shorten(self.checkpoint.path), self.checkpoint)):
            if files := folder.list_files():
                raise InvalidOption(
                    f"The folder {name} holds {len(files)} files that no bulk job wrote. Give an empty or a new folder."
                )

    def _describe_difference(self, found: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
        names = [name for name in {**found, **settings} if found.get(name) != settings.get(name)]
        differences = ", ".join(f"{name}={found.get(name)!r}, not {settings.get(name)!r}" for name in names)
        return (
            f"The folder {self.name} holds the rows of another job, with {differences}. Give another folder, or "
            "overwrite=True to delete them."
        )

    def _write(self, name: str, data: bytes) -> None:
        file = self.location.join(name)
        file.filesystem.create_dir(self.location.path, recursive=True)
        with file.filesystem.open_output_stream(file.path) as stream:
            stream.write(data)

    def _drop_uncommitted_rows(self) -> None:
        """Remove rows that are not in the checkpoint, and what is left of files that were not finished."""
        for file in self.checkpoint.list_files():
            if file.path.endswith(_PENDING):
                file.filesystem.delete_file(file.path)
        sizes = [(file, _count_rows(file)) for file in self.rows.list_files()]
        if sum(size or 0 for _, size in sizes) == sum(_count_rows(file) or 0 for file in self.checkpoint.list_files()):
            sizes = [(file, size) for file, size in sizes if size is None]
        done = set(self._read_done().to_pylist()) if sizes else set[str]()
        for file, size in sizes:
            if size is None:
                file.filesystem.delete_file(file.path)
            else:
                _keep_rows(file, partial(_is_among, done))

    def _forget_failures(self) -> None:
        """Remove the rows of failures. Their URIs go first, so that an interruption only has them done again."""
        failed = set(self._read_failed().to_pylist())
        if not failed:
            return
        for file in self.checkpoint.list_files():
            _keep_rows(file, lambda table: compute.invert(_is_among(failed, table)))
        for file in self.rows.list_files():
            _keep_rows(file, lambda table: compute.is_null(table["error"]))

    def _read_done(self) -> Any:
        return _read_ids(self.checkpoint)

    def _read_failed(self) -> Any:
        return _read_ids(self.rows, ~dataset.field("error").is_null())

    def _write_manifest(self, missing: Any) -> None:
        filesystem, path = self.manifest
        filesystem.delete_dir_contents(self.location.join("manifest").path, missing_dir_ok=True)
        filesystem.create_dir(path, recursive=True)
        for number, first in enumerate(range(0, len(missing), _ROWS_PER_FILE)):
            parquet.write_table(
                missing.slice(first, _ROWS_PER_FILE), f"{path}/{number:06}.parquet", filesystem=filesystem
            )


def _read_ids(folder: Location, condition: Any = None) -> Any:
    """Return the URIs in the Parquet files of a folder, as one array."""
    files = [file.path for file in folder.list_files()]
    if not files:
        return pa.array([], pa.string())
    found = dataset.dataset(files, filesystem=folder.filesystem)
    return found.to_table(columns=[ID_COLUMN], filter=condition)[ID_COLUMN].combine_chunks()


def _select_missing(manifest: Any, done: Any) -> Any:
    return manifest.filter(compute.invert(compute.is_in(manifest[ID_COLUMN], done)))


def _count_rows(file: Location) -> int | None:
    """Return how many rows a Parquet file has; None if it was not finished."""
    try:
        return parquet.read_metadata(file.path, filesystem=file.filesystem).num_rows
    except pa.ArrowInvalid:
        return None


def _is_among(uris: set[str], table: Any) -> Any:
    """Return for each row whether its URI is one of these. Arrow would hash all of them again for each file."""
    return pa.array([uri in uris for uri in table[ID_COLUMN].to_pylist()], pa.bool_())


def _keep_rows(file: Location, choose: Callable[[Any], Any]) -> None:
    """Replace a Parquet file by those of its rows that are chosen; remove it if none are."""
    table = parquet.read_table(file.path, filesystem=file.filesystem)
    kept = table.filter(choose(table))
    if not len(kept):
        file.filesystem.delete_file(file.path)
    elif len(kept) < len(table):
        temporary = f"{file.path}.new"
        parquet.write_table(kept, temporary, filesystem=file.filesystem)
        file.filesystem.move(temporary, file.path)
