"""`audio player`, and pages that `audio transcribe` writes."""

from pathlib import Path

import pytest

from audio_core import Segment, Transcript
from audio_core.testing import Reply, tone

TRANSCRIPT = Transcript("good day", (Segment(0.0, 0.8, "good day"),), duration=0.8)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-1234567890")
    (tmp_path / "a.wav").write_bytes(tone(0.8))
    (tmp_path / "a.json").write_text(TRANSCRIPT.to_json())
    return tmp_path


def test_a_page_plays_the_recording_where_it_is(audio, folder) -> None:
    (folder / "pages").mkdir()
    result = audio("player", "a.wav", "--transcript", "a.json", "-o", "pages/a.html", "--title", "My talk")
    assert (result.status, result.output, result.errors) == (0, "pages/a.html\n", "")
    page = (folder / "pages" / "a.html").read_text()
    assert 'src="../a.wav"' in page
    assert "My talk" in page
    assert str(folder) not in page


def test_a_page_holds_the_sound_if_asked_to(audio, folder) -> None:
    assert audio("player", "a.wav", "--transcript", "a.json", "--embed").output == "a.html\n"
    assert 'src="data:audio/wav;base64,' in (folder / "a.html").read_text()


def test_the_recording_is_transcribed_where_no_transcript_is_given(audio, folder, gateway) -> None:
    segments = [{"id": 0, "start": 0.0, "end": 0.8, "text": "good day"}]
    gateway.will_answer(Reply({"text": "good day", "segments": segments}))
    assert audio("player", "a.wav", "-p", "openai", "-m", "m", "--base-url", gateway.base_url).status == 0
    assert "good day" in (folder / "a.html").read_text()


def test_the_browser_is_opened_if_asked_to(audio, folder, monkeypatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert audio("player", "a.wav", "--transcript", "a.json", "--open").status == 0
    assert opened == [(folder / "a.html").as_uri()]


def test_transcribed_pages_find_the_recordings_too(audio, folder, gateway) -> None:
    gateway.will_answer(Reply({"text": "good day", "segments": []}))
    remote = ["-p", "openai", "-m", "m", "--base-url", gateway.base_url]
    assert audio("transcribe", "a.wav", "-o", "out/", "--format", "html", *remote).status == 0
    assert 'src="../a.wav"' in (folder / "out" / "a.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.wav", "--transcript", "a.wav"], "a.wav: "),
        (["a.wav", "--transcript", "b.json"], "b.json: No such file"),
        (["."], "nope"),
        (["a.wav", "-o", "a.json"], "Give --force to replace it"),
    ],
)
def test_mistakes_are_told(audio, folder, arguments, message) -> None:
    if message == "nope":
        (folder / "b.wav").write_bytes(tone(0.5))
        message = "one recording, not a folder"
    result = audio("player", *arguments)
    assert result.status in (1, 2)
    assert message in result.errors
    assert "Traceback" not in result.errors


def test_what_browsers_do_not_play_is_told_with_the_option_that_helps(audio, folder, recording) -> None:
    (folder / "a.aiff").write_bytes(recording("aiff"))
    result = audio("player", "a.aiff", "--transcript", "a.json")
    assert result.status == 1
    assert "--embed puts a copy in MP3 in the page" in result.errors
