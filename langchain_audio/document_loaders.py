"""Recordings as LangChain Documents that state their times in the recording."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence, Set
from pathlib import Path
from typing import Any, Unpack, cast

from langchain_core.document_loaders import BaseBlobParser, BaseLoader
from langchain_core.document_loaders.blob_loaders import Blob
from langchain_core.documents import Document

from audio_core import Audio, InvalidAudio, Usage
from audio_core.integration import (
    Batch,
    BatchItem,
    DocumentReader,
    Estimate,
    Failure,
    FixedOptions,
    OnError,
    ReaderOptions,
    collect_recordings,
    list_options,
    validate_arguments,
)
from langchain_audio.documents import to_document

__all__ = ["AudioLoader", "AudioParser", "LoaderOptions"]


class LoaderOptions(ReaderOptions, total=False):
    """Options of a loader, in addition to those of `audio_core.integration.ReaderOptions`.

    Attributes:
        glob: which files of a folder to read, such as `"**/*.mp3"`.
        recursive: whether to search the folder's subfolders too.
        suffixes: which files of a folder to read, such as `".mp3"` or several; by default those of all supported
            formats.
        on_error: what to do with a recording that fails: `"raise"` the error, `"skip"` the recording and log a warning,
            or `"collect"`, which also adds it to `loader.failures`.
        show_progress: whether to show a progress bar with seconds of audio, time left, recordings and cost.
    """

    glob: str | None
    recursive: bool
    suffixes: str | Sequence[str] | Set[str] | None
    on_error: OnError
    show_progress: bool


@list_options(ReaderOptions, LoaderOptions)
class AudioLoader(FixedOptions, BaseLoader):
    """A loader that transcribes recordings into Documents: one recording, a folder, or any iterable.

    Up to `max_concurrency` recordings are transcribed at a time. Their Documents come in order, and the first ones come
    before the last recording is read.

    Metadata is flat: `source`, `start`, `end` (seconds), `clip` (the URL of this part of the recording), `segment`,
    `speaker`, `language`, `duration` (seconds), `model`, `provider`, `sha256`. Unknown fields are omitted. Ids
    are stable.

    Args:
        source: a path, URL, bytes, file object, `Blob` or `Audio`; a folder, also in a bucket (`s3://bucket/talks/`);
            or an iterable of these.
        **options: see below, and `LoaderOptions`. Without any, PocketSphinx transcribes in this process.

    Attributes:
        failures: the recordings that could not be read, with `on_error="collect"`. Their `source` can be loaded again.

    Raises:
        UnknownProvider: if there is no such provider.
        InvalidOption: if there is no such option, or it does not accept its value.

    Setup:
        Install the extra `[langchain]`, and `[faster-whisper]` or `[local]` for an engine in this process, or set the
        key of a gateway, such as `OPENAI_API_KEY`.

    Instantiate:
        >>> loader = AudioLoader(
        ...     "examples/audio", suffixes=[".mp3"]
        ... )  # PocketSphinx; model="faster-whisper:small" is better
        >>> remote = AudioLoader("examples/audio/talk.ogg", provider="openai", model="whisper-1", words=True)

    Lazy load:
        >>> first = next(loader.lazy_load())
        >>> first.metadata["start"] < first.metadata["end"]
        True

    Async load:
        >>> import asyncio
        >>> len(asyncio.run(loader.aload())) == len(loader.load())
        True
    """

    @validate_arguments
    def __init__(self, source: Any, **options: Unpack[LoaderOptions]) -> None:
        remaining: dict[str, Any] = {**options}
        self._source = source
        search_names = [name for name in ("glob", "recursive", "suffixes") if name in remaining]
        self._search_options = {name: remaining.pop(name) for name in search_names}
        on_error, self._show_progress = remaining.pop("on_error", "raise"), remaining.pop("show_progress", False)
        reader = DocumentReader.create(**remaining)
        self._reader = reader
        self._batch = Batch(reader, on_error=on_error, show_progress=self._show_progress)

    def __repr__(self) -> str:
        return f"AudioLoader({_describe_source(self._source)}, {self._reader.client!r})"

    @property
    def failures(self) -> list[Failure]:
        """The recordings that could not be read in the last load, with `on_error="collect"`."""
        return self._batch.failures

    @property
    def usage(self) -> Usage | None:
        """What the recordings of the last load have used and cost so far, if the provider reports it."""
        return self._batch.usage

    def estimate(self, *, price_per_minute: float | None = None) -> Estimate:
        """Estimate what a load will need: requests, seconds and bytes to send, cost and time. Nothing is sent.

        Args:
            price_per_minute: US dollars for a minute of audio; None for what `AudioClient.models` has found.

        Returns:
            An estimate, which lists the recordings that cannot be transcribed as `failures`, and those on the web,
            which are not downloaded, as `unknown`.

        Example:
            >>> AudioLoader("examples/audio", suffixes=[".mp3"]).estimate().seconds
            53.56
        """
        return self._batch.estimate(self._find_items(), price_per_minute)

    async def aestimate(self, *, price_per_minute: float | None = None) -> Estimate:
        """Do what `estimate` does on the running event loop."""
        return await self._batch.aestimate(self._find_items(), price_per_minute)

    def lazy_load(self) -> Iterator[Document]:
        """Yield the Documents, recording by recording, in order of time.

        Raises:
            AudioNotFound: with `on_error="raise"`, if a folder holds no such file.
            AudioError: with `on_error="raise"`, if a source is not a recording or cannot be opened, or the provider
                fails.
        """
        yield from map(to_document, self._batch.read(self._find_items()))

    async def alazy_load(self) -> AsyncIterator[Document]:
        """Do what `lazy_load` does on the running event loop."""
        async for passage in self._batch.aread(self._find_items()):
            yield to_document(passage)

    def _find_items(self) -> Iterable[BatchItem]:
        return collect_recordings(
            self._source,
            lambda source: BatchItem(*_parse_source(source)),
            is_counted=self._show_progress,
            **self._search_options,
        )


@list_options(ReaderOptions)
class AudioParser(FixedOptions, BaseBlobParser):
    """A parser that transcribes blobs into Documents, which also have the blob's own metadata.

    Args:
        **options: see below, and `audio_core.integration.ReaderOptions`.

    Raises:
        UnknownProvider: if there is no such provider.
        InvalidOption: if there is no such option, or it does not accept its value.

    Example:
        >>> blob = Blob.from_path("examples/audio/call.mp3", metadata={"case": 7})
        >>> next(AudioParser().lazy_parse(blob)).metadata["case"]
        7
    """

    @validate_arguments
    def __init__(self, **options: Unpack[ReaderOptions]) -> None:
        self._reader = DocumentReader.create(**options)

    def __repr__(self) -> str:
        return f"AudioParser({self._reader.client!r})"

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        """Yield the Documents of one recording, in order of time.

        Raises:
            AudioError: if the recording cannot be opened, or the provider fails.
        """
        yield from map(to_document, self._reader.read(*_parse_source(blob)))

    async def alazy_parse(self, blob: Blob) -> AsyncIterator[Document]:
        """Do what `lazy_parse` does on the running event loop."""
        for passage in await self._reader.aread(*_parse_source(blob)):
            yield to_document(passage)


def _describe_source(source: Any) -> str:
    """Return a short text for a source: the name of a file or folder without its path, or what else it is."""
    if isinstance(source, (str, os.PathLike, Audio)):
        return repr(Audio.of(cast("Any", source)).label)
    return f"<{type(cast('object', source)).__name__}>"


def _parse_source(source: Any) -> tuple[Audio, dict[str, Any]]:
    """Return the recording that a source names, and the metadata of a blob."""
    if not isinstance(source, Blob):
        return Audio.of(source), {}
    origin = {} if source.source is None else {"source": source.source}
    return _to_audio(source), {**origin, **source.metadata}


def _to_audio(blob: Blob) -> Audio:
    if blob.data is None:
        path = str(blob.path)
        return Audio.of(path if "://" in path else Path(path))
    if isinstance(blob.data, str):
        raise InvalidAudio("The blob holds text, not audio: give its data as bytes.")
    is_raw = (blob.mimetype or "").startswith("audio/pcm")
    return Audio.of(blob.data, format=blob.mimetype if is_raw else None)
