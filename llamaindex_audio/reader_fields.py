"""The fields of what turns recordings into nodes: the reader, and the transformation of pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import httpx
from llama_index.core.bridge.pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, PrivateAttr

from audio_core import Budget, Progress, Provider, TranscriptStore, Usage
from audio_core.integration import (
    AccessLike,
    AlignerName,
    Batch,
    DocumentReader,
    Failure,
    Granularity,
    Memo,
    OnError,
    ProviderName,
    ReaderOptions,
    check_fields,
)

__all__ = ["ReaderFields"]


class ReaderFields(BaseModel):
    """The options of `audio_core.integration.ReaderOptions` as fields, and what a batch of recordings needs besides.

    A class of LlamaIndex has this one and LlamaIndex's own as its bases. Nothing is opened before the first recording.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

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
    """Whether to tell speakers apart: True, or `"if possible"` to transcribe without speakers, with a warning, where
    that is refused.
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

    @property
    def failures(self) -> list[Failure]:
        """The recordings that could not be read in the last call, with `on_error="collect"`."""
        return self._failures

    @property
    def usage(self) -> Usage | None:
        """What the recordings of the last call have used and cost, if the provider reports it."""
        return self._usage

    def _create_batch(self) -> Batch:
        return Batch(self._reader, on_error=self.on_error, show_progress=self.show_progress)

    @property
    def _reader(self) -> DocumentReader:
        """The reader for the fields as they are now."""
        options = {name: getattr(self, name) for name in ReaderOptions.__optional_keys__}
        memo = self._memo = self._memo.refresh(DocumentReader.create, options)
        return memo.value
