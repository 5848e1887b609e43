"""All code in the README, in its order: with real weights, and the offline server in place of the gateways."""

from __future__ import annotations

import shlex
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from pages import read_code, read_output, run
from whisper_models import find_tiny

from audio_core import Provider
from audio_core.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch, offline: str) -> None:
    """Take the installed weights for those that would be downloaded, and the offline server for every gateway."""
    monkeypatch.chdir(ROOT)
    for module in ("utils", "transcribe"):
        monkeypatch.setattr(f"faster_whisper.{module}.download_model", lambda *_, **__: str(find_tiny()))
    monkeypatch.setattr(Provider, "find_base_url", lambda *_: offline)
    monkeypatch.setattr(Provider, "find_key", lambda *_: "k")
    monkeypatch.setattr("audio_core.http.endpoint._TIMEOUT_PER_SECOND", 60)  # a busy machine is no failure


@pytest.mark.parametrize(
    "line", [line for line in read_code(ROOT / "README.md", "sh").splitlines() if "audio " in line]
)
def test_commands_on_the_readme_run(
    stand_ins: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda url: True)
    command, *arguments = shlex.split(line, comments=True)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert (command, ended.value.code) == ("audio", 0)
    assert "library" in (tmp_path / ("call.srt" if "call.srt" in line else "call.html")).read_text()


def test_the_readme_prints_what_it_shows(stand_ins: None) -> None:
    code = read_code(ROOT / "README.md", "python", "py")
    printed, shown = run(code, "README.md"), read_output(code)
    assert len(printed) == len(shown)
    for line, expected in zip(printed, shown, strict=True):  # another CPU rounds differently, and may hear another word
        assert SequenceMatcher(None, line, expected).ratio() > 0.9, line
