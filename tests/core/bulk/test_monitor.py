import pytest

from audio_core.bulk import BulkProgress, monitor
from audio_core.bulk.monitor import watch_progress

HALF = BulkProgress(10, 5, 600.0, 0.06, {"InvalidAudio": 1}, elapsed=10.0)


def test_the_last_report_comes_when_the_job_ends() -> None:
    reports: list[BulkProgress] = []
    with watch_progress(lambda: HALF, reports.append, show=False):
        pass
    assert reports == [HALF]


def test_progress_is_reported_while_the_job_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(monitor, "_INTERVAL", 0.001)
    enough, reports = threading.Event(), list[BulkProgress]()

    def report(progress: BulkProgress) -> None:
        reports.append(progress)
        if len(reports) > 2:
            enough.set()

    with watch_progress(lambda: HALF, report, show=False):
        assert enough.wait(60)


def test_a_terminal_shows_what_is_done_and_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with watch_progress(lambda: HALF, None, show=True):
        pass
    shown = capsys.readouterr().err
    assert "5/10" in shown
    assert "60 s of audio per second, $0.0600, 1 InvalidAudio" in shown


def test_without_a_listener_nothing_is_asked() -> None:
    with watch_progress(lambda: pytest.fail("asked"), None, show=False):
        pass
