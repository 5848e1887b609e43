"""Joins without a word in common: what lies around them is transcribed once more, if that is possible and worth it."""

import asyncio
import contextlib
import errno
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from audio_core import Audio, AudioClient, Budget, TranscriptionIncomplete
from audio_core.media.probing import probe
from audio_core.media.segmentation import Piece
from audio_core.operations import bridging
from audio_core.testing import Recorded, Reply
from audio_core.transcript import bridges
from tests.core.operations.test_long_transcription import RATE, ROW, Listener, recording

SECONDS = 21.0
NUMBERS = [f"n{number}" for number in range(21)]
DOUBT = "Where pieces without a pause between them were joined, a word may be missing or be there twice: 00:09."


class Mutterer(Listener):
    """Writes the numbers it hears, but mutters those that an edge has cut.

    Attributes:
        bridge: what is answered to an upload of less than five seconds; None answers what is heard.
        bridge_language: that is found in such an upload.
        speaker: of all segments.
        is_timed: whether times are sent.
        before_reply: called before each upload is answered.
    """

    bridge: Reply | None = None
    bridge_language: str = "english"
    speaker: str | None = None
    is_timed: bool = True
    before_reply: Callable[[], None] = staticmethod(lambda: None)

    def next_reply(self, request: Recorded) -> Reply:
        reply = super().next_reply(request)
        self.before_reply()
        is_bridge = get_seconds(request) < 5.0
        if self.bridge and is_bridge:
            return self.bridge
        for segment in (segments := reply.body["segments"]):
            if segment["end"] - segment["start"] < 0.9:  # a different sound at each edge
                segment["text"] = "um" if segment["start"] < 0.5 else "er"
            segment["speaker"] = self.speaker
        timed = {"segments": segments} if self.is_timed else {}
        language = self.bridge_language if is_bridge else "english"
        return Reply({"text": " ".join(segment["text"] for segment in segments), "language": language, **timed})


def get_upload(request: Recorded) -> bytes:
    return next(part.content for part in request.parts if part.filename)


def get_seconds(request: Recorded) -> float:
    return probe(Audio.of(get_upload(request))).duration


@pytest.fixture
def mutterer():
    with Mutterer() as mutterer:
        yield mutterer


def build_tones(count: int) -> bytes:
    """Build a WAV of numbers that swell for a second each, so that no overlap of 0.9 s holds a whole one."""
    steady = recording([(float(number), number + 1.0, number) for number in range(count)], float(count))
    samples = np.frombuffer(steady[44:], "<i2")
    swell = 0.7 + 0.3 * np.sin(2 * np.pi * 4 / RATE * np.arange(len(samples)))
    return steady[:44] + np.round(samples * swell).astype("<i2").tobytes()


@pytest.fixture
def tones() -> bytes:
    return build_tones(len(NUMBERS))


def create_client(gateway: Mutterer, **options) -> AudioClient:
    return AudioClient(ROW, model="m", base_url=gateway.base_url, max_retries=0, **options)


def list_bridges(gateway: Mutterer) -> list[Recorded]:
    return [request for request in gateway.requests if get_seconds(request) < 5.0]


def test_what_lies_around_a_join_without_a_common_word_is_transcribed_once_more(mutterer, tones: bytes) -> None:
    transcript = create_client(mutterer).transcribe(tones)
    assert transcript.text.split() == NUMBERS
    assert transcript.warnings == ()
    (bridge,) = list_bridges(mutterer)
    assert len(mutterer.requests) == 3
    assert 3.0 < get_seconds(bridge) < 4.0


async def test_async_calls_do_the_same(mutterer, tones: bytes) -> None:
    transcript = await create_client(mutterer).atranscribe(tones)
    assert transcript == await asyncio.to_thread(create_client(mutterer).transcribe, tones)
    assert len(list_bridges(mutterer)) == 2


def test_the_store_keeps_bridges_too(mutterer, tones: bytes, tmp_path: Path) -> None:
    client = create_client(mutterer, store=tmp_path / "jobs.sqlite")
    first = client.transcribe(tones)
    assert client.transcribe(tones) == first
    assert len(mutterer.requests) == 3


def test_a_bridge_does_not_count_as_a_piece_in_the_store(mutterer, tones: bytes, tmp_path: Path) -> None:
    """Otherwise a clip of the recording would be cut where bridges start."""
    client = create_client(mutterer, store=tmp_path / "jobs.sqlite")
    client.transcribe(tones)
    with contextlib.closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as database:
        spans = database.execute("SELECT start, end FROM spans ORDER BY start").fetchall()
    assert [start for start, _ in spans] == [0.0, pytest.approx(9.9, abs=0.1)]
    assert client.estimate(tones).stored_seconds == pytest.approx(SECONDS)


def test_doubts_are_told_although_the_job_ended_early(mutterer) -> None:
    client = create_client(mutterer, max_concurrency=1)
    with pytest.raises(TranscriptionIncomplete) as caught:
        client.transcribe(build_tones(40), budget=Budget(seconds=25.0))
    assert caught.value.transcript.warnings == (DOUBT,)
    assert list_bridges(mutterer) == []


