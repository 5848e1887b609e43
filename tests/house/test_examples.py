"""The examples, run as a user runs them. Without a key, both frameworks give the same answers."""

import os
import re
import runpy
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audio_core.testing import ScriptedGateway, chat_reply

pytestmark = pytest.mark.docs
EXAMPLES = Path(__file__).parents[2] / "examples"
Run = Callable[[str], str]


@pytest.fixture
def run_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Return a function that runs an example in this process, where the frameworks and PocketSphinx's answers are."""

    def run(name: str) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(EXAMPLES)
        monkeypatch.setattr(sys, "argv", [f"{name}.py"])
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # as in a program: the frameworks' own warnings are no errors there
            runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out

    yield run
    for name in ("common", "retrieval"):  # the examples' own modules
        sys.modules.pop(name, None)


def run_script(name: str, folder: Path, *arguments: str, **variables: str) -> str:
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
    environment = {**os.environ, **variables}
    completed = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def split_answers(printed: str) -> list[str]:
    """Split the output into the answers of LangChain and LlamaIndex."""
    _, langchain, llamaindex = re.split(r"^(?:LangChain|LlamaIndex):", printed, flags=re.MULTILINE)
    return [langchain.strip(), llamaindex.strip()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ask_a_recording", "the number is four"),
        ("meeting_minutes", "[00:00] 'good afternoon"),
        ("voice_note_agent", "Heard in call.mp3 (quoted"),
    ],
)
def test_both_frameworks_answer_the_same(name: str, expected: str, run_example: Run) -> None:
    langchain, llamaindex = split_answers(run_example(name))
    assert langchain == llamaindex
    assert expected in langchain


def test_every_line_of_an_answer_is_cited_to_the_second(run_example: Run) -> None:
    for lines in map(str.splitlines, split_answers(run_example("podcast_rag"))):
        assert len(lines) == 2
        assert all(re.search(r"\[\[talk \d\d:\d\d–\d\d:\d\d\]\]\(talk\.ogg#t=[\d.]+,[\d.]+\)$", line) for line in lines)
        assert "nine million dollars" in lines[0]


def test_spoken_replies_are_transcribed_and_saved(run_example: Run, tmp_path: Path) -> None:
    langchain, _ = split_answers(run_example("spoken_reply"))
    assert "good afternoon" in langchain
    files = [tmp_path / "demo-output" / f"reply-{name}.wav" for name in ("langchain", "llamaindex")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes().startswith(b"RIFF")


def test_a_gateway_that_is_named_is_used(tmp_path: Path) -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(chat_reply("42791"))
        key = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": gateway.base_url}
        printed = run_script("ask_a_recording", tmp_path, "--provider", "openai", "--model", "m", **key)
    assert split_answers(printed) == ["42791", "42791"]
