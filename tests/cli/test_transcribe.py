"""`audio transcribe`: what is written where, what fails, and what is sent."""

import io
import json
from pathlib import Path

import pytest

from audio_core.testing import Reply, ScriptedGateway, silence, tone

SEGMENTS = [{"id": 0, "start": 0.0, "end": 0.4, "text": "good day"}, {"id": 1, "start": 0.4, "end": 0.8, "text": "sir"}]
TRANSCRIPT = Reply({"text": "good day sir", "language": "en", "duration": 0.8, "segments": SEGMENTS})
SRT = "1\n00:00:00,000 --> 00:00:00,800\ngood day sir\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-1234567890")
    (tmp_path / "a.wav").write_bytes(tone(0.8))
    return tmp_path


@pytest.fixture
def remote(gateway: ScriptedGateway) -> list[str]:
    gateway.will_answer(TRANSCRIPT)
    return ["--provider", "openai", "--model", "whisper-1", "--base-url", gateway.base_url]


def test_the_text_is_written_on_standard_output(audio, folder, remote) -> None:
    result = audio("transcribe", "a.wav", *remote)
    assert (result.status, result.output, result.errors) == (0, "good day\nsir\n", "")


def test_lines_begin_with_their_times_if_asked_to(audio, folder, remote) -> None:
    assert audio("transcribe", "a.wav", "--timestamps", *remote).output == "[00:00-00:00] good day\n[00:00-00:00] sir\n"


def test_lines_of_a_file_begin_with_their_times_too(audio, folder, remote) -> None:
    assert audio("transcribe", "a.wav", "-o", "a.txt", "--timestamps", *remote).status == 0
    assert (folder / "a.txt").read_text().startswith("[00:00-00:00] good day")


def test_json_is_one_line_a_recording(audio, folder, remote) -> None:
    (folder / "b.wav").write_bytes(tone(0.9))
    result = audio("transcribe", folder, "--json", *remote)
    transcripts = [json.loads(line) for line in result.output.splitlines()]
    assert [transcript["source"].rsplit("/", 1)[1] for transcript in transcripts] == ["a.wav", "b.wav"]
    assert transcripts[0]["segments"][1]["start"] == 0.4


def test_several_texts_have_titles(audio, folder, remote) -> None:
    (folder / "b.wav").write_bytes(tone(0.9))
    result = audio("transcribe", "a.wav", "b.wav", *remote)
    assert result.output == "==> a.wav <==\ngood day\nsir\n==> b.wav <==\ngood day\nsir\n"


def test_the_suffix_of_the_output_names_the_format(audio, folder, remote) -> None:
    result = audio("transcribe", "a.wav", "-o", "a.srt", *remote)
    assert (result.status, result.output) == (0, "")
    assert "00:00:00,000 -->" in (folder / "a.srt").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["a.srt", "a.wav"]


def test_a_file_is_replaced_with_force_only_and_nothing_is_sent_before(audio, folder, remote, gateway) -> None:
    (folder / "a.txt").write_text("mine")
    refused = audio("transcribe", "a.wav", "-o", "a.txt", *remote)
    assert (refused.status, (folder / "a.txt").read_text(), gateway.requests) == (2, "mine", [])
    assert refused.errors == "audio: a.txt exists already. Give --force to replace it.\n"
    assert audio("transcribe", "a.wav", "-o", "a.txt", "--force", *remote).status == 0
    assert (folder / "a.txt").read_text() == "good day\nsir"


def test_a_folder_is_written_in_several_formats_and_continued(audio, folder, remote, gateway) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "b.wav").write_bytes(tone(0.9))
    arguments = ("transcribe", ".", "-r", "-o", "out", "--format", "txt", "--format", "vtt", *remote)
    assert audio(*arguments).status == 0
    written = sorted(str(path.relative_to(folder / "out")) for path in folder.glob("out/**/*.*"))
    assert written == ["a.txt", "a.vtt", "sub/b.txt", "sub/b.vtt"]
    again = audio(*arguments)
    assert (again.status, len(gateway.requests)) == (0, 2)
    assert "a.wav is transcribed already. Give --force to do it again." in again.errors


def test_a_file_that_is_in_the_folder_is_kept_and_the_others_are_written(audio, folder, remote) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "a.txt").write_text("corrected by hand")
    assert audio("transcribe", "a.wav", "-o", "out", "--format", "txt", "--format", "json", *remote).status == 0
    assert (folder / "out" / "a.txt").read_text() == "corrected by hand"
    assert (folder / "out" / "a.json").exists()


