"""A call that goes on where an earlier one has left gaps asks for the gaps alone: what is in the store is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diarizing import DiarizingGateway
from sounds import silence, to_wav, tone

from audio_core import Audio, AudioClient, Provider, TranscriptStore
from audio_core.media.decode import decode
from audio_core.operations.process_memory import ProcessMemory
from audio_core.testing import Recorded, Reply, ScriptedGateway

VOICES = Provider("voices", "http://127.0.0.1:1/v1", max_upload_seconds=20.0, max_known_speakers=4)
FORM = Provider("form", "http://127.0.0.1:1/v1")
BURSTS = to_wav(np.concatenate([silence(6.0), tone(2.0)] * 12))
FAILURE = Reply({"error": {"message": "the upstream is away"}}, status=503)


class Failing(DiarizingGateway):
    """A gateway that tells speakers apart, and does not answer the requests of some numbers."""

    failing: frozenset[int] = frozenset()

    def next_reply(self, request: Recorded) -> Reply:
        reply = super().next_reply(request)
        return FAILURE if len(self.requests) in self.failing else reply


class Learning(ScriptedGateway):
    """A gateway that does not answer the first requests with any text, and then sends times, ignores or refuses them.

    Attributes:
        answered: how many seconds each recording has that was transcribed.
    """

    def __init__(self, first: list[str], times: str) -> None:
        super().__init__()
        self._first, self._times = first, times
        self.answered: list[float] = []

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        if self._times == "refuses" and request.form["response_format"] == ["verbose_json"]:
            return Reply({"error": {"message": "response_format 'verbose_json' is not compatible"}}, status=400)
        if self._first:
            return FAILURE if self._first.pop(0) == "fails" else Reply({"text": ""})
        pcm = b"".join(decode(Audio.of(request.parts[-1].content), rate=16_000))
        self.answered.append(len(pcm) / 32_000)
        times = [{"start": 0.0, "end": 1.0, "text": "word"}] if self._times == "sends" else []
        return Reply({"text": "word", "segments": times})


@pytest.fixture
def voices() -> Iterator[Failing]:
    with Failing() as gateway:
        yield gateway


def client(gateway: ScriptedGateway, row: Provider, folder: Path) -> AudioClient:
    store = TranscriptStore(folder / "store")
    return AudioClient(row, model="m", base_url=gateway.base_url, store=store, max_retries=0)


@pytest.mark.parametrize("failing", [{1}, {2}, {3}, {1, 2}])
def test_pieces_that_failed_are_asked_again_and_no_others(
    voices, failing: set[int], call: Path, tmp_path: Path
) -> None:
    voices.failing = frozenset(failing)
    asking = client(voices, VOICES, tmp_path)
    marked = asking.transcribe(call, diarize=True, gaps="mark")
    assert sum(segment.is_gap for segment in marked.segments) == len(failing)
    assert len(voices.requests) == 3
    whole = asking.transcribe(call, diarize=True)
    assert len(voices.requests) == 3 + len(failing)
    assert asking.transcribe(call, diarize=True) == whole
    assert len(voices.requests) == 3 + len(failing)


@pytest.mark.parametrize("failing", [{1}, {1, 2}])
def test_a_piece_that_failed_first_has_the_speakers_of_later_ones(voices, failing, call: Path, tmp_path: Path) -> None:
    voices.failing = frozenset(failing)
    asking = client(voices, VOICES, tmp_path)
    asking.transcribe(call, diarize=True, gaps="mark")
    whole = asking.transcribe(call, diarize=True)
    number = len(failing) + 1
    assert {segment.speaker for segment in whole.segments} == {f"{number}:A", f"{number}:B"}


def test_a_piece_that_is_sent_last_is_missing_if_no_other_can_be(voices, call: Path, tmp_path: Path) -> None:
    voices.failing = frozenset({1})
    asking = client(voices, VOICES, tmp_path)
    asking.transcribe(call, diarize=True, gaps="mark")
    voices.failing = frozenset({4})
    marked = asking.transcribe(call, diarize=True, gaps="mark")
    assert [segment.start for segment in marked.segments if segment.is_gap] == [0.0]


def test_a_clip_that_was_transcribed_before_does_not_keep_speakers_apart(voices, call: Path, tmp_path: Path) -> None:
    asking = client(voices, VOICES, tmp_path)
    asking.transcribe(Audio.of(call, start=40.0), diarize=True)
    whole = asking.transcribe(call, diarize=True)
    assert len(voices.requests) == 4
    assert len({segment.speaker for segment in whole.segments}) == 2


@pytest.mark.parametrize("times", ["sends", "ignores", "refuses"])
@pytest.mark.parametrize("first", [["fails"], ["is empty"], ["fails"] * 2, ["fails"] * 3, ["is empty", "fails"]])
def test_pieces_are_as_long_as_those_that_are_paid_for(
    first: list[str], times: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio_core.operations.piece_lengths.LONGEST_REQUEST", 60.0)
    monkeypatch.setattr("audio_core.operations.piece_lengths.LONGEST_PIECE", 40.0)
    options: dict[str, Any] = {"segment_seconds": 15.0, "language": "de"}  # which is not aligned, as that takes long
    with Learning(list(first), times) as gateway:
        client(gateway, FORM, tmp_path).transcribe(BURSTS, gaps="mark", **options)
        count = len(gateway.requests)
        monkeypatch.setattr("audio_core.operations.model_times._times", ProcessMemory(1000))  # as in another process
        client(gateway, FORM, tmp_path).transcribe(BURSTS, **options)
        is_cut = (first, times) == (["is empty", "fails"], "ignores")  # the piece was long, until no times came
        assert len(gateway.requests) - count == (3 if is_cut else first.count("fails"))
        assert sum(gateway.answered) < 96.0 * 1.03
        count = len(gateway.requests)
        monkeypatch.setattr("audio_core.operations.model_times._times", ProcessMemory(1000))
        client(gateway, FORM, tmp_path).transcribe(BURSTS, **options)
        assert len(gateway.requests) == count
