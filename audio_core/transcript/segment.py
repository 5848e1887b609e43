"""`Segment` and `Word`: stretches of speech with their times, in seconds of the original recording."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

__all__ = ["Segment", "Word", "format_clock", "interpolate_words", "join_segments", "join_text"]

_LONGEST_WORD = 40  # characters; longer text is in a script that does not part words, such as Thai


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