def test_recordings_of_one_name_keep_their_suffixes(audio, folder, remote) -> None:
    (folder / "a.mp3").write_bytes(tone(0.9))
    assert audio("transcribe", "a.wav", "a.mp3", "-o", "out", *remote).status == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a.mp3.txt", "a.wav.txt"]


def test_clips_of_one_recording_have_names_of_their_own(audio, folder, remote) -> None:
    assert audio("transcribe", "a.wav#t=0,0.3", "a.wav#t=0.3,0.6", "-o", "out", *remote).status == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a_0-0.3.txt", "a_0.3-0.6.txt"]


def test_two_recordings_never_share_a_file(audio, folder, remote, gateway) -> None:
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "b.wav").write_bytes(tone(0.8))
    result = audio("transcribe", "one/b.wav", "two/b.wav", "-o", "out", *remote)
    assert (result.status, gateway.requests) == (2, [])
    assert result.errors.startswith("audio: Two recordings would be written as b.wav.")


def test_good_recordings_are_written_and_bad_ones_told(audio, folder, remote) -> None:
    (folder / "bad.wav").write_text("no audio")
    (folder / "c.wav").write_bytes(tone(0.9))
    result = audio("transcribe", folder, "nope.wav", "-o", "out", *remote)
    assert result.status == 1
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a.txt", "c.txt"]
    assert result.errors == (
        "audio: bad.wav was left out: bad.wav is not audio: it starts like text.\n"
        "audio: nope.wav was left out: There is no file nope.wav. Is the path right, relative to the working directory?\n"
        "audio: 2 of 4 recordings failed.\n"
    )


def test_what_would_fail_for_all_recordings_is_told_once(audio, folder, gateway) -> None:
    for number in range(6):
        (folder / f"{number}.wav").write_bytes(tone(0.8 + number / 100))
    gateway.will_answer(Reply({"error": {"message": "Incorrect API key provided."}}, status=401))
    options = ["--max-concurrency", "1", "-p", "openai", "-m", "m", "--base-url", gateway.base_url]
    result = audio("transcribe", ".", "-o", "out", *options)
    assert (result.status, result.errors.count("Incorrect API key provided.")) == (1, 1)
    assert "left out" not in result.errors
    assert len(gateway.requests) <= 2


def test_a_recording_that_is_refused_stops_no_others(audio, folder, gateway) -> None:
    (folder / "b.wav").write_bytes(tone(0.9))
    refusal = Reply({"error": {"message": "The audio is too noisy."}}, status=400)
    gateway.will_answer(refusal, TRANSCRIPT)
    options = ["--max-concurrency", "1", "-p", "openai", "-m", "m", "--base-url", gateway.base_url]
    result = audio("transcribe", ".", "-o", "out", *options)
    assert result.errors.splitlines()[-1] == "audio: 1 of 2 recordings failed."
    assert len(list((folder / "out").iterdir())) == 1  # whichever was sent second


def test_speakers_are_told_apart_if_possible(audio, folder, remote, gateway) -> None:
    refused = audio("transcribe", "a.wav", "--diarize", "--provider", "local")
    assert (refused.status, "pocketsphinx cannot follow diarize" in refused.errors) == (2, True)
    result = audio("transcribe", "a.wav", "--diarize-if-possible", *remote)
    assert (result.status, result.output) == (0, "good day\nsir\n")
    assert "did not tell speakers apart" in result.errors


def test_a_provider_that_fails_is_told_in_a_line(audio, folder, gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "No such model."}}, status=404))
    result = audio("transcribe", "a.wav", "-p", "openai", "-m", "m", "--base-url", gateway.base_url)
    assert (result.status, result.output) == (1, "")
    assert result.errors.startswith("audio: ")
    assert "No such model." in result.errors
    assert "Traceback" not in result.errors


def test_patterns_are_expanded_where_the_shell_did_not(audio, folder, remote) -> None:
    assert audio("transcribe", "?.wav", *remote).status == 0
    assert audio("transcribe", "x*.wav", *remote).errors == "audio: No file matches x*.wav.\n"


def test_standard_input_is_a_recording(audio, folder, remote, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(tone(0.8))))
    assert audio("transcribe", "-", *remote).output == "good day\nsir\n"


