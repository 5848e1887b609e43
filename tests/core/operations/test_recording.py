"""A recording is read for its SHA-256 only if it was never read, and is not sent as it is."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from audio_core import Audio, AudioClient, Provider
from audio_core.audio import hashing
from audio_core.audio.content import Content
from audio_core.media.probing import probe
from audio_core.operations.recording import Recording
from audio_core.testing import Recorded, Reply, ScriptedGateway

REPLY = Reply({"text": "hi", "segments": [{"start": 0.0, "end": 1.0, "text": "hi"}]})
FORMS = {"multipart": "openai", "JSON": "openrouter"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of noise, written a minute ago."""
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(random.Random(1).randbytes(600_000))
    os.utime(path, (1, 1))
    return path


@pytest.fixture
def transcriber() -> ScriptedGateway:
    with ScriptedGateway() as gateway:
        gateway.will_answer(REPLY)
        yield gateway


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[Content]:
    """What was read for its hash alone."""
    contents, read = list[Content](), hashing.read_sha256
    monkeypatch.setattr(hashing, "read_sha256", lambda content: (contents.append(content), read(content))[1])
    return contents


def create_client(gateway: ScriptedGateway, provider: str = "openai", **options) -> AudioClient:
    return AudioClient(provider, model="m", api_key="k", base_url=gateway.base_url, max_retries=1, **options)


def hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("provider", FORMS.values(), ids=FORMS)
def test_a_file_is_hashed_while_it_is_sent(transcriber, path: Path, provider: str, passes: list[Content]) -> None:
    assert create_client(transcriber, provider).transcribe(path).sha256 == hash_file(path)
    assert passes == []


@pytest.mark.parametrize("provider", FORMS.values(), ids=FORMS)
async def test_a_file_is_hashed_while_it_is_sent_on_an_event_loop(
    transcriber, path: Path, provider: str, passes
) -> None:
    found = await create_client(transcriber, provider).atranscribe(path)
    assert found.sha256 == hash_file(path)
    assert passes == []


def test_a_file_that_is_sent_twice_has_the_hash_of_its_bytes(path: Path, passes: list[Content]) -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply(status=503), REPLY)
        assert create_client(gateway).transcribe(path).sha256 == hash_file(path)
        assert len(gateway.requests) == 2
    assert passes == []


@pytest.mark.parametrize("clip", [{"start": 1.0, "end": 3.0}, {"end": 3.0}])
def test_a_clip_has_the_hash_of_the_whole_file_which_is_read_once(transcriber, path: Path, clip, passes) -> None:
    for _ in range(3):
        assert create_client(transcriber).transcribe(Audio.of(path, **clip)).sha256 == hash_file(path)
    assert len(passes) == 1


def test_a_file_that_was_sent_is_known_to_its_clips(transcriber, path: Path, passes: list[Content]) -> None:
    create_client(transcriber).transcribe(path)
    assert create_client(transcriber).transcribe(Audio.of(path, start=1.0)).sha256 == hash_file(path)
    assert passes == []


JOB = """
import sys
from audio_core import AudioClient
from audio_core.audio import hashing
passes, read = [], hashing.read_sha256
hashing.read_sha256 = lambda content: (passes.append(content), read(content))[1]
url, store, path = sys.argv[1:]
client = AudioClient("openai", model="m", api_key="k", base_url=url, store=store)
print(client.transcribe(path).sha256, len(passes))
"""


def test_a_store_knows_the_files_that_another_process_has_read(transcriber, path: Path, tmp_path: Path) -> None:
    def run() -> list[str]:
        command = [sys.executable, "-c", JOB, transcriber.base_url, str(tmp_path / "jobs.sqlite"), str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert [run(), run()] == [[hash_file(path), "1"], [hash_file(path), "0"]]
    data = path.read_bytes()
    path.write_bytes(data[:-2] + b"!!")
    os.utime(path, (1, 1))
    assert run() == [hash_file(path), "1"]
    assert len(transcriber.requests) == 2


def test_a_file_that_was_just_written_is_not_noted_in_the_store(
    transcriber, path: Path, tmp_path: Path, passes
) -> None:
    os.utime(path)
    for _ in range(2):
        create_client(transcriber, store=tmp_path / "jobs.sqlite").transcribe(path)
    assert len(passes) == 2


class Overwriting(ScriptedGateway):
    """Overwrites the file in place before it answers, and sets its time back."""

    path: Path

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        with self.path.open("r+b") as file:
            file.seek(100)
            file.write(b"other")
        return REPLY


def test_a_file_that_is_overwritten_after_it_was_sent_is_an_error(path: Path) -> None:
    with Overwriting() as gateway:
        gateway.path = path
        with pytest.raises(Exception, match="changed while it was being transcribed"):
            create_client(gateway).transcribe(path)


def test_a_recording_in_pieces_is_hashed_before_it_is_cut(transcriber, path: Path, passes: list[Content]) -> None:
    row = Provider("pieces", transcriber.base_url, max_upload_seconds=5.0)
    assert AudioClient(row, model="m").transcribe(path).sha256 == hash_file(path)
    assert len(passes) == 1


def test_a_piece_of_a_clip_ends_with_it_but_for_rounding(path: Path) -> None:
    audio = Audio.of(path)
    clip = Recording(audio, probe(audio)).clip(2.24, 10.555)
    piece = clip.clip(4.485, 10.55500000000001)
    assert (piece.end, piece.audio.end) == (10.555, 10.555)
