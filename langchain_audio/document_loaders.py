"""Recordings as LangChain Documents that say where in the recording they stand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Unpack

from langchain_core.document_loaders import BaseBlobParser, BaseLoader
from langchain_core.document_loaders.blob_loaders import Blob
from langchain_core.documents import Document

from audio_core import Audio, InvalidAudio, PassageReader, ReadingOptions
from langchain_audio.documents import as_document

__all__ = ["AudioLoader", "AudioParser"]


class AudioLoader(BaseLoader):
    """Transcribes a recording into Documents.

    Metadata is flat: `source`, `start`, `end` (seconds), `clip` (a URL that names the stretch), `segment`, `speaker`,
    `language`, `duration`, `model`, `provider`, `sha256`, each where it is known. Ids are stable.

    Args:
        source: a path, URL, bytes, file object, `Blob` or `Audio`.
        **options: see `audio_core.ReadingOptions`; without any, PocketSphinx transcribes in this process.

    Raises:
        UnknownProvider: if there is no such provider.

    Example:
        >>> first = next(AudioLoader("examples/audio/call.mp3").lazy_load())
        >>> first.metadata["start"] < first.metadata["end"]
        True
    """

    def __init__(self, source: Any, **options: Unpack[ReadingOptions]) -> None:
        self._source = source
        self._reader = PassageReader.configured(**options)

    def lazy_load(self) -> Iterator[Document]:
        """The Documents, in order of time.

        Raises:
            AudioError: if the recording cannot be opened, or the provider fails.
        """
        yield from map(as_document, self._reader.read(*_recording(self._source)))

    async def alazy_load(self) -> AsyncIterator[Document]:
        """The same Documents, on the running event loop."""
        for passage in await self._reader.aread(*_recording(self._source)):
            yield as_document(passage)


class AudioParser(BaseBlobParser):
    """Transcribes blobs into Documents; a blob's own metadata is kept.

    Args:
        **options: see `audio_core.ReadingOptions`.

    Raises:
        UnknownProvider: if there is no such provider.

    Example:
        >>> blob = Blob.from_path("examples/audio/call.mp3", metadata={"case": 7})
        >>> next(AudioParser().lazy_parse(blob)).metadata["case"]
        7
    """

    def __init__(self, **options: Unpack[ReadingOptions]) -> None:
        self._reader = PassageReader.configured(**options)

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        """The Documents of one recording, in order of time.

        Raises:
            AudioError: if the recording cannot be opened, or the provider fails.
        """
        yield from map(as_document, self._reader.read(*_recording(blob)))

    async def alazy_parse(self, blob: Blob) -> AsyncIterator[Document]:
        """The same Documents, on the running event loop."""
        for passage in await self._reader.aread(*_recording(blob)):
            yield as_document(passage)


def _recording(source: Any) -> tuple[Audio, dict[str, Any]]:
    """The recording that a source means, and the metadata that it brings."""
    if not isinstance(source, Blob):
        return Audio.of(source), {}
    named = {} if source.source is None else {"source": source.source}
    return _in_blob(source), {**named, **source.metadata}


def _in_blob(blob: Blob) -> Audio:
    if blob.data is None:
        return Audio.of(Path(str(blob.path)))
    if isinstance(blob.data, str):
        raise InvalidAudio("The blob holds text, not audio: give its data as bytes.")
    is_raw = (blob.mimetype or "").startswith("audio/pcm")
    return Audio.of(blob.data, format=blob.mimetype if is_raw else None)
