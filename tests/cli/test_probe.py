"""`audio probe`: the facts about a recording, and whether it is whole."""

import json
from pathlib import Path
from random import Random

import pytest

from audio_core.testing import tone


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.wav").write_bytes(tone(1.5))
    return tmp_path


def test_a_whole_recording_is_a_line(audio, folder) -> None:
    result = audio("probe", "a.wav")
    assert (result.status, result.output) == (0, "a.wav: pcm_s16le in wav, 1.50 s, 16000 Hz, mono, whole\n")


def test_facts_are_json_for_programs(audio, folder) -> None:
    assert json.loads(audio("probe", "a.wav", "--json").output) == {
        "recording": "a.wav",
        "format": "wav",
        "codec": "pcm_s16le",
        "seconds": 1.5,
        "sample_rate": 16000,
        "channels": 1,
        "bytes": 48044,
        "warnings": [],
        "error": None,
    }


def test_damaged_recordings_are_told_and_the_others_too(audio, folder) -> None:
    (folder / "cut.wav").write_bytes(tone(1.5)[:20_000])
    (folder / "text.wav").write_text("no audio")
    result = audio("probe", ".", "missing.wav")
    assert result.status == 1
    assert [line.split(": ")[0] for line in result.output.splitlines()] == [
        "a.wav",
        "cut.wav",
        "text.wav",
        "missing.wav",
    ]
    assert "is cut short" in result.output
    assert "or use what is there by its name with #t=0,0.5" in result.output


def test_damage_within_is_found_by_decoding(audio, folder, recording) -> None:
    sound = bytearray(recording("m4a"))
    middle = len(sound) // 2
    sound[middle : middle + 3000] = Random(1).randbytes(3000)
    (folder / "hurt.m4a").write_bytes(sound)
    assert audio("probe", "hurt.m4a").status == 0
    result = audio("probe", "hurt.m4a", "--check")
    assert result.status == 1
    assert result.output.startswith("hurt.m4a: hurt.m4a is damaged: ")


def test_the_length_of_a_clip_is_its_own(audio, folder) -> None:
    assert json.loads(audio("probe", "a.wav#t=0.5,1.25", "--json").output)["seconds"] == 0.75


def test_a_recording_of_this_machine_is_not_fetched_and_another_way_is_told(audio, gateway) -> None:
    result = audio("probe", f"{gateway.origin}/a.wav")
    assert (result.status, gateway.requests) == (1, [])
    assert result.output.endswith("Give what it sends: curl URL | audio ... -\n")
