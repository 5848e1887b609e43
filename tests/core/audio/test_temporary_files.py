"""A disk of the temporary files that is full: each write ends in the kernel's own error."""

import errno
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from audio_core import Access, Audio, AudioClient, StoreError
from audio_core.media.decode import ENCODERS, encode
from audio_core.testing import Reply, ScriptedGateway, tone

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


@pytest.fixture(autouse=True)
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: FULL.open("r+b", buffering=0))
    monkeypatch.setattr(os, "ftruncate", lambda *_: None)  # a device has no length


def test_a_recording_of_a_bucket_is_not_copied(memory: Any) -> None:
    memory.pipe({"/talks/a.wav": tone(1.0)})
    with pytest.raises(StoreError, match=r"disk of the temporary files, which is full\. .*TMPDIR"):
        AudioClient("local").open_recording("memory://talks/a.wav")


def test_a_recording_of_the_web_is_not_copied() -> None:
    with ScriptedGateway() as server:
        server.will_answer(Reply(tone(1.0), headers={"Content-Type": "audio/wav"}))
        client = AudioClient("local", access=Access(allow_private_hosts=True))
        with pytest.raises(StoreError, match="full"):
            client.open_recording(f"{server.origin}/a.wav")
        assert len(server.requests) == 1


def test_a_file_object_is_not_copied() -> None:
    with pytest.raises(StoreError, match="full"):
        AudioClient("local").open_recording(io.BytesIO(tone(1.0)))


def test_a_recording_is_not_encoded() -> None:
    with pytest.raises(StoreError, match="full"):
        encode(Audio.of("examples/audio/call.mp3"), "wav")


class SmallDisk(io.BytesIO):
    """A file on a disk with room for some bytes, which fails at each further one."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


@pytest.mark.parametrize("room", [0, 100, 4_000])
@pytest.mark.parametrize("format", ENCODERS)
@pytest.mark.parametrize("seconds", [1.5, 30.0], ids=["full at the end", "full before"])
def test_a_recording_that_outgrows_the_disk_is_not_encoded(
    monkeypatch: pytest.MonkeyPatch, call: Path, format: str, room: int, seconds: float
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: SmallDisk(room))
    with pytest.raises(StoreError, match="full"):
        encode(Audio.of(call, end=seconds), format)
