import pyarrow as pa

from audio_core import AudioEvent, InvalidAudio, RateLimited, Segment, Transcript, TranscriptionIncomplete, Usage, Word
from audio_core.integration.rows.schema import RESULT_SCHEMA, build_failed_row, build_row, build_transcript

TRANSCRIPT = Transcript(
    text="good day",
    segments=(
        Segment(
            0.0, 1.0, "good", "Ann", (Word(0.0, 1.0, "good", "Ann", 0.5),), 0.9, language="en", alignment_score=0.7
        ),
        Segment(1.0, 2.0, "", is_gap=True, is_estimated=True),
    ),
    language="en",
    duration=2.0,
    model="m",
    provider="openai",
    usage=Usage(input_tokens=5, audio_seconds=2.0, cost=0.01),
    source="file:///a.mp3",
    sha256="ab",
    warnings=("one",),
    events=(AudioEvent(1.0, 2.0, "(laughter)", "ha"),),
)


def through_arrow(row: dict[str, object]) -> dict[str, object]:
    return pa.Table.from_pylist([row], schema=RESULT_SCHEMA).to_pylist()[0]


def test_a_transcript_comes_back_from_its_row_as_it_was() -> None:
    assert build_transcript(through_arrow(build_row(TRANSCRIPT))) == TRANSCRIPT
    assert build_transcript(through_arrow(build_row(Transcript("")))) == Transcript("")


def test_every_field_of_a_transcript_has_a_column() -> None:
    assert set(build_row(TRANSCRIPT)) == {*RESULT_SCHEMA.names} - {"error", "possible_double_charges"}
    columns = {name: RESULT_SCHEMA.field(name).type for name in ("segments", "events")}
    assert {each.name for each in columns["segments"].value_type} == set(Segment.__slots__) - {"is_partial"}
    assert {each.name for each in columns["events"].value_type} == set(AudioEvent.__slots__)


def test_an_error_is_a_row_that_says_what_happened() -> None:
    row = through_arrow(build_failed_row(InvalidAudio("a.mp3 is not audio.")))
    expected = {"class": "InvalidAudio", "message": "a.mp3 is not audio.", "range": None, "retryable": False}
    assert row["error"] == expected
    assert row["text"] is None


def test_what_was_transcribed_of_a_failed_recording_is_kept() -> None:
    failures = [(10.0, 20.0, RateLimited("slow")), (30.0, 40.0, RateLimited("slow"))]
    error = TranscriptionIncomplete("2 pieces failed.", transcript=TRANSCRIPT, failures=failures)
    row = through_arrow(build_failed_row(error))
    assert row["error"]["range"] == {"start": 10.0, "end": 40.0}
    assert row["error"]["retryable"]
    assert build_transcript(row) == TRANSCRIPT


def test_an_error_that_is_not_ours_does_not_show_what_it_says() -> None:
    row = build_failed_row(RuntimeError("/home/ann/secret key sk-12345678"))
    assert row["error"]["class"] == "RuntimeError"
    assert "ann" not in row["error"]["message"]
