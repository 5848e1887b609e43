"""The progress of one transcription, and a progress bar for many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from audio_core.transcript.usage import Usage

__all__ = ["Progress", "ProgressBar", "RecordingProgress"]

# without tqdm's rate, which is "1.45s/ s of audio" if transcription is slower than speech
_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} s of audio [{elapsed}<{remaining}{postfix}]"


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of one recording. It is reported at the beginning, after each piece, and at the end.

    Attributes:
        label: the name of the recording in messages.
        done: seconds of audio that have been transcribed or have finally failed.
        total: seconds of audio in the whole recording.
        usage: usage and cost so far, if the provider reports them.

    Example:
        >>> reports = []
        >>> AudioClient().transcribe("examples/audio/call.mp3", progress=reports.append).language
        'en'
        >>> [round(progress.done / progress.total) for progress in reports]
        [0, 1]
    """

    label: str
    done: float
    total: float
    usage: Usage | None = None


class RecordingProgress:
    """The callback that takes the progress of one recording.

    Args:
        show: called when there is new progress, such as by a bar.

    Attributes:
        latest: the latest progress; None until there is any.
    """

    def __init__(self, show: Callable[[], None] | None = None) -> None:
        self._show = show
        self.latest: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        """Take the latest progress."""
        self.latest = progress
        if self._show is not None:
            self._show()

    def close(self) -> None:
        """Count the recording as finished at what was done, as it has failed."""
        latest = self.latest or Progress("", 0.0, 0.0)
        self(replace(latest, total=latest.done))


class ProgressBar:
    """A progress bar on standard error: seconds of audio done, time left, recordings finished, and cost so far.

    A recording that has not been opened yet is assumed to be as long as the mean of the others.

    Args:
        count: the number of recordings, or None if it is not known.

    Example:
        >>> with ProgressBar(1) as bar:
        ...     bar.add_recording()(Progress("a.mp3", 30.0, 60.0))
    """

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._recordings: list[RecordingProgress] = []
        self._lock = threading.Lock()

    def __enter__(self) -> ProgressBar:
        from tqdm.auto import tqdm  # noqa: PLC0415 - optional, and only the bar needs it

        self._bar: Any = tqdm(bar_format=_FORMAT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def add_recording(self) -> RecordingProgress:
        """Add a recording to the bar, and return the callback that takes its progress. Any thread may call it."""
        with self._lock:
            recording = RecordingProgress(self._show_all)
            self._recordings.append(recording)
            return recording

    def _show_all(self) -> None:
        with self._lock:
            self._show([each.latest for each in self._recordings if each.latest is not None])

    def _show(self, reports: list[Progress]) -> None:
        count = len(self._recordings) if self._count is None else self._count
        costs = [report.usage.cost for report in reports if report.usage and report.usage.cost is not None]
        finished = sum(report.done >= report.total for report in reports)
        self._bar.total = round(sum(report.total for report in reports) * max(1.0, count / len(reports)))
        self._bar.n = round(sum(report.done for report in reports))
        self._bar.set_postfix_str(f"{finished}/{count} recordings" + (f", ${sum(costs):.4f}" if costs else ""))
