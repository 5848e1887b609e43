"""Find recordings in folders and lists, transcribe several at a time, and yield their passages in order.

Recordings are opened shortly before their passages are needed. So the first passages come before the last recording is
read.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from audio_core.audio.audio import Audio
from audio_core.audio.formats import SUFFIXES
from audio_core.audio.sources import expand_home
from audio_core.errors import AccessDenied, AudioError, AudioNotFound
from audio_core.http.interruption import Caller
from audio_core.http.threads import run_in_thread, wait_for
from audio_core.http.tracebacks import HiddenFrames
from audio_core.integration.reader import DocumentReader
from audio_core.transcript.passages import Passage
from audio_core.transcript.progress import ProgressBar, RecordingProgress

__all__ = ["Batch", "BatchItem", "Failure", "OnError", "collect_recordings", "find_recordings"]

OnError = Literal["raise", "skip", "collect"]
"""What to do with a recording that fails: raise its error, log a warning, or log it and add it to `failures`."""

_LOOKAHEAD = 2  # recordings queued for each one that is read, so that a slow first one does not block the others
_MAX_LABEL_LENGTH = 80  # characters
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
class BatchItem:
    """A recording of a batch.

    Attributes:
        audio: the recording; None if there is none to read.
        metadata: the caller's own metadata, which are added to each passage.
        error: why the recording must not be read; None if it may be.
        source: what was given, or was found in a folder.
    """

    audio: Audio | None
    metadata: Mapping[str, Any]
    error: AudioError | None = None
    source: Any = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """What messages call the recording."""
        if self.audio is not None:
            return self.audio.label
        text = str(self.source) if isinstance(self.source, (str, Path)) else ""
        is_name = text and not text.startswith("data:")
        return text.rstrip("/").rsplit("/", 1)[-1][:_MAX_LABEL_LENGTH] if is_name else "a source"


def find_recordings(
    source: Any,
    read: Callable[[Any], BatchItem],
    *,
    glob: str | None = None,
    recursive: bool = False,
    suffixes: Iterable[str] | None = None,
) -> Iterator[BatchItem]:
    """Yield every recording of a source, in order. The files of a folder are sorted by path.

    A source that is no recording, and a folder that holds none, are yielded with their error.

    Args:
        source: a folder, a list or iterator of sources, or anything that `read` takes.
        read: turns a source that is neither a folder nor a list into a recording.
        glob: which files of a folder to read, such as `"**/*.mp3"`; by default those with one of `suffixes`.
        recursive: whether to search the folder's subfolders too.
        suffixes: which files of a folder to read, such as `[".mp3"]`; by default those of all supported formats.

    Example:
        >>> items = find_recordings("examples/audio", lambda path: BatchItem(Audio.of(path), {}), suffixes=[".mp3"])
        >>> [item.audio.label for item in items]
        ['call.mp3']
    """
    # Path.is_dir raises an error if the name is too long, as a data URI is.
    if isinstance(source, (str, os.PathLike)) and os.path.isdir(folder := expand_home(cast("str", source))):  # noqa: PTH112
        yield from _search_folder(folder, read, glob, recursive, suffixes)
    elif _is_collection(source):
        for item in cast("Iterable[Any]", source):
            yield from find_recordings(item, read, glob=glob, recursive=recursive, suffixes=suffixes)
    else:
        yield _read_source(source, read)


def _read_source(source: Any, read: Callable[[Any], BatchItem]) -> BatchItem:
    try:
        item = read(source)
    except AudioError as error:
        return BatchItem(None, {}, error, source)
    is_used_up = hasattr(source, "read")  # a file object, of which the recording keeps the bytes
    return replace(item, source=item.audio if is_used_up else source)


def collect_recordings(
    source: Any, read: Callable[[Any], BatchItem], *, is_counted: bool, **search: Any
) -> Iterable[BatchItem]:
    """Find recordings as `find_recordings` does, as a list if they are to be counted and the source has an end.

    Args:
        source: as for `find_recordings`.
        read: as for `find_recordings`.
        is_counted: whether a progress bar shows their number.
        **search: further arguments of `find_recordings`.
    """
    items = find_recordings(source, read, **search)
    return list(items) if is_counted and not isinstance(source, Iterator) else items  # an iterator may be endless


def _is_collection(source: Any) -> bool:
    """Return whether a source is a list or iterator of sources. A file object yields lines, but is one recording."""
    if isinstance(source, (str, bytes, bytearray, memoryview)) or hasattr(source, "read"):
        return False
    return isinstance(source, (Sequence, Set, Iterator))


def _search_folder(
    folder: Path, read: Callable[[Any], BatchItem], glob: str | None, recursive: bool, suffixes: Iterable[str] | None
) -> Iterator[BatchItem]:
    given = SUFFIXES if suffixes is None else [suffixes] if isinstance(suffixes, str) else suffixes
    allowed = {suffix.lower() for suffix in given}
    entries = folder.glob(glob or ("**/*" if recursive else "*"))
    matches = (path for path in entries if path.is_file() and (glob or _is_recording(path, allowed)))
    paths, real_folder = sorted(matches), folder.resolve()
    if not paths:
        criterion = repr(glob) if glob else f"a suffix such as {', '.join(sorted(allowed)[:4])}"
        message = f"The folder {folder.name} holds no file with {criterion}. recursive=True looks into its folders."
        yield BatchItem(None, {}, AudioNotFound(message), folder)
    for path in paths:
        is_inside = path.resolve().is_relative_to(real_folder)
        refusal = AccessDenied(f"{path.name} is a link that leads out of the folder {folder.name}.")
        yield _read_source(path, read) if is_inside else BatchItem(Audio.of(path), {}, refusal, path)


def _is_recording(path: Path, suffixes: Set[str]) -> bool:
    """Tell whether a file is one that a folder is searched for. Hidden files, such as `._a.wav` of macOS, are not."""
    return path.suffix.lower() in suffixes and not path.name.startswith(".")


@dataclass(frozen=True, slots=True)
class _Reading:
    """The reading of one recording.

    Attributes:
        item: the recording.
        reader: reads it.
        progress: takes its progress, if there is a bar.
    """

    item: BatchItem
    reader: DocumentReader
    progress: RecordingProgress | None = None

    def read(self) -> list[Passage]:
        return list(self._open_reader().read(self.item.audio, self.item.metadata))

    async def aread(self, slots: asyncio.Semaphore) -> list[Passage]:
        reader = self._open_reader()
        async with slots:
            return list(await reader.aread(self.item.audio, self.item.metadata))

    def _open_reader(self) -> DocumentReader:
        if self.item.error is not None:
            raise self.item.error
        return self.reader if self.progress is None else self.reader.with_progress(self.progress)


class Batch:
    """A batch reader, which transcribes recordings side by side and yields their passages in order.

    Args:
        reader: reads each recording.
        on_error: what to do with a recording that fails.
        show_progress: whether to show a progress bar with seconds of audio, time left, recordings and cost.

    Attributes:
        failures: the recordings that failed in the last call, with `on_error="collect"`.
    """

    def __init__(self, reader: DocumentReader, *, on_error: OnError, show_progress: bool) -> None:
        self._reader, self._on_error, self._show_progress = reader, on_error, show_progress
        self.failures: list[Failure] = []

    def read(self, recordings: Iterable[BatchItem]) -> Iterator[Passage]:
        """Yield the passages of all recordings, in order.

        Args:
            recordings: as `find_recordings` yields them. The progress bar knows the length of a list only.

        Raises:
            AudioError: if a recording fails and `on_error` is `"raise"`.
        """
        self.failures = []
        limit = self._reader.max_concurrency
        slots, stop, caller = threading.Semaphore(limit), threading.Event(), Caller()
        pending: deque[tuple[_Reading, Future[list[Passage]]]] = deque()

        def read_item(reading: _Reading) -> list[Passage]:
            with slots:
                return [] if stop.is_set() else reading.read()

        def start(readings: Iterable[_Reading]) -> None:
            for reading in readings:
                pending.append((reading, run_in_thread(caller.bind(partial(read_item, reading)))))

        with self._track_progress(recordings) as readings:
            try:
                start(itertools.islice(readings, _LOOKAHEAD * limit))
                while pending:
                    reading, task = pending.popleft()
                    with HiddenFrames(), self._handle_error(reading):
                        yield from wait_for(task).result()
                    start(itertools.islice(readings, 1))
            except (KeyboardInterrupt, SystemExit):
                caller.interrupt()
                raise
            finally:
                stop.set()  # no others are begun; those under way are finished and stored, unless interrupted

    async def aread(self, recordings: Iterable[BatchItem]) -> AsyncIterator[Passage]:
        """Do what `read` does on the running event loop."""
        self.failures = []
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
                        for passage in await task:
                            yield passage
                    for following in await asyncio.to_thread(list, itertools.islice(readings, 1)):
                        pending.append((following, asyncio.create_task(following.aread(slots))))
            finally:
                for _, task in pending:
                    task.cancel()

    @contextlib.contextmanager
    def _handle_error(self, reading: _Reading) -> Generator[None]:
        """Raise, log or collect the error of a recording, as `on_error` says."""
        try:
            yield
        except AudioError as error:
            if self._on_error == "raise":
                raise
            _log.warning("%s was left out: %s", reading.item.label, error)
            if self._on_error == "collect":
                self.failures.append(Failure(reading.item.label, error, reading.item.source))
            if reading.progress is not None:
                reading.progress.close()

    @contextlib.contextmanager
    def _track_progress(self, recordings: Iterable[BatchItem]) -> Generator[Iterator[_Reading]]:
        """Show the progress bar if asked to. Yield the readings of the recordings."""
        if not self._show_progress:
            yield (_Reading(item, self._reader) for item in recordings)
            return
        with ProgressBar(len(recordings) if isinstance(recordings, Sequence) else None) as bar:
            yield (_Reading(item, self._reader, bar.add_recording()) for item in recordings)
