"""PocketSphinx decoders, each in a process of its own. One that is idle is used again."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

from audio_core.engines import decoder_process
from audio_core.errors import MissingDependency, ProviderUnavailable, describe_install
from audio_core.transcript.segment import Word

__all__ = ["Decoder", "borrow_decoder"]

_FRAMES_PER_SECOND = 100  # of the decoder
_VARIANT, _FILLER = re.compile(r"\(\d+\)$"), re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")


class Decoder:
    """A PocketSphinx decoder. It loads in 0.3 s, takes 115 MB, and serves one caller at a time."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        # With -P, the folder of the program is not searched: it holds a module that is called `pocketsphinx`.
        command = [sys.executable, "-P", decoder_process.__file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)  # noqa: S603
        self._is_busy = False
        _decoders.add(self)

    @property
    def is_usable(self) -> bool:
        """Whether it runs, and is not in the middle of a request that was interrupted."""
        return not self._is_busy and self._process.poll() is None

    def reset(self) -> None:
        """Forget the noise of the last recording."""
        self._request("reset")

    def find_known_words(self, words: Iterable[str]) -> set[str]:
        """Return those of the words that are in the dictionary."""
        return set(self._request("find_known_words", words=sorted(words)))

    def recognize(self, pcm: bytes, start: float) -> list[Word]:
        """Return the words of an utterance.

        Args:
            pcm: 16-bit mono PCM at 16 kHz.
            start: where the utterance begins, in seconds of the recording.
        """
        return list(_build_words(self._request("recognize", pcm), start))

    def align(self, words: Sequence[str | None], pcm: bytes) -> list[tuple[float, float, float]]:
        """Return start, end and log likelihood of the words, from the first one on, as far as they are heard.

        Start and end are seconds since the PCM begins. The likelihood is the mean of a hundredth of a second: about
        -1.5 for what is spoken, and -5 for other words.

        Args:
            words: words of the dictionary, and None for any others in a row.
            pcm: 16-bit mono PCM at 16 kHz.
        """
        return [
            (start / _FRAMES_PER_SECOND, (end + 1) / _FRAMES_PER_SECOND, likelihood)
            for start, end, likelihood in self._request("align", pcm, words=words)
        ]

    def close(self) -> None:
        """End the process."""
        self.end_process()
        self._process.communicate()

    def end_process(self) -> None:
        """End the process, whoever waits for it."""
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Close the pipes in a forked child. The process goes on serving the parent."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.returncode = 0  # it is not this process's child, so nothing is to be waited for

    def _request(self, method: str, pcm: bytes = b"", **fields: Any) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101, PT018 - both are pipes
        self._is_busy = True
        try:
            stdin.write(json.dumps({"method": method, "size": len(pcm), **fields}).encode() + b"\n" + pcm)
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise ProviderUnavailable(
                f"A process of PocketSphinx ended with status {self._process.wait()}. Each takes 115 MB of memory; a "
                "lower max_concurrency starts fewer.",
                provider="local",
            )
        self._is_busy = False
        return json.loads(line)


def _build_words(items: Iterable[tuple[str, int, int, float]], start: float) -> Generator[Word]:
    for text, start_frame, end_frame, probability in items:
        if not _FILLER.match(text):
            yield Word(
                start=round(start + start_frame / _FRAMES_PER_SECOND, 3),
                end=round(start + (end_frame + 1) / _FRAMES_PER_SECOND, 3),
                text=_VARIANT.sub("", text),
                confidence=round(min(1.0, probability), 4),
            )


_idle_decoders: list[Decoder] = []
_decoders = weakref.WeakSet[Decoder]()
_lock = threading.Lock()


@contextmanager
def borrow_decoder() -> Generator[Decoder]:
    """Lend a decoder that no other thread uses during the block.

    Raises:
        MissingDependency: if PocketSphinx is not installed.
        ProviderUnavailable: if the decoder's process ends, such as for lack of memory.
    """
    if importlib.util.find_spec("pocketsphinx") is None:
        raise MissingDependency(f"The local engine needs PocketSphinx: {describe_install('local')}")
    decoder = _take_idle_decoder() or Decoder()
    try:
        decoder.reset()
        yield decoder
    finally:
        if decoder.is_usable:
            with _lock:
                _idle_decoders.append(decoder)
        else:
            decoder.close()


def _take_idle_decoder() -> Decoder | None:
    with _lock:
        while _idle_decoders:
            decoder = _idle_decoders.pop()
            if decoder.is_usable:
                return decoder
            decoder.close()
    return None


def _close_idle_decoders() -> None:
    while _idle_decoders:
        _idle_decoders.pop().close()


def _end_all_processes() -> None:
    """End the processes with the program, also those that are in the middle of a piece."""
    for decoder in list(_decoders):
        decoder.end_process()


def _forget_idle_decoders() -> None:
    global _lock  # noqa: PLW0603 - a thread of the parent may have held it
    _lock = threading.Lock()
    while _idle_decoders:
        _idle_decoders.pop().forget()
    _decoders.clear()  # those are the parent's


atexit.register(_close_idle_decoders)
atexit.register(_end_all_processes)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_idle_decoders)
