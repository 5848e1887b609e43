"""A store may hold rows that others wrote: a typed error or a right value comes of them, and nothing else."""

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from any_json import ANY_JSON, list_wrong_fields, mutate
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audio_core import Segment, StoreError, Transcript, TranscriptStore
from audio_core.operations.store_keys import PieceKey
from audio_core.wire.transcription import TranscriptionOptions

KEY = PieceKey("ab" * 32, 0.0, 300.0, "openai", "m", TranscriptionOptions(), "talk.mp3")
STORED = json.loads(Transcript("hi", (Segment(0.0, 1.0, "hi"),)).to_json())
CELLS = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.binary(max_size=8)
    | (ANY_JSON | mutate(STORED).map(lambda mutation: mutation.reply)).map(json.dumps)
)


def write_row(path: Path, column: str, value: Any, state: str) -> None:
    path.unlink(missing_ok=True)
    store = TranscriptStore(path)
    store.claim(KEY)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE pieces SET state = ?", (state,))
        database.execute("INSERT INTO doubtful VALUES ('a', 0, 1, 2, 'k')")
        table = "doubtful" if column in ("label", "start", "end") else "pieces"
        with contextlib.suppress(sqlite3.IntegrityError):
            database.execute(f"UPDATE {table} SET {column} = ?", (value,))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(
    st.sampled_from(["state", "owner", "transcript", "at", "label", "start", "end"]),
    CELLS,
    st.sampled_from(["begun", "done"]),
)
@example("transcript", None, "done")
@example("at", "soon", "begun")
@example("owner", 5, "begun")
@example("start", "x", "begun")
def test_any_row_is_read_or_refused(tmp_path: Path, column: str, value: Any, state: str) -> None:
    write_row(tmp_path / "jobs.sqlite", column, value, state)
    store = TranscriptStore(tmp_path / "jobs.sqlite")
    with contextlib.suppress(StoreError):
        claimed = store.claim(KEY)
        assert claimed is None or isinstance(claimed, list) or list_wrong_fields(claimed) == []
    with contextlib.suppress(StoreError):
        store.renew(KEY)
        store.release(KEY)
    with contextlib.suppress(StoreError):
        assert all(list_wrong_fields(charge) == [] for charge in store.list_possible_double_charges())


def test_a_claim_from_the_future_is_taken_over(tmp_path: Path) -> None:
    write_row(tmp_path / "jobs.sqlite", "at", 1e12, "begun")
    assert TranscriptStore(tmp_path / "jobs.sqlite").claim(KEY)
