"""Fixtures of the hostile cases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audio_core import Access
from audio_core.testing import ScriptedGateway, tone


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    """Run a scripted gateway. What is sent to it is checked in the other tests."""
    with ScriptedGateway() as gateway:
        yield gateway


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with one recording, `talk.wav`."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "talk.wav").write_bytes(tone(0.2))
    return folder


@pytest.fixture(scope="session")
def recording(folder: Path) -> str:
    """Return the path of a recording."""
    return str(folder / "talk.wav")


@pytest.fixture(scope="session")
def access(folder: Path) -> Access:
    """Return an access to the recording's folder."""
    return Access(roots=(folder,))
