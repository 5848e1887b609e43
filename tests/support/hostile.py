"""What every failure has in common, whichever interface it comes through, and a server that counts its requests."""

from __future__ import annotations

import pickle
import re
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from doors import KEY, Door
from raw_server import RawServer, serve

from audio_core import AudioError, ProviderError
from audio_core.integration import ToolRefusal

LONGEST_MESSAGE = 400  # characters
MOST_REQUESTS = 3
_BASE64 = re.compile(r"[A-Za-z0-9+/]{60,}")
_FACTS = ("retryable", "attempts", "status", "request_id", "may_have_been_billed", "partial")


@dataclass(frozen=True)
class Outcome:
    """What came of going through a door: a text, or an error."""

    text: str | None
    error: AudioError | ToolRefusal | None

    @property
    def message(self) -> str:
        """The message of the error."""
        return str(self.error)


def enter(door: Door, base_url: str, recording: str, *hidden: str, **options: Any) -> Outcome:
    """Go through a door, and check what all errors have in common.

    Args:
        door: the interface.
        base_url: of the gateway.
        recording: path or URL of a recording.
        *hidden: further texts that no error may show, besides the key and base64.
        **options: further arguments of the door.

    Raises:
        Exception: whatever is neither an `AudioError` nor, from a tool, a `ToolRefusal`.
    """
    kind = ToolRefusal if door.is_tool else AudioError
    try:
        return Outcome(door(base_url, recording, **options), None)
    except kind as error:
        check_error(error, *hidden)
        return Outcome(None, error)


def check_error(error: AudioError | ToolRefusal, *hidden: str) -> None:
    """Check that an error is short, complete, can be pickled, and shows nothing that is secret."""
    message = str(error)
    assert 0 < len(message) <= LONGEST_MESSAGE, message
    shown = f"{message} {error!r} {error.args} {vars(error)} {pickle.dumps(error)!r}"
    for secret in (KEY, *hidden):
        assert secret not in shown
    assert not _BASE64.search(message)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (type(error), message)
    if isinstance(error, ProviderError):
        facts = {name: getattr(error, name) for name in _FACTS}
        assert facts == {name: getattr(copy, name) for name in _FACTS}
        assert isinstance(facts["retryable"], bool)
        assert 1 <= facts["attempts"] <= MOST_REQUESTS


@contextmanager
def misbehave(respond: Callable[[RawServer, socket.socket], None]) -> Generator[tuple[RawServer, list[bytes]]]:
    """Run a server that reads each request and then calls a function. Yield it, and the requests that it got."""
    requests: list[bytes] = []

    def handle(server: RawServer, connection: socket.socket) -> None:
        requests.append(server.read_request(connection))
        respond(server, connection)

    with serve(handle) as server:
        yield server, requests
