"""What was paid for is kept: transcripts of pieces, by what they are of and what decides their text.

That a piece is asked for is written down before the request, and its transcript with it afterwards, each in a transaction that
is on disk when it returns. A process that dies in between leaves a piece that is begun: the next one asks again, once, and
notes that it may have been billed twice. Exactly once is not possible, as no gateway documents idempotent requests.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from audio_core.errors import StoreError
from audio_core.http.flow import Flow, pause, run_blocking
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["PieceKey", "PossibleDoubleCharge", "TranscriptStore", "transcribe_once"]

_VERSION = 2
_POLL = 0.2  # seconds between looks at a piece that another process has begun
_MAKING = threading.Lock()
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pieces (key TEXT PRIMARY KEY, state TEXT NOT NULL, owner TEXT, transcript TEXT, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS doubtful (label TEXT, start REAL, end REAL, at REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class PossibleDoubleCharge:
    """A piece that may have been billed twice: its recording, its range in seconds, and when (Unix time) it was asked again."""

    label: str
    start: float
    end: float
    at: float


@dataclass(frozen=True, slots=True)
class PieceKey:
    """What a piece is of, and what decides its text. Neither the API key nor limits of time and number are in it.

    Attributes:
        sha256: of the recording.
        start: seconds of the recording.
        end: likewise.
        provider: who hears it.
        model: with which model.
        options: how.
        label: what messages call the recording.
        channel: the one that was heard, or None for all, mixed.
    """

    sha256: str
    start: float
    end: float
    provider: str
    model: str
    options: TranscriptionOptions
    label: str
    channel: int | None = None

    def compute_digest(self) -> str:
        """The key in the store."""
        how = self.options
        facts = [how.language, how.prompt, how.temperature, how.words, how.diarize, dict(how.extra or {})]
        place = [self.sha256, round(self.start, 3), round(self.end, 3), self.channel, self.provider, self.model]
        return hashlib.sha256(json.dumps([_VERSION, place, facts], sort_keys=True, default=str).encode()).hexdigest()


class TranscriptStore:
    """A file with the transcripts of pieces. It may be shared by threads and by processes of one machine.

    Making one touches nothing; the file is made when it is first needed, readable by its owner alone.

    Args:
        path: of the file.

    Example:
        >>> TranscriptStore("jobs.sqlite")
        TranscriptStore('jobs.sqlite')
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def claim(self, key: PieceKey) -> Transcript | bool:
        """The transcript of a piece if it is there; else True if it is now the caller's to ask for, False if another is at it.

        Raises:
            StoreError: if the file cannot be used.
        """
        digest, owner = key.compute_digest(), _identify_process()
        with self._open() as rows:
            found = rows.execute("SELECT state, owner, transcript FROM pieces WHERE key = ?", (digest,)).fetchone()
            if found and found[0] == "done":
                return Transcript.from_json(found[2])
            if found and _is_alive(found[1]):
                return False
            if found:
                facts = (key.label, key.start, key.end, time.time())
                rows.execute("INSERT INTO doubtful VALUES (?, ?, ?, ?)", facts)
            rows.execute("INSERT OR REPLACE INTO pieces VALUES (?, 'begun', ?, NULL, ?)", (digest, owner, time.time()))
            return True

    def save(self, key: PieceKey, transcript: Transcript) -> None:
        """Keep the transcript of a piece that was claimed."""
        with self._open() as rows:
            facts = (key.compute_digest(), transcript.to_json(), time.time())
            rows.execute("INSERT OR REPLACE INTO pieces VALUES (?, 'done', NULL, ?, ?)", facts)

    def release(self, key: PieceKey) -> None:
        """Give up a piece that was claimed, as its request has failed."""
        with self._open() as rows:
            rows.execute("DELETE FROM pieces WHERE key = ? AND state = 'begun'", (key.compute_digest(),))

    def list_possible_double_charges(self) -> list[PossibleDoubleCharge]:
        """The pieces that may have been billed twice, in the order in which they were asked again."""
        with self._open() as rows:
            return [
                PossibleDoubleCharge(*row)
                for row in rows.execute("SELECT label, start, end, at FROM doubtful ORDER BY at")
            ]

    @contextlib.contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        """A connection in a transaction of its own, which is on disk when the block ends."""
        try:
            self._create_file()
            with contextlib.closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as rows:
                rows.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)
                rows.execute("BEGIN IMMEDIATE")
                yield rows
                rows.execute("COMMIT")
        except (sqlite3.Error, OSError, ValueError) as error:
            raise StoreError(
                f"The store {self._path.name} cannot be used: {error}. Is it a store, on a disk with room, and yours?"
            ) from None

    def _create_file(self) -> None:
        """Closing any descriptor of a file drops all locks that this process has on it (howtocorrupt.html of SQLite, 2.2).

        So the one that makes it is closed before any thread connects, and none is opened later.
        """
        with _MAKING, contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if hasattr(os, "getuid") and self._path.stat().st_uid != os.getuid():
            raise PermissionError("it belongs to somebody else")

    def __repr__(self) -> str:
        return f"TranscriptStore({self._path.name!r})"


def transcribe_once(store: TranscriptStore | None, key: PieceKey, asking: Flow[Transcript]) -> Flow[Transcript]:
    """The transcript of a piece: from the store, or asked for and then kept.

    Args:
        store: None keeps nothing.
        key: what the piece is.
        asking: the flow that asks for it; not begun if the store has it.
    """
    if store is None:
        return (yield from asking)
    while (found := (yield from run_blocking(lambda: store.claim(key)))) is False:
        yield from pause(_POLL)
    if isinstance(found, Transcript):
        return found
    try:
        transcript = yield from asking
    except BaseException:  # also when the caller leaves: what was not heard is nobody's any more
        store.release(key)
        raise
    yield from run_blocking(lambda: store.save(key, transcript))
    return transcript


def _identify_process() -> str:
    """This process, so that a claim can be told from one of a process that has died."""
    return f"{os.getpid()} {_get_start_time(os.getpid())}"


def _is_alive(owner: str) -> bool:
    pid, started = owner.split(" ")
    if os.name == "nt":  # where signal 0 is Ctrl-C; there, only this process is known to live
        return int(pid) == os.getpid()
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return started == _get_start_time(int(pid))


def _get_start_time(pid: int) -> str:
    """When a process began, where the system says, as its number may be given to another one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return "-"
