"""Many recordings: found in folders and lists, heard several at a time, given out in order.

Nothing is opened before it is wanted, and the first passages leave before the last recording is read.
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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from audio_core.audio.audio import Audio
from audio_core.audio.formats import SUFFIXES
from audio_core.errors import AccessDenied, AudioError, AudioNotFound
from audio_core.http.threads import run_in_thread
from audio_core.integration.reader import DocumentReader
from audio_core.transcript.passages import Passage
from audio_core.transcript.progress import ProgressBar

__all__ = ["Batch", "BatchItem", "Failure", "OnError", "find_recordings"]

OnError = Literal["raise", "skip", "collect"]
"""What becomes of a recording that fails: an error, a line in the log, or a line in the log and an entry in `failures`."""

_AHEAD = 2  # times as many as may be under way are found ahead, so that none waits for the first to be given out
_log = logging.getLogger("audio_core")


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be read: what messages call it, and why."""

    label: str
    error: AudioError


@dataclass(frozen=True, slots=True)
class BatchItem:
    """A recording and the metadata that it brings, or the error that stands in its place."""

    audio: Audio
    metadata: Mapping[str, Any]
    error: AudioError | None = None


def find_recordings(
    source: Any,
    read: Callable[[Any], BatchItem],
    *,
    glob: str | None = None,
    recursive: bool = False,
    suffixes: Iterable[str] | None = None,
) -> Iterator[BatchItem]:
    """Every recording that a source means, in order; a folder's by name.

    Args:
        source: a folder, an iterable of sources, or anything that `read` takes.
        read: makes a recording of what is neither folder nor iterable.
        glob: which files of a folder, such as `"**/*.mp3"`; by default those with a suffix.
        recursive: whether folders in it are searched too.
        suffixes: such as `[".mp3"]`; by default those of all formats that are read.

    Raises:
        AudioNotFound: if a folder holds no such file.
    """
    if isinstance(source, (str, os.PathLike)) and Path(cast("str", source)).is_dir():
        yield from _search_folder(Path(cast("str", source)), read, glob, recursive, suffixes)
    elif _is_collection(source):
        for item in cast("Iterable[Any]", source):
            yield from find_recordings(item, read, glob=glob, recursive=recursive, suffixes=suffixes)
    else:
        yield read(source)


def _is_collection(source: Any) -> bool:
    """Whether it is a list of sources, or gives out sources; a file object gives out lines, but is one recording."""
    if isinstance(source, (str, bytes, bytearray, memoryview)) or hasattr(source, "read"):
        return False
    return isinstance(source, (Sequence, Set, Iterator))


def _search_folder(
    folder: Path, read: Callable[[Any], BatchItem], glob: str | None, recursive: bool, suffixes: Iterable[str] | None
) -> Iterator[BatchItem]:
    wanted = SUFFIXES if suffixes is None else {suffix.lower() for suffix in suffixes}
    entries = folder.glob(glob or ("**/*" if recursive else "*"))
    is_wanted = (path for path in entries if path.is_file() and (glob or path.suffix.lower() in wanted))
    paths, inside = sorted(is_wanted), folder.resolve()
    if not paths:
        what = repr(glob) if glob else f"a suffix such as {', '.join(sorted(wanted)[:4])}"
        raise AudioNotFound(
            f"The folder {folder.name} holds no file with {what}. recursive=True looks into its folders."
        )
    for path in paths:
        is_inside = path.resolve().is_relative_to(inside)
        refusal = AccessDenied(f"{path.name} is a link that leads out of the folder {folder.name}.")
        yield read(path) if is_inside else BatchItem(Audio.of(path), {}, refusal)


class Batch:
    """Reads recordings side by side.

    Args:
        reader: what reads one.
        at_once: how many may be under way.
        on_error: what becomes of one that fails.
        show_progress: whether a bar tells seconds of audio, the time left, recordings and cost so far.

    Attributes:
        failures: of the last reading, with `on_error="collect"`.
    """

    def __init__(self, reader: DocumentReader, *, at_once: int, on_error: OnError, show_progress: bool) -> None:
        self._reader, self._at_once, self._on_error, self._shows = reader, at_once, on_error, show_progress
        self.failures: list[Failure] = []

    def read(self, recordings: Iterable[BatchItem]) -> Iterator[Passage]:
        """The passages of all recordings, in order; of a list, a bar knows how many there are."""
        self.failures = []
        places, left = threading.Semaphore(self._at_once), threading.Event()
        waiting: deque[tuple[BatchItem, Future[list[Passage]]]] = deque()

        def passages_of(item: BatchItem, reader: DocumentReader) -> list[Passage]:
            with places:
                return [] if left.is_set() else self._passages(item, reader)

        with self._readers(recordings) as (found, reader):
            try:
                for item in itertools.islice(found, _AHEAD * self._at_once):
                    waiting.append((item, run_in_thread(partial(passages_of, item, reader()))))
                while waiting:
                    item, task = waiting.popleft()
                    with self._judged(item):
                        yield from task.result()
                    for following in itertools.islice(found, 1):
                        waiting.append((following, run_in_thread(partial(passages_of, following, reader()))))
            finally:
                left.set()  # what is under way is finished and kept; nothing else is begun

    async def aread(self, recordings: Iterable[BatchItem]) -> AsyncIterator[Passage]:
        """The same on the running event loop."""
        self.failures = []
        places = asyncio.Semaphore(self._at_once)
        waiting: deque[tuple[BatchItem, asyncio.Task[list[Passage]]]] = deque()
        with self._readers(recordings) as (found, reader):
            try:
                for item in await asyncio.to_thread(list, itertools.islice(found, _AHEAD * self._at_once)):
                    waiting.append((item, asyncio.create_task(self._apassages(item, reader(), places))))
                while waiting:
                    item, task = waiting.popleft()
                    with self._judged(item):
                        for passage in await task:
                            yield passage
                    for following in await asyncio.to_thread(list, itertools.islice(found, 1)):
                        waiting.append((following, asyncio.create_task(self._apassages(following, reader(), places))))
            finally:
                for _, task in waiting:
                    task.cancel()

    def _passages(self, item: BatchItem, reader: DocumentReader) -> list[Passage]:
        if item.error is not None:
            raise item.error
        return list(reader.read(item.audio, item.metadata))

    async def _apassages(self, item: BatchItem, reader: DocumentReader, places: asyncio.Semaphore) -> list[Passage]:
        if item.error is not None:
            raise item.error
        async with places:
            return list(await reader.aread(item.audio, item.metadata))

    @contextlib.contextmanager
    def _judged(self, item: BatchItem) -> Generator[None]:
        try:
            yield
        except AudioError as error:
            if self._on_error == "raise":
                raise
            _log.warning("%s was left out: %s", item.audio.label, error)
            if self._on_error == "collect":
                self.failures.append(Failure(item.audio.label, error))

    @contextlib.contextmanager
    def _readers(
        self, found: Iterable[BatchItem]
    ) -> Generator[tuple[Iterator[BatchItem], Callable[[], DocumentReader]]]:
        """What is found, and what makes the reader of each, which tells the bar if there is one."""
        if not self._shows:
            yield iter(found), lambda: self._reader
            return
        with ProgressBar(len(found) if isinstance(found, Sequence) else None) as bar:
            yield iter(found), lambda: self._reader.with_progress(bar.add_recording())
