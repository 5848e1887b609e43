"""Select the gateway for the examples: the one named on the command line, or the offline server."""

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
class Settings:
    """Arguments that select the gateway and its models.

    Attributes:
        chat: arguments for `ChatAudio`, `AudioLLM` and `AudioClient`.
        transcription: arguments for loaders and readers; empty to transcribe in this process.
    """

    chat: dict[str, Any]
    transcription: dict[str, Any]

    def create_client(self) -> AudioClient:
        """Return a client for tools that listen to recordings."""
        return AudioClient(**self.chat)


def parse_options(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", default="local", help="gateway to chat with (default: the offline server)")
    parser.add_argument("--model", help="chat model of that gateway")
    parser.add_argument("--transcription-model", help="let the gateway transcribe too, with this model")
    options = parser.parse_args()
    if options.provider != "local" and not options.model:
        parser.error("--provider needs --model: gateways have no default that lasts")
    return options


@contextlib.contextmanager
def select_gateway(description: str | None) -> Iterator[Settings]:
    """Yield the settings of the gateway named on the command line, or run the offline server during the block."""
    options = parse_options(description)
    transcription: dict[str, Any] = {}
    if options.transcription_model:
        transcription = {"provider": options.provider, "model": options.transcription_model}
    if options.provider != "local":
        yield Settings({"provider": options.provider, "model": options.model}, transcription)
        return
    with running() as base_url:
        print("(No gateway named: the offline server answers with what it hears.)\n")
        yield Settings({"provider": "local", "model": "pocketsphinx", "base_url": base_url}, transcription)
