"""What PocketSphinx has answered in this session, kept where all workers find it: it needs seconds for each recording.

An answer depends on all that a decoder was asked since its last reset, and so does the name of the file that keeps it.
Questions with a known answer are sent to the decoder only before one without: they may change what it answers.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from audio_core.engines.decoders import Decoder

__all__ = ["decode_once"]


class _History:
    """What a decoder was asked since its last reset, and what of it has not been sent."""

    def __init__(self) -> None:
        self.digest, self.unsent = hashlib.sha256(), list[tuple[str, bytes, dict[str, Any]]]()

    def add(self, method: str, pcm: bytes, fields: dict[str, Any]) -> str:
        """Add a question, and return the name of its answer."""
        self.digest.update(json.dumps([method, len(pcm), fields]).encode() + pcm)
        self.unsent.append((method, pcm, fields))
        return self.digest.hexdigest()


def decode_once(folder: Path, request: Callable[..., Any]) -> Callable[..., Any]:
    """Return `Decoder._request` as it is to be: each question is decoded once, by the first worker that has it."""
    histories = WeakKeyDictionary[Decoder, _History]()

    def ask(self: Decoder, method: str, pcm: bytes = b"", **fields: Any) -> Any:
        if method == "reset" or self not in histories:
            histories[self] = _History()
        history = histories[self]
        answer = folder / history.add(method, pcm, fields)
        with answer.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not answer.exists():
                results = [request(self, method, pcm, **fields) for method, pcm, fields in history.unsent]
                history.unsent.clear()
                answer.write_text(json.dumps(results[-1]))
        return json.loads(answer.read_text())

    return ask
