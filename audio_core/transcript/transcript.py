"""`Transcript`: what was said and when, in seconds of the original recording."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from audio_core.transcript.segment import Segment, Word, format_clock, join_segments
from audio_core.transcript.subtitles import render_srt, render_vtt
from audio_core.transcript.usage import Usage

__all__ = ["Transcript"]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a recording.

    Attributes:
        text: all of it.
        segments: in order of time; empty only if nothing was said.
        language: as the provider names it (`"en"` or `"english"`), if known.
        duration: seconds of the recording, or of the clip that was transcribed.
        model: which model wrote it.
        provider: who ran the model.
        usage: what it cost, if the provider says.
        source: URL of the recording, or None if it was given as bytes.
        sha256: of the recording's bytes, in hex.

    Example:
        >>> spoken = Transcript("hello", (Segment(1.0, 2.5, "hello"),))
        >>> print(spoken.to_srt())
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

    def shift(self, seconds: float) -> Transcript:
        """The same transcript on a timeline that starts `seconds` earlier, as that of a recording of which it is a clip."""
        return replace(self, segments=tuple(segment.shift(seconds) for segment in self.segments))

    def group_windows(self, seconds: float, overlap: float = 0.0) -> Iterator[Segment]:
        """Group segments into stretches of about equal length; no segment is cut.

        Args:
            seconds: how long a window lasts, counted from its first segment. A longer segment is a window of its own.
            overlap: seconds of the window before that a window begins with again, where whole segments fit.

        Raises:
            ValueError: if `seconds` is not positive or `overlap` is not below it.
        """
        return map(join_segments, self.group_segments(seconds, overlap))

    def group_segments(self, seconds: float, overlap: float = 0.0) -> Iterator[Sequence[Segment]]:
        """The segments of each of the `windows`."""
        if not 0 <= overlap < seconds:
            raise ValueError(f"A window of {seconds} s cannot overlap by {overlap} s.")
        first = 0
        while first < len(self.segments):
            last = self._find_last_within(first, seconds)
            yield self.segments[first : last + 1]
            if last + 1 == len(self.segments):
                return
            first = self._find_first_after(first, last, overlap)

    def _find_last_within(self, first: int, seconds: float) -> int:
        limit = self.segments[first].start + seconds
        last = first
        while last + 1 < len(self.segments) and self.segments[last + 1].end <= limit:
            last += 1
        return last

    def _find_first_after(self, first: int, last: int, overlap: float) -> int:
        following = last + 1
        while following - 1 > first and self.segments[last].end - self.segments[following - 1].start <= overlap:
            following -= 1
        return following

    def to_json(self) -> str:
        """All of it as JSON, for `from_json`."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Transcript:
        """What `to_json` has written.

        Raises:
            ValueError: if it is something else.

        Example:
            >>> Transcript.from_json(Transcript("hi", (Segment(0.0, 1.0, "hi"),)).to_json()).segments[0].end
            1.0
        """
        try:
            found = json.loads(text)
            segments = tuple(_build_segment(segment) for segment in found.pop("segments"))
            usage = found.pop("usage")
            return cls(**found, segments=segments, usage=Usage(**usage) if usage else None)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"This is no transcript as to_json writes it: {error}") from None

    def to_text(self, timestamps: bool = False) -> str:
        """The text, one segment a line; with `timestamps` each line starts `[mm:ss-mm:ss]` and its speaker."""
        if not timestamps:
            return "\n".join(segment.text.strip() for segment in self.segments) or self.text
        return "\n".join(
            f"[{format_clock(segment.start)}-{format_clock(segment.end)}] {_format_speaker(segment, '{}: ')}{segment.text.strip()}"
            for segment in self.segments
        )

    def to_srt(self) -> str:
        """SubRip captions in order of time, at most two lines of 42 characters and 7 seconds each; see `audio_core.transcript.subtitles`."""
        return render_srt(self.segments)

    def to_vtt(self) -> str:
        """WebVTT captions by the same rules, speakers as voice spans."""
        return render_vtt(self.segments)


def _build_segment(found: dict[str, Any]) -> Segment:
    words = tuple(Word(**word) for word in found.pop("words"))
    return Segment(**found, words=words)


def _format_speaker(segment: Segment, pattern: str) -> str:
    return pattern.format(segment.speaker) if segment.speaker else ""
