"""What was paid for is kept, through crashes and beside other processes."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from busy_threads import wait_until
from hypothesis import given
from hypothesis import strategies as st
from sounds import music, to_wav

from audio_core import (
    Audio,
    AudioClient,
    Provider,
    ProviderUnavailable,
    Segment,
    StoreError,
    Transcript,
    TranscriptionIncomplete,
    TranscriptStore,
    Unreachable,
    Usage,
    Word,
)
from audio_core.operations.store_keys import PieceKey
from audio_core.testing import Recorded, Reply, ScriptedGateway, tone
from audio_core.wire.transcription import TranscriptionOptions
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

KEY = PieceKey("ab" * 32, 0.0, 300.0, "openai", "m", TranscriptionOptions(), "talk.mp3")
SAID = Transcript(
    "hi", (Segment(0.0, 1.0, "hi", "A", (Word(0.0, 1.0, "hi"),), 0.5),), "en", 1.0, usage=Usage(1, cost=0.5)
)
ROW = Provider("pieces", "http://127.0.0.1:1/v1", max_upload_seconds=4.0)
REPLY = Reply({"text": "hi", "segments": [{"start": 0.1, "end": 1.0, "text": "hi"}]})


@pytest.fixture
def store(tmp_path: Path) -> TranscriptStore:
    return TranscriptStore(tmp_path / "jobs.sqlite")


def client(gateway: ScriptedGateway, store: TranscriptStore | Path | None, **options) -> AudioClient:
    return AudioClient(ROW, model="m", base_url=gateway.base_url, max_retries=0, store=store, **options)


def test_what_is_kept_comes_back_as_it_was(store) -> None:
    assert store.claim(KEY) == []
    store.save(KEY, SAID)
    assert store.claim(KEY) == SAID
    assert store.list_possible_double_charges() == []


def test_a_transcript_stays_when_its_claim_is_released_late(store) -> None:
    store.claim(KEY)
    store.save(KEY, SAID)
    store.release(KEY)
    assert store.claim(KEY) == SAID


def test_a_claim_is_for_one_until_it_is_given_up(store) -> None:
    assert [store.claim(KEY), store.claim(KEY)] == [[], None]
    store.release(KEY)
    assert store.claim(KEY) == []


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "cd" * 32},
        {"start": 0.001},
        {"end": 299.999},
        {"provider": "cortecs"},
        {"model": "n"},
        {"options": TranscriptionOptions(language="en")},
        {"options": TranscriptionOptions(prompt="Ann")},
        {"options": TranscriptionOptions(temperature=0.5)},
        {"options": TranscriptionOptions(words=True)},
        {"options": TranscriptionOptions(diarize=True)},
        {"options": TranscriptionOptions(extra={"eu_native": True})},
        {"channel": 0},
        {"track": 0},
    ],
)
def test_what_changes_the_text_is_another_piece(change: dict) -> None:
    assert replace(KEY, **change).compute_digest() != KEY.compute_digest()


def test_what_does_not_change_the_text_is_the_same_piece() -> None:
    assert replace(KEY, label="copy.mp3").compute_digest() == KEY.compute_digest()
    assert replace(KEY, start=0.0004, end=300.0004).compute_digest() == KEY.compute_digest()  # less than a millisecond
    assert replace(KEY, options=TranscriptionOptions(gaps="mark", extra={})).compute_digest() == KEY.compute_digest()


def test_the_file_is_its_owners_alone_and_made_when_needed(store, tmp_path: Path) -> None:
    assert list(tmp_path.iterdir()) == []
    store.claim(KEY)
    assert stat.S_IMODE((tmp_path / "jobs.sqlite").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="locks are dropped this way by POSIX alone")
def test_using_the_store_leaves_the_locks_of_other_connections_alone(store, tmp_path: Path) -> None:
    store.claim(KEY)
    path = tmp_path / "jobs.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as held:
        held.execute("SELECT * FROM pieces").fetchall()
        store.list_possible_double_charges()
        other = (
            f"import sqlite3; rows = sqlite3.connect({str(path)!r}); rows.execute('SELECT * FROM pieces'); rows.close()"
        )
        subprocess.run([sys.executable, "-c", other], check=True)
        assert path.with_name("jobs.sqlite-wal").exists(), "the other process took itself for the last one"


@pytest.mark.parametrize("content", [b"no store at all" * 100, b"SQLite format 3\0" + bytes(100)])
def test_a_file_that_is_no_store_is_refused_before_anything_is_asked(gateway, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"jobs\.sqlite cannot be used"):
        client(gateway, path).transcribe(tone(1.0))
    assert gateway.requests == []


@pytest.mark.parametrize(
    ("name", "reason"), [("nothing/jobs.sqlite", "No such file or directory"), (".", "not a file")]
)
def test_a_path_that_can_be_no_store_is_named_without_its_folders(
    gateway, tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(StoreError, match=reason) as caught:
        client(gateway, tmp_path / name).transcribe(tone(1.0))
    assert str(tmp_path) not in str(caught.value)
    assert "chmod" not in str(caught.value)
    assert gateway.requests == []


@pytest.mark.parametrize("method", ["save", "save_times"])
@pytest.mark.parametrize("seconds", [1.0, 40.0])
def test_what_is_paid_for_is_returned_though_the_store_is_locked_by_then(
    gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog, method: str, seconds: float
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("database is locked")

    monkeypatch.setattr(TranscriptStore, method, fail)
    gateway.will_answer(Reply({"text": "hi", "segments": [{"start": 0, "end": 1, "text": "hi"}]}))
    asking = AudioClient(
        "openai", model=f"m-{method}-{seconds}", api_key="k", base_url=gateway.base_url, store=tmp_path / "a.sqlite"
    )
    assert asking.transcribe(tone(seconds)).text == "hi"
    assert "database is locked" in caplog.text


def test_a_transcript_that_was_tampered_with_is_not_believed(gateway, store, tmp_path: Path) -> None:
    store.claim(KEY)
    store.save(KEY, SAID)
    with sqlite3.connect(tmp_path / "jobs.sqlite") as rows:
        rows.execute("UPDATE pieces SET transcript = '{\"text\": 1}'")
    rows.close()
    with pytest.raises(StoreError):
        store.claim(KEY)


def test_nothing_is_asked_twice(gateway, store) -> None:
    gateway.will_answer(REPLY)
    first = client(gateway, store).transcribe(tone(10.0))
    asked = len(gateway.requests)
    assert client(gateway, store, timeout=5, max_concurrency=1).transcribe(tone(10.0)) == first
    assert client(gateway, store).transcribe(tone(1.0)).text == "hi"
    assert client(gateway, store).transcribe(tone(1.0)).text == "hi"
    assert len(gateway.requests) == asked + 1


async def test_async_calls_keep_too(gateway, store) -> None:
    gateway.will_answer(REPLY)
    first = await client(gateway, store).atranscribe(tone(10.0))
    asked = len(gateway.requests)
    assert await client(gateway, store).atranscribe(tone(10.0)) == first
    assert len(gateway.requests) == asked


def test_loaders_and_readers_take_a_store(gateway, tmp_path: Path) -> None:
    path, store = tmp_path / "a.wav", tmp_path / "jobs.sqlite"
    path.write_bytes(tone(1.0))
    gateway.will_answer(REPLY)
    options = {"provider": "openai", "model": "m", "api_key": "k", "base_url": gateway.base_url, "store": store}
    texts = [AudioLoader(path, **options).load()[0].page_content, AudioReader(**options).load_data(path)[0].text]
    assert (texts, len(gateway.requests)) == (["hi", "hi"], 1)


def test_a_job_that_failed_goes_on_with_what_is_missing(gateway, store) -> None:
    broken = Reply({"error": {"message": "down"}}, status=500)
    gateway.will_answer(REPLY, broken, REPLY)
    with pytest.raises(TranscriptionIncomplete):
        client(gateway, store, max_concurrency=1).transcribe(tone(10.0))
    before = len(gateway.requests)
    whole = client(gateway, store, max_concurrency=1).transcribe(tone(10.0))
    assert whole.duration == pytest.approx(10.0, abs=0.01)
    total = len(gateway.requests)
    gateway.requests.clear()
    client(gateway, None, max_concurrency=1).transcribe(tone(10.0))
    assert total == len(gateway.requests) + 1  # each piece once, and the one that failed once more
    assert before == 2


def test_a_request_that_fails_frees_its_piece(gateway, store) -> None:
    gateway.will_answer(Reply({"error": {"message": "down"}}, status=500), REPLY)
    with pytest.raises(ProviderUnavailable):
        client(gateway, store).transcribe(tone(1.0))
    assert client(gateway, store).transcribe(tone(1.0)).text == "hi"
    assert store.list_possible_double_charges() == []


def test_a_request_without_an_answer_may_be_billed_on_top_of_the_next(gateway, store) -> None:
    gateway.will_answer(Reply(b"", cut="fin"), REPLY)
    with pytest.raises(Unreachable):
        client(gateway, store).transcribe(tone(1.0))
    heard = client(gateway, store).transcribe(tone(1.0))
    (charge,) = store.list_possible_double_charges()
    assert (charge.start, charge.end) == (0.0, 1.0)
    assert heard.usage == Usage(unanswered_seconds=1.0)
    assert client(gateway, store).transcribe(tone(1.0)) == heard


async def test_a_call_that_is_stopped_may_have_been_billed(gateway, store) -> None:
    gateway.will_answer(replace(REPLY, wait=600.0), REPLY)
    call = asyncio.create_task(client(gateway, store).atranscribe(tone(1.0)))
    assert await asyncio.to_thread(wait_until, lambda: gateway.requests)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert (await client(gateway, store).atranscribe(tone(1.0))).usage == Usage(unanswered_seconds=1.0)


def test_pieces_without_an_answer_are_counted_apart(gateway) -> None:
    gateway.will_answer(REPLY, Reply(b"", cut="fin"), REPLY)
    heard = client(gateway, None, max_concurrency=1).transcribe(tone(10.0), gaps="mark")
    (gap,) = [segment for segment in heard.segments if segment.is_gap]
    assert heard.usage == Usage(unanswered_seconds=pytest.approx(gap.end - gap.start))


@pytest.mark.parametrize("channels", ["mixed", "separate"])
def test_recordings_without_an_answer_count_for_the_sum_of_a_load(gateway, tmp_path: Path, channels: str) -> None:
    (tmp_path / "a.wav").write_bytes(to_wav(np.stack([music(1.0)] * 2, axis=1)))
    gateway.will_answer(Reply(b"", cut="fin"))
    loader = AudioLoader(
        tmp_path / "a.wav",
        provider=ROW,
        model="m",
        base_url=gateway.base_url,
        channels=channels,
        gaps="mark",
        on_error="collect",
    )
    assert loader.load() == []
    assert loader.usage == Usage(unanswered_seconds={"mixed": 1.0, "separate": 2.0}[channels])


def test_two_at_one_job_ask_for_each_piece_once(gateway, store) -> None:
    gateway.will_answer(replace(REPLY, wait=0.2))
    found: list[Transcript] = []
    threads = [
        threading.Thread(target=lambda: found.append(client(gateway, store).transcribe(tone(10.0)))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    total = len(gateway.requests)
    gateway.requests.clear()
    client(gateway, None).transcribe(tone(10.0))
    assert total == len(gateway.requests)


JOB = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal; whoever runs the tests may ignore Ctrl-C
from audio_core import AudioClient, Provider
url, store, path = sys.argv[1:]
row = Provider("pieces", url, max_upload_seconds=4.0)
found = AudioClient(row, model="m", max_retries=0, max_concurrency=2, store=store).transcribe(path)
print(found.to_json())
"""


