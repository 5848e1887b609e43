"""A store on disk for the transcripts of pieces, so that nothing is paid for twice.

A piece is claimed before its request is sent, and its transcript is saved afterwards. Each step is a transaction that
is on disk when it returns. A claim is a lease: it ends with the process that holds it, or when it is not renewed for a
minute. Whoever then takes the claim over sends the request again, and records that the piece may have been billed
twice. The same is recorded where a request got no answer in time, or was stopped before it got one. Exactly once is not
possible, because no gateway documents idempotent requests.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from audio_core.audio.content import FileVersion
from audio_core.errors import StoreError
from audio_core.operations.processes import identify_process, is_alive
from audio_core.operations.store_keys import ModelKey, PieceKey
from audio_core.operations.store_schema import check_origin, create_tables, use_write_ahead_log
from audio_core.transcript.transcript import Transcript

__all__ = ["LEASE_SECONDS", "PossibleDoubleCharge", "TranscriptStore"]

LEASE_SECONDS = 60.0
"""How long a claim holds that is not renewed."""

_LOCK_TIMEOUT = 30.0  # seconds to wait for another process
_CREATION_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class PossibleDoubleCharge:
    """A piece that may have been billed twice.

    Attributes:
        label: what messages call the recording.
        start: where the piece starts, in seconds of the original recording.
        end: where the piece ends, in seconds of the original recording.
        requested_at: when the request was sent again, in Unix time.
    """

    label: str
    start: float
    end: float
    requested_at: float


class TranscriptStore:
    """A file with the transcripts of pieces. Threads and processes of one machine may share it.

    The constructor does not touch the disk. The file is created at its first use, readable by its owner alone.

    Args:
        path: path of the file.

    Example:
        >>> TranscriptStore("jobs.sqlite")
        TranscriptStore('jobs.sqlite')
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def claim(self, key: PieceKey) -> Transcript | list[PossibleDoubleCharge] | None:
        """Return a piece's transcript, or claim the piece if the store does not have it.

        Returns:
            The transcript; None if another caller has claimed the piece; else one charge for each earlier request that
            got no answer, if any. The piece is then claimed, and the caller must transcribe it.

        Raises:
            StoreError: if the file cannot be used.
        """
        digest, owner = key.compute_digest(), identify_process()
        with self._begin_transaction() as database:
            query = "SELECT state, owner, transcript, at FROM pieces WHERE key = ?"
            row = database.execute(query, (digest,)).fetchone()
            if row and row[0] == "done":
                return Transcript.from_json(row[2])
            if row and abs(time.time() - float(row[3])) < LEASE_SECONDS and is_alive(row[1]):
                return None
            if row:
                values = (key.label, key.start, key.end, time.time(), digest)
                database.execute("INSERT INTO doubtful VALUES (?, ?, ?, ?, ?)", values)
            claim = (digest, owner, time.time())
            database.execute("INSERT OR REPLACE INTO pieces VALUES (?, 'begun', ?, NULL, ?)", claim)
            return _list_charges(database, "SELECT label, start, end, at FROM doubtful WHERE key = ?", digest)

    def find(self, key: PieceKey) -> Transcript | None:
        """Return a piece's transcript, or None if the store does not have it.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            query = "SELECT transcript FROM pieces WHERE key = ? AND state = 'done'"
            row = database.execute(query, (key.compute_digest(),)).fetchone()
            return None if row is None else Transcript.from_json(row[0])

    def save(self, key: PieceKey, transcript: Transcript) -> None:
        """Save the transcript of a claimed piece.

        Args:
            key: the piece.
            transcript: of the piece.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            values = (key.compute_digest(), transcript.to_json(), time.time())
            database.execute("INSERT OR REPLACE INTO pieces VALUES (?, 'done', NULL, ?, ?)", values)
            if not key.is_bridge:
                _save_span(database, key)

    def save_span(self, key: PieceKey) -> None:
        """Save where a piece starts and ends that is cut again. `list_spans` returns it with the others.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            _save_span(database, key)

    def list_spans(self, key: PieceKey) -> list[tuple[float, float]]:
        """Return start and end of each piece that the store has of a recording, in seconds of the original recording.

        Bridges are left out.

        Args:
            key: any piece of the recording, for how it is transcribed.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            query = "SELECT start, end FROM spans WHERE recording = ? ORDER BY start"
            rows = database.execute(query, (key.compute_recording_digest(),))
            return [(float(start), float(end)) for start, end in rows]

    def renew(self, key: PieceKey) -> None:
        """Renew the lease on a piece that this process has claimed.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            values = (time.time(), key.compute_digest(), identify_process())
            database.execute("UPDATE pieces SET at = ? WHERE key = ? AND state = 'begun' AND owner = ?", values)

    def release(self, key: PieceKey, *, may_have_been_billed: bool = False) -> None:
        """Release the claim on a piece whose request has failed.

        Args:
            key: the piece.
            may_have_been_billed: whether the next request for it is recorded as a possible double charge.

        Raises:
            StoreError: if the file cannot be used.
        """
        change = "UPDATE pieces SET owner = NULL" if may_have_been_billed else "DELETE FROM pieces"
        with self._begin_transaction() as database:
            database.execute(f"{change} WHERE key = ? AND state = 'begun'", (key.compute_digest(),))

    def find_times(self, key: ModelKey) -> bool | None:
        """Return whether a model sends times, or None if that is not known.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            query = "SELECT sends_times FROM models WHERE key = ?"
            row = database.execute(query, (key.compute_digest(),)).fetchone()
            return None if row is None else bool(row[0])

    def save_times(self, key: ModelKey, sends_times: bool) -> None:
        """Save whether a model sends times.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            database.execute("INSERT OR REPLACE INTO models VALUES (?, ?)", (key.compute_digest(), sends_times))

    def list_possible_double_charges(self) -> list[PossibleDoubleCharge]:
        """Return the pieces that may have been billed twice, in the order of their second requests.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            return _list_charges(database, "SELECT label, start, end, at FROM doubtful ORDER BY at")

    def find_sha256(self, version: FileVersion) -> str | None:
        """Return the SHA-256 of a file's bytes, or None if the file is not known, or was another one then.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            query = "SELECT sha256 FROM files WHERE file = ? AND version = ?"
            row = database.execute(query, _format_version(version)).fetchone()
            return None if row is None else str(row[0])

    def save_sha256(self, version: FileVersion, sha256: str) -> None:
        """Save the SHA-256 of a file's bytes, in place of that of an earlier version.

        Args:
            version: of the file, which later writes must change.
            sha256: in hex.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            database.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (*_format_version(version), sha256))

    @contextlib.contextmanager
    def _begin_transaction(self) -> Generator[sqlite3.Connection]:
        """Open a connection and run the block as one transaction, which is on disk when the block ends."""
        try:
            self._create_file()
            connection = sqlite3.connect(self._path, timeout=_LOCK_TIMEOUT, isolation_level=None)
            with contextlib.closing(connection) as database:
                check_origin(database)
                use_write_ahead_log(database, _LOCK_TIMEOUT)
                database.execute("PRAGMA synchronous=FULL")
                database.execute("BEGIN IMMEDIATE")
                create_tables(database)
                yield database
                database.execute("COMMIT")
        except (sqlite3.Error, OSError, ValueError, TypeError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error  # that of an OSError has the path
            raise StoreError(
                f"The store {self._path.name} cannot be used: {reason}. Check that it is a store of transcripts, that "
                "it belongs to you, and that the disk has space."
            ) from None

    def _create_file(self) -> None:
        """Create the file if it is missing.

        Closing any descriptor of a file drops all locks that this process holds on it
        (https://www.sqlite.org/howtocorrupt.html, section 2.2). So the descriptor that creates the file is closed
        before any thread connects, and no other descriptor is opened later.
        """
        with _CREATION_LOCK, contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        status = self._path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is not a file")
        if hasattr(os, "getuid") and status.st_uid != os.getuid():
            raise PermissionError("it belongs to another user")
        if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError("other users may write to it; run chmod 600 on it")

    def __repr__(self) -> str:
        return f"TranscriptStore({self._path.name!r})"


def _save_span(database: sqlite3.Connection, key: PieceKey) -> None:
    span = (key.compute_recording_digest(), key.start, key.end)
    database.execute("INSERT OR IGNORE INTO spans VALUES (?, ?, ?)", span)


def _list_charges(database: sqlite3.Connection, query: str, *values: str) -> list[PossibleDoubleCharge]:
    rows = database.execute(query, values)
    return [PossibleDoubleCharge(str(label), *map(float, times)) for label, *times in rows]


def _format_version(version: FileVersion) -> tuple[str, str]:
    """Return the name of a file and its version, as text: the number of a file may be larger than SQLite's integers."""
    file, times = version[:2], version[2:]
    return ":".join(map(str, file)), ":".join(map(str, times))
