"""The page about the command line: what it prints is what the commands print, and what it names exists."""

import contextlib
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from audio_core import Provider
from audio_core.cli import main
from audio_core.testing import Reply, ScriptedGateway, chat_reply, tone

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "command-line.md").read_text()
AGENTS = (ROOT / "docs" / "agents.md").read_text()
SESSIONS = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHOWN = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE + AGENTS, re.MULTILINE | re.DOTALL)).splitlines()


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


@pytest.mark.parametrize("line", SHOWN)
def test_options_of_commands_that_are_only_shown_exist(audio, line) -> None:
    (command,) = re.findall(r"audio (\w+) ", line)
    listed = audio(command, "--help").output
    for option in re.findall(r" (--?[a-z][a-z-]*)", line.split("audio ", 1)[1].split(" | ")[0].split("#")[0]):
        assert re.search(rf"(^|[\s,]){option}[\s,]", listed)


@pytest.fixture
def at_talks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: ScriptedGateway) -> None:
    """Stand where the recordings lie that the page names. A scripted gateway stands in for those that it names."""
    (tmp_path / "talks").mkdir()
    for name in ("talk.mp3", "call.mp3", "before.wav", "after.wav", "talks/a.wav"):
        (tmp_path / name).write_bytes(tone(0.5))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Provider, "find_base_url", lambda *_: gateway.base_url)
    monkeypatch.setattr(Provider, "find_key", lambda *_: "k")
    monkeypatch.setattr("webbrowser.open", lambda url: True)


# Not those with what is not here: the web, a film of an hour, other folders, other programs.
@pytest.mark.parametrize("line", [line for line in SHOWN if not re.search(r"https:|film|/home|[|<]", line)])
def test_commands_that_are_only_shown_run(audio, at_talks, gateway, line) -> None:
    gateway.will_answer(Reply({"text": "yes"}) if " transcribe " in f" {line}" else chat_reply("yes"))
    command, *arguments = shlex.split(line, comments=True)
    assert command == "audio"
    assert audio(*arguments).status == 0


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
