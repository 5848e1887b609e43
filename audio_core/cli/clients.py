"""The client of a command, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audio_core.cli.options import build_client_options
from audio_core.cli.reports import UsageMistake
from audio_core.client import AudioClient

__all__ = ["check_client", "check_transcriber", "create_client"]


def create_client(options: Mapping[str, Any]) -> AudioClient:
    """Create the client of a command that needs a model; raise as `check_client` does."""
    client = AudioClient(**build_client_options(options))
    check_client(client)
    return client


def check_client(client: AudioClient) -> None:
    """Check that a client has a key and a model, so that it is told once, and not for each recording.

    Raises:
        MissingAPIKey: if there is no key.
        UsageMistake: if there is no model.
    """
    endpoint = client.endpoint
    endpoint.provider.find_key(endpoint.api_key)
    if client.model is None:
        raise UsageMistake(f"Say which of {endpoint.provider.name}'s models to use: --model NAME.")


def check_transcriber(client: AudioClient) -> None:
    """Check a client that transcribes, which needs no key or model in this process; raise as `check_client` does."""
    if not client.is_local:
        check_client(client)
