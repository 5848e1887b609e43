"""`Transcript`: what was said and when, in seconds of the original recording."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from audio_core.transcript.subtitles import render_srt, render_vtt
from audio_core.transcript.usage import Usage

__all__ = ["Segment", "Transcript", "Word", "format_clock", "interpolate_words", "join_segments", "join_text"]

_LONGEST_WORD = 40  # characters; what is longer is a text of a script that parts no words, such as Thai


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        start: seconds of the original recording.
        end: seconds of the original recording.
        text: as it was recognised.
        speaker: who said it, if known.
        confidence: from 0 to 1, if known.
    """

    start: float
    end: float
    text: str
    speaker: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech between two pauses, or whatever a gateway calls a segment.

    Attributes:
        start: seconds of the original recording.
        end: seconds of the original recording.
        text: what was said.
        speaker: who said it, if known.
        words: its words with their own times, if they were asked for.
        confidence: from 0 to 1, if known.
        is_gap: whether nothing was transcribed here because it failed; the text says so.
        is_estimated: whether a chat model guessed the times.
        is_partial: whether it is only what a stream has newly brought; a whole segment follows.
        language: of this segment, where that changes within a recording.
    """

    start: float
    end: float
    text: str
    speaker: str | None = None
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    is_gap: bool = False
    is_estimated: bool = False
    is_partial: bool = False
    language: str | None = None

    def shift(self, seconds: float) -> Segment:
        """The same segment on a timeline that starts `seconds` earlier."""
        words = tuple(replace(word, start=word.start + seconds, end=word.end + seconds) for word in self.words)
        return replace(self, start=self.start + seconds, end=self.end + seconds, words=words)

    def get_timed_words(self) -> list[Word]:
        """Its words; without times of their own, spread over it by their length.

        A text without spaces, as Chinese and Japanese are written, is taken character by character.

        Example:
            >>> [(word.text, word.end) for word in Segment(0.0, 1.0, "a bcd").timed_words()]
            [('a', 0.25), ('bcd', 1.0)]
        """
        if self.words:
            return list(self.words)
        texts = self.text.split()
        if len(texts) == 1 and _is_without_spaces(texts[0]):
            texts = list(texts[0])
        return interpolate_words(texts, self.start, self.end)


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


def interpolate_words(texts: Sequence[str], start: float, end: float) -> list[Word]:
    """Words spread over a stretch of seconds by their length."""
    total, said, words = sum(map(len, texts)), 0, list[Word]()
    for text in texts:
        before, said = said, said + len(text)
        words.append(Word(start + (end - start) * before / total, start + (end - start) * said / total, text))
    return words


def _is_without_spaces(text: str) -> bool:
    return len(text) > _LONGEST_WORD or any(unicodedata.east_asian_width(character) in "WF" for character in text)


def format_clock(seconds: float) -> str:
    """`mm:ss`, or `h:mm:ss` from the first hour on.

    Example:
        >>> clock(727.9), clock(3661)
        ('12:07', '1:01:01')
    """
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def join_text(segments: Iterable[Segment]) -> str:
    """What segments say, one after the other."""
    return " ".join(segment.text.strip() for segment in segments)


def join_segments(segments: Sequence[Segment]) -> Segment:
    """One segment that says what several do, one after the other."""
    speakers, languages = {segment.speaker for segment in segments}, {segment.language for segment in segments}
    return Segment(
        start=segments[0].start,
        end=max(segment.end for segment in segments),
        text=join_text(segments),
        speaker=speakers.pop() if len(speakers) == 1 else None,
        words=tuple(word for segment in segments for word in segment.words),
        confidence=_compute_confidence(segments),
        is_gap=any(segment.is_gap for segment in segments),
        is_estimated=any(segment.is_estimated for segment in segments),
        language=languages.pop() if len(languages) == 1 else None,
    )


def _compute_confidence(segments: Sequence[Segment]) -> float | None:
    rated = [(segment.confidence, len(segment.text)) for segment in segments if segment.confidence is not None]
    weight = sum(length for _, length in rated)
    return sum(confidence * length for confidence, length in rated) / weight if weight else None


def _format_speaker(segment: Segment, pattern: str) -> str:
    return pattern.format(segment.speaker) if segment.speaker else ""
