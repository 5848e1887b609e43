"""`AudioReader`: transcribe recordings, lists and folders of them into LlamaIndex Documents with their times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import httpx
from llama_index.core.bridge.pydantic import ConfigDict, Field, model_validator
from llama_index.core.readers.base import BasePydanticReader, BaseReader
from llama_index.core.schema import Document
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, PrivateAttr

from audio_core import Audio, Budget, Progress, Provider, TranscriptStore, Usage
from audio_core.integration import (
    SUFFIXES,
    AccessLike,
    AlignerName,
    Batch,
    BatchItem,
    DocumentReader,
    Estimate,
    Failure,
    Granularity,
    Memo,
    OnError,
    ProviderName,
    ReaderOptions,
    build_file_system_source,
    check_fields,
    collect_recordings,
    list_fields,
)
from llamaindex_audio.nodes import to_document

__all__ = ["AudioReader"]


@list_fields()
class AudioReader(BasePydanticReader):
    """A reader that transcribes recordings into Documents: one recording, a folder, or any list or iterator.

    Up to `max_concurrency` recordings are transcribed at a time. Their Documents come in order. `file_extractor` makes
    `SimpleDirectoryReader` read recordings beside other files.

    Metadata is flat: `source`, `start`, `end` (seconds), `clip` (the URL of the clip), `segment`, `speaker`,
    `language`, `duration` (seconds), `model`, `provider` and `sha256`, each if it is known. Ids are stable. The fields
    are those of `audio_core.integration.ReaderOptions`, and those of `AudioLoader` for folders: `glob`, `recursive`,
    `suffixes`, `on_error` and `show_progress`. By default PocketSphinx transcribes in this process. A field that does not
    exist, or does not accept its value, raises pydantic's `ValidationError`, a `ValueError`.

    Example:
        `pip install 'langchain-llamaindex-audio[llamaindex,local]'`. `model="faster-whisper:small"` hears better, with the
        extra `[faster-whisper]`, or a gateway: `provider="openai", model="whisper-1"`.

        >>> reader = AudioReader(suffixes=[".mp3"])
        >>> documents = reader.load_data("examples/audio")
        >>> documents[0].metadata["start"] < documents[0].metadata["end"]
        True
        >>> ".mp3" in reader.file_extractor()  # for SimpleDirectoryReader
        True
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    is_remote: bool = False
    """Whether LlamaIndex is to take the recordings for remote ones."""
    provider: ProviderName | str | Provider | None = None
    """Name of the provider that transcribes, or a row of your own. By default `"local"`, which needs no key, or an
    OpenAI-compatible gateway if there is a `base_url`.
    """
    model: str | None = None
    """Name of the model; required for remote providers."""
    api_key: str | None = Field(default=None, exclude=True, repr=False)
    """The provider's key; by default it is read from the environment."""
    base_url: str | None = None
    """Base URL of the provider's API, if it differs from the provider's row."""
    language: str | list[str] | tuple[str, ...] | None = None
    """Code of the spoken language, such as `"en"`, or of several; None lets the model detect it."""
    prompt: str | None = None
    """Text that precedes the recording, or describes it."""
    keywords: list[str] | tuple[str, ...] | None = None
    """Words and names to expect, where the gateway takes them."""
    words: bool = False
    """Whether to ask the provider for the times of words."""
    diarize: bool | Literal["if possible"] = False
    """Whether to tell speakers apart: True, or `"if possible"` to transcribe without speakers, with a warning, where that
    is refused.
    """
    known_speakers: Mapping[str, Any] | None = Field(default=None, exclude=True, repr=False)
    """Names of speakers, each with 2 to 10 seconds of speech: anything that `Audio.of` takes."""
    temperature: float | None = None
    """Sampling temperature of the model."""
    extra: dict[str, Any] | None = None
    """Further fields for the provider."""
    gaps: Literal["raise", "mark"] = "raise"
    """`"raise"`, or `"mark"` to return the other pieces of a long recording if one failed."""
    channels: Literal["mixed", "separate"] = "mixed"
    """`"mixed"`, or `"separate"` to transcribe each channel as a speaker of its own."""
    vad: Literal["energy", "silero"] = "energy"
    """What finds the pauses at which a long recording is cut: `"energy"`, or `"silero"` for noisy ones."""
    segment_seconds: PositiveFloat | None = 30.0
    """The longest segment, in seconds, of a model that sends no times; its recordings are cut at pauses into pieces of
    this length. None sends them whole.
    """
    aligner: AlignerName | None = None
    """What finds the times of a text that comes without them: `"pocketsphinx"` (None) for English, or
    `"faster-whisper:<size or folder of a model>"` for all languages of Whisper.
    """
    budget: Budget | None = Field(default=None, exclude=True, repr=False)
    """A limit on what may be sent, such as `Budget(seconds=3600)`; one object may serve several loaders."""
    progress: Callable[[Progress], object] | None = Field(default=None, exclude=True, repr=False)
    """A function that is called with `Progress` during the work, possibly on another thread."""
    granularity: Granularity = "segment"
    """How much one passage holds: a `"segment"`, a `"window"` or the whole `"file"`."""
    window_seconds: PositiveFloat | None = None
    """Length of a window in seconds, with `granularity="window"`; by default 30."""
    window_overlap: NonNegativeFloat = 0.0
    """Seconds that a window shares with the previous one, with `granularity="window"`."""
    timeout: PositiveFloat = 60.0
    """Seconds on the wall clock for each request."""
    max_retries: NonNegativeInt = 2
    """How many more requests may follow a failed one."""
    max_concurrency: PositiveInt = 8
    """How many recordings, and pieces of long ones, are transcribed side by side, in total."""
    access: AccessLike | None = None
    """What may be opened: an `Access`, a folder or several. None trusts every path and every public host that is named.
    """
    store: TranscriptStore | str | Path | None = Field(default=None, exclude=True)
    """A `TranscriptStore`, or the path of its file. Finished transcripts are kept there, so that an interrupted job can
    be resumed without paying twice.
    """
    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    """Your own `httpx.Client`."""
    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)
    """Your own `httpx.AsyncClient`."""
    glob: str | None = Field(default=None, description="Which files of a folder to read, such as '**/*.mp3'.")
    recursive: bool = Field(default=False, description="Whether to search the folder's subfolders too.")
    suffixes: str | list[str] | None = Field(
        default=None, description="Which files of a folder to read; by default those of all supported formats."
    )
    on_error: OnError = Field(
        default="raise", description="'raise' the error of a recording, 'skip' the recording, or 'collect' its error."
    )
    show_progress: bool = Field(default=False, description="Whether to show a progress bar.")
    _failures: list[Failure] = PrivateAttr(default_factory=list[Failure])
    _usage: Usage | None = PrivateAttr(default=None)

    _memo: Memo[DocumentReader] = PrivateAttr(default_factory=Memo)
    _check_fields = model_validator(mode="before")(check_fields)

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        _ = self._reader
        return self

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex stores this class."""
        return "AudioReader"

    @property
    def failures(self) -> list[Failure]:
        """The recordings that could not be read in the last call, with `on_error="collect"`."""
        return self._failures

    @property
    def usage(self) -> Usage | None:
        """What the recordings of the last call have used and cost, if the provider reports it."""
        return self._usage

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
            An estimate, which lists the recordings that cannot be transcribed as `failures`, and those on the web, which
            are not downloaded, as `unknown`.

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
            file: a recording, which is anything that `Audio.of` takes; a folder, also in a bucket (`s3://bucket/talks/`); or
                a list or iterator of these.
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
