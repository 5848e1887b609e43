"""The tables of a store of transcripts, and whose a file is."""

from __future__ import annotations

import sqlite3
import time

__all__ = ["check_origin", "create_tables", "use_write_ahead_log"]

_VERSION = 6  # of the tables
_TABLES = (
    "CREATE TABLE IF NOT EXISTS pieces "
    "(key TEXT PRIMARY KEY, state TEXT NOT NULL, owner TEXT, transcript TEXT, at REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS doubtful (label TEXT, start REAL, end REAL, at REAL NOT NULL, key TEXT)",
    "CREATE TABLE IF NOT EXISTS models (key TEXT PRIMARY KEY, sends_times INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS files (file TEXT PRIMARY KEY, version TEXT NOT NULL, sha256 TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS spans (recording TEXT, start REAL, end REAL, PRIMARY KEY (recording, start, end))",
)
_KEPT = (4, 5, _VERSION)  # what is in files of these versions was paid for; they get what they lack
_OWN_NAMES = {"pieces", "doubtful", "spans"}  # no other program's file is written to


def check_origin(database: sqlite3.Connection) -> None:
    """Check that a file is new or a store, before anything is written to it: the mode of its log is part of a file.

    Args:
        database: an open connection.

    Raises:
        ValueError: if another program, or a version of this package that is not known here, wrote it.
    """
    names = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    version = _read_version(database)  # read last, as another process may write both meanwhile
    if names and not names & _OWN_NAMES:
        raise ValueError("it was written by another program")
    if names and version not in _KEPT:
        raise ValueError(f"it was written by another version of this package ({version}, not {_VERSION})")


def _read_version(database: sqlite3.Connection) -> int:
    return database.execute("PRAGMA user_version").fetchone()[0]


def use_write_ahead_log(database: sqlite3.Connection, timeout: float) -> None:
    """Switch to the write-ahead log, once for a file. SQLite does not wait for locks while it switches.

    Args:
        database: an open connection.
        timeout: seconds to wait for other processes.
    """
    deadline = time.monotonic() + timeout
    while database.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            database.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def create_tables(database: sqlite3.Connection) -> None:
    """Create the tables that a file lacks, as it is new, old or damaged: no transcript could be saved without them.

    Args:
        database: an open connection, in a transaction.
    """
    for statement in _TABLES:
        database.execute(statement)
    if _read_version(database) == _VERSION:
        return
    if "key" not in [column[1] for column in database.execute("PRAGMA table_info(doubtful)")]:
        database.execute("ALTER TABLE doubtful ADD COLUMN key TEXT")
    database.execute(f"PRAGMA user_version={_VERSION}")
