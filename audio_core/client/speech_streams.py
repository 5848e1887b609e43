"""What `stream_speech` and `astream_speech` return: pieces of speech, to be played or saved as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from audio_core.transcript.speech_file import SpeechFile
from audio_core.wire.chat_response import SpeechDelta

__all__ = ["AsyncSpeechStream", "SpeechStream"]


class SpeechStream(Iterator[SpeechDelta]):
    """An iterator over the pieces of a speech, which arrive while the gateway speaks. Memory holds one piece.

    The first piece tells the format, and the sample rate of headerless PCM. The sentences come with their times once
    they are said. Closing it, or leaving its `with` block, ends the request, and the text if that is being written.

    Example:
        >>> with ScriptedGateway() as gateway:
        ...     client = AudioClient("openai", model="tts", api_key="k", base_url=gateway.base_url)
        ...     with client.stream_speech("Good day.", voice="alloy", format="pcm") as pieces:
        ...         sum(len(piece.data) for piece in pieces)
        28800
    """

    def __init__(self, pieces: Generator[SpeechDelta]) -> None:
        self._pieces = pieces

    def __next__(self) -> SpeechDelta:
        return next(self._pieces)

    def save(self, path: str | Path) -> Path:
        """Write the speech to a file as it comes: PCM as WAV, any other format unchanged.

        The file gets its name once the speech is whole. Until then it has the suffix `.part` as well.

        Args:
            path: path of the file; its suffix must be that of the format, or `.wav` for PCM.

        Returns:
            The path.

        Raises:
            UnsupportedFormat: if the suffix is that of another format.
            ProviderError: if the gateway fails, or its audio is not whole. No file is left then.
        """
        with self, SpeechFile(path) as file:
            for piece in self:
                file.write(piece.data, piece.format, piece.sample_rate)
        return Path(path)

    def close(self) -> None:
        """End the request."""
        self._pieces.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSpeechStream(AsyncIterator[SpeechDelta]):
    """What `SpeechStream` is, on the running event loop."""

    def __init__(self, pieces: AsyncGenerator[SpeechDelta]) -> None:
        self._pieces = pieces

    async def __anext__(self) -> SpeechDelta:
        return await anext(self._pieces)

    async def save(self, path: str | Path) -> Path:
        """Do what `SpeechStream.save` does on the running event loop."""
        with SpeechFile(path) as file:
            async with self:
                async for piece in self:
                    await asyncio.to_thread(file.write, piece.data, piece.format, piece.sample_rate)
        return Path(path)

    async def aclose(self) -> None:
        """End the request."""
        await self._pieces.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
