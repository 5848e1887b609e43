"""The page about the command line: what it prints is what the commands print, and what it names exists."""

import contextlib
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from audio_core.cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "command-line.md").read_text()
AGENTS = (ROOT / "docs" / "agents.md").read_text()
SESSIONS = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHOWN_ONLY = re.findall(r"^```sh\n(.*?)^```", PAGE + AGENTS, re.MULTILINE | re.DOTALL)


@pytest.fixture
def at_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("call.mp3", "talk.ogg"):
        shutil.copy(ROOT / "examples" / "audio" / name, tmp_path)
    monkeypatch.chdir(tmp_path)


class Shell:
    """What a terminal shows of commands: standard output and standard error together, and `$?`."""

    def __init__(self) -> None:
        self._status = 0

    def run(self, line: str) -> str:
        if line == "echo $?":
            return f"{self._status}\n"
        shown = io.StringIO()
        command, *arguments = shlex.split(line)
        assert command == "audio"
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown), pytest.raises(SystemExit) as ended:
            main(arguments)
        self._status = ended.value.code
        return shown.getvalue()


@pytest.mark.parametrize("session", SESSIONS)
def test_commands_print_what_the_page_shows(at_recordings, session) -> None:
    shell = Shell()
    lines = [line.removeprefix("$ ") for line in session.splitlines() if line.startswith("$ ")]
    assert "".join(f"$ {line}\n{shell.run(line)}" for line in lines) == session


@pytest.mark.parametrize("line", [line for fence in SHOWN_ONLY for line in fence.splitlines()])
def test_options_of_commands_that_are_only_shown_exist(audio, line) -> None:
    (command,) = re.findall(r"audio (\w+) ", line)
    listed = audio(command, "--help").output
    for option in re.findall(r" (--?[a-z][a-z-]*)", line.split("audio ", 1)[1].split(" | ")[0].split("#")[0]):
        assert re.search(rf"(^|[\s,]){option}[\s,]", listed)


def test_every_command_and_status_is_on_the_page(audio) -> None:
    shown = audio("--help").output
    commands = re.findall(r"^  (\w+) ", shown.partition("Commands:")[2], re.MULTILINE)
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == commands
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == re.findall(r"^    (\d+) ", shown, re.MULTILINE)


def test_clients_are_told_to_start_a_command_that_exists(audio) -> None:
    (configuration,) = re.findall(r"^```json\n(.*?)^```", AGENTS, re.MULTILINE | re.DOTALL)
    server = json.loads(configuration)["mcpServers"]["recordings"]
    command, *arguments = server["args"]
    assert (server["command"], command) == ("audio", "mcp")
    listed = audio("mcp", "--help").output
    assert [each for each in arguments if each.startswith("--") and f"{each} " not in listed] == []
