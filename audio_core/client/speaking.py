"""The methods of `AudioClient` that speak."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar, Unpack

from audio_core.client.base import BaseClient
from audio_core.client.speech_streams import AsyncSpeechStream, SpeechStream
from audio_core.errors import InvalidOption, InvalidRequest
from audio_core.http.driver import arun, astream, run, stream
from audio_core.operations.speech import SpeechRequest, open_speech, speak
from audio_core.operations.speech_joiner import SpeechJoiner
from audio_core.transcript.citation_parser import remove_citations
from audio_core.transcript.speakable import SentenceSplitter
from audio_core.transcript.speech import Speech
from audio_core.wire.chat_response import SpeechDelta
from audio_core.wire.speech import SpeakKwargs, SpeakOptions, check_text, is_speakable

__all__ = ["SpeechMethods"]

T = TypeVar("T")
R = TypeVar("R")
_Part = str | SpeechDelta  # what is to be said, or the text that has been written meanwhile


class SpeechMethods(BaseClient):
    """Speak texts through a gateway."""

    def speak(self, text: str, **options: Unpack[SpeakKwargs]) -> Speech:
        """Speak a text.

        A text that is longer than the gateway takes is cut between sentences. Its parts are spoken side by side and
        joined to the sample. A reply that is cut short is an error, never a shorter speech.

        Args:
            text: what to say.
            **options: `voice` (a name, or `{"id": ...}` of a custom one), `format` (`"mp3"` by default, `"wav"`,
                `"flac"`, `"opus"`, `"aac"` or `"pcm"`, if the gateway has it), `speed` (0.25 to 4), `instructions` (how
                to speak), `extra` (the gateway's fields).

        Returns:
            The speech; its `segments` are the sentences with their times in seconds.

        Raises:
            InvalidOption: if the text is empty, an option is wrong, or the gateway cannot follow it.
            ProviderError: if the gateway refuses or fails, or its audio is not whole.

        Example:
            >>> AudioClient("cortecs", model="m", api_key="k").speak("Good day.")
            Traceback (most recent call last):
            audio_core.errors.InvalidOption: cortecs documents no endpoint for speech. ...
        """
        request = self._build_speech(text, options)
        return run(self._clients, speak(request, text, self.max_concurrency))

    async def aspeak(self, text: str, **options: Unpack[SpeakKwargs]) -> Speech:
        """Do what `speak` does on the running event loop."""
        request = self._build_speech(text, options)
        return await arun(self._clients, speak(request, text, self.max_concurrency))

    def stream_speech(self, text: str | Iterable[str], **options: Unpack[SpeakKwargs]) -> SpeechStream:
        """Speak a text, and give out the pieces as they come, to be played or saved.

        A text that is still being written, such as a model's answer, is spoken sentence by sentence: the first one as
        soon as it is whole. Pieces without audio give out its `text` meanwhile. Citations in it, such as
        `[talk 12:07-12:31]`, are not said.

        Args:
            text: what to say; or an iterable of the pieces of a text that is being written.
            **options: those of `speak`.

        Returns:
            An iterator over `SpeechDelta`s, with `save(path)` and `close()`.

        Raises:
            InvalidOption: as for `speak`.
            ProviderError: as for `speak`, once the pieces are taken.
        """
        request = self._build_speech(text, options)
        if isinstance(text, str) and len(parts := request.cut(text)) == 1:
            return SpeechStream(self._stream_whole(request, parts[0]))
        return SpeechStream(self._join_parts(request, request.for_joining(), _iterate_parts(text, request)))

    def astream_speech(
        self, text: str | Iterable[str] | AsyncIterable[str], **options: Unpack[SpeakKwargs]
    ) -> AsyncSpeechStream:
        """Do what `stream_speech` does on the running event loop. The pieces of a text may come asynchronously."""
        request = self._build_speech(text, options)
        if isinstance(text, str) and len(parts := request.cut(text)) == 1:
            return AsyncSpeechStream(self._astream_whole(request, parts[0]))
        return AsyncSpeechStream(self._ajoin_parts(request, request.for_joining(), _aiterate_parts(text, request)))

    def _build_speech(self, text: Any, options: SpeakKwargs) -> SpeechRequest:
        checked = SpeakOptions.check(self.endpoint.provider, **options)
        if isinstance(text, (str, bytes)) or not isinstance(text, (Iterable, AsyncIterable)):
            check_text(text)
        return SpeechRequest(self.endpoint, self._get_model(), checked)

    def _stream_whole(self, request: SpeechRequest, text: str) -> Generator[SpeechDelta]:
        """Pass a text's speech through as it comes; or join its halves, if the gateway refuses it as too long."""
        try:
            yield from self._stream_part(request, text)
        except InvalidRequest as refusal:
            halves = request.halve(text, refusal)
            yield from self._join_parts(request, request.for_joining(), (half for half in halves))

    async def _astream_whole(self, request: SpeechRequest, text: str) -> AsyncGenerator[SpeechDelta]:
        try:
            async with contextlib.aclosing(self._astream_part(request, text)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except InvalidRequest as refusal:
            halves = request.halve(text, refusal)
        joined = self._ajoin_parts(request, request.for_joining(), _aiterate_all(halves))
        async with contextlib.aclosing(joined) as pieces:
            async for piece in pieces:
                yield piece

    def _stream_part(self, request: SpeechRequest, part: str) -> Generator[SpeechDelta]:
        yield from stream(self._clients, open_speech(request, part))

    async def _astream_part(self, request: SpeechRequest, part: str) -> AsyncGenerator[SpeechDelta]:
        async with contextlib.aclosing(astream(self._clients, open_speech(request, part))) as pieces:
            async for piece in pieces:
                yield piece

    def _join_parts(
        self, request: SpeechRequest, lossless: SpeechRequest, parts: Generator[_Part] | Generator[str]
    ) -> Generator[SpeechDelta]:
        joiner = SpeechJoiner(request.options.canonical_format, self.endpoint.provider.name)
        with contextlib.closing(parts):
            for part in parts:
                if isinstance(part, SpeechDelta):
                    yield part
                    continue
                yield from self._say_part(lossless, part, joiner)
        yield from joiner.close()

    def _say_part(self, lossless: SpeechRequest, part: str, joiner: SpeechJoiner) -> Generator[SpeechDelta]:
        """Say a part, or its halves, if the gateway takes less at a time than its row says."""
        try:
            for piece in self._stream_part(lossless, part):
                yield from joiner.add(piece)
        except InvalidRequest as refusal:
            for half in lossless.halve(part, refusal):
                yield from self._say_part(lossless, half, joiner)
        else:
            yield from joiner.end_part(part)

    async def _ajoin_parts(
        self, request: SpeechRequest, lossless: SpeechRequest, parts: AsyncGenerator[_Part] | AsyncGenerator[str]
    ) -> AsyncGenerator[SpeechDelta]:
        joiner = SpeechJoiner(request.options.canonical_format, self.endpoint.provider.name)
        async with contextlib.aclosing(parts):
            async for part in parts:
                if isinstance(part, SpeechDelta):
                    yield part
                    continue
                async with contextlib.aclosing(self._asay_part(lossless, part, joiner)) as pieces:
                    async for piece in pieces:
                        yield piece
        for joined in joiner.close():
            yield joined

    async def _asay_part(self, lossless: SpeechRequest, part: str, joiner: SpeechJoiner) -> AsyncGenerator[SpeechDelta]:
        halves = list[str]()
        try:
            async with contextlib.aclosing(self._astream_part(lossless, part)) as pieces:
                async for piece in pieces:
                    for joined in await _call(joiner.encodes, joiner.add, piece):
                        yield joined
        except InvalidRequest as refusal:
            halves = lossless.halve(part, refusal)
        for half in halves:
            async with contextlib.aclosing(self._asay_part(lossless, half, joiner)) as pieces:
                async for piece in pieces:
                    yield piece
        if not halves:
            for joined in joiner.end_part(part):
                yield joined


async def _call(is_slow: bool, function: Callable[[T], R], argument: T) -> R:
    return await asyncio.to_thread(function, argument) if is_slow else function(argument)


def _iterate_parts(text: str | Iterable[str], request: SpeechRequest) -> Generator[_Part]:
    if isinstance(text, str):
        yield from request.cut(text)
        return
    splitter, pieces = SentenceSplitter(), iter(text)
    try:
        for piece in pieces:
            yield SpeechDelta(text=_check_piece(piece))
            yield from _choose_parts(splitter.feed(piece), request)
        yield from _choose_parts(splitter.close(), request)
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


async def _aiterate_all(parts: Iterable[str]) -> AsyncGenerator[str]:
    for part in parts:
        yield part


async def _aiterate_parts(
    text: str | Iterable[str] | AsyncIterable[str], request: SpeechRequest
) -> AsyncGenerator[_Part]:
    if not isinstance(text, AsyncIterable):
        for part in _iterate_parts(text, request):
            yield part
        return
    splitter, pieces = SentenceSplitter(), aiter(text)
    try:
        async for piece in pieces:
            yield SpeechDelta(text=_check_piece(piece))
            for part in _choose_parts(splitter.feed(piece), request):
                yield part
        for part in _choose_parts(splitter.close(), request):
            yield part
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


def _choose_parts(sentences: Iterable[str], request: SpeechRequest) -> Iterator[str]:
    """Yield what is to be said of sentences: no citations, and nothing without a word."""
    for sentence in sentences:
        if is_speakable(said := remove_citations(sentence)):
            yield from request.cut(said)


def _check_piece(piece: Any) -> str:
    if not isinstance(piece, str):
        raise InvalidOption(f"The pieces of a text to speak should be strings, not {type(piece).__name__}.")
    return piece
