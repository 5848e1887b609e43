"""A store on disk for the transcripts of pieces, so that nothing is paid for twice.

A piece is claimed before its request is sent, and its transcript is saved afterwards. Each step is a transaction that
is on disk when it returns. A process that dies in between leaves a claim. The next process takes the claim over, sends
the request again, and records that the piece may have been billed twice. Exactly once is not possible, because no
gateway documents idempotent requests.
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
_POLL_SECONDS = 0.2  # between two checks of a piece that another caller has claimed
_CREATION_LOCK = threading.Lock()
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pieces (key TEXT PRIMARY KEY, state TEXT NOT NULL, owner TEXT, transcript TEXT, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS doubtful (label TEXT, start REAL, end REAL, at REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class PossibleDoubleCharge:
    """A piece that may have been billed twice.

    Attributes:
        label: what messages call the recording.
        start: where the piece starts, in seconds of the original recording.
        end: where the piece ends, in seconds of the original recording.
        at: when the request was sent again, in Unix time.
    """

    label: str
    start: float
    end: float
    at: float


@dataclass(frozen=True, slots=True)
class PieceKey:
    """The identity of a piece: all that determines its transcript.

    Attributes:
        sha256: the SHA-256 of the recording's bytes, in hex.
        start: where the piece starts, in seconds of the original recording.
        end: where the piece ends, in seconds of the original recording.
        provider: name of the provider that transcribes it.
        model: name of the model.
        options: how it is transcribed.
        label: what messages call the recording. It is not part of the identity.
        channel: the channel that is transcribed, counted from 0; None for all, mixed.
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
        """Return the key of the piece's row in the store."""
        options = self.options
        extra = dict(options.extra or {})
        settings = [options.language, options.prompt, options.temperature, options.words, options.diarize, extra]
        piece = [self.sha256, round(self.start, 3), round(self.end, 3), self.channel, self.provider, self.model]
        return hashlib.sha256(json.dumps([_VERSION, piece, settings], sort_keys=True, default=str).encode()).hexdigest()


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

    def claim(self, key: PieceKey) -> Transcript | bool:
        """Return a piece's transcript, or claim the piece if the store does not have it.

        Returns:
            The transcript; True if the piece is now claimed and the caller must transcribe it; False if another caller
            has claimed it.

        Raises:
            StoreError: if the file cannot be used.
        """
        digest, owner = key.compute_digest(), _identify_process()
        with self._begin_transaction() as database:
            row = database.execute("SELECT state, owner, transcript FROM pieces WHERE key = ?", (digest,)).fetchone()
            if row and row[0] == "done":
                return Transcript.from_json(row[2])
            if row and _is_alive(row[1]):
                return False
            if row:
                values = (key.label, key.start, key.end, time.time())
                database.execute("INSERT INTO doubtful VALUES (?, ?, ?, ?)", values)
            claim = (digest, owner, time.time())
            database.execute("INSERT OR REPLACE INTO pieces VALUES (?, 'begun', ?, NULL, ?)", claim)
            return True

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

    def release(self, key: PieceKey) -> None:
        """Release the claim on a piece whose request has failed.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            database.execute("DELETE FROM pieces WHERE key = ? AND state = 'begun'", (key.compute_digest(),))

    def list_possible_double_charges(self) -> list[PossibleDoubleCharge]:
        """Return the pieces that may have been billed twice, in the order of their second requests.

        Raises:
            StoreError: if the file cannot be used.
        """
        with self._begin_transaction() as database:
            rows = database.execute("SELECT label, start, end, at FROM doubtful ORDER BY at")
            return [PossibleDoubleCharge(*row) for row in rows]

    @contextlib.contextmanager
    def _begin_transaction(self) -> Generator[sqlite3.Connection]:
        """Open a connection and run the block as one transaction, which is on disk when the block ends."""
        try:
            self._create_file()
            with contextlib.closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as database:
                database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
        except (sqlite3.Error, OSError, ValueError) as error:
            raise StoreError(
                f"The store {self._path.name} cannot be used: {error}. Check that it is a store of transcripts, that "
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
        if hasattr(os, "getuid") and self._path.stat().st_uid != os.getuid():
            raise PermissionError("it belongs to another user")

    def __repr__(self) -> str:
        return f"TranscriptStore({self._path.name!r})"


def transcribe_once(store: TranscriptStore | None, key: PieceKey, asking: Flow[Transcript]) -> Flow[Transcript]:
    """Return a piece's transcript from the store, or transcribe the piece and save its transcript.

    Args:
        store: where transcripts are kept; None keeps nothing.
        key: the piece.
        asking: the flow that transcribes the piece. It is not begun if the store has the transcript.

    Raises:
        StoreError: if the store cannot be used.
        AudioError: if the piece cannot be transcribed. Its claim is released then.
    """
    if store is None:
        return (yield from asking)
    while (claim := (yield from run_blocking(lambda: store.claim(key)))) is False:
        yield from pause(_POLL_SECONDS)
    if isinstance(claim, Transcript):
        return claim
    try:
        transcript = yield from asking
    except BaseException:  # a cancelled call must release its claim too
        store.release(key)
        raise
    yield from run_blocking(lambda: store.save(key, transcript))
    return transcript


def _identify_process() -> str:
    """Return the id of this process, with its start time because ids are reused."""
    return f"{os.getpid()} {_get_start_time(os.getpid())}"


def _is_alive(owner: str) -> bool:
    pid, start_time = owner.split(" ")
    if os.name == "nt":  # signal 0 is Ctrl-C on Windows, so only this process is known to be alive
        return int(pid) == os.getpid()
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return start_time == _get_start_time(int(pid))


def _get_start_time(pid: int) -> str:
    """Return when a process began, in clock ticks after boot, or "-" if the system does not say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return "-"
