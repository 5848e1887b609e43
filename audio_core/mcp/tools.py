"""The tools of the server: the agents' tools, with results as the protocol has them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pybase64
from mcp.types import AudioContent, CallToolResult, TextContent
from pydantic import BaseModel, ValidationError

from audio_core.audio.audio import Audio
from audio_core.audio.formats import FORMATS
from audio_core.errors import InvalidOption
from audio_core.errors.validation import check_names
from audio_core.integration.quoting import quote_transcript
from audio_core.integration.tool_definitions import (
    ClipArguments,
    ListArguments,
    ListenArguments,
    SearchArguments,
    TranscribeArguments,
)
from audio_core.integration.tools import AudioTools
from audio_core.mcp.library import Library
from audio_core.mcp.search import FoundPassage, search_transcripts
from audio_core.media.decode import encode
from audio_core.operations.gaps import name_some
from audio_core.transcript.segment import format_range
from audio_core.transcript.transcript import Transcript

__all__ = ["ServerTools", "ToolHandler", "parse_arguments"]

_CLIP_FORMAT = "mp3"
_MAX_LISTED = 500  # names in one result
_MAX_NAMED = 20  # in a sentence


@dataclass(frozen=True, slots=True)
class ToolHandler:
    """A tool, as the server offers it.

    Attributes:
        description: what a model is told.
        arguments: the class of its arguments.
        call: does the work.
    """

    description: str
    arguments: type[BaseModel]
    call: Callable[[Any], Awaitable[CallToolResult]]


def parse_arguments(name: str, kind: type[BaseModel], given: Mapping[str, Any]) -> BaseModel:
    """Parse the arguments of a call.

    Args:
        name: of the tool, for messages.
        kind: the class of its arguments.
        given: what a model has sent.

    Raises:
        InvalidOption: if they are not what the tool takes.
    """
    check_names(given, kind.model_fields, name)
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        taken = ", ".join(kind.model_fields) or "no arguments"
        raise InvalidOption(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}. It takes {taken}.") from None


class ServerTools:
    """What the tools do.

    Args:
        tools: listen and transcribe.
        clipper: opens the stretches whose sound is returned, which are short.
        library: the recordings, and what is said in them.
    """

    def __init__(self, tools: AudioTools, clipper: AudioTools, library: Library) -> None:
        self._tools, self._clipper, self._library = tools, clipper, library

    async def listen(self, arguments: ListenArguments) -> CallToolResult:
        """Answer a question about a recording."""
        text, answer = await self._tools.alisten(arguments.audio, arguments.question, arguments.start, arguments.end)
        facts = {"text": answer.text, "model": answer.model, "warnings": list(answer.warnings)}
        return _build_result(text, facts)

    async def transcribe(self, arguments: TranscribeArguments) -> CallToolResult:
        """Write down what is said in a recording."""
        text, transcript = await self._tools.atranscribe(arguments.audio, arguments.start, arguments.end)
        return _build_result(text, {"segments": _list_segments(transcript), "warnings": list(transcript.warnings)})

    async def clip(self, arguments: ClipArguments) -> CallToolResult:
        """Return the sound of a stretch."""
        clip = await self._clipper.aopen_clip(arguments.audio, arguments.start, arguments.end)
        content = await asyncio.to_thread(partial(encode, clip, _CLIP_FORMAT, channels=1))
        data = await asyncio.to_thread(lambda: pybase64.b64encode_as_string(content.read_at(0, content.size)))
        sound = AudioContent(data=data, mime_type=FORMATS[_CLIP_FORMAT].mime)
        return CallToolResult(content=[TextContent(text=f"The sound of {_describe(clip)}:"), sound])

    async def search(self, arguments: SearchArguments) -> CallToolResult:
        """Find words in the transcripts of the store."""
        recordings = await asyncio.to_thread(self._library.list_recordings)
        found = [(each.name, await self._library.find_transcript(each)) for each in recordings]
        known = [(name, transcript) for name, transcript in found if transcript is not None]
        passages = await asyncio.to_thread(search_transcripts, known, arguments.query, arguments.limit)
        missing = [name for name, transcript in found if transcript is None]
        lines = [*map(_quote_passage, passages)] or [f"Nothing was found in {len(known)} transcribed recordings."]
        lines += [f"Not transcribed, so not searched: {name_some(missing, most=_MAX_NAMED)}."] if missing else []
        facts = [
            {"clip": each.reference, "start": each.segment.start, "end": each.segment.end, "text": each.segment.text}
            for each in passages
        ]
        return _build_result("\n\n".join(lines), {"passages": facts, "not_transcribed": missing[:_MAX_LISTED]})

    async def list_recordings(self, arguments: ListArguments) -> CallToolResult:
        """List the names of the recordings."""
        names = [each.name for each in await asyncio.to_thread(self._library.list_recordings)]
        return _build_result("\n".join(names[:_MAX_LISTED]) or "There are no recordings.", {"recordings": names})


def _build_result(text: str, facts: Mapping[str, Any]) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], structured_content=dict(facts))


def _list_segments(transcript: Transcript) -> list[dict[str, Any]]:
    named = ((each, {"speaker": each.speaker} if each.speaker else {}) for each in transcript.segments)
    return [{"start": each.start, "end": each.end, "text": each.text, **speaker} for each, speaker in named]


def _quote_passage(passage: FoundPassage) -> str:
    quoted = quote_transcript(Audio.of(passage.name), Transcript("", (passage.segment,)))
    return f"{passage.reference}\n{quoted}"


def _describe(clip: Audio) -> str:
    name = clip.label.partition("#")[0]
    return f"{name}, {format_range(clip.start or 0.0, clip.end)}" if clip.end is not None else name
