"""The demo, run as a user runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from audio_core.testing import ScriptedGateway, chat_reply, chat_stream

pytestmark = pytest.mark.docs
DEMO = Path(__file__).parents[2] / "examples" / "demo.py"
# Runs a script with the answers of PocketSphinx that the tests share.
SHARING = """
import runpy, sys
from pathlib import Path
support, answers, *sys.argv = sys.argv[1:]
sys.path[:0] = [support, str(Path(sys.argv[0]).parent)]
from decoded_once import Decoder, decode_once
Decoder._request = decode_once(Path(answers), Decoder._request)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_demo(folder: Path, *arguments: str, **variables: str) -> str:
    return run([sys.executable, str(DEMO), *arguments], folder, **variables)


def run(command: list[str], folder: Path, **variables: str) -> str:
    completed = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def test_the_demo_finds_the_passage_and_asks_about_it_in_both_frameworks(tmp_path: Path, answers: Path) -> None:
    support = str(Path(__file__).parents[1] / "support")
    printed = run([sys.executable, "-c", SHARING, support, str(answers), str(DEMO)], tmp_path)
    for framework in ("LangChain", "LlamaIndex"):
        for mode in ("whole", "stream"):
            assert re.search(rf"{framework}, {mode}: +\[02:\d\d-02:49\] I heard: .*nine million dollars", printed)
    assert (tmp_path / "demo-output" / "call.srt").read_text().startswith("1\n00:00:00,6")


def test_the_demo_uses_a_gateway_if_one_is_named(tmp_path: Path) -> None:
    transcript = {
        "text": "it costs nine million dollars",
        "segments": [{"start": 5.0, "end": 9.0, "text": "it costs nine million dollars"}],
    }
    from audio_core.testing import Reply

    with ScriptedGateway() as gateway:
        reply = Reply(transcript)
        gateway.will_answer(
            reply,
            reply,
            chat_reply("nine million"),
            chat_stream("nine"),
            chat_reply("nine million"),
            chat_stream("nine"),
            reply,
        )
        printed = run_demo(
            tmp_path,
            *("--provider", "openai", "--model", "m", "--transcription-model", "w"),
            OPENAI_API_KEY="k",
            OPENAI_BASE_URL=gateway.base_url,
        )
    assert "LangChain, whole:   [00:05-00:09] nine million" in printed
    assert [request.path for request in gateway.requests].count("/v1/chat/completions") == 4
