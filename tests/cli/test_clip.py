"""`audio clip`: a stretch, to the sample, in a file."""

import io
import json
from pathlib import Path

import pytest

from audio_core import Audio
from audio_core.media.probing import probe
from audio_core.testing import tone


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.wav").write_bytes(tone(70.0, rate=8_000))
    return tmp_path


@pytest.mark.parametrize(
    ("stretch", "seconds"),
    [
        ("0:01-1:02.5", 61.5),
        ("1-62.5", 61.5),
        ("0:01–1:02.5", 61.5),
        ("60-", 10.0),
        ("-5", 5.0),
        ("0:00:05-0:00:06", 1.0),
    ],
)
def test_a_stretch_is_written_in_clock_times_or_seconds(audio, folder, stretch, seconds) -> None:
    assert audio("clip", "-o", "b.wav", "--", "a.wav", stretch).output == "b.wav\n"
    assert probe(Audio.of("b.wav")).duration == seconds


def test_the_file_is_named_as_the_stretch_and_has_the_format_of_the_recording(audio, folder) -> None:
    assert audio("clip", "a.wav", "0:01-0:02").output == "a_1-2.wav\n"
    assert Audio.of("a_1-2.wav").format == "wav"


def test_the_suffix_names_the_format(audio, folder) -> None:
    facts = json.loads(audio("clip", "a.wav", "1-2", "-o", "b.flac", "--json").output)
    assert facts == {"file": "b.flac", "start": 1.0, "seconds": 1.0, "format": "flac"}
    assert Audio.of("b.flac").format == "flac"


def test_a_format_that_cannot_be_written_becomes_wav(audio, folder, recording) -> None:
    (folder / "c.webm").write_bytes(recording("webm"))
    assert audio("clip", "c.webm", "1-2").output == "c_1-2.wav\n"


def test_the_sound_itself_goes_to_standard_output(audio, folder, monkeypatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, write_through=True))
    assert audio("clip", "a.wav", "1-2", "-o", "-").status == 0
    assert probe(Audio.of(written.getvalue())).duration == 1.0


def test_a_file_is_replaced_with_force_only(audio, folder) -> None:
    (folder / "b.wav").write_text("mine")
    assert audio("clip", "a.wav", "1-2", "-o", "b.wav").status == 2
    assert (folder / "b.wav").read_text() == "mine"
    assert audio("clip", "a.wav", "1-2", "-o", "b.wav", "-f").status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["a.wav", "noon"], 2, "Write START-END, such as 12:07-12:31"),
        (["a.wav", "-"], 2, "Write START-END"),
        (["a.wav", "1-2", "-o", "b.docx"], 2, "A clip cannot be written as .docx: choose one of wav, mp3"),
        (["a.wav", "2-1"], 1, "0 <= start < end"),
        (["a.wav", "80-90"], 1, "starts after the recording's end"),
        (["b.wav", "1-2"], 1, "There is no file b.wav"),
        (["a.wav", "1-2", "-o", "nowhere/b.wav"], 1, "b.wav.part: No such file or directory"),
    ],
)
def test_mistakes_are_told_and_leave_no_file(audio, folder, arguments, status, message) -> None:
    result = audio("clip", *arguments)
    assert result.status == status
    assert message in result.errors
    assert [path.name for path in folder.iterdir()] == ["a.wav"]