def job(gateway: ScriptedGateway, store: Path, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", JOB, gateway.base_url, str(store), str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


class Numbered(ScriptedGateway):
    """Answers each upload with its own digest, a little late."""

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        upload = next(part.content for part in request.parts if part.filename)
        text = f"{len(upload)}-{sum(upload[44:2000])}"
        return Reply({"text": text, "segments": [{"start": 0.0, "end": 1.0, "text": text}]}, wait=0.15)


def test_a_job_that_is_killed_again_and_again_pays_once_for_what_was_done(tmp_path: Path) -> None:
    path, store, kills = tmp_path / "a.wav", tmp_path / "jobs.sqlite", 0
    path.write_bytes(tone(60.0, hertz=333.0))
    chance = random.Random(7)
    with Numbered() as gateway:
        whole = json.loads(job(gateway, tmp_path / "other.sqlite", path).communicate()[0])
        pieces = len(gateway.requests)
        gateway.requests.clear()
        while kills < 4:
            running, asked = job(gateway, store, path), len(gateway.requests)
            while running.poll() is None and len(gateway.requests) < asked + 1:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 0.2))
            if running.poll() is None:
                running.send_signal(signal.SIGKILL)
                kills += 1
            running.communicate()
            if running.returncode == 0:
                break
        again = json.loads(job(gateway, store, path).communicate()[0])
    unanswered = again.pop("usage")["unanswered_seconds"]
    assert again == {key: value for key, value in whole.items() if key != "usage"}
    assert kills >= 3
    assert pieces <= len(gateway.requests) <= pieces + kills * 2
    doubtful = TranscriptStore(store).list_possible_double_charges()
    assert len(gateway.requests) - pieces <= len(doubtful) <= kills * 2
    assert all(entry.label == "a.wav" and entry.end - entry.start <= 4.0 for entry in doubtful)
    assert unanswered == pytest.approx(sum(entry.end - entry.start for entry in doubtful))


