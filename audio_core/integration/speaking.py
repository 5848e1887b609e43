"""Speech for agents and answers: a tool that says a text aloud, and an answer that is said without its citations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from audio_core.client import AudioClient
from audio_core.errors import AudioError
from audio_core.integration.audio_store import AudioStore
from audio_core.integration.tools import ToolRefusal
from audio_core.transcript.citation_parser import Citation, find_citations, remove_citations
from audio_core.transcript.speech import Speech
from audio_core.wire.speech import SpeakKwargs, SpeakOptions

__all__ = ["SpeechTool", "SpokenAnswer", "aspeak_answer", "build_speak_options", "speak_answer"]

T = TypeVar("T")


class SpeechTool:
    """A tool with which a model says a text aloud.

    Args:
        client: a client whose model speaks.
        options: those of `AudioClient.speak`.
        folder: where the speech is kept, as a file that is named by its hash; None keeps it in the result alone.
        max_characters: the longest text that one call may say.
    """

    def __init__(
        self, client: AudioClient, options: SpeakKwargs, *, folder: str | Path | None, max_characters: int
    ) -> None:
        self._client, self._options, self._max_characters = client, options, max_characters
        self._store = None if folder is None else AudioStore(folder)
        SpeakOptions.check(client.endpoint.provider, **options)

    def speak(self, text: str) -> tuple[str, Speech]:
        """Say a text aloud.

        Args:
            text: what to say.

        Returns:
            What the model is told: how long it lasts, and where it is kept; and the speech.

        Raises:
            ToolRefusal: if it cannot be said. The message says why.
        """
        with _convert_errors():
            self._check_length(text)
            speech = self._client.speak(text, **self._options)
            return self._describe(speech), speech

    async def aspeak(self, text: str) -> tuple[str, Speech]:
        """Do what `speak` does on the running event loop."""
        with _convert_errors():
            self._check_length(text)
            speech = await self._client.aspeak(text, **self._options)
            return await asyncio.to_thread(self._describe, speech), speech

    def _check_length(self, text: str) -> None:
        if len(text) > self._max_characters:
            raise ToolRefusal(
                f"The text has {len(text):,} characters; at most {self._max_characters:,} are said at once. "
                "Say less, or say it in parts."
            )

    def _describe(self, speech: Speech) -> str:
        said = f"Said aloud: {speech.duration or 0.0:.1f} seconds of {speech.format}"
        if self._store is None:
            return f"{said}."
        return f"{said}, kept as {self._store.save(speech.to_audio()).url}"


@contextmanager
def _convert_errors() -> Generator[None]:
    try:
        yield
    except ToolRefusal:
        raise
    except AudioError as error:
        raise ToolRefusal(str(error)) from None


@dataclass(frozen=True, slots=True)
class SpokenAnswer(Generic[T]):
    """An answer that was said aloud, and the clips that it rests on.

    Attributes:
        text: the answer as it is written, with its citations.
        speech: the answer as it is said, without them; `speech.transcript` has the words.
        citations: what it cites, in the order of the answer. The `clip` of each can be played.
    """

    text: str
    speech: Speech
    citations: tuple[Citation[T], ...]


def speak_answer(
    client: AudioClient,
    answer: str,
    documents: Sequence[T],
    get_metadata: Callable[[T], Mapping[str, Any]],
    options: SpeakKwargs,
) -> SpokenAnswer[T]:
    """Say an answer aloud without its citations.

    Args:
        client: a client whose model speaks.
        answer: the text of the answer.
        documents: what it was made from.
        get_metadata: returns the metadata of one of them.
        options: those of `AudioClient.speak`.

    Raises:
        AudioError: as `AudioClient.speak` does.
    """
    said, citations = _split_answer(answer, documents, get_metadata)
    return SpokenAnswer(answer, client.speak(said, **options), citations)


async def aspeak_answer(
    client: AudioClient,
    answer: str,
    documents: Sequence[T],
    get_metadata: Callable[[T], Mapping[str, Any]],
    options: SpeakKwargs,
) -> SpokenAnswer[T]:
    """Do what `speak_answer` does on the running event loop."""
    said, citations = _split_answer(answer, documents, get_metadata)
    return SpokenAnswer(answer, await client.aspeak(said, **options), citations)


def _split_answer(
    answer: str, documents: Sequence[T], get_metadata: Callable[[T], Mapping[str, Any]]
) -> tuple[str, tuple[Citation[T], ...]]:
    """Return what is to be said of an answer, and what it cites."""
    said = remove_citations(answer, documents, get_metadata)
    return remove_citations(said), tuple(find_citations(answer, documents, get_metadata))


def build_speak_options(**options: Any) -> SpeakKwargs:
    """Return the options of speech that are not None."""
    return SpeakKwargs(**{name: value for name, value in options.items() if value is not None})  # pyright: ignore[reportArgumentType]
