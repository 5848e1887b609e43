"""What a model is told of the tools: what they do, and what their arguments mean. It is the same in both frameworks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

__all__ = ["LISTEN", "SPEAK", "TRANSCRIBE", "ListenArguments", "SpeakArguments", "TranscribeArguments"]

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


class SpeakArguments(BaseModel):
    """The arguments of `SpeechTool.speak`."""

    text: Annotated[str, Field(description="What to say.")]
