"""`AudioReader`: transcribe recordings into LlamaIndex Documents with their times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import httpx
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.readers.base import BasePydanticReader
from llama_index.core.schema import Document
from pydantic import PrivateAttr

from audio_core import Access, Audio, Progress, Provider, TranscriptStore
from audio_core.integration import (
    DocumentReader,
    Granularity,
    Memo,
    ReaderOptions,
    build_file_system_source,
    find_provider,
)
from llamaindex_audio.nodes import to_document

__all__ = ["AudioReader"]


class AudioReader(BasePydanticReader):
    """A reader that transcribes recordings into Documents. `SimpleDirectoryReader(file_extractor=...)` accepts it.

    Metadata is flat: `source`, `start`, `end` (seconds), `clip` (the URL of the clip), `segment`, `speaker`,
    `language`, `duration` (seconds), `model`, `provider` and `sha256`, each if it is known. Ids are stable. The fields
    are those of `audio_core.integration.ReaderOptions`. By default PocketSphinx transcribes in this process.

    Example:
        >>> documents = AudioReader().load_data("examples/audio/call.mp3")
        >>> documents[0].metadata["start"] < documents[0].metadata["end"]
        True
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    is_remote: bool = False
    provider: str | Provider = "local"
    model: str | None = None
    api_key: str | None = Field(default=None, exclude=True, repr=False)
    base_url: str | None = None
    language: str | None = None
    prompt: str | None = None
    words: bool = False
    diarize: bool = False
    temperature: float | None = None
    extra: dict[str, Any] | None = None
    gaps: Literal["raise", "mark"] = "raise"
    channels: Literal["mixed", "separate"] = "mixed"
    vad: Literal["energy", "silero"] = "energy"
    progress: Callable[[Progress], object] | None = Field(default=None, exclude=True, repr=False)
    granularity: Granularity = "segment"
    window_seconds: float = 30.0
    window_overlap: float = 0.0
    timeout: float = 60.0
    max_retries: int = 2
    max_concurrency: int = 8
    access: Access | None = None
    store: TranscriptStore | str | Path | None = Field(default=None, exclude=True)
    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)

    _memo: Memo[DocumentReader] = PrivateAttr(default_factory=Memo)

    def __init__(self, **kwargs: Any) -> None:
        """Store the options. Neither disk nor network is used.

        Raises:
            UnknownProvider: if there is no such provider.
        """
        super().__init__(**kwargs)
        find_provider(self.provider)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex stores this class."""
        return "AudioReader"

    def lazy_load_data(
        self, file: Any, extra_info: Mapping[str, Any] | None = None, fs: Any = None
    ) -> Iterable[Document]:
        """Transcribe a recording and return its Documents in order of time.

        Args:
            file: the recording: anything that `Audio.of` takes.
            extra_info: metadata to add to that of the recording.
            fs: an fsspec file system in which `file` is a path. `source` is its URL there, such as `s3://talks/a.mp3`.
                There is no `clip`, unless the file system is the local one: clips are opened by path or URL only.

        Raises:
            AudioError: if the recording cannot be opened, or the provider fails.
        """
        source, metadata = _build_source(file, fs, extra_info)
        return map(to_document, self._reader.read(source, metadata))

    async def aload_data(
        self, file: Any, extra_info: Mapping[str, Any] | None = None, fs: Any = None
    ) -> list[Document]:
        """Do what `load_data` does on the running event loop."""
        source, metadata = _build_source(file, fs, extra_info)
        return [to_document(passage) for passage in await self._reader.aread(source, metadata)]

    @property
    def _reader(self) -> DocumentReader:
        """The reader for the fields as they are now."""
        options = {name: getattr(self, name) for name in ReaderOptions.__optional_keys__}
        memo = self._memo = self._memo.refresh(DocumentReader.create, options)
        return memo.value


def _build_source(file: Any, fs: Any, extra_info: Mapping[str, Any] | None) -> tuple[Any, Mapping[str, Any] | None]:
    """Return the recording and the metadata to add, with the URL of a recording in a file system as its `source`."""
    if fs is None:
        return file, extra_info
    url = fs.unstrip_protocol(str(file))
    return Audio(build_file_system_source(fs, str(file))), {"source": url, **(extra_info or {})}
