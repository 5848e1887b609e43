"""How far a transcription is, and the bar that shows it."""

from dataclasses import replace
from pathlib import Path

import pytest

from audio_core import PROVIDERS, AudioClient, Progress, TranscriptionIncomplete, Usage
from audio_core.testing import Reply, ScriptedGateway, tone
from audio_core.transcript.progress import ProgressBar

HEARD = Reply({"text": "hi", "segments": [{"start": 0.0, "end": 0.5, "text": "hi"}], "usage": {"cost": 0.01}})
ROW = replace(PROVIDERS["openai"], max_upload_seconds=4.0)


def client(gateway: ScriptedGateway, row=ROW) -> AudioClient:
    return AudioClient(row, model="m", api_key="k", base_url=gateway.base_url, max_retries=0, max_concurrency=1)


async def test_each_piece_of_a_long_recording_is_told_with_its_cost(gateway) -> None:
    gateway.will_answer(HEARD)
    for is_async in (False, True):
        told: list[Progress] = []
        if is_async:
            await client(gateway).atranscribe(tone(10), progress=told.append)
        else:
            client(gateway).transcribe(tone(10), progress=told.append)
        done = [news.done for news in told]
        assert done == sorted(done)
        assert (done[0], done[-1]) == (0.0, 10.0)
        assert len(told) >= 5
        assert {news.total for news in told} == {10.0}
        assert told[0].usage is None
        assert told[1].usage == Usage(cost=0.01)
        assert told[-1].usage.cost == pytest.approx(0.01 * (len(told) - 2))


def test_a_piece_that_failed_is_done_too(gateway) -> None:
    gateway.will_answer(HEARD, Reply({"error": {"message": "no"}}, status=500), HEARD)
    told: list[Progress] = []
    client(gateway).transcribe(tone(10), gaps="mark", progress=told.append)
    assert told[-2].done == pytest.approx(10, abs=0.01)


def test_what_it_is_told_may_fail(gateway) -> None:
    gateway.will_answer(HEARD)

    def fails(news: Progress) -> None:
        raise RuntimeError("the window was closed")

    with pytest.raises(RuntimeError, match="window was closed"):
        client(gateway).transcribe(tone(1), progress=fails)


def test_a_bar_counts_seconds_recordings_and_cost(capsys) -> None:
    with ProgressBar(4) as bar:
        first, second = bar.add_recording(), bar.add_recording()
        first(Progress("a", 60.0, 60.0, Usage(cost=0.5)))
        second(Progress("b", 30.0, 100.0, Usage(cost=0.25)))
    shown = capsys.readouterr().err
    assert "90/320" in shown  # four recordings of 80 seconds, as far as is known
    assert "1/4 recordings, $0.7500" in shown


def test_without_a_count_it_knows_what_was_begun(capsys) -> None:
    with ProgressBar(None) as bar:
        bar.add_recording()(Progress("a", 30.0, 60.0))
    shown = capsys.readouterr().err
    assert "30/60" in shown
    assert "0/1 recordings" in shown
    assert "$" not in shown


def test_an_incomplete_transcript_is_told_as_far_as_it_came(gateway, tmp_path: Path) -> None:
    gateway.will_answer(HEARD, Reply({"error": {"message": "no"}}, status=500))
    told: list[Progress] = []
    with pytest.raises(TranscriptionIncomplete):
        client(gateway).transcribe(tone(10), progress=told.append)
    assert told[-1].done < 10