def test_two_processes_ask_for_each_piece_once(tmp_path: Path) -> None:
    path, store = tmp_path / "a.wav", tmp_path / "jobs.sqlite"
    path.write_bytes(tone(40.0, hertz=333.0))
    with Numbered() as gateway:
        first, second = [job(gateway, store, path) for _ in range(2)]
        answers = [first.communicate()[0], second.communicate()[0]]
        asked = len(gateway.requests)
        gateway.requests.clear()
        job(gateway, tmp_path / "other.sqlite", path).communicate()
        assert asked == len(gateway.requests)
    assert answers[0] == answers[1] != ""


def test_a_claim_of_a_process_that_died_is_taken_over_and_noted(store, tmp_path: Path) -> None:
    store.claim(KEY)
    with sqlite3.connect(tmp_path / "jobs.sqlite") as rows:
        rows.execute("UPDATE pieces SET owner = ?", (f"{os.getpid()} another-start",))
    rows.close()
    assert store.claim(KEY)
    ((label, start, end),) = [(entry.label, entry.start, entry.end) for entry in store.list_possible_double_charges()]
    assert (label, start, end) == ("talk.mp3", 0.0, 300.0)


@given(
    texts=st.lists(st.text(max_size=8), max_size=4),
    confidence=st.none() | st.floats(0, 1),
    usage=st.none() | st.integers(0, 9).map(lambda n: Usage(n, cost=0.1)),
)
def test_a_transcript_comes_back_from_json(texts: list[str], confidence: float | None, usage: Usage | None) -> None:
    segments = tuple(
        Segment(at, at + 1.0, text, words=(Word(at, at + 1.0, text, confidence=confidence),))
        for at, text in enumerate(texts)
    )
    whole = Transcript(" ".join(texts), segments, "en", 3.0, "m", "p", usage, "file:///a.mp3", "ab")
    assert Transcript.from_json(whole.to_json()) == whole


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"segments": []}', '{"text": "a", "segments": [{}], "usage": null}'])
def test_other_json_is_no_transcript(text: str) -> None:
    with pytest.raises(ValueError):
        Transcript.from_json(text)


