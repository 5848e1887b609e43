"""The progress of a transcription, and the bar that shows it."""

from dataclasses import replace
from pathlib import Path

import pytest

from audio_core import PROVIDERS, AudioClient, Progress, TranscriptionIncomplete, Usage
from audio_core.testing import Reply, ScriptedGateway, tone
from audio_core.transcript.progress import ProgressBar

TRANSCRIBED = Reply({"text": "hi", "segments": [{"start": 0.0, "end": 0.5, "text": "hi"}], "usage": {"cost": 0.01}})
ROW = replace(PROVIDERS["openai"], max_upload_seconds=4.0)


def make_client(gateway: ScriptedGateway, row=ROW) -> AudioClient:
    return AudioClient(row, model="m", api_key="k", base_url=gateway.base_url, max_retries=0, max_concurrency=1)


async def test_each_piece_of_a_long_recording_is_reported_with_its_cost(gateway) -> None:
    gateway.will_answer(TRANSCRIBED)
    for is_async in (False, True):
        reports: list[Progress] = []
        if is_async:
            await make_client(gateway).atranscribe(tone(10), progress=reports.append)
        else:
            make_client(gateway).transcribe(tone(10), progress=reports.append)
        done = [report.done for report in reports]
        assert done == sorted(done)
        assert (done[0], done[-1]) == (0.0, 10.0)
        assert len(reports) >= 5
        assert {report.total for report in reports} == {10.0}
        assert reports[0].usage is None
        assert reports[1].usage == Usage(cost=0.01)
        assert reports[-1].usage.cost == pytest.approx(0.01 * (len(reports) - 2))


def test_a_piece_that_failed_counts_as_done(gateway) -> None:
    gateway.will_answer(TRANSCRIBED, Reply({"error": {"message": "no"}}, status=500), TRANSCRIBED)
    reports: list[Progress] = []
    make_client(gateway).transcribe(tone(10), gaps="mark", progress=reports.append)
    assert reports[-2].done == pytest.approx(10, abs=0.01)


def test_an_error_in_the_progress_callback_is_raised(gateway) -> None:
    gateway.will_answer(TRANSCRIBED)

    def fail(report: Progress) -> None:
        raise RuntimeError("the window was closed")

    with pytest.raises(RuntimeError, match="window was closed"):
        make_client(gateway).transcribe(tone(1), progress=fail)


def test_a_bar_counts_seconds_recordings_and_cost(capsys) -> None:
    with ProgressBar(4) as bar:
        first, second = bar.add_recording(), bar.add_recording()
        first(Progress("a", 60.0, 60.0, Usage(cost=0.5)))
        second(Progress("b", 30.0, 100.0, Usage(cost=0.25)))
    output = capsys.readouterr().err
    assert "90/320" in output  # four recordings, 80 seconds each by the mean of the known lengths
    assert "1/4 recordings, $0.7500" in output


def test_a_bar_without_a_count_shows_the_recordings_begun(capsys) -> None:
    with ProgressBar(None) as bar:
        bar.add_recording()(Progress("a", 30.0, 60.0))
    output = capsys.readouterr().err
    assert "30/60" in output
    assert "0/1 recordings" in output
    assert "$" not in output


def test_an_incomplete_transcript_is_not_reported_as_done(gateway, tmp_path: Path) -> None:
    gateway.will_answer(TRANSCRIBED, Reply({"error": {"message": "no"}}, status=500))
    reports: list[Progress] = []
    with pytest.raises(TranscriptionIncomplete):
        make_client(gateway).transcribe(tone(10), progress=reports.append)
    assert reports[-1].done < 10


def test_the_bar_shows_seconds_and_no_rate_turned_round(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar(2) as bar:
        bar.add_recording()(Progress("a.mp3", 5.0, 60.0))
    shown = capsys.readouterr().err
    assert "5/120 s of audio [" in shown
    assert "0/2 recordings]" in shown
    assert "s/ s" not in shown
