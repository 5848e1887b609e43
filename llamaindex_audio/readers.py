"""`AudioReader`: transcribe recordings, lists and folders of them into LlamaIndex Documents with their times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llama_index.core.bridge.pydantic import Field
from llama_index.core.readers.base import BasePydanticReader, BaseReader
from llama_index.core.schema import Document

from audio_core import Audio
from audio_core.integration import (
    SUFFIXES,
    BatchItem,
    Estimate,
    build_file_system_source,
    collect_recordings,
    list_fields,
)
from llamaindex_audio.nodes import to_document
from llamaindex_audio.reader_fields import ReaderFields

__all__ = ["AudioReader"]


@list_fields(ReaderFields)
class AudioReader(ReaderFields, BasePydanticReader):
    """A reader that transcribes recordings into Documents: one recording, a folder, or any list or iterator.

    Up to `max_concurrency` recordings are transcribed at a time. Their Documents come in order. `file_extractor` makes
    `SimpleDirectoryReader` read recordings beside other files.

    Metadata is flat: `source`, `start`, `end` (seconds), `clip` (the URL of the clip), `segment`, `speaker`,
    `language`, `duration` (seconds), `model`, `provider` and `sha256`, each if it is known. Ids are stable. The fields
    are those of `audio_core.integration.ReaderOptions`, and those of `AudioLoader` for folders: `glob`, `recursive`,
    `suffixes`, `on_error` and `show_progress`. By default PocketSphinx transcribes in this process. A field that does
    not exist, or does not accept its value, raises pydantic's `ValidationError`, a `ValueError`.

    Example:
        `pip install 'langchain-llamaindex-audio[llamaindex,local]'`. `model="faster-whisper:small"` hears better, with
        the extra `[faster-whisper]`, or a gateway: `provider="openai", model="whisper-1"`.

        >>> reader = AudioReader(suffixes=[".mp3"])
        >>> documents = reader.load_data("examples/audio")
        >>> documents[0].metadata["start"] < documents[0].metadata["end"]
        True
        >>> ".mp3" in reader.file_extractor()  # for SimpleDirectoryReader
        True
    """

    is_remote: bool = False
    """Whether LlamaIndex is to take the recordings for remote ones."""
    glob: str | None = Field(default=None, description="Which files of a folder to read, such as '**/*.mp3'.")
    recursive: bool = Field(default=False, description="Whether to search the folder's subfolders too.")
    suffixes: str | list[str] | None = Field(
        default=None, description="Which files of a folder to read; by default those of all supported formats."
    )

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex stores this class."""
        return "AudioReader"

    def estimate(
        self,
        file: Any,
        extra_info: Mapping[str, Any] | None = None,
        fs: Any = None,
        *,
        price_per_minute: float | None = None,
    ) -> Estimate:
        """Estimate what `load_data` will need: requests, seconds and bytes to send, cost and time. Nothing is sent.

        Args:
            file: as for `lazy_load_data`.
            extra_info: as for `lazy_load_data`.
            fs: as for `lazy_load_data`.
            price_per_minute: US dollars for a minute of audio; None for what `AudioClient.models` has found.

        Returns:
            An estimate, which lists the recordings that cannot be transcribed as `failures`, and those on the web,
            which are not downloaded, as `unknown`.

        Example:
            >>> AudioReader(suffixes=[".mp3"]).estimate("examples/audio").seconds
            53.56
        """
        return self._create_batch().estimate(self._find_items(file, extra_info, fs), price_per_minute)

    async def aestimate(
        self,
        file: Any,
        extra_info: Mapping[str, Any] | None = None,
        fs: Any = None,
        *,
        price_per_minute: float | None = None,
    ) -> Estimate:
        """Do what `estimate` does on the running event loop."""
        return await self._create_batch().aestimate(self._find_items(file, extra_info, fs), price_per_minute)

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
            file: a recording, which is anything that `Audio.of` takes; a folder, also in a bucket
                (`s3://bucket/talks/`); or a list or iterator of these.
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
        self._failures, self._usage = batch.failures, batch.usage

    async def aload_data(
        self, file: Any, extra_info: Mapping[str, Any] | None = None, fs: Any = None
    ) -> list[Document]:
        """Do what `load_data` does on the running event loop."""
        batch = self._create_batch()
        documents = [to_document(passage) async for passage in batch.aread(self._find_items(file, extra_info, fs))]
        self._failures, self._usage = batch.failures, batch.usage
        return documents

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


def _find_in_file_system(path: str, fs: Any, metadata: Mapping[str, Any]) -> BatchItem:
    """Return a recording with its URL in a file system as its `source`."""
    return BatchItem(Audio(build_file_system_source(fs, path)), {"source": fs.unstrip_protocol(path), **metadata})
