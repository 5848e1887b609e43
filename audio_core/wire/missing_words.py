"""Words of a transcript's text that none of its segments holds. No I/O here.

Gateways leave segments out, or the text of one. What is made of segments, such as passages and subtitles, would lack
these words, although they were paid for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from audio_core.transcript.segment import Segment

__all__ = ["find_missing_words", "insert_missing_words"]

_LETTERS = "LNM"  # first letters of Unicode's categories: letters, numbers and the marks on them
_UNSPACED = "\u0e00"  # from Thai on, many scripts write words without spaces
_BEHIND_WORDS = ("Po", "Pe", "Pf", "Pd", "Zs", "Cc")  # categories of what follows the word before
_LABEL_ENDS = (":", "\uff1a", "]", ")", ">", "-")
_MUCH, _FEW = 1.1, 20  # a text has more than its segments if it is so many times as long, and by so many letters


def insert_missing_words(
    text: str, segments: Sequence[Segment], duration: float | None
) -> tuple[tuple[Segment, ...], tuple[str, ...]]:
    """Return segments that hold all words of a text, with warnings as `find_missing_words` gives them.

    Those that were missing have estimated times between the others.

    Args:
        text: the whole text.
        segments: in order of time.
        duration: length of the recording in seconds, or None if it is not known.

    Example:
        >>> segments = [Segment(0.0, 1.0, "Good"), Segment(2.0, 3.0, "all.")]
        >>> complete, _ = insert_missing_words("Good morning, all.", segments, 4.0)
        >>> [(each.start, each.text) for each in complete]
        [(0.0, 'Good'), (1.0, 'morning,'), (2.0, 'all.')]
    """
    missing, warnings = find_missing_words(text, segments, duration)
    found = dict(missing)
    pairs = ((found.get(index), segment) for index, segment in enumerate((*segments, None)))
    return tuple(each for pair in pairs for each in pair if each is not None), warnings


def find_missing_words(
    text: str, segments: Sequence[Segment], duration: float | None
) -> tuple[list[tuple[int, Segment]], tuple[str, ...]]:
    """Return segments of the words that none holds, each with the number of the one before which it belongs.

    There are none where the texts of the segments are not all in the text, in order: a gateway may write both in
    different ways. If the text has much more than they have, there is a warning instead. Labels of speakers and times
    in the text are no words.

    Args:
        text: the whole text.
        segments: in the order of the text.
        duration: length of the recording in seconds, or None if it is not known.
    """
    letters, places = _spell(text)
    gaps = _cut_gaps(text, letters, places, segments)
    if gaps is None:
        return [], tuple(_warn_of_rest(letters, segments))
    missing = [
        (index, Segment(*_find_time(segments, index, duration), words, is_estimated=True))
        for index, words in enumerate(gaps)
        if any(map(_is_letter, words)) and not _is_label(words)
    ]
    return missing, ()


def _is_label(words: str) -> bool:
    """Tell whether words name a speaker or a time, which only the text does."""
    return words.rstrip("*_ ").endswith(_LABEL_ENDS) or "-->" in words


def _warn_of_rest(letters: str, segments: Sequence[Segment]) -> Iterator[str]:
    count = sum(len(_spell(segment.text)[0]) for segment in segments)
    if len(letters) > count * _MUCH + _FEW:
        yield f"{len(letters) - count} letters of the text are in no segment: see text."


def _cut_gaps(text: str, letters: str, places: Sequence[int], segments: Sequence[Segment]) -> list[str] | None:
    """Return what a text has before each segment and behind the last; None if not all are in it, in order."""
    begin, at, gaps = 0, 0, list[str]()
    for segment in segments:
        spelling, _ = _spell(segment.text)
        found = _find(spelling, text, letters, places, at)
        if found is None:
            return None
        gaps.append(text[begin : places[found] if found < len(places) else len(text)])
        at = found + len(spelling)
        begin = places[at - 1] + 1 if at else 0
    return [_trim(gap, is_first=index == 0) for index, gap in enumerate([*gaps, text[begin:]])]


def _trim(gap: str, *, is_first: bool) -> str:
    start = 0
    while not is_first and start < len(gap) and unicodedata.category(gap[start]) in _BEHIND_WORDS:
        start += 1
    return gap[start:].strip()


def _spell(text: str) -> tuple[str, list[int]]:
    """Return the letters of a text in lower case, and the place of each in the text."""
    letters = [(letter, at) for at, each in enumerate(text) if _is_letter(each) for letter in each.casefold()]
    return "".join(letter for letter, _ in letters), [at for _, at in letters]


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in _LETTERS


def _find(spelling: str, text: str, letters: str, places: Sequence[int], at: int) -> int | None:
    """Return where whole words begin in the letters of a text, or None."""
    while (found := letters.find(spelling, at)) >= 0:
        end = found + len(spelling)
        if found == end or (
            _is_edge(text, places[found]) and (end == len(places) or _is_edge(text, places[end - 1] + 1))
        ):
            return found
        at = next((each for each in range(found + 1, len(places)) if _is_edge(text, places[each])), len(places))
    return None


def _is_edge(text: str, place: int) -> bool:
    """Tell whether a word may begin or end at a place."""
    around = text[max(0, place - 1) : place + 1]
    return len(around) < 2 or not all(map(_is_letter, around)) or max(around) >= _UNSPACED


def _find_time(segments: Sequence[Segment], index: int, duration: float | None) -> tuple[float, float]:
    """Return the time between two segments, none of it if they touch."""
    start = segments[index - 1].end if index else 0.0
    end = segments[index].start if index < len(segments) else max(start, duration or 0.0)
    return min(start, end), end
