"""Cut a text that is to be spoken: into sentences while it is being written, and into parts that a gateway takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from audio_core.transcript.segment import Segment
from audio_core.transcript.spreading import spread_over_speech

__all__ = ["SentenceSplitter", "cut_text", "estimate_seconds", "split_spoken", "time_sentences"]

_MIN_CHARACTERS = 12  # of a sentence that is spoken by itself; what is shorter waits for the next one
_MAX_BRACKET = 200  # characters; within shorter brackets, such as a citation, no sentence ends
_LONGEST_SENTENCE = 1000  # characters; what goes on for longer is no prose, and is cut
_CHARACTERS_PER_SECOND = 12  # of slow speech
_ENDS = re.compile(
    r"[.!?\u2026]+[\"'\u201d\u2019\u00bb)\]]*(?=\s+\S)|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\u2019\uff09]*|\n[ \t]*\n"
)
_CLAUSE_ENDS = re.compile(r"[,;:\u2013\u2014](?=\s)|[\uff0c\u3001\uff1b\uff1a]|\n")
_SPACES = re.compile(r"(?=\s)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"'])(?:[A-Za-z]|\d{1,3}|[A-Za-z](?:\.[A-Za-z])+|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|vs|cf|etc|ca|Fig|Figs|Jr|Sr|Inc|Ltd|Co|bzw|Nr)\.$"
)


class SentenceSplitter:
    """Splits a text into sentences as it is written. A sentence ends where the next one is known to begin.

    Example:
        >>> splitter = SentenceSplitter()
        >>> (
        ...     list(splitter.feed("Good morning, everybody. Dr.")),
        ...     list(splitter.feed(" Lee is late. ")),
        ...     list(splitter.close()),
        ... )
        (['Good morning, everybody.'], [], ['Dr. Lee is late.'])
    """

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> Iterator[str]:
        """Yield the sentences that the next piece of the text completes."""
        self._text += text
        while end := _find_sentence_end(self._text) or _cut_endless(self._text):
            sentence, self._text = self._text[:end].strip(), self._text[end:].lstrip()
            if sentence:
                yield sentence

    def close(self) -> Iterator[str]:
        """Yield what is left once the text has ended."""
        rest, self._text = self._text.strip(), ""
        if rest:
            yield rest


def split_spoken(text: str) -> list[str]:
    """Split a whole text into sentences.

    Example:
        >>> split_spoken("It is 3.5 m long. Who says so? I do.")
        ['It is 3.5 m long.', 'Who says so?', 'I do.']
    """
    splitter = SentenceSplitter()
    return [*splitter.feed(text), *splitter.close()]


def cut_text(text: str, limit: int | None) -> list[str]:
    """Cut a text into parts: at the end of a sentence, else of a clause, else between words, else anywhere.

    Args:
        text: the text.
        limit: most characters of a part; None for any number.

    Example:
        >>> cut_text("We began at noon, as planned. It rained.", 30)
        ['We began at noon, as planned.', 'It rained.']
    """
    parts, rest = list[str](), text.strip()
    while limit is not None and len(rest) > limit:
        cut = _find_cut(rest, limit)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [part for part in (*parts, rest) if part]


def time_sentences(text: str, start: float, end: float, speech: Sequence[tuple[float, float]] = ()) -> list[Segment]:
    """Return the sentences of a part that was spoken by itself, with their times.

    The times within the part are not known, so those of several sentences are estimated by the pauses in its speech,
    and by their lengths where these do not tell.

    Args:
        text: what was spoken.
        start: where the part starts, in seconds of the whole.
        end: where it ends.
        speech: start and end of each stretch in which somebody speaks, if they are known.

    Example:
        >>> [
        ...     (each.start, each.end, each.is_estimated)
        ...     for each in time_sentences("I do. You do, too, I hope.", 1.0, 3.0)
        ... ]
        [(1.0, 3.0, False)]
    """
    sentences = split_spoken(text)
    segments = [Segment(start, end, sentence, is_estimated=len(sentences) > 1) for sentence in sentences]
    timed = spread_over_speech(segments, speech or [(start, end)], (start, end)) if len(segments) > 1 else segments
    return [*timed[:-1], *(replace(last, end=end) for last in timed[-1:])]


def estimate_seconds(text: str) -> float:
    """Return about how long it takes to speak a text, at most, in seconds."""
    return len(text) / _CHARACTERS_PER_SECOND


def _find_sentence_end(text: str) -> int:
    """Return where the first sentence ends; 0 if that is not known yet."""
    for match in _ENDS.finditer(text):
        if _is_sentence(text, match):
            return match.end()
    return 0


def _cut_endless(text: str) -> int:
    return _find_cut(text, _LONGEST_SENTENCE) if len(text) > _LONGEST_SENTENCE else 0


def _is_sentence(text: str, match: re.Match[str]) -> bool:
    begin, following = text[: match.end()], text[match.end() :].lstrip()
    if match[0].startswith("\n"):
        return bool(begin.strip())
    is_short = len(begin.strip()) < _MIN_CHARACTERS
    is_abbreviated = match[0].startswith(".") and _ABBREVIATION.search(begin.rstrip("\"'\u201d\u2019)]")) is not None
    return not (is_short or is_abbreviated or following[:1].islower() or _is_within_brackets(begin))


def _is_within_brackets(text: str) -> bool:
    recent = text[-_MAX_BRACKET:]
    return any(recent.rfind(opening) > recent.rfind(closing) for opening, closing in ("[]", "()", "\u3010\u3011"))


def _find_cut(text: str, limit: int) -> int:
    """Return where to cut a text that is too long."""
    candidates: Sequence[Iterable[re.Match[str]]] = (
        (match for match in _ENDS.finditer(text, 0, limit + 1) if _is_sentence(text, match)),
        _CLAUSE_ENDS.finditer(text, 0, limit + 1),
        _SPACES.finditer(text, 0, limit + 1),
    )
    for matches in candidates:
        if cuts := [match.end() for match in matches if 0 < match.end() <= limit]:
            return cuts[-1]
    return limit
