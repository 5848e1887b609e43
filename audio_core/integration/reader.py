"""Recordings to passages: what the loaders and readers of both frameworks have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import httpx

from audio_core.client import AudioClient
from audio_core.http.access import Access
from audio_core.operations.transcript_store import TranscriptStore
from audio_core.providers import Provider
from audio_core.transcript.passages import Granularity, Passage, split_passages
from audio_core.transcript.progress import Progress
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionKwargs

__all__ = ["DocumentReader", "ReaderOptions"]

_CLIENT_OPTIONS = (
    "provider",
    "model",
    "api_key",
    "base_url",
    "timeout",
    "max_retries",
    "max_concurrency",
    "access",
    "store",
    "http_client",
    "http_async_client",
)
_SPLIT_OPTIONS = ("granularity", "window_seconds", "window_overlap")


class ReaderOptions(TranscriptionKwargs, total=False):
    """What a loader, parser or reader takes besides its source.

    Attributes:
        provider: who transcribes, or a row of your own; `"local"` by default, without a key.
        model: name of the model; needed for remote providers.
        api_key: the provider's key; by default taken from the environment.
        base_url: where the provider's API starts, if not where its row says.
        language: code of the language spoken.
        prompt: words or names to expect.
        words: whether each word's time is wanted from the provider.
        diarize: whether speakers are to be told apart.
        temperature: of the model.
        extra: fields of the provider's own.
        gaps: `"raise"`, or `"mark"` to get the rest of a long recording of which a piece failed.
        channels: `"mixed"`, or `"separate"` to hear each channel as a speaker of its own.
        vad: what finds the pauses at which a long recording is cut: `"energy"`, or `"silero"` for noisy ones.
        progress: is called with `Progress` as recordings are heard, possibly on another thread.
        granularity: `"segment"`, `"window"` or `"file"`.
        window_seconds: length of a window.
        window_overlap: seconds that a window shares with the one before.
        timeout: seconds on the clock for each request.
        max_retries: how many more requests may follow a failed one.
        max_concurrency: how many recordings, and pieces of long ones, are under way side by side, in all.
        access: what may be opened; None trusts what is named.
        store: where transcripts are kept, so that a job that died goes on: a `TranscriptStore`, or the path of its file.
        http_client: an `httpx.Client` of yours.
        http_async_client: an `httpx.AsyncClient` of yours.
    """

    provider: str | Provider
    model: str | None
    api_key: str | None
    base_url: str | None
    granularity: Granularity
    window_seconds: float
    window_overlap: float
    timeout: float
    max_retries: int
    max_concurrency: int
    access: Access | None
    store: TranscriptStore | str | Path | None
    http_client: httpx.Client | None
    http_async_client: httpx.AsyncClient | None


@dataclass(frozen=True, slots=True, repr=False)
class DocumentReader:
    """Transcribes recordings and cuts the transcripts into passages."""

    client: AudioClient
    transcription: Mapping[str, Any]
    cutting: Mapping[str, Any]

    @classmethod
    def create(cls, **options: Unpack[ReaderOptions]) -> DocumentReader:
        """A reader with these options; nothing is opened.

        Raises:
            TypeError: if an option is not known.
            UnknownProvider: if there is no such provider.
        """
        if unknown := options.keys() - ReaderOptions.__optional_keys__:
            raise TypeError(f"Unknown options: {', '.join(sorted(unknown))}.")
        given: dict[str, Any] = {**options}
        client = AudioClient(**{name: given.pop(name) for name in _CLIENT_OPTIONS if name in given})
        cutting = {name: given.pop(name) for name in _SPLIT_OPTIONS if name in given}
        return cls(client, given, cutting)

    @property
    def max_concurrency(self) -> int:
        """How many recordings to read side by side: an engine in this process gains nothing from company."""
        return 1 if self.client.is_local else self.client.max_concurrency

    def with_progress(self, progress: Callable[[Progress], object]) -> DocumentReader:
        """The same reader, which tells somebody else too how far a recording is."""
        told = self.transcription.get("progress")

        def tell(news: Progress) -> None:
            progress(news)
            if told is not None:
                told(news)

        return replace(self, transcription={**self.transcription, "progress": tell})

    def read(self, source: Any, metadata: Mapping[str, Any] | None = None) -> Iterator[Passage]:
        """The passages of a recording; `metadata` is kept beside what the recording says."""
        return self._split(self.client.transcribe(source, **self.transcription), metadata)

    async def aread(self, source: Any, metadata: Mapping[str, Any] | None = None) -> Iterator[Passage]:
        """`read` on the running event loop."""
        return self._split(await self.client.atranscribe(source, **self.transcription), metadata)

    def _split(self, transcript: Transcript, metadata: Mapping[str, Any] | None) -> Iterator[Passage]:
        return split_passages(transcript, metadata=metadata, **self.cutting)
