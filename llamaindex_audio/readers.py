"""`AudioReader`: transcribe recordings, lists and folders of them into LlamaIndex Documents with their times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import httpx
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.readers.base import BasePydanticReader, BaseReader
from llama_index.core.schema import Document
from pydantic import PrivateAttr

from audio_core import Access, Audio, Progress, Provider, TranscriptStore
from audio_core.integration import (
    SUFFIXES,
    Batch,
    BatchItem,
    DocumentReader,
    Failure,
    Granularity,
    Memo,
    OnError,
    ReaderOptions,
    build_file_system_source,
    collect_recordings,
    find_provider,
)
from llamaindex_audio.nodes import to_document

__all__ = ["AudioReader"]


class AudioReader(BasePydanticReader):
    """A reader that transcribes recordings into Documents: one recording, a folder, or any list or iterator.

    Up to `max_concurrency` recordings are transcribed at a time. Their Documents come in order. `file_extractor` makes
    `SimpleDirectoryReader` read recordings beside other files.

    Metadata is flat: `source`, `start`, `end` (seconds), `clip` (the URL of the clip), `segment`, `speaker`,
    `language`, `duration` (seconds), `model`, `provider` and `sha256`, each if it is known. Ids are stable. The fields
    are those of `audio_core.integration.ReaderOptions`, and those of `AudioLoader` for folders: `glob`, `recursive`,
    `suffixes`, `on_error` and `show_progress`. By default PocketSphinx transcribes in this process.

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
    glob: str | None = Field(default=None, description="Which files of a folder to read, such as '**/*.mp3'.")
    recursive: bool = Field(default=False, description="Whether to search the folder's subfolders too.")
    suffixes: list[str] | None = Field(
        default=None, description="Which files of a folder to read; by default those of all supported formats."
    )
    on_error: OnError = Field(
        default="raise", description="'raise' the error of a recording, 'skip' the recording, or 'collect' its error."
    )
    show_progress: bool = Field(default=False, description="Whether to show a progress bar.")
    _failures: list[Failure] = PrivateAttr(default_factory=list[Failure])

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

    @property
    def failures(self) -> list[Failure]:
        """The recordings that could not be read in the last call, with `on_error="collect"`."""
        return self._failures

    def file_extractor(self: AudioReader | None = None) -> dict[str, BaseReader]:
        """Return this reader for the suffix of every supported format, for `SimpleDirectoryReader(file_extractor=...)`.

        `AudioReader.file_extractor()` stands for `AudioReader().file_extractor()`.

        Example:
            >>> extractor = AudioReader(language="en").file_extractor()
            >>> extractor[".mp3"].language
            'en'
        """
        return dict.fromkeys(sorted(SUFFIXES), AudioReader() if self is None else self)

    def lazy_load_data(
        self, file: Any, extra_info: Mapping[str, Any] | None = None, fs: Any = None
    ) -> Iterable[Document]:
        """Transcribe recordings and yield their Documents, recording by recording, in order of time.

        Args:
            file: a recording, which is anything that `Audio.of` takes; a folder; or a list or iterator of these.
            extra_info: metadata to add to those of the recordings.
            fs: an fsspec file system in which `file` is a path. `source` is its URL there, such as `s3://talks/a.mp3`.
                There is no `clip`, unless the file system is the local one: clips are opened by path or URL only.

        Raises:
            AudioNotFound: with `on_error="raise"`, if a folder holds no recording.
            AudioError: with `on_error="raise"`, if a source is not a recording or cannot be opened, or the provider
                fails.
        """
        batch = self._create_batch()
        yield from map(to_document, batch.read(self._find_items(file, extra_info, fs)))
        self._failures = batch.failures

    async def aload_data(
        self, file: Any, extra_info: Mapping[str, Any] | None = None, fs: Any = None
    ) -> list[Document]:
        """Do what `load_data` does on the running event loop."""
        batch = self._create_batch()
        documents = [to_document(passage) async for passage in batch.aread(self._find_items(file, extra_info, fs))]
        self._failures = batch.failures
        return documents

    def _create_batch(self) -> Batch:
        return Batch(self._reader, on_error=self.on_error, show_progress=self.show_progress)

    def _find_items(self, file: Any, extra_info: Mapping[str, Any] | None, fs: Any) -> Iterable[BatchItem]:
        metadata = extra_info or {}
        if fs is not None:
            return [_find_in_file_system(str(file), fs, metadata)]
        return collect_recordings(
            file,
            lambda source: BatchItem(Audio.of(source), metadata),
            is_counted=self.show_progress,
            glob=self.glob,
            recursive=self.recursive,
            suffixes=self.suffixes,
        )

    @property
    def _reader(self) -> DocumentReader:
        """The reader for the fields as they are now."""
        options = {name: getattr(self, name) for name in ReaderOptions.__optional_keys__}
        memo = self._memo = self._memo.refresh(DocumentReader.create, options)
        return memo.value


def _find_in_file_system(path: str, fs: Any, metadata: Mapping[str, Any]) -> BatchItem:
    """Return a recording with its URL in a file system as its `source`."""
    return BatchItem(Audio(build_file_system_source(fs, path)), {"source": fs.unstrip_protocol(path), **metadata})
