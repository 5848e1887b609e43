"""`audio speak`: a text in a file, as it comes."""

import io
from pathlib import Path

import pytest

from audio_core import Audio
from audio_core.media.probing import probe
from audio_core.testing import Reply, tone


@pytest.fixture
def remote(gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-1234567890")
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-test-1234567890")
    return ["-p", "openai", "-m", "m", "--voice", "alloy", "--base-url", gateway.base_url]


def test_a_text_is_written_in_the_format_of_the_suffix(audio, remote, gateway) -> None:
    result = audio("speak", "Good day.", "-o", "day.wav", "--speed", "1.5", *remote)
    assert (result.status, result.output) == (0, "day.wav\n")
    assert Audio.of("day.wav").format == "wav"
    sent = gateway.requests[0].json
    assert (sent["input"], sent["voice"], sent["speed"], sent["response_format"]) == ("Good day.", "alloy", 1.5, "wav")


def test_wav_is_made_of_pcm_where_a_gateway_has_none(audio, remote, gateway) -> None:
    result = audio("speak", "Good day.", "-o", "day.wav", "-p", "openrouter", "-m", "m", "--base-url", gateway.base_url)
    assert result.status == 0
    assert gateway.requests[0].json["response_format"] == "pcm"
    assert probe(Audio.of("day.wav")).sample_rate == 24_000


def test_a_text_may_come_on_standard_input(audio, remote, gateway, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Good day.\nHow are you?\n"))
    assert audio("speak", "-", "-o", "day.wav", *remote).status == 0
    assert [request.json["input"] for request in gateway.requests] == ["Good day.\nHow are you?"]


def test_the_sound_itself_goes_to_standard_output(audio, remote, gateway, monkeypatch) -> None:
    gateway.will_answer(Reply(tone(0.5), headers={"Content-Type": "audio/wav"}))
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, write_through=True))
    assert audio("speak", "Good day.", "-o", "-", *remote).status == 0
    assert written.getvalue() == tone(0.5)


def test_a_file_is_replaced_with_force_only_and_nothing_is_sent_before(audio, remote, gateway) -> None:
    Path("day.wav").write_text("mine")
    assert audio("speak", "Good day.", "-o", "day.wav", *remote).status == 2
    assert (Path("day.wav").read_text(), gateway.requests) == ("mine", [])


def test_speech_that_breaks_off_leaves_no_file(audio, remote, gateway, tmp_path) -> None:
    gateway.will_answer(Reply(tone(0.5)[:8000], headers={"Content-Type": "audio/wav"}))
    assert audio("speak", "Good day.", "-o", "day.wav", "--max-retries", "0", *remote).status == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Good day."], "Missing option '--output'"),
        (["Good day.", "-o", "day", "-m", "m"], "Give it a suffix, such as day.mp3"),
        (["...", "-o", "day.mp3", "-m", "m"], "at least one word"),
        (["Good day.", "-o", "day.mp3", "-p", "cortecs", "-m", "m"], "CORTECS_API_KEY"),
    ],
)
def test_wrong_usage_is_told(audio, remote, arguments, message) -> None:
    result = audio("speak", *arguments)
    assert result.status == 2
    assert message in result.errors
