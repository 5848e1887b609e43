from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from audio_core import AudioError, AudioNotFound, Segment, Transcript, Word
from audio_core.integration.rows.job_rows import explode_segments, open_rows
from audio_core.integration.rows.schema import RESULT_SCHEMA, build_failed_row, build_row


def build_rows(*outcomes: Transcript | Exception) -> pa.Table:
    rows = [build_failed_row(each) if isinstance(each, Exception) else build_row(each) for each in outcomes]
    table = pa.Table.from_pylist(rows, schema=RESULT_SCHEMA)
    return table.add_column(0, "uri", [[f"{number}.mp3" for number in range(len(rows))]])


def test_each_segment_becomes_a_row_with_the_facts_of_its_recording() -> None:
    first = (Segment(0.0, 1.0, "good", "Ann", (Word(0.0, 1.0, "good"),)), Segment(1.0, 2.0, "jour", language="fr"))
    rows = build_rows(
        Transcript("good jour", first, language="en", duration=2.0, source="file:///0.mp3"),
        AudioError("damaged"),
        Transcript("", ()),
        Transcript("day", (Segment(5.0, 6.0, "day"),)),
    )
    exploded = explode_segments(rows).to_pylist()
    names = ("uri", "segment", "start", "end", "text", "speaker", "language", "duration")
    assert [tuple(row[name] for name in names) for row in exploded] == [
        ("0.mp3", 0, 0.0, 1.0, "good", "Ann", "en", 2.0),
        ("0.mp3", 1, 1.0, 2.0, "jour", None, "fr", 2.0),
        ("3.mp3", 0, 5.0, 6.0, "day", None, None, None),
    ]
    assert exploded[0]["words"] == [{"start": 0.0, "end": 1.0, "text": "good", "speaker": None, "confidence": None}]
    assert not {"segments", "events", "error"} & {*exploded[0]}


def test_rows_in_several_chunks_and_no_rows_at_all_explode() -> None:
    rows = build_rows(Transcript("day", (Segment(5.0, 6.0, "day"),)))
    assert explode_segments(pa.concat_tables([rows, rows]))["segment"].to_pylist() == [0, 0]
    assert explode_segments(rows.slice(0, 0)).num_rows == 0


def test_rows_are_found_in_the_folder_of_a_job(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    parquet.write_table(build_rows(Transcript("day")), tmp_path / "rows" / "0.parquet")
    assert open_rows(tmp_path).to_table(columns=["text"]).to_pylist() == [{"text": "day"}]
    with pytest.raises(AudioNotFound, match="rows holds no rows of a bulk job"):
        open_rows(tmp_path / "rows")
