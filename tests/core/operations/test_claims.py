"""A piece is claimed by one call at a time, and a claim ends with its call."""

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audio_core import Audio, AudioClient, StoreError, Transcript, TranscriptStore
from audio_core.audio.content import FileVersion
from audio_core.http.clients import Clients
from audio_core.http.driver import run
from audio_core.http.flow import Flow, Pause
from audio_core.operations import claims, transcript_store
from audio_core.operations.claims import transcribe_once
from audio_core.operations.store_keys import PieceKey
from audio_core.testing import Reply, ScriptedGateway, tone
from audio_core.wire.transcription import TranscriptionOptions

KEY = PieceKey("ab" * 32, 0.0, 300.0, "openai", "m", TranscriptionOptions(), "talk.mp3")
REPLY = Reply({"text": "hi", "segments": [{"start": 0.1, "end": 1.0, "text": "hi"}]})
RECORDING = tone(1.0)


@pytest.fixture
def store(tmp_path: Path) -> TranscriptStore:
    return TranscriptStore(tmp_path / "jobs.sqlite")


def create_client(gateway: ScriptedGateway, store: TranscriptStore | Path) -> AudioClient:
    return AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url, max_retries=0, store=store)


def return_transcript(text: str):
    return Transcript(text)
    yield  # makes it a flow without steps


def run_by_hand(flow: Flow[Transcript], wait: Callable[[float], None]) -> Transcript:
    step = next(flow)
    try:
        while True:
            step = flow.send(wait(step.seconds) if isinstance(step, Pause) else step.function())
    except StopIteration as done:
        return done.value


async def test_a_cancelled_call_leaves_no_claim_wherever_it_is_cancelled(gateway, store) -> None:
    gateway.will_answer(REPLY)
    client = create_client(gateway, store)
    for turns in range(40):
        options = {"language": f"x{turns}"}  # a piece of its own
        call = asyncio.create_task(client.atranscribe(RECORDING, **options))
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        async with asyncio.timeout(300):
            assert (await client.atranscribe(RECORDING, **options)).text == "hi"
    await client.aclose()


