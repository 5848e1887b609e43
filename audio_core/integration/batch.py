"""Transcribe several recordings at a time, and yield their passages in order.

Recordings are opened shortly before their passages are needed. So the first passages come before the last recording is
read.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeVar

from audio_core.audio.audio import Audio
from audio_core.errors import AudioError
from audio_core.http.interruption import Caller
from audio_core.http.threads import run_in_thread, wait_for
from audio_core.http.tracebacks import HiddenFrames
from audio_core.integration.reader import DocumentReader
from audio_core.integration.recordings import BatchItem
from audio_core.operations.estimates import Estimate, RecordingEstimate
from audio_core.transcript.merge import sum_usage
from audio_core.transcript.passages import Passage
from audio_core.transcript.progress import ProgressBar, RecordingProgress
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage

__all__ = ["Batch", "Failure", "OnError"]

T = TypeVar("T")
OnError = Literal["raise", "skip", "collect"]
"""What to do with a recording that fails: raise its error, log a warning, or log it and add it to `failures`."""

_LOOKAHEAD = 2  # recordings queued for each one that is read, so that a slow first one does not block the others
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be read.

    Attributes:
        label: what messages call the recording.
        error: why it could not be read.
        source: what was given, or was found in a folder. A loader that gets it tries it again.
    """

    label: str
    error: AudioError
    source: Any = field(default=None, repr=False)  # bytes, or a path that is nobody's business


@dataclass(frozen=True, slots=True)
class _Reading:
    """The reading of one recording.

    Attributes:
        item: the recording.
        reader: reads it.
        progress: takes its progress.
    """

    item: BatchItem
    reader: DocumentReader
    progress: RecordingProgress

    def transcribe(self) -> Transcript:
        return self._open_reader().transcribe(self.item.audio)

    def read(self) -> list[Passage]:
        return list(self._open_reader().read(self.item.audio, self.item.metadata))

    async def aread(self, slots: asyncio.Semaphore) -> list[Passage]:
        reader = self._open_reader()
        async with slots:
            return list(await reader.aread(self.item.audio, self.item.metadata))

    def _open_reader(self) -> DocumentReader:
        if self.item.error is not None:
            raise self.item.error
        return self.reader.with_progress(self.progress)


