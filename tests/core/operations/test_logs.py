"""What the log tells while a job is at work: pieces, retries, uploads, costs; never a key, audio or a path."""

import base64
import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest

from audio_core import PROVIDERS, Audio, AudioClient
from audio_core.testing import Reply, ScriptedGateway, chat_reply, tone

KEY = "sk-thisisthesecretkey12345"
TRANSCRIBED = Reply({"text": "hi", "segments": [{"start": 0.0, "end": 0.5, "text": "hi"}], "usage": {"cost": 0.01}})
BUSY = Reply({"error": {"message": "busy"}}, 429, headers={"Retry-After": "0.1"})
ROW = replace(PROVIDERS["openai"], max_upload_seconds=4.0)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "private folder" / "talk.wav"
    path.parent.mkdir()
    path.write_bytes(tone(10))
    return path


def make_client(gateway: ScriptedGateway, **options) -> AudioClient:
    return AudioClient(ROW, model="m", api_key=KEY, base_url=gateway.base_url, max_concurrency=1, **options)


def read_log(caplog: pytest.LogCaptureFixture, level: int) -> str:
    return "\n".join(record.getMessage() for record in caplog.records if record.levelno == level)


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_job_tells_its_pieces_retries_and_cost(
    gateway, recording: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, is_async: bool
) -> None:
    caplog.set_level(logging.DEBUG, "audio_core")
    gateway.will_answer(BUSY, TRANSCRIBED)
    client = make_client(gateway, store=tmp_path / "store.sqlite")
    for _ in range(2):  # the second time from the store
        await client.atranscribe(recording) if is_async else client.transcribe(recording)
    told, requests = read_log(caplog, logging.INFO), read_log(caplog, logging.DEBUG)
    assert "talk.wav: 10.0 s of audio are transcribed by m of openai." in told
    assert "talk.wav: 00:10 of audio are cut at pauses into pieces of up to 00:04, 1 at a time." in told
    assert "openai: transcription failed (RateLimited, status 429) in attempt 1. The next one follows in 0.1 s." in told
    assert re.search(r"talk\.wav: piece 00:00-00:0\d is done, 00:0\d of 00:10, \$0\.0100\.", told)
    assert re.search(r"talk\.wav: 00:00-00:0\d is in the store\.", told)
    assert re.search(r"talk\.wav: done, \d segments, \$0\.0\d00\.", told)
    assert f"POST {gateway.base_url}/audio/transcriptions" in requests
    assert "status 429" in requests
    assert KEY not in caplog.text
    assert recording.parent.name not in caplog.text


def test_a_chat_tells_what_is_uploaded(gateway, recording: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "audio_core")
    gateway.will_answer(chat_reply("yes"))
    make_client(gateway).ask(recording, "?")
    make_client(gateway).ask(Audio.of(recording).clip(1, 2), "?")
    told = read_log(caplog, logging.INFO)
    assert f"talk.wav: uploaded as it is, {recording.stat().st_size} bytes of wav." in told
    assert re.search(r"talk\.wav#t=1,2: converted from wav, uploaded as \d+ bytes of wav\.", told)
    assert "openai: m has answered." in told
    assert base64.b64encode(recording.read_bytes()).decode()[1000:1060] not in caplog.text


def test_an_engine_tells_that_it_transcribes(call: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "audio_core")
    AudioClient().transcribe(Audio.of(call, end=2))
    assert "call.mp3#t=0,2: 2.0 s of audio are transcribed by pocketsphinx of local." in caplog.text


def test_each_module_has_a_logger_of_its_own_name(gateway, recording: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "audio_core")
    gateway.will_answer(TRANSCRIBED)
    make_client(gateway).transcribe(recording)
    names = {record.name for record in caplog.records if record.name.startswith("audio_core")}
    assert {"audio_core.http.retry", "audio_core.operations.transcription"} <= names
