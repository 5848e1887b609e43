"""Turn recordings into passages, for the loaders and readers of both frameworks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import httpx
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from audio_core.audio.audio import Audio
from audio_core.client import AudioClient
from audio_core.errors import InvalidOption
from audio_core.errors.validation import pop_options, validate_options
from audio_core.http.access import AccessLike
from audio_core.operations.estimates import Estimate
from audio_core.operations.transcript_store import TranscriptStore
from audio_core.providers import Provider, ProviderName
from audio_core.transcript.passages import Granularity, Passage, split_passages
from audio_core.transcript.progress import Progress
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionKwargs, TranscriptionOptions

__all__ = ["ClientKwargs", "DocumentReader", "ReaderOptions", "SplitOptions", "build_split_options"]

_OWN_CLIENTS = ("http_client", "http_async_client")
_WINDOW_SECONDS = 30.0


class ClientKwargs(TypedDict, total=False):
    """The options of a client that can be sent to another process; `ReaderOptions` documents them."""

    provider: ProviderName | str | Provider | None
    model: str | None
    api_key: str | None
    base_url: str | None
    timeout: PositiveFloat
    max_retries: NonNegativeInt
    max_concurrency: PositiveInt
    access: AccessLike | None
    store: TranscriptStore | str | Path | None


class SplitOptions(TypedDict, total=False):
    """How much one passage holds; `ReaderOptions` documents it."""

    granularity: Granularity
    window_seconds: PositiveFloat | None
    window_overlap: NonNegativeFloat


class ReaderOptions(TranscriptionKwargs, ClientKwargs, SplitOptions, total=False):
    """The options of a loader, parser or reader.

    Attributes:
        provider: name of the provider that transcribes, or a row of your own. By default `"local"`, which needs no key,
            or an OpenAI-compatible gateway if there is a `base_url`.
        model: name of the model; required for remote providers.
        api_key: the provider's key; by default it is read from the environment.
        base_url: base URL of the provider's API, if it differs from the provider's row.
        language: code of the spoken language, such as `"en"`, or of several; None lets the model detect it.
        prompt: text that precedes the recording, or describes it.
        keywords: words and names to expect, where the gateway takes them.
        words: whether to ask the provider for the times of words.
        diarize: whether to tell speakers apart: True, or `"if possible"` to transcribe without speakers, with a
            warning, where that is refused.
        known_speakers: names of speakers, each with 2 to 10 seconds of speech: anything that `Audio.of` takes.
        temperature: sampling temperature of the model.
        extra: further fields for the provider.
        gaps: `"raise"`, or `"mark"` to return the other pieces of a long recording if one failed.
        channels: `"mixed"`, or `"separate"` to transcribe each channel as a speaker of its own.
        vad: what finds the pauses at which a long recording is cut: `"energy"`, or `"silero"` for noisy ones.
        segment_seconds: the longest segment, in seconds, of a model that sends no times; its recordings are cut at
            pauses into pieces of this length. None sends them whole.
        aligner: what finds the times of a text that comes without them: `"pocketsphinx"` (None) for English, or
            `"faster-whisper:<size or folder of a model>"` for all languages of Whisper.
        budget: a limit on what may be sent, such as `Budget(seconds=3600)`; one object may serve several loaders.
        progress: a function that is called with `Progress` during the work, possibly on another thread.
        granularity: how much one passage holds: a `"segment"`, a `"window"` or the whole `"file"`.
        window_seconds: length of a window in seconds, with `granularity="window"`; by default 30.
        window_overlap: seconds that a window shares with the previous one, with `granularity="window"`.
        timeout: seconds on the wall clock for each request.
        max_retries: how many more requests may follow a failed one.
        max_concurrency: how many recordings, and pieces of long ones, are transcribed side by side, in total.
        access: what may be opened: an `Access`, a folder or several. None trusts every path and every public host that
            is named.
        store: a `TranscriptStore`, or the path of its file. Finished transcripts are kept there, so that an interrupted
            job can be resumed without paying twice.
        http_client: your own `httpx.Client`.
        http_async_client: your own `httpx.AsyncClient`.
    """

    http_client: httpx.Client | None
    http_async_client: httpx.AsyncClient | None


@dataclass(frozen=True, slots=True, repr=False)
class DocumentReader:
    """A reader that transcribes recordings and splits the transcripts into passages.

    Attributes:
        client: transcribes the recordings.
        transcription_options: options for `AudioClient.transcribe`.
        split_options: options for `split_passages`.

    Example:
        >>> passage = next(DocumentReader.create(granularity="file").read(Audio.of("examples/audio/call.mp3", end=4.5)))
        >>> passage.text
        'good afternoon this is the city library how can i help you'
    """

    client: AudioClient
    transcription_options: Mapping[str, Any]
    split_options: Mapping[str, Any]

    @classmethod
    def create(cls, **options: Unpack[ReaderOptions]) -> DocumentReader:
        """Create a reader. Nothing is opened.

        Raises:
            UnknownProvider: if there is no such provider.
            InvalidOption: if there is no such option, or it does not accept its value.
        """
        remaining = validate_options(ReaderOptions, options, "DocumentReader")
        client = AudioClient(**pop_options(remaining, (*ClientKwargs.__optional_keys__, *_OWN_CLIENTS)))
        split_options = build_split_options(**pop_options(remaining, SplitOptions.__optional_keys__))
        client.find_engine(TranscriptionOptions.build(remaining))
        return cls(client, remaining, split_options)

    def __repr__(self) -> str:
        return f"DocumentReader({self.client!r})"

    @property
    def max_concurrency(self) -> int:
        """The number of recordings to read side by side."""
        return self.client.get_concurrency()

    def with_progress(self, progress: Callable[[Progress], object]) -> DocumentReader:
        """Return a copy of this reader that also calls `progress` with the progress of each recording."""
        callback = self.transcription_options.get("progress")

        def report(state: Progress) -> None:
            progress(state)
            if callback is not None:
                callback(state)

        return replace(self, transcription_options={**self.transcription_options, "progress": report})

    def read(self, source: Any, metadata: Mapping[str, Any] | None = None) -> Iterator[Passage]:
        """Transcribe a recording and return its passages.

        Args:
            source: anything that `Audio.of` takes.
            metadata: the caller's own metadata, which are added to each passage.

        Raises:
            AudioError: if the recording cannot be opened, or the provider fails.
        """
        return self._split(self.transcribe(source), metadata)

    def transcribe(self, source: Any) -> Transcript:
        """Transcribe a recording with the options of this reader; raise as `read` does."""
        return self.client.transcribe(source, **self.transcription_options)

    async def aread(self, source: Any, metadata: Mapping[str, Any] | None = None) -> Iterator[Passage]:
        """Do what `read` does on the running event loop."""
        return self._split(await self.client.atranscribe(source, **self.transcription_options), metadata)

    def estimate(self, audios: Sequence[Audio], price_per_minute: float | None) -> Estimate:
        """Estimate what the transcription of recordings will need, as `AudioClient.estimate` does."""
        options = self.transcription_options
        return self.client.estimate([*audios], price_per_minute=price_per_minute, **options)

    async def aestimate(self, audios: Sequence[Audio], price_per_minute: float | None) -> Estimate:
        """Do what `estimate` does on the running event loop."""
        options = self.transcription_options
        return await self.client.aestimate([*audios], price_per_minute=price_per_minute, **options)

    def _split(self, transcript: Transcript, metadata: Mapping[str, Any] | None) -> Iterator[Passage]:
        return split_passages(transcript, metadata=metadata, **self.split_options)


def build_split_options(
    granularity: Granularity = "segment", window_seconds: float | None = None, window_overlap: float = 0.0
) -> dict[str, Any]:
    """Return the options for `split_passages`.

    Args:
        granularity: how much one passage holds.
        window_seconds: length of a window in seconds; None for 30.
        window_overlap: seconds that a window shares with the previous one.

    Raises:
        InvalidOption: if a window is described and passages are no windows, or it is not longer than the overlap.
    """
    if granularity != "window" and (window_seconds is not None or window_overlap):
        raise InvalidOption(
            f"window_seconds and window_overlap need granularity='window', and granularity is {granularity!r}."
        )
    seconds = _WINDOW_SECONDS if window_seconds is None else window_seconds
    if not window_overlap < seconds:
        raise InvalidOption(
            f"window_overlap={window_overlap} is not accepted: it must be below {seconds} s, the window."
        )
    return {"granularity": granularity, "window_seconds": seconds, "window_overlap": window_overlap}
