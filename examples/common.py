"""What the examples share: which gateway to use, and the offline server where none is named."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio_core import AudioClient
from audio_core.offline.serving import running

AUDIO = Path(__file__).parent / "audio"
TALK, CALL = AUDIO / "talk.ogg", AUDIO / "call.mp3"


@dataclass(frozen=True)
class Gateway:
    """Who answers, and who transcribes.

    Attributes:
        chat: what `ChatAudio`, `AudioLLM` and `AudioClient` need to reach it.
        reading: what loaders and readers need.
    """

    chat: dict[str, Any]
    reading: dict[str, Any]

    def client(self) -> AudioClient:
        """For tools that listen."""
        return AudioClient(**self.chat)


def options(about: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", default="local", help="gateway to chat with (default: the offline server)")
    parser.add_argument("--model", help="chat model of that gateway")
    parser.add_argument("--transcription-model", help="let the gateway transcribe too, with this model")
    found = parser.parse_args()
    if found.provider != "local" and not found.model:
        parser.error("--provider needs --model: gateways have no default that lasts")
    return found


@contextlib.contextmanager
def gateway(about: str | None) -> Iterator[Gateway]:
    """The gateway that was named on the command line, or the offline server for as long as the block runs."""
    chosen = options(about)
    reading = {"provider": chosen.provider, "model": chosen.transcription_model} if chosen.transcription_model else {}
    if chosen.provider != "local":
        yield Gateway({"provider": chosen.provider, "model": chosen.model}, reading)
        return
    with running() as base_url:
        print("(No gateway named: the offline server answers with what it hears.)\n")
        yield Gateway({"provider": "local", "model": "pocketsphinx", "base_url": base_url}, reading)