class Batch:
    """A batch reader, which transcribes recordings side by side and yields their passages in order.

    Args:
        reader: reads each recording.
        on_error: what to do with a recording that fails.
        show_progress: whether to show a progress bar with seconds of audio, time left, recordings and cost.
        is_fatal: tells which errors are raised whatever `on_error` says, as every other recording would end in them;
            None for none.

    Attributes:
        failures: the recordings that failed in the last call, with `on_error="collect"`.
        usage: what the recordings of the last call have used so far, if the provider reports it.
    """

    def __init__(
        self,
        reader: DocumentReader,
        *,
        on_error: OnError,
        show_progress: bool,
        is_fatal: Callable[[AudioError], bool] | None = None,
    ) -> None:
        self._reader, self._on_error, self._show_progress = reader, on_error, show_progress
        self._is_fatal = is_fatal
        self.failures: list[Failure] = []
        self.usage: Usage | None = None

    def read(self, recordings: Iterable[BatchItem]) -> Iterator[Passage]:
        """Yield the passages of all recordings, in order.

        Args:
            recordings: as `find_recordings` yields them. The progress bar knows the length of a list only.

        Raises:
            AudioError: if a recording fails and `on_error` is `"raise"`.
        """
        with HiddenFrames(), contextlib.closing(self.read_each(recordings)) as results:
            for _, passages in results:
                yield from passages

    def read_each(self, recordings: Iterable[BatchItem]) -> Generator[tuple[BatchItem, list[Passage]]]:
        """Yield each recording with its passages, in order.

        Args:
            recordings: as for `read`.

        Raises:
            AudioError: as for `read`.
        """
        return self._run(recordings, _Reading.read)

    def transcribe(self, recordings: Iterable[BatchItem]) -> Iterator[tuple[BatchItem, Transcript]]:
        """Yield each recording with its whole transcript, in order.

        Args:
            recordings: as for `read`.

        Raises:
            AudioError: as for `read`.
        """
        return self._run(recordings, _Reading.transcribe)

    def _run(self, recordings: Iterable[BatchItem], work: Callable[[_Reading], T]) -> Generator[tuple[BatchItem, T]]:
        """Do the work for several recordings at a time, and yield the results in order."""
        self.failures, self.usage = [], None
        limit = self._reader.max_concurrency
        slots, stop, caller = threading.Semaphore(limit), threading.Event(), Caller()
        pending: deque[tuple[_Reading, Future[T | None]]] = deque()

        def do(reading: _Reading) -> T | None:
            with slots:
                return None if stop.is_set() else work(reading)

        def start(readings: Iterable[_Reading]) -> None:
            for reading in readings:
                pending.append((reading, run_in_thread(caller.bind(partial(do, reading)))))

        with self._track_progress(recordings) as readings:
            try:
                start(itertools.islice(readings, _LOOKAHEAD * limit))
                while pending:
                    reading, task = pending.popleft()
                    with HiddenFrames(), self._handle_error(reading):
                        if (result := wait_for(task).result()) is not None:
                            yield reading.item, result
                    start(itertools.islice(readings, 1))
            except (KeyboardInterrupt, SystemExit):
                caller.interrupt()
                raise
            finally:
                stop.set()  # no others are begun; those under way are finished and stored, unless interrupted

    async def aread(self, recordings: Iterable[BatchItem]) -> AsyncIterator[Passage]:
        """Do what `read` does on the running event loop."""
        with HiddenFrames():
            async with contextlib.aclosing(self.aread_each(recordings)) as results:
                async for _, passages in results:
                    for passage in passages:
                        yield passage

    async def aread_each(self, recordings: Iterable[BatchItem]) -> AsyncGenerator[tuple[BatchItem, list[Passage]]]:
        """Do what `read_each` does on the running event loop."""
        self.failures, self.usage = [], None
        limit = self._reader.max_concurrency
        slots = asyncio.Semaphore(limit)
        pending: deque[tuple[_Reading, asyncio.Task[list[Passage]]]] = deque()
        with self._track_progress(recordings) as readings:
            try:
                first = itertools.islice(readings, _LOOKAHEAD * limit)
                for reading in await asyncio.to_thread(list, first):
                    pending.append((reading, asyncio.create_task(reading.aread(slots))))
                while pending:
                    reading, task = pending.popleft()
                    with HiddenFrames(), self._handle_error(reading):
                        yield reading.item, await task
                    for following in await asyncio.to_thread(list, itertools.islice(readings, 1)):
                        pending.append((following, asyncio.create_task(following.aread(slots))))
            finally:
                for _, task in pending:
                    task.cancel()

    def estimate(self, recordings: Iterable[BatchItem], price_per_minute: float | None) -> Estimate:
        """Estimate what the recordings will need. Files are opened and measured, and nothing is sent.

        Args:
            recordings: as `find_recordings` yields them.
            price_per_minute: US dollars for a minute of audio; None for what the gateway's list of models says.
        """
        items = [*recordings]
        return _add_failures(items, self._reader.estimate(_list_audios(items), price_per_minute))

    async def aestimate(self, recordings: Iterable[BatchItem], price_per_minute: float | None) -> Estimate:
        """Do what `estimate` does on the running event loop."""
        items = await asyncio.to_thread(list, recordings)
        return _add_failures(items, await self._reader.aestimate(_list_audios(items), price_per_minute))

    @contextlib.contextmanager
    def _handle_error(self, reading: _Reading) -> Generator[None]:
        """Raise, log or collect the error of a recording, as `on_error` says, and count what it has used."""
        try:
            yield
        except AudioError as error:
            if self._on_error == "raise" or (self._is_fatal is not None and self._is_fatal(error)):
                raise
            _log.warning("%s was left out: %s", reading.item.label, error)
            if self._on_error == "collect":
                self.failures.append(Failure(reading.item.label, error, reading.item.source))
            reading.progress.close()
        finally:
            if reading.progress.latest is not None:
                self.usage = sum_usage([self.usage, reading.progress.latest.usage])

    @contextlib.contextmanager
    def _track_progress(self, recordings: Iterable[BatchItem]) -> Generator[Iterator[_Reading]]:
        """Show the progress bar if asked to. Yield the readings of the recordings."""
        if not self._show_progress:
            yield (_Reading(item, self._reader, RecordingProgress()) for item in recordings)
            return
        with ProgressBar(len(recordings) if isinstance(recordings, Sequence) else None) as bar:
            yield (_Reading(item, self._reader, bar.add_recording()) for item in recordings)


def _list_audios(items: Iterable[BatchItem]) -> list[Audio]:
    return [item.audio for item in items if item.audio is not None and item.error is None]


def _add_failures(items: Iterable[BatchItem], estimate: Estimate) -> Estimate:
    """Return the estimate with the recordings that must not be read, each in its place."""
    opened = iter(estimate.recordings)
    recordings = (RecordingEstimate(item.label, error=item.error) if item.error else next(opened) for item in items)
    return replace(estimate, recordings=tuple(recordings))