@pytest.mark.parametrize(
    "reply", [Reply({"error": "busy"}, status=503), Reply({"text": ""}), Reply({"text": "something else"})]
)
def test_a_bridge_that_fails_or_does_not_help_is_left_out_and_the_doubt_is_told(
    mutterer, tones: bytes, reply: Reply
) -> None:
    mutterer.bridge = reply
    transcript = create_client(mutterer).transcribe(tones)
    assert set(NUMBERS) - set(transcript.text.split()) <= {"n9", "n10", "n11"}
    assert "something" not in transcript.text
    assert transcript.warnings == (DOUBT,)


def fill_disk(*_: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def find_nothing(*_: object) -> list[Piece]:
    """Do what `cut_recording` does with a file that is cut short while it is read."""
    return []


@pytest.mark.parametrize("cut", [fill_disk, find_nothing])
def test_a_bridge_that_cannot_be_cut_is_left_out(
    mutterer, tones: bytes, monkeypatch: pytest.MonkeyPatch, cut: Callable[..., list[Piece]]
) -> None:
    monkeypatch.setattr(bridging, "cut_recording", cut)
    transcript = create_client(mutterer).transcribe(tones)
    assert transcript.warnings == (DOUBT,)
    assert len(mutterer.requests) == 2


def test_a_budget_that_is_used_up_by_the_pieces_pays_no_bridge(mutterer, tones: bytes) -> None:
    transcript = create_client(mutterer).transcribe(tones, budget=Budget(seconds=23.0))
    assert list_bridges(mutterer) == []
    assert transcript.warnings == (DOUBT,)


def test_a_budget_that_others_share_pays_no_bridge_beyond_the_usual_share(mutterer, tones: bytes) -> None:
    transcript = create_client(mutterer).transcribe(tones, budget=Budget(seconds=100.0))
    assert list_bridges(mutterer) == []
    assert transcript.warnings == (DOUBT,)


def test_what_a_bridge_costs_counts(mutterer, tones: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridges, "_MOST_REPEATED", 0.5)  # as if the recording were long
    budget = Budget(seconds=30.0)
    create_client(mutterer).transcribe(tones, budget=budget)
    assert len(list_bridges(mutterer)) == 1
    assert budget.used_seconds == pytest.approx(sum(map(get_seconds, mutterer.requests)), abs=0.05)


@pytest.mark.parametrize("is_cut_short", [False, True])
def test_a_file_that_was_overwritten_since_gets_no_bridge(
    mutterer, tones: bytes, tmp_path: Path, is_cut_short: bool
) -> None:
    path, client = tmp_path / "talk.wav", create_client(mutterer, store=tmp_path / "jobs.sqlite")
    path.write_bytes(tones)

    def overwrite() -> None:
        if len(mutterer.requests) == 2:  # the pieces are cut, and sent
            path.write_bytes(tones[:44] if is_cut_short else tones[:44] + tones[:43:-1])

    mutterer.before_reply = overwrite
    assert client.transcribe(path).warnings == (DOUBT,)
    assert list_bridges(mutterer) == []
    mutterer.before_reply = Mutterer.before_reply
    assert client.transcribe(tones).text.split() == NUMBERS
    assert len(mutterer.requests) == 3


def test_the_language_that_so_short_an_upload_is_taken_for_does_not_count(mutterer, tones: bytes) -> None:
    mutterer.bridge_language = "welsh"
    transcript = create_client(mutterer).transcribe(tones)
    assert transcript.text.split() == NUMBERS
    assert (transcript.language, {segment.language for segment in transcript.segments}) == ("english", {None})


def test_pieces_with_speakers_get_no_bridge(mutterer, tones: bytes) -> None:
    mutterer.speaker = "A"
    transcript = create_client(mutterer).transcribe(tones)
    assert list_bridges(mutterer) == []
    assert {segment.speaker for segment in transcript.segments} == {"1:A", "2:A"}


def test_a_bridge_is_not_prompted_with_its_own_words(mutterer, tones: bytes) -> None:
    row = replace(ROW, takes_context=True)
    mutterer.is_timed = False
    client = AudioClient(row, model="m", base_url=mutterer.base_url, max_retries=0, max_concurrency=1)
    assert client.transcribe(tones, segment_seconds=12.0).text.split() == NUMBERS
    prompts = [
        next((part.content for part in request.parts if part.name == "prompt"), b"") for request in mutterer.requests
    ]
    assert [b"n5" in prompt for prompt in prompts] == [False, True, False]


def test_a_gateway_that_takes_less_than_a_bridge_is_not_asked_for_one(tones: bytes) -> None:
    with Mutterer() as gateway:
        row = replace(ROW, max_upload_seconds=2.5)
        AudioClient(row, model="m", base_url=gateway.base_url, max_retries=0).transcribe(tones)
        assert max(map(get_seconds, gateway.requests)) <= 2.51
