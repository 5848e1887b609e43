"""`AudioClient`: everything the core does, for people without a framework; the plugins stand on it too."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Unpack, cast

import httpx

from audio_core.audio.audio import Audio
from audio_core.engines import find_engine
from audio_core.errors import UnsupportedFormat
from audio_core.http.access import Access
from audio_core.http.download import open_or_download
from audio_core.http.driver import Clients, arun, astream, run, stream
from audio_core.http.endpoint import Endpoint
from audio_core.http.flow import Flow, Response
from audio_core.lenient_json import to_list
from audio_core.operations.chat import ChatRequest, OpenRules, chat, open_chat
from audio_core.operations.job import Job
from audio_core.operations.transcript_store import TranscriptStore
from audio_core.operations.transcription import transcribe
from audio_core.operations.transcription_stream import TranscriptionStream
from audio_core.providers import Provider, find_provider
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript
from audio_core.wire.chat_request import Messages
from audio_core.wire.chat_response import Answer, Delta
from audio_core.wire.chat_stream import ChatStream
from audio_core.wire.transcription import TranscriptionKwargs, TranscriptionOptions

__all__ = ["AudioClient"]


class AudioClient:
    """Hears and answers through one gateway.

    Making one touches neither disk nor net. It may be shared by threads, forks and event loops.

    Args:
        provider: a name in `PROVIDERS`, or a row of your own; `"local"` transcribes in this process, without a key.
        model: name of the model; remote gateways have no default. Locally: see `audio_core.engines`.
        api_key: the gateway's key; by default taken from the environment when it is needed.
        base_url: where the gateway's API starts, if not where its row says.
        timeout: seconds on the clock for each request; of a stream, the longest silence. A transcription gets half the
            recording's length on top.
        max_retries: how many more requests may follow a failed one, in all.
        max_concurrency: how many transcriptions are under way side by side, of recordings and of pieces of long ones, in
            all calls; and how many recordings of one chat request are made ready at a time.
        access: what may be opened; None trusts every path and every public host that is named.
        store: a `TranscriptStore`, or the path of its file: what was transcribed is kept there and not asked for again.
        headers: further headers for the gateway.
        http_client: an `httpx.Client` of yours, used as it is.
        http_async_client: an `httpx.AsyncClient` of yours, used as it is.

    Raises:
        UnknownProvider: if there is no such provider.

    Example:
        >>> client = AudioClient("local")
        >>> client.transcribe("examples/audio/call.mp3").language
        'en'
    """

    def __init__(
        self,
        provider: str | Provider = "local",
        *,
        model: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = 60.0,
        max_retries: int = 2,
        max_concurrency: int = 8,
        access: Access | None = None,
        store: TranscriptStore | str | Path | None = None,
        headers: Mapping[str, str] | None = None,
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
    ) -> None:
        self.endpoint = Endpoint(find_provider(provider), api_key, base_url, timeout, max_retries, headers or {})
        self.model = model
        self.max_concurrency = max_concurrency
        self.access = access
        self.store = TranscriptStore(store) if isinstance(store, (str, Path)) else store
        self._clients = Clients(http_client, http_async_client, max_concurrency)

    # --- transcription ---

    def transcribe(self, source: Any, **options: Unpack[TranscriptionKwargs]) -> Transcript:
        """Transcribe a recording, or its clip.

        Args:
            source: whatever `Audio.of` takes.
            **options: `language` (code of the language spoken, such as `"en"`), `prompt` (words or names to expect),
                `words` (whether each word's time is wanted), `diarize` (whether speakers are to be told apart),
                `temperature` (of the model), `extra` (fields of the gateway's own), `gaps` (`"raise"`, or `"mark"` to get the
                rest of a long recording of which a piece failed), `channels` (`"mixed"`, or `"separate"` to hear each as a
                speaker of its own), `vad` (`"energy"`, or `"silero"` to cut noisy recordings at pauses), `progress` (is
                called with `Progress`).

        Returns:
            The transcript; its times are seconds of the original recording, also for a clip.

        Raises:
            AudioError: if the recording cannot be opened or is damaged.
            TranscriptionIncomplete: if a piece of a long recording failed; what was transcribed is in it.
            ProviderError: if the gateway refuses or fails.
        """
        return run(self._clients, self._transcribe(source, TranscriptionOptions(**options)))

    async def atranscribe(self, source: Any, **options: Unpack[TranscriptionKwargs]) -> Transcript:
        """`transcribe` on the running event loop."""
        return await arun(self._clients, self._transcribe(source, TranscriptionOptions(**options)))

    def stream_transcript(self, source: Any, **options: Unpack[TranscriptionKwargs]) -> Iterator[Segment]:
        """Transcribe a recording, and give out what is heard as it comes.

        Partial segments (`is_partial`) hold what is new; those that are not hold, together, the whole transcript. A gateway
        that does not stream gives whole segments only. Nothing is kept in the store.

        Args:
            source: whatever `Audio.of` takes; as long as fits into one request, where the gateway streams.
            **options: those of `transcribe`.

        Raises:
            AudioTooLarge: if it does not fit into one request.
            IncompleteResponse: if the stream ends before the transcript does.
            AudioError: as `transcribe` does.
        """
        if not self._streams_transcripts:
            yield from self.transcribe(source, **options).segments
            return
        live = TranscriptionStream(self._build_job(TranscriptionOptions(**options)), Audio.of(source), self.access)
        yield from stream(self._clients, live.send(), live.create_decoder)

    async def astream_transcript(self, source: Any, **options: Unpack[TranscriptionKwargs]) -> AsyncGenerator[Segment]:
        """`stream_transcript` on the running event loop."""
        if not self._streams_transcripts:
            for segment in (await self.atranscribe(source, **options)).segments:
                yield segment
            return
        live = TranscriptionStream(self._build_job(TranscriptionOptions(**options)), Audio.of(source), self.access)
        async for segment in astream(self._clients, live.send(), live.create_decoder):
            yield segment

    def _transcribe(self, source: Any, options: TranscriptionOptions) -> Flow[Transcript]:
        return transcribe(self._build_job(options), Audio.of(source), self.access)

    def _build_job(self, options: TranscriptionOptions) -> Job:
        if self.is_local:
            engine = find_engine(self.model)
            return Job(self.endpoint, engine.model, options, 1, self.store, engine)
        return Job(self.endpoint, self._get_model(), options, self.max_concurrency, self.store)

    @property
    def is_local(self) -> bool:
        """Whether recordings are transcribed in this process."""
        return self.endpoint.provider.transcription == "engine" and self.endpoint.base_url is None

    @property
    def _streams_transcripts(self) -> bool:
        return self.endpoint.provider.streams_transcripts and not self.is_local

    # --- opening ---

    def open_recording(self, source: Any, access: Access | None = None) -> Audio:
        """Open a recording, fetched if it is remote, so that what is done with it later opens nothing.

        Args:
            source: whatever `Audio.of` takes.
            access: what may be opened; by default this client's.

        Raises:
            AccessDenied: if it may not be opened.
            InvalidAudio: if it is no audio, or is not there.
        """
        return run(self._clients, self._open_or_download(source, access))

    async def aopen_recording(self, source: Any, access: Access | None = None) -> Audio:
        """`open` on the running event loop."""
        return await arun(self._clients, self._open_or_download(source, access))

    def _open_or_download(self, source: Any, access: Access | None) -> Flow[Audio]:
        rules, gateway = access or self.access, self.endpoint
        return open_or_download(Audio.of(source), rules, timeout=gateway.timeout, max_retries=gateway.max_retries)

    # --- chat ---

    def ask(self, source: Any, question: str, **options: Any) -> Answer:
        """Ask a chat model about one recording, or several.

        Args:
            source: whatever `Audio.of` takes, or a list of such.
            question: what to ask.
            **options: further fields of the request, such as `temperature`.

        Raises:
            AudioError: if a recording cannot be sent.
            ProviderError: if the gateway refuses or fails.
        """
        return self.chat(_build_question(source, question), options)

    async def aask(self, source: Any, question: str, **options: Any) -> Answer:
        """`ask` on the running event loop."""
        return await self.achat(_build_question(source, question), options)

    def stream(self, source: Any, question: str, **options: Any) -> Iterator[Delta]:
        """`ask`, with the answer as it comes; it ends well only if the answer is whole."""
        return self.stream_chat(_build_question(source, question), options)

    def astream(self, source: Any, question: str, **options: Any) -> AsyncGenerator[Delta]:
        """`stream` on the running event loop."""
        return self.astream_chat(_build_question(source, question), options)

    def chat(self, messages: Messages, options: Mapping[str, Any], *, trusts_paths: bool = False) -> Answer:
        """Send messages and return the whole answer.

        Args:
            messages: mappings in OpenAI's shape with an `Audio` wherever a recording belongs, or `ChatMessage`s.
            options: further fields of the request, such as `temperature`.
            trusts_paths: whether a path is trusted that was given as such, and not as a `file:` URL.

        Raises:
            AudioError: if a recording cannot be sent.
            ProviderError: if the gateway refuses or fails.
        """
        if self._must_stream(options):
            (last,) = deque(self.stream_chat(messages, options, trusts_paths=trusts_paths), maxlen=1)
            return cast("Answer", last.answer)
        request, rules = self._build_request(messages, options), self._build_rules(trusts_paths)
        return run(self._clients, chat(self.endpoint, request, rules))

    async def achat(self, messages: Messages, options: Mapping[str, Any], *, trusts_paths: bool = False) -> Answer:
        """Do what `chat` does on the running event loop."""
        if self._must_stream(options):
            last = Delta()
            async for delta in self.astream_chat(messages, options, trusts_paths=trusts_paths):
                last = delta
            return cast("Answer", last.answer)
        request, rules = self._build_request(messages, options), self._build_rules(trusts_paths)
        return await arun(self._clients, chat(self.endpoint, request, rules))

    def stream_chat(
        self, messages: Messages, options: Mapping[str, Any], *, trusts_paths: bool = False
    ) -> Iterator[Delta]:
        """Send messages as `chat` does, and yield the answer as it comes. The last delta holds the whole answer."""
        request, rules = self._build_request(messages, options), self._build_rules(trusts_paths)
        return stream(self._clients, open_chat(self.endpoint, request, rules), self._create_decoder(request))

    def astream_chat(
        self, messages: Messages, options: Mapping[str, Any], *, trusts_paths: bool = False
    ) -> AsyncGenerator[Delta]:
        """Do what `stream_chat` does on the running event loop."""
        request, rules = self._build_request(messages, options), self._build_rules(trusts_paths)
        return astream(self._clients, open_chat(self.endpoint, request, rules), self._create_decoder(request))

    def _must_stream(self, options: Mapping[str, Any]) -> bool:
        return self.endpoint.provider.speaks_only_streamed and "audio" in to_list(options.get("modalities"))

    def _build_request(self, messages: Messages, options: Mapping[str, Any]) -> ChatRequest:
        others = {name: value for name, value in options.items() if name != "model"}
        return ChatRequest(options.get("model") or self._get_model(), messages, others)

    def _build_rules(self, trusts_paths: bool) -> OpenRules:
        return OpenRules(self.access, trusts_paths, self.max_concurrency)

    def _create_decoder(self, request: ChatRequest) -> Callable[[Response], ChatStream]:
        name, speech_format = self.endpoint.provider.name, request.speech_format
        return lambda response: ChatStream(response.headers, provider=name, speech_format=speech_format)

    def _get_model(self) -> str:
        if self.model is None:
            raise UnsupportedFormat(f"Say which of {self.endpoint.provider.name}'s models to use: model=...")
        return self.model

    # --- closing ---

    def close(self) -> None:
        """Close the connections of sync calls; calls made later open new ones."""
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


def _build_question(source: Any, question: str) -> list[dict[str, Any]]:
    sources = cast("list[Any]", source) if isinstance(source, list) else [source]
    content = [*map(Audio.of, sources), {"type": "text", "text": question}]
    return [{"role": "user", "content": content}]
