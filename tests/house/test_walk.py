"""The walk of one message in AGENTS.md is the walk that the code takes."""

import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from langchain_core.messages import HumanMessage

from audio_core.testing import ScriptedGateway, tone
from langchain_audio import ChatAudio

ROOT = Path(__file__).parents[2]


def parse_listed_functions() -> list[str]:
    page = (ROOT / "AGENTS.md").read_text()
    section = page.split("## The walk of one message")[1].split("## ")[0]
    names = [line.strip().split("  ")[0] for line in section.splitlines() if line.startswith("    ")]
    return [re.sub(r"^\w+\.", "", name) for line_names in names for name in line_names.split(", ")]


def trace_calls(call: Callable[[], object]) -> list[str]:
    """List the names of our functions in the order in which they are called, on any thread."""
    packages = (str(ROOT / "audio_core"), str(ROOT / "langchain_audio"))
    names: list[str] = []

    def record(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(packages):
            names.append(frame.f_code.co_name)

    threading.setprofile(record)
    sys.setprofile(record)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return names


def test_a_message_takes_the_walk_that_the_page_lists(gateway: ScriptedGateway, tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(tone(0.5))
    model = ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=tmp_path)
    message = HumanMessage([{"type": "audio", "url": recording.as_uri()}, {"type": "text", "text": "What is it?"}])
    called = iter(trace_calls(lambda: model.invoke([message])))
    # `in` consumes the iterator, so each name is looked for after the one before it.
    missing = [name for name in parse_listed_functions() if name not in called]
    assert missing == []
