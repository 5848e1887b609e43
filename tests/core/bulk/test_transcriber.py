import asyncio
import json
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest

from audio_core import (
    AuthenticationError,
    InvalidOption,
    InvalidRequest,
    MissingAPIKey,
    NotFound,
    PermissionDenied,
    UnsupportedFormat,
)
from audio_core.bulk import RESULT_SCHEMA, Transcriber
from audio_core.bulk.transcriber import create_client
from audio_core.testing import Reply, ScriptedGateway, tone

TRANSCRIPT = Reply({"text": "hi", "segments": [{"start": 0.0, "end": 0.4, "text": "hi"}]})


@pytest.fixture
def gateway():
    with ScriptedGateway() as gateway:
        gateway.will_answer(TRANSCRIPT)
        yield gateway


@pytest.fixture
def talk(tmp_path: Path) -> str:
    path = tmp_path / "talk.wav"
    path.write_bytes(tone(0.5))
    return str(path)


def build(gateway: ScriptedGateway, **options: Any) -> Transcriber:
    options = {"api_key": "k", "max_retries": 0, **options}
    return Transcriber(provider="openai", model="whisper-1", base_url=gateway.base_url, **options)


async def run(transcriber: Transcriber, *uris: str, **columns: list[Any]) -> list[dict[str, Any]]:
    tables = [table async for table in transcriber(pa.table({"uri": list(uris), **columns}))]
    return pa.concat_tables(tables).to_pylist()


async def test_a_batch_comes_back_with_the_results_beside_its_own_columns(gateway, talk: str) -> None:
    (row,) = await run(build(gateway), talk, case=[7])
    assert (row["uri"], row["case"], row["text"], row["error"]) == (talk, 7, "hi", None)
    assert row["source"] == Path(talk).as_uri()
    assert list(row) == ["uri", "case", *RESULT_SCHEMA.names]


async def test_a_batch_may_be_what_ray_gives_by_default(gateway, talk: str) -> None:
    import numpy as np

    (table,) = [table async for table in build(gateway)({"uri": np.array([talk], dtype=object)})]
    assert table["text"].to_pylist() == ["hi"]


async def test_a_bad_file_is_a_row(gateway, talk: str, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"not audio")
    rows = await run(build(gateway), str(tmp_path / "bad.wav"), talk, str(tmp_path / "missing.wav"))
    assert [row["error"] and row["error"]["class"] for row in rows] == ["InvalidAudio", None, "AudioNotFound"]


@pytest.mark.usefixtures("bucket")
async def test_one_object_of_a_bucket_that_may_not_be_read_is_a_row(gateway) -> None:
    files = fsspec.filesystem("s3")
    files.pipe("bucket/talks/secret.wav", tone(1.0))
    secret = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/talks/s*"}
    files.call_s3("put_bucket_policy", Bucket="bucket", Policy=json.dumps({"Statement": [secret]}))
    rows = await run(build(gateway), "s3://bucket/talks/a.wav", "s3://bucket/talks/secret.wav")
    assert [row["error"] and row["error"]["class"] for row in rows] == [None, "AccessDenied"]
    (row,) = await run(build(gateway), "s3://bucket/talks/secret.wav")
    assert "does not let secret.wav be read" in row["error"]["message"]


async def test_a_failure_that_nobody_expected_is_a_row(gateway, talk, monkeypatch, caplog) -> None:
    from audio_core import AudioClient

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr(AudioClient, "atranscribe", fail)
    (row,) = await run(build(gateway), talk)
    assert row["error"]["class"] == "RuntimeError"
    assert "talk.wav failed" in caplog.text


async def test_a_relative_path_begins_at_the_folder_of_whoever_started_the_job(gateway, talk: str) -> None:
    (row,) = await run(build(gateway, folder=str(Path(talk).parent)), "talk.wav")
    assert (row["uri"], row["text"]) == ("talk.wav", "hi")


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (401, "Incorrect API key provided", AuthenticationError),
        (402, "Insufficient credits", PermissionDenied),
        (404, "The model `whisper-9` does not exist.", NotFound),
        (400, "/audio/transcriptions: Invalid model name passed in model=whisper-9.", InvalidRequest),
        (400, "whisper-9 is not a valid model ID", InvalidRequest),
    ],
)
async def test_what_would_fail_for_all_recordings_is_raised(talk: str, status: int, message: str, error: type) -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply({"error": {"message": message}}, status=status))
        with pytest.raises(error):
            await run(build(gateway), talk)


