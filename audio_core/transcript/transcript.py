"""`Transcript`: what was said in a recording and when."""

from __future__ import annotations

import functools
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from textwrap import shorten
from typing import Any

from pydantic import TypeAdapter

from audio_core.errors import UnsupportedFormat
from audio_core.transcript.rendering import RenderingMixin
from audio_core.transcript.segment import AudioEvent, Segment, join_segments
from audio_core.transcript.usage import Usage
from audio_core.transcript.windows import group_segments

__all__ = ["Transcript"]

_JSON_KEYS = {"text", "segments", "usage"}


@dataclass(frozen=True, slots=True)
class Transcript(RenderingMixin):
    """The transcript of a recording.

    Attributes:
        text: the whole text.
        segments: the segments in order of time; empty only if nothing was said.
        language: the language as the provider names it (`"en"` or `"english"`), if known.
        duration: length in seconds of the recording, or of the clip that was transcribed.
        model: name of the model that transcribed the recording.
        provider: name of the provider that ran the model.
        usage: usage and cost, if the provider reports them.
        source: URL of the recording, or None if it was given as bytes.
        sha256: SHA-256 digest of the recording's bytes, in hex.
        warnings: what a user must know, such as silence that was not sent, a track that was left out, times that were
            estimated, or an option that was not followed. A transcript without text says here why.
        events: sounds that are no speech, such as laughter, if the gateway tells them apart. They are not in the text.

    Example:
        >>> transcript = Transcript("hello", (Segment(1.0, 2.5, "hello"),))
        >>> print(transcript.to_srt())
        1
        00:00:01,000 --> 00:00:02,500
        hello
        <BLANKLINE>
    """

    text: str
    segments: tuple[Segment, ...] = ()
    language: str | None = None
    duration: float | None = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    source: str | None = None
    sha256: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    events: tuple[AudioEvent, ...] = ()

    def __iter__(self) -> Iterator[Segment]:
        """Iterate over the segments."""
        return iter(self.segments)

    def __repr__(self) -> str:
        """Show the beginning of the text, and how much there is; `segments` has the rest."""
        facts = [f"{len(self.segments)} segments"]
        facts += [f"{self.duration:.1f} s"] if self.duration is not None else []
        facts += [fact for fact in (self.language, self.model) if fact]
        facts += [f"{len(self.warnings)} warnings"] if self.warnings else []
        return f"<Transcript {shorten(self.text, 60, placeholder=' …')!r}: {', '.join(facts)}>"

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers in the order in which they first speak.

        Example:
            >>> Transcript("", (Segment(0, 1, "a", "Ann"), Segment(1, 2, "b", "Bob"))).speakers
            ('Ann', 'Bob')
        """
        return tuple(dict.fromkeys(segment.speaker for segment in self.segments if segment.speaker))

    @property
    def cost(self) -> float | None:
        """The cost in US dollars, if the gateway reports it."""
        return None if self.usage is None else self.usage.cost

    def add_warnings(self, warnings: Iterable[str]) -> Transcript:
        """Return the transcript with more warnings. Each is kept once.

        Example:
            >>> Transcript("", warnings=("a",)).add_warnings(["b", "a"]).warnings
            ('a', 'b')
        """
        return replace(self, warnings=tuple(dict.fromkeys((*self.warnings, *warnings))))

    def shift(self, seconds: float) -> Transcript:
        """Return the transcript with all times moved `seconds` later: those of a clip become those of its recording."""
        return replace(
            self,
            segments=tuple(segment.shift(seconds) for segment in self.segments),
            events=tuple(replace(event, start=event.start + seconds, end=event.end + seconds) for event in self.events),
        )

    def group_windows(self, seconds: float, overlap: float = 0.0) -> Iterator[Segment]:
        """Group segments into windows of about equal length, and join each window into one segment.

        No segment is cut.

        Args:
            seconds: maximum length of a window in seconds. A segment that is longer becomes a window of its own.
            overlap: seconds of the previous window that a window repeats. Only whole segments are repeated.

        Raises:
            ValueError: if `seconds` is not positive, or `overlap` is negative or not below it.

        Example:
            >>> segments = (Segment(0.0, 4.0, "good"), Segment(5.0, 9.0, "day"), Segment(40.0, 42.0, "sir"))
            >>> [window.text for window in Transcript("good day sir", segments).group_windows(30)]
            ['good day', 'sir']
        """
        return map(join_segments, self.group_segments(seconds, overlap))

    def group_segments(self, seconds: float, overlap: float = 0.0) -> Iterator[Sequence[Segment]]:
        """Yield the segments of each window that `group_windows` joins.

        Args:
            seconds: maximum length of a window in seconds. A segment that is longer becomes a window of its own.
            overlap: seconds of the previous window that a window repeats. Only whole segments are repeated.

        Raises:
            ValueError: if `seconds` is not positive, or `overlap` is negative or not below it.
        """
        return group_segments(self.segments, seconds, overlap)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the transcript to a file, in the format that its suffix names. An existing file is replaced.

        Args:
            path: path of the file, which ends in `.srt`, `.vtt`, `.txt`, `.json` or `.html`.

        Raises:
            UnsupportedFormat: if it ends in anything else.
            OSError: if the file cannot be written.

        Example:
            >>> Transcript("hi", (Segment(0.0, 1.0, "hi"),)).save("talk.docx")
            Traceback (most recent call last):
            audio_core.errors.UnsupportedFormat: A transcript is saved as .srt, .vtt, .txt, .json or .html, not as ...
        """
        target = Path(path)
        render = _RENDERERS.get(target.suffix.lower())
        if render is None:
            *others, last = _RENDERERS
            raise UnsupportedFormat(f"A transcript is saved as {', '.join(others)} or {last}, not as {target.name!r}.")
        target.write_text(render(self), encoding="utf-8", newline="\n")

    def to_dict(self) -> dict[str, Any]:
        """Return the transcript as a dict of plain values, which `from_dict` reads.

        Example:
            >>> Transcript("hi", (Segment(0.0, 1.0, "hi"),)).to_dict()["segments"][0]["end"]
            1.0
        """
        return json.loads(self.to_json())

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Transcript:
        """Read a transcript that `to_dict` has returned.

        Raises:
            ValueError: if the mapping is anything else.

        Example:
            >>> transcript = Transcript("hi", (Segment(0.0, 1.0, "hi"),))
            >>> Transcript.from_dict(transcript.to_dict()) == transcript
            True
        """
        try:
            return cls.from_json(json.dumps(dict(fields)))
        except TypeError as error:  # a value that JSON does not know
            raise ValueError(f"This is not a transcript that to_dict has returned: {error}") from None

    def to_json(self) -> str:
        """Return the transcript as JSON text, which `from_json` parses."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Transcript:
        """Parse a transcript that `to_json` has written.

        Raises:
            ValueError: if the text is anything else.

        Example:
            >>> Transcript.from_json(Transcript("hi", (Segment(0.0, 1.0, "hi"),)).to_json()).segments[0].end
            1.0
        """
        try:
            transcript = _create_adapter().validate_json(text, strict=True)  # first, as it bounds the depth of the text
            fields = json.loads(text, parse_float=_parse_finite, parse_constant=_parse_finite)
            if not isinstance(fields, dict) or not fields.keys() >= _JSON_KEYS:
                raise ValueError("fields are missing")
            return transcript
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"This is not a transcript that to_json has written: {reason}") from None


_RENDERERS: dict[str, Callable[[Transcript], str]] = {
    ".srt": Transcript.to_srt,
    ".vtt": Transcript.to_vtt,
    ".txt": Transcript.to_text,
    ".json": Transcript.to_json,
    ".html": Transcript.to_html,
}


@functools.cache
def _create_adapter() -> TypeAdapter[Transcript]:
    return TypeAdapter(Transcript)


def _parse_finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is not a finite number")
    return number
