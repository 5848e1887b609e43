"""`Segment`, `Word` and `AudioEvent`: what is heard and when, in seconds of the original recording."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from audio_core.transcript.clock import format_clock, format_range
from audio_core.transcript.notebook import render_table

__all__ = [
    "MAX_SECONDS",
    "UNCLEAR_SPEECH",
    "AudioEvent",
    "Segment",
    "Word",
    "format_clock",
    "format_range",
    "interpolate_words",
    "is_sentence_end",
    "join_segments",
    "join_text",
]

MAX_SECONDS = 1e9
"""31 years. A larger number is no time of a recording."""

_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？")
_CLOSING = " \n\"'”’»)]」』"
_MAX_WORD_LENGTH = 40  # characters; longer text is in a script without spaces between words, such as Thai


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its times.

    Attributes:
        start: start in seconds of the original recording.
        end: end in seconds of the original recording.
        text: the word as it was recognised.
        speaker: label of the speaker, if known.
        confidence: confidence of the recognition from 0 to 1, if known.
    """

    start: float
    end: float
    text: str
    speaker: str | None = None
    confidence: float | None = None


UNCLEAR_SPEECH = "(unclear speech)"
"""The text of an event that sounds like speech, although the model wrote nothing for it."""


@dataclass(frozen=True, slots=True)
class AudioEvent:
    """A sound that is no speech, such as laughter.

    Attributes:
        start: start in seconds of the original recording.
        end: end in seconds of the original recording.
        text: what is heard, as the gateway calls it, such as `"(laughter)"`.
        left_out: what a model wrote for it although nobody spoke. It is not in the transcript's text.
    """

    start: float
    end: float
    text: str
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of speech as a gateway returns it, usually between two pauses.

    Attributes:
        start: start in seconds of the original recording.
        end: end in seconds of the original recording.
        text: what was said.
        speaker: label of the speaker, if known.
        words: the words with times of their own, if these were requested.
        confidence: confidence of the recognition from 0 to 1, if known.
        is_gap: whether the transcription of this stretch failed. The text says so.
        is_estimated: whether the times are estimated, as a chat model's are, and those that a gateway left out.
        is_partial: whether this is only the text that a stream has added. The complete segment follows later.
        language: language of the segment, if it changes within the recording.
        alignment_score: how well text and sound match, from 0 to 1, if they were aligned here. From 0.5 on, the times
            are those of the sound. Below it, the text is probably not what is said.
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
    alignment_score: float | None = None

    def __repr__(self) -> str:
        """Show the times, the text and the speaker; words by their number, and other fields if they are set."""
        shown = [f"{self.start:g}, {self.end:g}, {self.text!r}"]
        shown += [f"speaker={self.speaker!r}"] if self.speaker else []
        shown += [f"words=<{len(self.words)}>"] if self.words else []
        shown += [f"{name}=True" for name in ("is_gap", "is_estimated", "is_partial") if getattr(self, name)]
        return f"Segment({', '.join(shown)})"

    def _repr_html_(self) -> str:
        """Return a table of one row for notebooks."""
        return render_table([self])

    def shift(self, seconds: float) -> Segment:
        """Return the segment with all times moved `seconds` later."""
        words = tuple(replace(word, start=word.start + seconds, end=word.end + seconds) for word in self.words)
        return replace(self, start=self.start + seconds, end=self.end + seconds, words=words)

    def get_timed_words(self) -> list[Word]:
        """Return the words with their times.

        If the words have no times of their own, each gets a share of the segment in proportion to its length in
        characters. A text without spaces between words, such as Chinese or Japanese, is split into characters.

        Example:
            >>> [(word.text, word.end) for word in Segment(0.0, 1.0, "a bcd").get_timed_words()]
            [('a', 0.25), ('bcd', 1.0)]
        """
        if self.words:
            return list(self.words)
        texts = self.text.split()
        if len(texts) == 1 and _is_without_spaces(texts[0]):
            texts = list(texts[0])
        return interpolate_words(texts, self.start, self.end)


def interpolate_words(texts: Sequence[str], start: float, end: float) -> list[Word]:
    """Give words times between `start` and `end`, in proportion to their lengths in characters.

    Args:
        texts: the words, none of them empty.
        start: start of the first word in seconds.
        end: end of the last word in seconds.

    Example:
        >>> interpolate_words(["a", "bcd"], 0.0, 1.0)[1].start
        0.25
    """
    total, stop, words = sum(map(len, texts)), 0, list[Word]()
    for text in texts:
        begin, stop = stop, stop + len(text)
        words.append(Word(start + (end - start) * begin / total, start + (end - start) * stop / total, text))
    return words


def _is_without_spaces(text: str) -> bool:
    return len(text) > _MAX_WORD_LENGTH or any(unicodedata.east_asian_width(character) in "WF" for character in text)


def is_sentence_end(text: str) -> bool:
    """Tell whether a text ends as a sentence does, perhaps within quotation marks or brackets.

    Example:
        >>> is_sentence_end("He said: “No.”"), is_sentence_end("Well,")
        (True, False)
    """
    return text.rstrip(_CLOSING).endswith(_SENTENCE_END)


def join_text(segments: Iterable[Segment]) -> str:
    """Join the texts of segments with single spaces."""
    return " ".join(segment.text.strip() for segment in segments)


def join_segments(segments: Sequence[Segment]) -> Segment:
    """Join segments into one. Speaker and language are kept if they are the same for all.

    Args:
        segments: the segments in order of time, at least one.
    """
    speakers, languages = {segment.speaker for segment in segments}, {segment.language for segment in segments}
    return Segment(
        start=segments[0].start,
        end=max(segment.end for segment in segments),
        text=join_text(segments),
        speaker=speakers.pop() if len(speakers) == 1 else None,
        words=tuple(word for segment in segments for word in segment.words),
        confidence=_compute_mean(segments, "confidence"),
        is_gap=any(segment.is_gap for segment in segments),
        is_estimated=any(segment.is_estimated for segment in segments),
        language=languages.pop() if len(languages) == 1 else None,
        alignment_score=_compute_mean(segments, "alignment_score"),
    )


def _compute_mean(segments: Sequence[Segment], field: Literal["confidence", "alignment_score"]) -> float | None:
    """Return the mean of a field, weighted by the length of the texts, or None if no segment has it."""
    pairs = [(getattr(segment, field), len(segment.text)) for segment in segments]
    rated = [(value, length) for value, length in pairs if value is not None]
    weight = sum(length for _, length in rated)
    return sum(value * length for value, length in rated) / weight if weight else None