def test_options_reach_the_provider(audio, folder, remote, gateway) -> None:
    options = ["-l", "en", "--prompt", "A greeting.", "--words", "--temperature", "0.5", "--extra", '{"seed": 7}']
    assert audio("transcribe", "a.wav", *options, *remote).status == 0
    form = gateway.requests[0].form
    assert form["language"] == ["en"]
    assert form["prompt"] == ["A greeting."]
    assert form["timestamp_granularities[]"] == ["segment", "word"]
    assert (form["temperature"], form["seed"]) == (["0.5"], ["7"])


def test_a_store_pays_once(audio, folder, remote, gateway) -> None:
    for _ in range(2):
        assert audio("transcribe", "a.wav", "--store", "jobs.sqlite", *remote).output == "good day\nsir\n"
    assert len(gateway.requests) == 1


def test_a_budget_is_kept(audio, folder, remote, gateway) -> None:
    result = audio("transcribe", "a.wav", "--budget-seconds", "0.5", *remote)
    assert (result.status, gateway.requests) == (1, [])


def test_an_estimate_sends_nothing(audio, folder, remote, gateway) -> None:
    result = audio("transcribe", ".", "--estimate", "--price-per-minute", "0.6", *remote)
    assert (result.status, gateway.requests) == (0, [])
    assert result.output.splitlines()[3:] == ["requests    1", "cost        $0.0080"]
    estimate = json.loads(audio("transcribe", "a.wav", "--estimate", "--json", *remote).output)
    assert (estimate["requests"], estimate["cost"], estimate["recordings"][0]["label"]) == (1, None, "a.wav")


def test_an_estimate_tells_of_recordings_that_will_fail(audio, folder, remote) -> None:
    result = audio("transcribe", "a.wav", "nope.wav", "--estimate", *remote)
    assert (result.status, result.output.splitlines()[0]) == (1, "recordings  1")
    assert result.errors.startswith("audio: nope.wav was left out: ")


def test_warnings_of_a_transcript_are_told(audio, folder, gateway) -> None:
    gateway.will_answer(Reply({"text": "", "segments": []}))
    (folder / "silence.wav").write_bytes(silence(1.0))
    result = audio("transcribe", "silence.wav", "-p", "openai", "-m", "m", "--base-url", gateway.base_url)
    assert result.status == 0
    assert result.errors.startswith("audio: silence.wav: ")


def test_a_key_comes_from_the_environment_or_a_file(audio, folder, remote, gateway, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    missing = audio("transcribe", "a.wav", *remote)
    assert (missing.status, gateway.requests) == (2, [])
    assert "set OPENAI_API_KEY, or pass --api-key-file FILE" in missing.errors
    (folder / "key").write_text(" sk-from-a-file\n")
    assert audio("transcribe", "a.wav", "--api-key-file", "key", *remote).status == 0
    assert gateway.requests[0].headers["authorization"] == "Bearer sk-from-a-file"


def test_a_key_is_never_an_argument(audio, folder, remote, gateway) -> None:
    result = audio("transcribe", "a.wav", "--api-key", "sk-123", *remote)
    assert (result.status, gateway.requests) == (2, [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-p", "opnai"], "Did you mean 'openai'?"),
        (["-p", "openai"], "--model NAME"),
        (["-p", "openai", "-m", "m", "--known-speakers", "Ann"], "--known-speakers takes NAME=FILE"),
        (["--extra", "[1]"], "--extra takes a JSON object"),
        (["--extra", "[" * 5000], "--extra takes a JSON object"),
        (["--format", "srt", "--format", "vtt"], "--output FOLDER"),
        (["--format", "docx"], "'docx' is not one of"),
        (["-o", "a.docx"], "--format txt|srt|vtt|json"),
        (["-o", "b.srt", "a.wav"], "b.srt is a file: --output FOLDER/"),
        (["--api-key-file", "missing"], "cannot be read: FileNotFoundError"),
        (["--bogus"], "No such option: --bogus"),
    ],
)
def test_wrong_usage_has_a_status_of_its_own(audio, folder, arguments, message) -> None:
    result = audio("transcribe", "a.wav", *arguments)
    assert result.status == 2
    assert message in result.errors
    assert "Traceback" not in result.errors


def test_nothing_to_transcribe_is_wrong_usage(audio) -> None:
    assert audio("transcribe").status == 2