def test_a_claim_that_is_not_renewed_ends(store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.claim(KEY) == []
    assert store.claim(KEY) is None
    monkeypatch.setattr(transcript_store, "LEASE_SECONDS", 0.0)
    assert store.claim(KEY)
    assert [charge.label for charge in store.list_possible_double_charges()] == ["talk.mp3"]


def test_a_long_request_keeps_its_claim(store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_RENEW_SECONDS", 0.01)
    monkeypatch.setattr(claims, "_leases", claims._Leases())  # that of other tests may sleep for long
    renewed, release = threading.Event(), threading.Event()
    renew = TranscriptStore.renew

    def renew_and_tell(self: TranscriptStore, key: PieceKey) -> None:
        renew(self, key)
        renewed.set()

    monkeypatch.setattr(TranscriptStore, "renew", renew_and_tell)

    def request():
        release.wait(300)
        return Transcript("hi")
        yield

    caller = threading.Thread(target=run, args=(Clients(), transcribe_once(store, KEY, request())))
    caller.start()
    assert renewed.wait(300)
    release.set()
    caller.join()
    assert store.claim(KEY) == Transcript("hi")


def test_a_transcript_that_cannot_be_saved_is_returned_and_its_piece_is_free(
    store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(TranscriptStore, "save", fail)
        assert run(Clients(), transcribe_once(store, KEY, return_transcript("paid for"))).text == "paid for"
    assert "was not saved. The disk is full." in caplog.text
    assert run(Clients(), transcribe_once(store, KEY, return_transcript("again"))).text == "again"


def test_waiting_for_another_call_is_bounded(store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.claim(KEY)
    monkeypatch.setattr(claims, "_MAX_WAIT", 0.0)
    with pytest.raises(StoreError, match="more than an hour"):
        run(Clients(), transcribe_once(store, KEY, return_transcript("never")))


def test_another_base_url_is_another_piece(store) -> None:
    with ScriptedGateway() as first, ScriptedGateway() as second:
        first.will_answer(REPLY)
        second.will_answer(Reply({"text": "ho"}))
        assert create_client(first, store).transcribe(RECORDING).text == "hi"
        assert create_client(second, store).transcribe(RECORDING).text == "ho"


@pytest.mark.parametrize("stated", [{"sample_rate": 8000}, {"sample_rate": 16_000, "channels": 2}])
def test_raw_pcm_with_another_rate_or_number_of_channels_is_another_piece(gateway, store, stated: dict) -> None:
    gateway.will_answer(REPLY)
    client, samples = create_client(gateway, store), RECORDING[44:]
    for options in ({"sample_rate": 16_000}, stated, {"sample_rate": 16_000}):
        client.transcribe(Audio.of(samples, format="pcm16", end=0.4, **options))
    assert len(gateway.requests) == 2


async def test_many_calls_create_a_store_at_the_same_time(gateway, tmp_path: Path) -> None:
    gateway.will_answer(REPLY)
    for number in range(10):
        client = create_client(gateway, tmp_path / f"{number}.sqlite")
        calls = (client.atranscribe(RECORDING, language=f"x{index}") for index in range(8))
        assert [each.text for each in await asyncio.gather(*calls)] == ["hi"] * 8
        await client.aclose()


@pytest.mark.parametrize("version", [1, 99])
def test_a_store_of_another_version_is_refused(store, tmp_path: Path, version: int) -> None:
    store.claim(KEY)
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        database.execute(f"PRAGMA user_version={version}")
    database.close()
    with pytest.raises(StoreError, match=r"jobs\.sqlite cannot be used: it was written by another version"):
        store.claim(KEY)


@pytest.mark.parametrize(("version", "lacking"), [(4, ["TABLE files", "TABLE spans"]), (5, [])])
def test_a_store_of_an_earlier_version_keeps_what_was_paid_for(
    store, tmp_path: Path, version: int, lacking: list[str]
) -> None:
    store.claim(KEY)
    store.save(KEY, Transcript("hi"))
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        for each in lacking:
            database.execute(f"DROP {each}")
        database.execute("ALTER TABLE doubtful DROP COLUMN key")
        database.execute(f"PRAGMA user_version={version}")
    database.close()
    assert store.claim(KEY) == Transcript("hi")
    assert store.find_sha256(FileVersion(1, 2, 3, 4, 5)) is None


@pytest.mark.parametrize("table", ["pieces", "doubtful", "models", "files", "spans"])
def test_a_store_that_lacks_a_table_gets_it_and_no_piece_is_paid_twice(gateway, tmp_path: Path, table: str) -> None:
    gateway.will_answer(REPLY)
    create_client(gateway, tmp_path / "jobs.sqlite").transcribe(tone(2.0))
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        database.execute(f"DROP TABLE {table}")
    database.close()
    for _ in range(2):
        create_client(gateway, tmp_path / "jobs.sqlite").transcribe(RECORDING)
    assert len(gateway.requests) == 2


@pytest.mark.parametrize("version", [0, 4, 6])
def test_a_file_of_another_program_is_not_written_to(store, tmp_path: Path, version: int) -> None:
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        database.execute("CREATE TABLE files (name TEXT)")
        database.execute(f"PRAGMA user_version={version}")
    database.close()
    (tmp_path / "jobs.sqlite").chmod(0o600)
    data = (tmp_path / "jobs.sqlite").read_bytes()
    with pytest.raises(StoreError, match="another program"):
        store.claim(KEY)
    assert (tmp_path / "jobs.sqlite").read_bytes() == data


def test_a_store_from_before_versions_were_written_is_refused(store, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        database.execute("CREATE TABLE pieces (key TEXT)")
    database.close()
    with pytest.raises(StoreError, match="another version"):
        store.claim(KEY)


def test_a_store_that_others_may_write_to_is_refused(store, tmp_path: Path) -> None:
    store.claim(KEY)
    (tmp_path / "jobs.sqlite").chmod(0o666)
    with pytest.raises(StoreError, match="chmod 600"):
        store.claim(KEY)


def test_a_store_that_another_process_is_creating_is_waited_for(
    store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, waits = tmp_path / "jobs.sqlite", []
    path.touch(0o600)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                other.execute("COMMIT")

        monkeypatch.setattr(time, "sleep", wait)
        assert store.claim(KEY) == []
    assert waits == [waits[0]] * 2
    assert 0 < waits[0] < 1


def test_a_store_that_stays_locked_is_an_error(store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript_store, "_LOCK_TIMEOUT", 0.05)
    path = tmp_path / "jobs.sqlite"
    path.touch(0o600)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            store.claim(KEY)


def test_a_call_that_waits_says_so_once_and_takes_what_the_other_has_saved(
    store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    store.claim(KEY)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            store.save(KEY, Transcript("hi"))

    assert run_by_hand(transcribe_once(store, KEY, return_transcript("never")), wait) == Transcript("hi")
    assert len(waits) == 3
    assert caplog.messages == [
        "talk.mp3: waiting for another call that transcribes the same piece.",
        "talk.mp3: 00:00-05:00 is in the store.",
    ]


async def test_an_event_loop_does_not_wait_for_the_store_when_a_claim_is_released(
    store, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, released, release = [], threading.Event(), TranscriptStore.release

    def release_and_tell(self: TranscriptStore, key: PieceKey, **options: bool) -> None:
        release(self, key, **options)
        threads.append(threading.get_ident())
        released.set()

    monkeypatch.setattr(TranscriptStore, "release", release_and_tell)
    claim = claims._Claim(store, KEY)
    assert claim.acquire() == []
    claim.release()
    assert await asyncio.to_thread(released.wait, 300)
    assert threads != [threading.get_ident()]
    assert store.claim(KEY) == []


def test_without_an_event_loop_a_claim_is_released_before_its_call_returns(
    store, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    monkeypatch.setattr(TranscriptStore, "release", lambda self, key, **_: threads.append(threading.get_ident()))
    claim = claims._Claim(store, KEY)
    claim.acquire()
    claim.release()
    assert threads == [threading.get_ident()]


def test_one_thread_renews_all_claims(store, monkeypatch: pytest.MonkeyPatch) -> None:
    threads, renewed, counts = set(), threading.Event(), Counter()

    def renew(self: TranscriptStore, key: PieceKey) -> None:
        if key.label != "renewed":
            return  # the claim of a test that went before
        threads.add(threading.get_ident())
        counts[key.start] += 1
        if counts[key.start] == 5:
            renewed.set()

    monkeypatch.setattr(claims, "_RENEW_SECONDS", 0.01)
    monkeypatch.setattr(TranscriptStore, "renew", renew)
    leases, held = (
        claims._Leases(),
        [claims._Claim(store, replace(KEY, label="renewed", start=at)) for at in (0.0, 1.0)],
    )
    for claim in held:
        renewed.clear()
        leases.add(claim)
        assert renewed.wait(300)
    for claim in held:
        leases.discard(claim)
    assert len(threads) == 1
    assert leases._list_or_stop() == []


def test_a_claim_that_was_released_is_not_acquired_any_more(store) -> None:
    claim = claims._Claim(store, KEY)
    claim.release()
    assert claim.acquire() is None
    assert store.claim(KEY) == []


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_whoever_else_may_write_the_store_is_refused(store, tmp_path: Path, mode: int) -> None:
    store.claim(KEY)
    (tmp_path / "jobs.sqlite").chmod(mode)
    with pytest.raises(StoreError, match="other users may write to it"):
        store.claim(KEY)


def test_a_store_that_others_may_only_read_is_used(store, tmp_path: Path) -> None:
    store.claim(KEY)
    (tmp_path / "jobs.sqlite").chmod(0o644)
    assert store.claim(KEY) is None


def test_a_store_of_another_user_is_refused(store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.claim(KEY)
    monkeypatch.setattr(os, "getuid", lambda: 12_345)
    with pytest.raises(StoreError, match="belongs to another user"):
        store.claim(KEY)


def change_claim(path: Path, column: str, value: object) -> None:
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE pieces SET {column} = ?", (value,))
    database.close()


@pytest.mark.parametrize(("age", "is_taken_over"), [(-120.0, True), (-30.0, False), (30.0, False), (120.0, True)])
def test_a_claim_counts_for_a_minute_even_if_the_clock_is_set_back(
    store, tmp_path: Path, age: float, is_taken_over: bool
) -> None:
    store.claim(KEY)
    change_claim(tmp_path / "jobs.sqlite", "at", time.time() - age)
    assert bool(store.claim(KEY)) == is_taken_over


def test_a_renewed_claim_counts_for_another_minute(store, tmp_path: Path) -> None:
    store.claim(KEY)
    change_claim(tmp_path / "jobs.sqlite", "at", time.time() - 120)
    store.renew(KEY)
    assert store.claim(KEY) is None


def test_nobody_renews_the_claim_of_another_process_or_another_piece(store, tmp_path: Path) -> None:
    store.claim(KEY)
    change_claim(tmp_path / "jobs.sqlite", "at", time.time() - 120)
    store.renew(replace(KEY, start=1.0))
    change_claim(tmp_path / "jobs.sqlite", "owner", "1 1")
    store.renew(KEY)
    assert store.claim(KEY)


def test_a_process_that_we_may_not_signal_is_alive(store, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(pid: int, signal: int) -> None:
        raise PermissionError

    store.claim(KEY)
    monkeypatch.setattr(os, "kill", forbid)
    assert store.claim(KEY) is None


def test_a_process_is_alive_where_the_system_does_not_say_when_it_began(store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", fail)
    assert store.claim(KEY) == []
    assert store.claim(KEY) is None


def test_charges_that_may_be_double_are_listed_in_the_order_of_their_requests(
    store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript_store, "LEASE_SECONDS", 0.0)
    keys = [replace(KEY, label="b.mp3", start=1.5, end=2.5), KEY]
    began = time.time()
    assert [store.claim(key) for key in keys] == [[], []]
    charges = [charge for key in keys for charge in store.claim(key)]
    assert charges == store.list_possible_double_charges()
    assert [(each.label, each.start, each.end) for each in charges] == [("b.mp3", 1.5, 2.5), ("talk.mp3", 0.0, 300.0)]
    assert began <= charges[0].requested_at <= charges[1].requested_at <= time.time()


@pytest.mark.parametrize("owner", [None, "", "x", "1", "a b", f"{10**30} 5", "-1 5", "1 2 3"])
def test_a_claim_of_an_owner_that_cannot_be_read_is_taken_over(store, tmp_path: Path, owner: str | None) -> None:
    store.claim(KEY)
    change_claim(tmp_path / "jobs.sqlite", "owner", owner)
    assert store.claim(KEY)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"text": 5, "segments": [], "usage": null}', "null", "5"])
def test_a_row_that_is_no_transcript_is_an_error(store, tmp_path: Path, text: str) -> None:
    store.claim(KEY)
    store.save(KEY, Transcript("hi"))
    change_claim(tmp_path / "jobs.sqlite", "transcript", text)
    with pytest.raises(StoreError, match="not a transcript"):
        store.claim(KEY)


def test_keys_differ_by_base_url_and_stated_pcm() -> None:
    digests = {
        each.compute_digest()
        for each in (KEY, replace(KEY, base_url="http://a/v1"), replace(KEY, pcm=("pcm16", 8000, 1)))
    }
    assert len(digests) == 3
