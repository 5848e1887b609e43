"""How far a transcription is, and a bar that shows it for many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from audio_core.transcript.usage import Usage

__all__ = ["Progress", "ProgressBar"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one recording is; told at its beginning, after each piece, and at its end.

    Attributes:
        label: what messages call the recording.
        done: seconds of audio that are transcribed, or have failed for good.
        total: seconds of audio in all.
        usage: what it has cost so far, as far as the provider says.

    Example:
        >>> told = []
        >>> AudioClient().transcribe("examples/audio/call.mp3", progress=told.append).language
        'en'
        >>> [round(progress.done / progress.total) for progress in told]
        [0, 1]
    """

    label: str
    done: float
    total: float
    usage: Usage | None = None


class ProgressBar:
    """Seconds of audio done, the time left, recordings finished, and cost so far; on standard error.

    The seconds of recordings that were not opened yet are taken to be the mean of the others.

    Args:
        count: how many recordings there will be, or None if that is not known.

    Example:
        >>> with ProgressBar(1) as bar:
        ...     bar.recording()(Progress("a.mp3", 30.0, 60.0))
    """

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._told: list[Progress | None] = []
        self._lock = threading.Lock()

    def __enter__(self) -> ProgressBar:
        from tqdm.auto import tqdm  # noqa: PLC0415 - only who wants a bar needs it

        self._bar: Any = tqdm(total=0, unit=" s of audio")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def add_recording(self) -> Callable[[Progress], None]:
        """What is to be told how far one recording is."""
        with self._lock:
            number = len(self._told)
            self._told.append(None)

        def told(progress: Progress) -> None:
            with self._lock:
                self._told[number] = progress
                self._show([each for each in self._told if each is not None])

        return told

    def _show(self, begun: list[Progress]) -> None:
        count = len(self._told) if self._count is None else self._count
        costs = [each.usage.cost for each in begun if each.usage and each.usage.cost is not None]
        finished = sum(each.done >= each.total for each in begun)
        self._bar.total = round(sum(each.total for each in begun) * max(1.0, count / len(begun)))
        self._bar.n = round(sum(each.done for each in begun))
        self._bar.set_postfix_str(f"{finished}/{count} recordings" + (f", ${sum(costs):.4f}" if costs else ""))
