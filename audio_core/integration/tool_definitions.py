"""What a model is told of the tools: what they do, and what their arguments mean. It is the same in both frameworks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

__all__ = [
    "CLIP",
    "LISTEN",
    "LIST_RECORDINGS",
    "SEARCH",
    "SPEAK",
    "TRANSCRIBE",
    "ClipArguments",
    "ListArguments",
    "ListenArguments",
    "SearchArguments",
    "SpeakArguments",
    "TranscribeArguments",
]

LISTEN = (
    "Listen to a recording and answer a question about it: what is said, who speaks, in what mood, what sounds there "
    "are. Give the file name or URL exactly as you know it. Give start and end, in seconds, to hear only that stretch."
)
TRANSCRIBE = (
    "Write down what is said in a recording, each line with the time at which it is said, as [mm:ss-mm:ss]. "
    "Give the file name or URL exactly as you know it. Give start and end, in seconds, for only that stretch."
)
SPEAK = (
    "Say a text aloud. The user hears it. Give the words as they are to be said, without Markdown, links or lists. "
    "Use it only for what is to be heard; do not repeat as text what was said."
)
CLIP = (
    "Cut a stretch out of a recording and return its sound, to be heard. Give the file name or URL exactly as you know it, "
    "and start and end in seconds."
)
SEARCH = (
    "Search what is said in the recordings that are transcribed already. Returns the passages that fit best, each with its "
    "times and a name such as talk.mp3#t=12,30.5, which the other tools take as the recording."
)
LIST_RECORDINGS = "List the recordings that can be opened, by the names under which the other tools take them."

_Recording = Annotated[str, Field(description="File name or URL of the recording.")]
_Question = Annotated[str, Field(description="What to find out by listening.")]
_Start = Annotated[float | None, Field(description="Seconds at which the stretch starts; leave out for the beginning.")]
_End = Annotated[float | None, Field(description="Seconds at which the stretch ends; leave out for the end.")]


class TranscribeArguments(BaseModel):
    """The arguments of `AudioTools.transcribe`."""

    audio: _Recording
    start: _Start = None
    end: _End = None


class ListenArguments(BaseModel):
    """The arguments of `AudioTools.listen`."""

    audio: _Recording
    question: _Question
    start: _Start = None
    end: _End = None


class ClipArguments(TranscribeArguments):
    """The arguments of a tool that returns the sound of a stretch."""


class SearchArguments(BaseModel):
    """The arguments of a tool that searches transcripts."""

    query: Annotated[str, Field(description="The words to look for.", max_length=1000)]
    limit: Annotated[int, Field(ge=1, le=20, description="How many passages to return at most.")] = 5


class ListArguments(BaseModel):
    """The arguments of a tool that lists recordings: there are none."""


class SpeakArguments(BaseModel):
    """The arguments of `SpeechTool.speak`."""

    text: Annotated[str, Field(description="What to say.")]
