"""The program of a process that runs one PocketSphinx decoder. It imports nothing of this project, so it starts fast.

PocketSphinx holds Python's global lock while it decodes. In the caller's process, it would stop every other thread and
the event loop, and use one core only.

A request is a line of JSON, followed by as many bytes of PCM as its `size` says. The response is a line of JSON.
"""

from __future__ import annotations

import importlib
import json
import math
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, BinaryIO

__all__ = ["RATE", "serve"]

RATE = 16_000
# Faster than the defaults (by two fifths on echoing speech) at the same word error rate. Half of this `maxhmmpf` makes
# the word error rate much worse.
_TUNING = {"fwdflat": False, "maxhmmpf": 6000}

# What a word that is not in the dictionary may consist of, as words of one phone each. These eight lead to the same
# times as all 39 do, in a thirtieth of the time.
_SOUNDS = {f"*{phone}*": phone for phone in ("AH", "IY", "AO", "S", "T", "N", "L", "F")}
_TAIL = "*AH*"  # what may follow the words; more sounds take twice the time and change nothing
_EARLY_END = 0.0001  # probability that the text goes on after a word, but is not heard
_LEAST_LIKELIHOOD = 1e-300


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


def _align(decoder: Any, request: Mapping[str, Any], pcm: bytes) -> list[tuple[int, int, float]]:
    """Return first and last frame, and log likelihood per frame, of each word from the first on that is heard."""
    words: list[str | None] = request["words"]
    for word, phone in _SOUNDS.items():
        if not decoder.lookup_word(word):
            decoder.add_word(word, phone, update=False)
    decoder.add_fsg("align", decoder.create_fsg("align", 0, len(words) + 1, list(_list_transitions(words))))
    decoder.activate_search("align")
    try:
        return list(_join_sounds(words, _recognize_aligned(decoder, pcm)))
    except RuntimeError:  # not even the first word is heard
        return []
    finally:
        decoder.activate_search()  # back to recognition
        decoder.remove_search("align")


def _list_transitions(words: Sequence[str | None]) -> Iterator[tuple[int, int, float] | tuple[int, int, float, str]]:
    """Yield the grammar: the words in their order, up to any of them, then any sounds. None is a word of any sounds."""
    share, last = 1 / len(_SOUNDS), len(words) + 1
    yield last, last, share, _TAIL
    for index, word in enumerate(words):
        if word:
            yield index, index + 1, 1.0, word
        else:
            yield from ((state, index + 1, share, sound) for sound in _SOUNDS for state in (index, index + 1))
        yield index + 1, last, _EARLY_END


def _recognize_aligned(decoder: Any, pcm: bytes) -> Iterator[tuple[str, int, int, float]]:
    """Yield what is heard, without pauses and noises, with its log likelihood."""
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    for each in decoder.seg() or ():
        if each.word[0] not in "<[+":
            yield each.word, each.start_frame, each.end_frame, math.log(max(each.ascore, _LEAST_LIKELIHOOD))


def _join_sounds(
    words: Sequence[str | None], heard: Iterable[tuple[str, int, int, float]]
) -> Iterator[tuple[int, int, float]]:
    """Yield the words. The sounds of an unknown one are joined; their likelihood says nothing."""
    index = 0
    for is_sound, group in groupby(heard, lambda each: each[0] in _SOUNDS):
        items = list(group)
        if not is_sound:
            yield from ((start, end, score / (end - start + 1)) for _, start, end, score in items)
            index += len(items)
        elif words[index : index + 1] == [None]:
            yield items[0][1], items[-1][2], 0.0
            index += 1


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
