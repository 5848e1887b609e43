"""When a call fails, a traceback begins at the user's line, ends with our message, and shows no plumbing."""

import logging
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from doors import DOORS, Door, through
from langchain_core.messages import HumanMessage
from llama_index.core.llms import AudioBlock, ChatMessage

from audio_core import AudioError
from audio_core.testing import Reply, ScriptedGateway, tone
from langchain_audio import ChatAudio
from llamaindex_audio import AudioLLM

OURS = re.compile(r"/(audio_core|langchain_audio|llamaindex_audio)/")
PLUMBING = re.compile(r"/concurrent/|/threading\.py|/contextlib\.py|/audio_core/(http|operations|media|integration)/")
USER_DOORS = [door for door in DOORS if not door.is_tool]
TRANSCRIPTS = [door for door in USER_DOORS if not door.is_chat and not door.is_streamed]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(tone(2.0))
    return path


def check_is_short(call: Callable[[], object]) -> None:
    with pytest.raises(AudioError) as caught:
        call()
    shown = "".join(traceback.format_exception(caught.value)).splitlines()
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[0].filename == __file__
    assert not [frame for frame in frames if PLUMBING.search(frame.filename)]
    assert sum(bool(OURS.search(frame.filename)) for frame in frames) <= 3
    assert str(caught.value) in shown[-1]
    assert sum(line.startswith("Traceback") for line in shown) == 1


@through(*USER_DOORS)
def test_a_refused_connection(door: Door, path: Path) -> None:
    check_is_short(lambda: door("http://127.0.0.1:1/v1", str(path), max_retries=0))


@through(*USER_DOORS)
def test_a_refusal_of_the_gateway(door: Door, path: Path) -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply({"error": {"message": "no such thing"}}, 400))
        check_is_short(lambda: door(gateway.base_url, str(path), max_retries=0))


@through(*USER_DOORS)
def test_a_response_that_breaks_off(door: Door, path: Path) -> None:
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply(["data: {", "}"] if door.is_streamed else "{", cut="fin"))
        check_is_short(lambda: door(gateway.base_url, str(path), max_retries=0))


@through(*TRANSCRIPTS)
def test_a_damaged_file(door: Door, path: Path) -> None:
    path.write_bytes(tone(2.0)[:3000])
    check_is_short(lambda: door("http://127.0.0.1:1/v1", str(path), max_retries=0))


@through(*TRANSCRIPTS)
def test_a_missing_file(door: Door) -> None:
    check_is_short(lambda: door("http://127.0.0.1:1/v1", "/nowhere/a.wav", max_retries=0))


def test_a_block_that_cannot_be_sent() -> None:
    options = {"provider": "openai", "model": "m", "api_key": "k"}
    check_is_short(lambda: ChatAudio(**options).invoke([HumanMessage([{"type": "audio"}])]))
    message = ChatMessage(role="user", blocks=[AudioBlock()])
    check_is_short(lambda: AudioLLM(**options).chat([message]))


def test_the_log_has_what_a_traceback_leaves_out(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "audio_core")
    with pytest.raises(AudioError):
        TRANSCRIPTS[0]("http://127.0.0.1:1/v1", str(path), max_retries=0)
    assert "send_with_retry" in caplog.text
    caplog.clear()
    caplog.set_level(logging.INFO, "audio_core")
    with pytest.raises(AudioError):
        TRANSCRIPTS[0]("http://127.0.0.1:1/v1", str(path), max_retries=0)
    assert "Traceback" not in caplog.text
