"""All code in the README, in its order: with real weights, and the offline server in place of the gateways."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

import pytest
from pages import read_code, read_output, run
from whisper_models import find_tiny

from audio_core import Provider

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


def test_the_readme_prints_what_it_shows(stand_ins: None) -> None:
    code = read_code(ROOT / "README.md", "python", "py")
    printed, shown = run(code, "README.md"), read_output(code)
    assert len(printed) == len(shown)
    for line, expected in zip(printed, shown, strict=True):  # another CPU rounds differently, and may hear another word
        assert SequenceMatcher(None, line, expected).ratio() > 0.9, line