@pytest.mark.parametrize(
    ("status", "message"),
    [(400, "Audio file might be corrupted"), (403, "flagged by moderation"), (429, "slow down"), (500, "oops")],
)
async def test_what_one_recording_ends_in_is_a_row(talk: str, status: int, message: str) -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply({"error": {"message": message}}, status=status))
        (row,) = await run(build(gateway), talk)
    assert row["error"]["retryable"] is (status in (429, 500))


async def test_a_server_of_recordings_that_wants_a_key_fails_its_own_rows_only(gateway, talk: str) -> None:
    from audio_core import Access

    with ScriptedGateway() as server:
        server.will_answer(Reply(b"no", status=401))
        access = Access(roots=(str(Path(talk).parent),), allow_private_hosts=True)
        first, second = await run(build(gateway, access=access), f"{server.origin}/a.mp3", talk)
    assert first["error"] is not None
    assert second["text"] == "hi"


async def test_a_missing_key_is_raised(gateway, talk: str, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(MissingAPIKey):
        await run(build(gateway, api_key=None), talk)


async def test_pieces_that_may_be_charged_twice_are_told(gateway, talk: str, tmp_path: Path, monkeypatch) -> None:
    from audio_core import PossibleDoubleCharge, TranscriptStore

    charges = [PossibleDoubleCharge("talk.wav", 0.0, 0.5, 4e9), PossibleDoubleCharge("talk.wav", 0.0, 0.5, 1.0)]
    monkeypatch.setattr(TranscriptStore, "list_possible_double_charges", lambda _: charges)
    row, malformed = await run(build(gateway, store=tmp_path / "store.sqlite"), talk, "http://[talk.wav")
    assert row["possible_double_charges"] == [{"start": 0.0, "end": 0.5}]
    assert malformed["error"]["class"] == "InvalidAudio"


def test_a_worker_sends_sixteen_requests_side_by_side_unless_told_otherwise() -> None:
    remote = {"provider": "openai", "model": "whisper-1"}
    assert create_client(remote)[0].max_concurrency == 16
    assert create_client({**remote, "max_concurrency": 3})[0].max_concurrency == 3


def test_an_option_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidOption, match="Did you mean 'language'"):
        Transcriber(langage="en")


def test_a_transcriber_shows_no_key(gateway) -> None:
    import pickle

    transcriber = build(gateway, api_key="sk-very-secret-key")
    assert "secret" not in repr(transcriber)
    assert repr(pickle.loads(pickle.dumps(transcriber))) == repr(transcriber)


async def test_a_gateway_without_a_model_is_refused(gateway) -> None:
    with pytest.raises(UnsupportedFormat, match="Say which"):
        Transcriber(provider="openai")


async def test_what_a_batch_has_paid_for_is_kept_before_the_job_stops(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.wav", "b.wav")]
    for path in paths:
        path.write_bytes(tone(0.5))
    with ScriptedGateway() as gateway:
        gateway.will_answer(TRANSCRIPT, Reply({"error": {"message": "no credit"}}, status=402))
        transcriber = build(gateway, max_concurrency=1)
        rows = await run(transcriber, *map(str, paths))
        assert sorted(row["error"] is None for row in rows) == [False, True]
        with pytest.raises(PermissionDenied):
            await run(transcriber, str(paths[0]))


async def test_a_large_batch_opens_few_recordings_before_their_turn(gateway, talk: str, monkeypatch) -> None:
    from audio_core import AudioClient

    under_way, most, transcribe = 0, 0, AudioClient.atranscribe

    async def count(*args: Any, **options: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await transcribe(*args, **options)
        finally:
            under_way -= 1

    monkeypatch.setattr(AudioClient, "atranscribe", count)
    rows = await run(build(gateway, max_concurrency=2), *[f"{talk}#t=0,0.{number:02}" for number in range(20, 40)])
    assert (len(rows), most) == (20, 4)


def test_a_transcriber_serves_one_event_loop_after_the_other(gateway, talk: str) -> None:
    transcriber = build(gateway, max_concurrency=1)
    for _ in range(2):
        assert len(asyncio.run(run(transcriber, *[f"{talk}#t=0,0.2{number}" for number in range(4)]))) == 4
