"""What a bulk job says at its end, read from its rows."""

from __future__ import annotations

from pathlib import Path

from audio_core import AudioError, Transcript, Usage
from audio_core.bulk.results import BulkResult, summarize_rows


def test_a_job_sums_what_its_rows_hold(tmp_path: Path, write_rows) -> None:
    paid, asked_twice = Usage(cost=0.25), Usage(cost=0.5, unanswered_seconds=4.0)
    write_rows(
        "0",
        {
            "a.mp3": Transcript("a", duration=2.0, usage=paid),
            "b.mp3": Transcript("b", duration=4.0, usage=asked_twice),
            "c.mp3": AudioError("c.mp3 is damaged."),
        },
    )
    result = summarize_rows(str(tmp_path / "out"), 2, 9.0)
    assert result == BulkResult(str(tmp_path / "out"), 3, 2, 6.0, 0.75, {"AudioError": 1}, 9.0, 4.0)


def test_a_job_without_costs_says_so(tmp_path: Path, write_rows) -> None:
    write_rows("0", {"a.mp3": Transcript("a", duration=2.0)})
    result = summarize_rows(str(tmp_path / "out"), 1, 9.0)
    assert (result.cost, result.unanswered_seconds, result.failures) == (None, 0.0, {})
