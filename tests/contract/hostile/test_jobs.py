"""Stores that are damaged, foreign or full, and lists in which one fails: nothing is lost or paid for in vain."""

import os
import pickle
import sqlite3
from pathlib import Path

import pytest
from doors import KEY, TRANSCRIPTS, Door, through
from hostile import check_error, enter
from langchain_core.messages import HumanMessage

from audio_core import AudioClient, InvalidRequest, StoreError, TranscriptStore
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, tone
from langchain_audio import AudioLoader, ChatAudio

WITH_STORE = [door for door in TRANSCRIPTS if not door.is_tool]


class Bomb:
    """A value whose pickle runs code when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self._mark),)


def damage_by_a_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Bomb(path.with_name("run"))))


def damage_by_cutting(path: Path) -> None:
    os.truncate(path, 5000)


def damage_by_a_newer_version(path: Path) -> None:
    with sqlite3.connect(path) as rows:
        rows.execute("PRAGMA user_version = 99")
    rows.close()


def damage_by_opening_it_to_all(path: Path) -> None:
    path.chmod(0o666)


def damage_by_pickled_rows(path: Path) -> None:
    with sqlite3.connect(path) as rows:
        rows.execute("UPDATE pieces SET transcript = ?", (pickle.dumps(Bomb(path.with_name("run"))),))
    rows.close()


DAMAGES = [
    damage_by_a_pickle,
    damage_by_cutting,
    damage_by_a_newer_version,
    damage_by_opening_it_to_all,
    damage_by_pickled_rows,
]


@pytest.mark.parametrize("damage", DAMAGES)
@through(*WITH_STORE)
def test_a_store_that_cannot_be_trusted_is_refused_before_anything_is_paid(
    gateway, recording, tmp_path: Path, door: Door, damage
) -> None:
    gateway.will_answer(Reply({"text": "yes"}))
    path = tmp_path / "jobs.sqlite"
    assert enter(door, gateway.base_url, recording, store=path).text == "yes"
    damage(path)
    gateway.requests.clear()
    outcome = enter(door, gateway.base_url, recording, str(tmp_path), store=path)
    assert isinstance(outcome.error, StoreError)
    assert "jobs.sqlite" in outcome.message
    assert gateway.requests == []
    assert not (tmp_path / "run").exists()


@through(*WITH_STORE)
def test_a_store_where_none_can_be_is_refused_before_anything_is_paid(gateway, recording, door: Door) -> None:
    outcome = enter(door, gateway.base_url, recording, store=Path("/proc/jobs.sqlite"))
    assert isinstance(outcome.error, StoreError)
    assert gateway.requests == []


@through(*WITH_STORE)
def test_what_does_not_change_the_text_is_not_paid_for_again(gateway, recording, tmp_path: Path, door: Door) -> None:
    gateway.will_answer(Reply({"text": "yes"}))
    store = tmp_path / "jobs.sqlite"
    for options in ({}, {"timeout": 5.0}, {"max_retries": 0}, {"max_concurrency": 2}):
        assert enter(door, gateway.base_url, recording, store=store, **options).text == "yes"
    assert len(gateway.requests) == 1
    assert enter(door, gateway.base_url, recording, store=store, provider="litellm").text == "yes"
    assert len(gateway.requests) == 2


# --- one of eight ---


class OneFails(ScriptedGateway):
    """A gateway that refuses one of the things that it is asked."""

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        if "application/json" in request.headers["content-type"]:
            question = request.json["messages"][0]["content"]
        else:
            question = next(part.filename for part in request.parts if part.filename).partition(".")[0]
        if question == "3":
            return Reply({"error": {"message": "no such thing"}}, 400)
        return chat_reply(question) if "json" in request.headers["content-type"] else Reply({"text": question})


@pytest.mark.parametrize("is_async", [False, True])
async def test_one_question_of_eight_costs_no_other(is_async: bool) -> None:
    with OneFails() as gateway:
        model = ChatAudio(provider="openai", model="m", api_key=KEY, base_url=gateway.base_url)
        questions = [[HumanMessage(str(number))] for number in range(8)]
        found = (
            await model.abatch(questions, return_exceptions=True)
            if is_async
            else model.batch(questions, return_exceptions=True)
        )
    check_error(found[3])
    assert isinstance(found[3], InvalidRequest)
    assert [answer.text for answer in found if answer is not found[3]] == list("0124567")


def test_one_recording_of_eight_costs_no_other_and_none_twice(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.wav").write_bytes(tone(0.2, hertz=300.0 + number))
    with OneFails() as gateway:
        options = {"provider": "openai", "model": "m", "api_key": KEY, "base_url": gateway.base_url}
        for requests in (8, 9):  # the second time, only what failed
            loader = AudioLoader(tmp_path, on_error="collect", store=tmp_path / "jobs.sqlite", **options)
            assert [document.page_content for document in loader.load()] == list("0124567")
            assert [failure.label for failure in loader.failures] == ["3.wav"]
            assert len(gateway.requests) == requests


def test_a_file_that_changes_amid_a_long_job_is_an_error(gateway, tmp_path: Path) -> None:
    """Its pieces would be of two recordings."""
    path, store = tmp_path / "talk.wav", TranscriptStore(tmp_path / "jobs.sqlite")
    path.write_bytes(tone(0.5))

    class Overwriting(ScriptedGateway):
        def next_reply(self, request: Recorded) -> Reply:
            path.write_bytes(tone(0.5, hertz=880.0))
            return super().next_reply(request)

    with Overwriting() as overwriting:
        overwriting.will_answer(Reply({"text": "yes"}))
        client = AudioClient("openai", model="m", api_key=KEY, base_url=overwriting.base_url, store=store)
        with pytest.raises(ValueError, match="changed while it was being transcribed") as caught:
            client.transcribe(path)
    check_error(caught.value, str(tmp_path))
    gateway.will_answer(Reply({"text": "new"}))
    again = AudioClient("openai", model="m", api_key=KEY, base_url=gateway.base_url, store=store)
    assert again.transcribe(path).text == "new"
