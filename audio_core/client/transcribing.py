"""The methods of `AudioClient` that transcribe recordings, and that open them."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator, Iterator
from typing import Any, Unpack

from audio_core.audio.audio import Audio
from audio_core.client.base import BaseClient
from audio_core.engines import Engine, find_engine
from audio_core.http.access import Access
from audio_core.http.download import open_or_download
from audio_core.http.driver import arun, astream, run, stream
from audio_core.http.flow import Flow
from audio_core.http.sse import OpenStream
from audio_core.operations.job import Job
from audio_core.operations.player import render_page
from audio_core.operations.transcription import transcribe
from audio_core.operations.transcription_stream import open_transcription_stream
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionKwargs, TranscriptionOptions

__all__ = ["TranscriptionMethods"]


class TranscriptionMethods(BaseClient):
    """Transcribe recordings through a gateway, or in this process."""

    _is_announced = False

    def transcribe(self, source: Any, **options: Unpack[TranscriptionKwargs]) -> Transcript:
        """Transcribe a recording, or its clip. Times are seconds of the original recording.

        Args:
            source: anything that `Audio.of` takes.
            **options: `language` (a code such as `"en"`, or several), `prompt` (text before it), `keywords` (to
                expect), `words` (True for times), `diarize` (True, or `"if possible"`), `known_speakers` (name to
                sample), `temperature`, `extra` (the gateway's fields), `gaps` (`"mark"` or `"raise"`), `channels`
                (`"separate"` or `"mixed"`), `vad` (`"energy"`, or `"silero"` for noise), `segment_seconds`, `aligner`,
                `budget`, `progress`.

        Raises:
            AudioError: if the recording cannot be opened or is damaged, or an option is wrong (`InvalidOption`).
            TranscriptionIncomplete: if a piece of a long recording failed. It holds the transcript of the others.
            BudgetExceeded: if the whole recording would go over the budget.
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

    def render_player(
        self,
        source: Any,
        transcript: Transcript,
        *,
        link: str | os.PathLike[str] | None = None,
        embed: bool = False,
        title: str | None = None,
    ) -> str:
        """Return a page that plays a recording and shows its transcript: one file of HTML, to be saved or sent.

        Words light up as they are spoken, and a click plays from there. Nothing is sent to the gateway.

        Args:
            source: the recording, as anything that `Audio.of` takes. It is read once, for the waveform.
            transcript: of the recording; with `words=True`, single words light up.
            link: where the page finds the sound: a URL, or a path relative to the page. By default the recording's URL
                if it is on the web, or the name of its file, to be kept beside the page. A `Path` is of this recording,
                and refused if browsers do not play it.
            embed: whether the page holds the sound, up to 25 MB. What browsers do not play is converted to MP3.
            title: heading of the page; by default the recording's name.

        Raises:
            AudioTooLarge: if there is too much sound to embed.
            UnsupportedFormat: if browsers do not play the recording, and it is not embedded.
            AudioError: if the recording cannot be opened, or is damaged.

        Example:
            >>> client, talk = AudioClient(), Audio.of("examples/audio/talk.ogg", end=8)
            >>> page = client.render_player(talk, client.transcribe(talk), embed=True)
            >>> page[:15]
            '<!doctype html>'
        """
        return run(self._clients, self._render_player(source, transcript, link, embed, title))

    async def arender_player(
        self,
        source: Any,
        transcript: Transcript,
        *,
        link: str | os.PathLike[str] | None = None,
        embed: bool = False,
        title: str | None = None,
    ) -> str:
        """Do what `render_player` does on the running event loop."""
        return await arun(self._clients, self._render_player(source, transcript, link, embed, title))

    def _render_player(
        self, source: Any, transcript: Transcript, link: str | os.PathLike[str] | None, embed: bool, title: str | None
    ) -> Flow[str]:
        return render_page(
            Audio.of(source),
            transcript,
            self.access,
            link=link,
            embed=embed,
            title=title,
            timeout=self.endpoint.timeout,
            max_retries=self.endpoint.max_retries,
        )

    def _transcribe(self, source: Any, options: TranscriptionOptions) -> Flow[Transcript]:
        return transcribe(self._build_job(options), Audio.of(source), self.access)

    def _open_stream(self, source: Any, options: TranscriptionOptions) -> Flow[OpenStream[Segment]]:
        return open_transcription_stream(self._build_job(options), Audio.of(source), self.access)

    def _build_job(self, options: TranscriptionOptions) -> Job:
        engine = self.find_engine(options)
        model = engine.model if engine else self._get_model()
        job = Job(self.endpoint, model, options, self.get_concurrency(), self.store, engine)
        if not self._is_announced:
            logging.getLogger("audio_core").info("%s transcribes (%s).", job.model_label, self.endpoint.provider.name)
            self._is_announced = True
        return job

    def find_engine(self, options: TranscriptionOptions) -> Engine | None:
        """Return what transcribes in this process, or None for a gateway, if it can follow the options."""
        options.check_support(self.endpoint.provider)
        return find_engine(self.model, options) if self.is_local else None

    def get_concurrency(self) -> int:
        """Return how many recordings and pieces are transcribed side by side: in this process, what its cores allow."""
        limit = find_engine(self.model).max_concurrency if self.is_local else self.max_concurrency
        return min(self.max_concurrency, limit)

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
