"""The command as a process: its start, its end, and what is promised of every command."""

import os
import re
import signal
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from audio_core import __version__
from audio_core.testing import Reply, ScriptedGateway, tone

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "audio_core"]


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, **options)


def test_help_loads_nothing_that_takes_long() -> None:
    program = (
        "import sys\nfrom audio_core.cli import main\ntry: main(['--help'])\n"
        "except SystemExit: print([name for name in ('pydantic', 'httpx', 'av', 'tqdm', 'sqlite3', 'rich.console') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1] == "[]"
    assert "transcribe" in printed


def test_the_version_is_told(audio) -> None:
    assert audio("--version").output == f"audio {__version__}\n"


def test_no_command_shows_the_help(audio) -> None:
    result = audio()
    assert result.status == 2
    assert "Exit status" in result.output + result.errors


def test_each_command_shows_examples(audio) -> None:
    commands = re.findall(r"^  (\w+) ", audio("--help").output.partition("Commands:")[2], re.MULTILINE)
    assert "transcribe" in commands
    for command in commands:
        assert f"Examples:\n    audio {command}" in audio(command, "--help").output


def test_the_console_script_is_this_command() -> None:
    script = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["audio"]
    from audio_core.cli import main

    assert EntryPoint("audio", script, "console_scripts").load() is main


def test_without_typer_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['typer'] = None; from audio_core.cli import main; main(['--help'])"
    failed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert "pip install 'langchain-llamaindex-audio[cli]'" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(tone(0.5))
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        ended = subprocess.run([*COMMAND, "probe", str(tmp_path)], stdout=gone, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_ends_it_and_says_what_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(tone(0.5))

    class Interrupting(ScriptedGateway):
        def next_reply(self, request) -> Reply:
            process.send_signal(signal.SIGINT)
            return Reply({"text": "late"}, wait=20.0)

    with Interrupting() as gateway:
        arguments = ["transcribe", str(tmp_path), "-p", "litellm", "-m", "m", "--base-url", gateway.base_url]
        process = subprocess.Popen(
            [*COMMAND, *arguments, "--store", str(tmp_path / "jobs.sqlite"), "-o", str(tmp_path / "out")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "LITELLM_API_KEY": "k"},
        )
        output, errors = process.communicate(timeout=120)
        assert not gateway.abandoned.is_set()  # it has not waited for the reply
    assert (process.returncode, output) == (130, "")
    assert (
        errors == "audio: Interrupted. Finished pieces are kept in jobs.sqlite: the same command goes on from there.\n"
    )
    assert list((tmp_path / "out").iterdir()) == []
