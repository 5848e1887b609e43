"""The program of a process that runs one PocketSphinx decoder. It imports nothing of this project, so it starts fast.

PocketSphinx holds Python's global lock while it decodes. In the caller's process, it would stop every other thread and
the event loop, and use one core only.

A request is a line of JSON, followed by as many bytes of PCM as its `size` says. The response is a line of JSON.
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

__all__ = ["RATE", "serve"]

RATE = 16_000
# Faster than the defaults (by two fifths on echoing speech) at the same word error rate. Half of this `maxhmmpf` makes
# the word error rate much worse.
_TUNING = {"fwdflat": False, "maxhmmpf": 6000}


def serve(requests: BinaryIO, responses: BinaryIO) -> None:
    """Answer requests until there are no more."""
    pocketsphinx: Any = importlib.import_module("pocketsphinx")
    decoder = pocketsphinx.Decoder(samprate=RATE, loglevel="FATAL", **_TUNING)
    for line in iter(requests.readline, b""):
        request = json.loads(line)
        pcm = requests.read(request.get("size", 0))
        result = _METHODS[request["method"]](decoder, request, pcm)
        responses.write(json.dumps(result).encode() + b"\n")
        responses.flush()


def _reset(decoder: Any, _request: Mapping[str, Any], _pcm: bytes) -> None:
    decoder.reinit_feat()  # reset the noise estimate of the last recording, or the same audio would give other words


def _find_known_words(decoder: Any, request: Mapping[str, Any], _pcm: bytes) -> list[str]:
    return [word for word in request["words"] if decoder.lookup_word(word)]


def _recognize(decoder: Any, _request: Mapping[str, Any], pcm: bytes) -> list[tuple[str, int, int, float]]:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    return [(each.word, each.start_frame, each.end_frame, each.prob) for each in decoder.seg() or ()]


def _align(decoder: Any, request: Mapping[str, Any], pcm: bytes) -> list[tuple[str, int, int, float]]:
    try:
        decoder.set_align_text(request["text"])
        return _recognize(decoder, request, pcm)
    except RuntimeError:  # the text cannot be aligned
        return []
    finally:
        decoder.activate_search()  # back to recognition


_METHODS: dict[str, Callable[[Any, Mapping[str, Any], bytes], Any]] = {
    "reset": _reset,
    "find_known_words": _find_known_words,
    "recognize": _recognize,
    "align": _align,
}

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the caller, which ends this process
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:  # the caller has gone
        sys.stdout = None  # nothing is left to flush
