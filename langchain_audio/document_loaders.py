"""Recordings as LangChain Documents that say where in the recording they stand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any, Unpack

from langchain_core.document_loaders import BaseBlobParser, BaseLoader
from langchain_core.document_loaders.blob_loaders import Blob
from langchain_core.documents import Document

from audio_core import Audio, InvalidAudio
from audio_core.integration import Batch, BatchItem, DocumentReader, Failure, OnError, ReaderOptions, find_recordings
from langchain_audio.documents import to_document

__all__ = ["AudioLoader", "AudioParser", "LoaderOptions"]


class LoaderOptions(ReaderOptions, total=False):
    """What a loader takes besides its source and `audio_core.integration.ReaderOptions`.

    Attributes:
        glob: which files of a folder, such as `"**/*.mp3"`.
        recursive: whether folders in it are searched too.
        suffixes: of the files of a folder; by default those of all formats that are read.
        on_error: what becomes of a recording that fails: `"raise"`, `"skip"` (a line in the log), or `"collect"`, which
            leaves it in `loader.failures` too.
        show_progress: whether a bar tells seconds of audio done, the time left, recordings and cost so far.
    """

    glob: str | None
    recursive: bool
    suffixes: Iterable[str] | None
    on_error: OnError
    show_progress: bool


class AudioLoader(BaseLoader):
    """Transcribes recordings into Documents: one, a folder of them, or any iterable.

    Recordings are heard side by side, `max_concurrency` at a time, and their Documents given out in order; the first leave
    before the last recording is read.

    Metadata is flat: `source`, `start`, `end` (seconds), `clip` (a URL that names the stretch), `segment`, `speaker`,
    `language`, `duration`, `model`, `provider`, `sha256`, each where it is known. Ids are stable.

    Args:
        source: a path, URL, bytes, file object, `Blob` or `Audio`; a folder; or an iterable of such.
        **options: see `LoaderOptions`; without any, PocketSphinx transcribes in this process.

    Attributes:
        failures: what could not be read, with `on_error="collect"`.

    Raises:
        TypeError: if an option is not known.
        UnknownProvider: if there is no such provider.

    Example:
        >>> first = next(AudioLoader("examples/audio", suffixes=[".mp3"]).lazy_load())
        >>> first.metadata["start"] < first.metadata["end"]
        True
    """

    def __init__(self, source: Any, **options: Unpack[LoaderOptions]) -> None:
        given: dict[str, Any] = {**options}
        self._source = source
        self._search_options = {name: given.pop(name) for name in ("glob", "recursive", "suffixes") if name in given}
        on_error, self._show_progress = given.pop("on_error", "raise"), given.pop("show_progress", False)
        reader = DocumentReader.create(**given)
        self._batch = Batch(
            reader, at_once=reader.max_concurrency, on_error=on_error, show_progress=self._show_progress
        )

    @property
    def failures(self) -> list[Failure]:
        """What could not be read the last time, with `on_error="collect"`."""
        return self._batch.failures

    def lazy_load(self) -> Iterator[Document]:
        """The Documents, recording by recording, in order of time.

        Raises:
            AudioError: if a recording cannot be opened, or the provider fails, unless `on_error` says otherwise.
        """
        yield from map(to_document, self._batch.read(self._find()))

    async def alazy_load(self) -> AsyncIterator[Document]:
        """The same Documents, on the running event loop."""
        async for passage in self._batch.aread(self._find()):
            yield to_document(passage)

    def _find(self) -> Iterable[BatchItem]:
        found = find_recordings(self._source, lambda source: BatchItem(*_read_source(source)), **self._search_options)
        is_endless = isinstance(self._source, Iterator)  # or may be, so that it must not be counted first
        return list(found) if self._show_progress and not is_endless else found


class AudioParser(BaseBlobParser):
    """Transcribes blobs into Documents; a blob's own metadata is kept.

    Args:
        **options: see `audio_core.integration.ReaderOptions`.

    Raises:
        UnknownProvider: if there is no such provider.

    Example:
        >>> blob = Blob.from_path("examples/audio/call.mp3", metadata={"case": 7})
        >>> next(AudioParser().lazy_parse(blob)).metadata["case"]
        7
    """

    def __init__(self, **options: Unpack[ReaderOptions]) -> None:
        self._reader = DocumentReader.create(**options)

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        """The Documents of one recording, in order of time.

        Raises:
            AudioError: if the recording cannot be opened, or the provider fails.
        """
        yield from map(to_document, self._reader.read(*_read_source(blob)))

    async def alazy_parse(self, blob: Blob) -> AsyncIterator[Document]:
        """The same Documents, on the running event loop."""
        for passage in await self._reader.aread(*_read_source(blob)):
            yield to_document(passage)


def _read_source(source: Any) -> tuple[Audio, dict[str, Any]]:
    """The recording that a source means, and the metadata that it brings."""
    if not isinstance(source, Blob):
        return Audio.of(source), {}
    named = {} if source.source is None else {"source": source.source}
    return _open_blob(source), {**named, **source.metadata}


def _open_blob(blob: Blob) -> Audio:
    if blob.data is None:
        return Audio.of(Path(str(blob.path)))
    if isinstance(blob.data, str):
        raise InvalidAudio("The blob holds text, not audio: give its data as bytes.")
    is_raw = (blob.mimetype or "").startswith("audio/pcm")
    return Audio.of(blob.data, format=blob.mimetype if is_raw else None)
