"""`AudioClient`: transcribe, ask and chat without a framework. The plugins build on it too."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from typing import Any, Unpack

import httpx
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from audio_core.audio.audio import Audio
from audio_core.engines import Engine, find_engine
from audio_core.engines.cores import count_cores
from audio_core.errors import UnsupportedFormat
from audio_core.errors.validation import FixedOptions, validate_arguments
from audio_core.http.access import Access, AccessLike, to_access
from audio_core.http.download import open_or_download
from audio_core.http.driver import Clients, arun, astream, run, stream
from audio_core.http.endpoint import Endpoint
from audio_core.http.flow import Flow
from audio_core.http.sse import OpenStream
from audio_core.operations.chat import ChatRequest, OpenKwargs, OpenRules, chat, check_chat, open_chat
from audio_core.operations.job import Job
from audio_core.operations.transcript_store import TranscriptStore
from audio_core.operations.transcription import transcribe
from audio_core.operations.transcription_stream import open_transcription_stream
from audio_core.providers import Provider, ProviderName, choose_provider
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript
from audio_core.wire.chat_request import Messages, build_question
from audio_core.wire.chat_response import Answer, Delta
from audio_core.wire.transcription import TranscriptionKwargs, TranscriptionOptions

__all__ = ["AudioClient"]


class AudioClient(FixedOptions):
    """A client that transcribes recordings and asks chat models about them, through one gateway.

    The constructor touches neither disk nor network. Threads, forked processes and event loops may share a client.

    Args:
        provider: a name in `PROVIDERS`, or a row of your own. By default `"local"`, which transcribes in this process,
            without a key; or an OpenAI-compatible gateway if there is a `base_url`.
        model: name of the model. Remote gateways have no default; for local models see `audio_core.engines`.
        api_key: the gateway's key; by default it is read from the environment at the first request.
        base_url: base URL of the gateway's API, if it differs from the provider's row.
        timeout: seconds on the wall clock for each request; for a stream, the longest time without data. Half the
            length of the audio that is sent is added.
        max_retries: how many more requests may follow a failed one. What may have been billed is not sent again.
        max_concurrency: how many recordings, or pieces, are transcribed side by side; in this process, one a core at most.
        access: what may be opened: an `Access`, a folder or several. None trusts every path and public host named.
        store: a `TranscriptStore`, or the path of its file. Finished transcripts are kept there and not paid for twice.
        headers: further headers for the gateway.
        http_client: your own `httpx.Client`, used as it is.
        http_async_client: your own `httpx.AsyncClient`, used as it is.

    Raises:
        InvalidOption: if there is no such option, or it does not accept its value; for a provider, `UnknownProvider`.

    Example:
        >>> client = AudioClient("local")
        >>> client.transcribe("examples/audio/call.mp3").language
        'en'
    """

    @validate_arguments
    def __init__(
        self,
        provider: ProviderName | str | Provider | None = None,
        *,
        model: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: PositiveFloat = 60.0,
        max_retries: NonNegativeInt = 2,
        max_concurrency: PositiveInt = 8,
        access: AccessLike | None = None,
        store: TranscriptStore | str | Path | None = None,
        headers: Mapping[str, str] | None = None,
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
    ) -> None:
        row = choose_provider(provider, base_url)
        self.endpoint = Endpoint(row, api_key, base_url, timeout, max_retries, headers or {})
        self.model, self.max_concurrency, self._is_announced = model, max_concurrency, False
        self.access = None if access is None else to_access(access)
        self.store = TranscriptStore(store) if isinstance(store, (str, Path)) else store
        slots = min(max_concurrency, count_cores()) if self.is_local else max_concurrency
        self._clients = Clients(http_client, http_async_client, slots)

    def transcribe(self, source: Any, **options: Unpack[TranscriptionKwargs]) -> Transcript:
        """Transcribe a recording, or its clip. Times are seconds of the original recording.

        Args:
            source: anything that `Audio.of` takes.
            **options: `language` (a code such as `"en"`, or several), `prompt` (text before it), `keywords` (to expect),
                `words` (True for times), `diarize` (True, or `"if possible"`), `known_speakers` (name to sample),
                `temperature`, `extra` (the gateway's fields), `gaps` (`"mark"` or `"raise"`), `channels` (`"separate"` or
                `"mixed"`), `vad` (`"energy"`, or `"silero"` for noise), `segment_seconds`, `aligner`, `progress`.

        Raises:
            AudioError: if the recording cannot be opened or is damaged, or an option is wrong (`InvalidOption`).
            TranscriptionIncomplete: if a piece of a long recording failed. It holds the transcript of the others.
            ProviderError: if the gateway refuses or fails.
        """
        return run(self._clients, self._transcribe(source, TranscriptionOptions.check(**options)))

    async def atranscribe(self, source: Any, **options: Unpack[TranscriptionKwargs]) -> Transcript:
        """Do what `transcribe` does on the running event loop."""
        return await arun(self._clients, self._transcribe(source, TranscriptionOptions.check(**options)))

    def stream_transcript(self, source: Any, **options: Unpack[TranscriptionKwargs]) -> Iterator[Segment]:
        """Transcribe a recording, and yield segments as they arrive.

        Partial segments (`is_partial`) hold new text only; the other segments together are the whole transcript. A
        gateway that does not stream yields no partial segments. Streamed transcripts are not kept in the store.

        Args:
            source: anything that `Audio.of` takes. If the gateway streams, the recording must fit into one request.
            **options: those of `transcribe`.

        Raises:
            AudioTooLarge: if the recording does not fit into one request.
            AudioError: as for `transcribe`; an `IncompleteResponse` if the stream ends before the transcript does.
        """
        if not self._streams_transcripts:
            yield from self.transcribe(source, **options).segments
            return
        yield from stream(self._clients, self._open_stream(source, TranscriptionOptions.check(**options)))

    async def astream_transcript(self, source: Any, **options: Unpack[TranscriptionKwargs]) -> AsyncGenerator[Segment]:
        """Do what `stream_transcript` does on the running event loop."""
        if not self._streams_transcripts:
            for segment in (await self.atranscribe(source, **options)).segments:
                yield segment
            return
        async for segment in astream(self._clients, self._open_stream(source, TranscriptionOptions.check(**options))):
            yield segment

    def _transcribe(self, source: Any, options: TranscriptionOptions) -> Flow[Transcript]:
        return transcribe(self._build_job(options), Audio.of(source), self.access)

    def _open_stream(self, source: Any, options: TranscriptionOptions) -> Flow[OpenStream[Segment]]:
        return open_transcription_stream(self._build_job(options), Audio.of(source), self.access)

    def _build_job(self, options: TranscriptionOptions) -> Job:
        engine = self.find_engine(options)
        model = engine.model if engine else self._get_model()
        if not self._is_announced:
            logging.getLogger("audio_core").info("%s transcribes (%s).", model, self.endpoint.provider.name)
            self._is_announced = True
        return Job(self.endpoint, model, options, self.get_concurrency(), self.store, engine)

    def find_engine(self, options: TranscriptionOptions) -> Engine | None:
        """Return what transcribes in this process, or None for a gateway, if it can follow the options."""
        options.check_support(self.endpoint.provider)
        return find_engine(self.model, options) if self.is_local else None

    def get_concurrency(self) -> int:
        """Return how many recordings, and pieces, are transcribed side by side: in this process, what its cores allow."""
        limit = find_engine(self.model).max_concurrency if self.is_local else self.max_concurrency
        return min(self.max_concurrency, limit)

    @property
    def is_local(self) -> bool:
        """Whether recordings are transcribed in this process."""
        return self.endpoint.provider.transcription == "engine" and self.endpoint.base_url is None

    @property
    def _streams_transcripts(self) -> bool:
        return self.endpoint.provider.streams_transcripts and not self.is_local

    def open_recording(self, source: Any, access: Access | None = None) -> Audio:
        """Open a recording, and download it if it is remote. Later uses of the result open nothing.

        Args:
            source: anything that `Audio.of` takes.
            access: what may be opened; by default this client's.

        Raises:
            AccessDenied: if the recording may not be opened.
            InvalidAudio: if it is missing or is not audio.
        """
        return run(self._clients, self._open_or_download(source, access))

    async def aopen_recording(self, source: Any, access: Access | None = None) -> Audio:
        """Do what `open_recording` does on the running event loop."""
        return await arun(self._clients, self._open_or_download(source, access))

    def _open_or_download(self, source: Any, access: Access | None) -> Flow[Audio]:
        access, endpoint = access or self.access, self.endpoint
        return open_or_download(Audio.of(source), access, timeout=endpoint.timeout, max_retries=endpoint.max_retries)

    def ask(self, source: Any, question: str, **options: Any) -> Answer:
        """Ask a chat model about one recording, or several.

        Args:
            source: anything that `Audio.of` takes, or a list of such.
            question: what to ask.
            **options: further fields of the request, such as `temperature`.

        Raises:
            AudioError: if a recording cannot be sent.
            ProviderError: if the gateway refuses or fails.
        """
        return self.chat(build_question(source, question), options)

    async def aask(self, source: Any, question: str, **options: Any) -> Answer:
        """Do what `ask` does on the running event loop."""
        return await self.achat(build_question(source, question), options)

    def stream(self, source: Any, question: str, **options: Any) -> Iterator[Delta]:
        """Ask as `ask` does, and yield the answer as it arrives. The last delta holds the whole answer.

        Raises:
            AudioError: as for `ask`; an `IncompleteResponse` if the stream ends before the answer does.
        """
        return self.stream_chat(build_question(source, question), options)

    def astream(self, source: Any, question: str, **options: Any) -> AsyncGenerator[Delta]:
        """Do what `stream` does on the running event loop."""
        return self.astream_chat(build_question(source, question), options)

    def chat(self, messages: Messages, options: Mapping[str, Any], **rules: Unpack[OpenKwargs]) -> Answer:
        """Send messages and return the whole answer.

        Args:
            messages: mappings in OpenAI's shape with an `Audio` wherever a recording belongs, or `ChatMessage`s.
            options: further fields of the request, such as `temperature`.
            **rules: `access` (what the messages may open; by default this client's `access`) and `trusts_paths` (whether
                a path is trusted that was given as such, and not as a `file:` URL).

        Raises:
            AudioError: if a recording cannot be sent.
            ProviderError: if the gateway refuses or fails.
        """
        request, open_rules = self._build_chat(messages, options, **rules)
        return run(self._clients, chat(self.endpoint, request, open_rules))

    async def achat(self, messages: Messages, options: Mapping[str, Any], **rules: Unpack[OpenKwargs]) -> Answer:
        """Do what `chat` does on the running event loop."""
        request, open_rules = self._build_chat(messages, options, **rules)
        return await arun(self._clients, chat(self.endpoint, request, open_rules))

    def stream_chat(
        self, messages: Messages, options: Mapping[str, Any], **rules: Unpack[OpenKwargs]
    ) -> Iterator[Delta]:
        """Send messages as `chat` does, and yield the answer as it arrives. The last delta holds the whole answer."""
        request, open_rules = self._build_chat(messages, options, **rules)
        return stream(self._clients, open_chat(self.endpoint, request, open_rules))

    def astream_chat(
        self, messages: Messages, options: Mapping[str, Any], **rules: Unpack[OpenKwargs]
    ) -> AsyncGenerator[Delta]:
        """Do what `stream_chat` does on the running event loop."""
        request, open_rules = self._build_chat(messages, options, **rules)
        return astream(self._clients, open_chat(self.endpoint, request, open_rules))

    def _build_chat(
        self,
        messages: Messages,
        options: Mapping[str, Any],
        *,
        access: Access | None = None,
        trusts_paths: bool = False,
    ) -> tuple[ChatRequest, OpenRules]:
        check_chat(messages, options)
        request = ChatRequest(options.get("model") or self._get_model(), messages, options)
        return request, OpenRules(access or self.access, trusts_paths, self.max_concurrency)

    def _get_model(self) -> str:
        if self.model is None:
            raise UnsupportedFormat(f"Say which of {self.endpoint.provider.name}'s models to use: model=...")
        return self.model

    def close(self) -> None:
        """Close the connections of sync calls. Later calls open new ones."""
        self._clients.close()

    async def aclose(self) -> None:
        """Close the connections of calls on the running event loop."""
        await self._clients.aclose()

    def __enter__(self) -> AudioClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> AudioClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AudioClient({self.endpoint.provider.name!r}, model={self.model!r})"