def test_an_interrupted_job_leaves_at_once_and_keeps_what_is_done(tmp_path: Path) -> None:
    path, store = tmp_path / "a.wav", tmp_path / "jobs.sqlite"
    path.write_bytes(tone(40.0, hertz=333.0))
    with ScriptedGateway() as gateway:
        gateway.will_answer(REPLY, replace(REPLY, wait=600))
        running = job(gateway, store, path)
        while len(gateway.requests) < 3:  # one is answered, two are under way
            time.sleep(0.01)
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=300)  # half of what the answers would take
        assert running.returncode != 0
        gateway.requests.clear()
        gateway.will_answer(REPLY)
        finished = json.loads(job(gateway, store, path).communicate()[0])
        again = len(gateway.requests)
        gateway.requests.clear()
        job(gateway, tmp_path / "other.sqlite", path).communicate()
        assert again == len(gateway.requests) - 1
    assert finished["duration"] == pytest.approx(40.0, abs=0.01)


def test_what_is_kept_is_not_even_encoded_again(gateway, store, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.will_answer(REPLY)
    clip = Audio.of(tone(2), start=0.5, end=1.5)
    first = client(gateway, store).transcribe(clip)
    monkeypatch.setattr("audio_core.operations.transcription.encode_for_upload", None)
    assert client(gateway, store).transcribe(clip) == first


def test_an_engine_in_this_process_is_not_asked_twice_either(
    store, call: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = Audio.of(call, end=6)
    first = AudioClient(store=store).transcribe(clip)
    monkeypatch.setattr("audio_core.engines.pocketsphinx.split_utterances", None)
    assert AudioClient(store=store).transcribe(clip) == first
    with pytest.raises(TypeError):
        AudioClient(store=store).transcribe(clip, words=True)
