"""Finding the citations in an answer, and the passages that they cite.

Models write citations sloppily: with a hyphen for the dash, with one time only, in other brackets, several in one pair.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from audio_core.errors import InvalidOption
from audio_core.transcript.citations import get_clip_url, list_names, normalize_name
from audio_core.transcript.metadata import get_times, identify_recording

__all__ = ["Citation", "find_citations", "remove_citations"]

T = TypeVar("T")

_TIME = r"\d{1,3}:[0-5]\d(?::[0-5]\d)?(?:[.,]\d{1,3})?"
_RANGE = re.compile(
    rf"(?<![\d:.])({_TIME})(?:\s*(?:[-\u2010-\u2015\u2212~]+|to|until)\s*({_TIME}))?(?![\d:])", re.IGNORECASE
)
_GROUP = re.compile(r"[\[({<（【〔〈「［]([^\[\](){}<>（）【】〔〕〈〉「」［］]{4,400})[\])}>）】〕〉」］]")  # noqa: RUF001
_MARK = re.compile(rf"\[{_GROUP.pattern}[^\[\]]{{0,60}}\]\([^()\s]*\)|{_GROUP.pattern}(?:\([^()\s]*#t=[^()\s]*\))?")
_SEPARATORS = re.compile(r"[\s:,;|&]+")
_FILLERS = {
    "",
    "and",
    "at",
    "from",
    "in",
    "see",
    "source",
    "sources",
    "recording",
    "clip",
    "audio",
    "time",
    "timestamp",
}
_MAX_WORDS = 12


@dataclass(frozen=True, slots=True)
class Citation(Generic[T]):
    """A citation in an answer, and what it cites.

    Attributes:
        text: the citation as it is written in the answer.
        document: the Document or node that it cites.
        start: start of the cited part in seconds of the recording.
        end: end of the cited part in seconds of the recording.
        clip: URL of the cited part, or None if the recording has no URL.
    """

    text: str
    document: T = field(repr=False)  # a Document or a node fills screens
    start: float
    end: float
    clip: str | None


@dataclass(frozen=True, slots=True)
class _Candidate(Generic[T]):
    """A passage that may be cited: its recording, the names of it, and its times in seconds."""

    document: T
    metadata: Mapping[str, Any]
    recording: str
    names: frozenset[str]
    start: float
    end: float

    def is_exact(self, start: float, end: float | None) -> bool:
        return int(self.start) == int(start) and (end is None or int(self.end) == int(end))

    def measure_overlap(self, start: float, end: float | None) -> float:
        return min(self.end, (start if end is None else end) + 1) - max(self.start, start)


def find_citations(
    answer: str, documents: Sequence[T], get_metadata: Callable[[T], Mapping[str, Any]]
) -> list[Citation[T]]:
    """Find the citations in an answer, such as `[03_security 00:05–00:12]`.

    A citation that names no recording counts if the passages of one recording alone are of that time.

    Args:
        answer: the whole text of an answer.
        documents: what the model was given to answer from.
        get_metadata: returns the metadata of one of them.

    Returns:
        The citations in the order of the answer. What cites none of the documents is left out.

    Example:
        >>> documents = [{"source": "file:///talks/03_security.mp3", "start": 5.2, "end": 12.9}]
        >>> [
        ...     found.clip
        ...     for found in find_citations("By badge (03_Security 0:05 - 0:12).", documents, lambda each: each)
        ... ]
        ['file:///talks/03_security.mp3#t=5.2,12.9']
    """
    candidates = [each for document in documents for each in _read_candidate(document, get_metadata(document))]
    return [citation for group in _GROUP.finditer(answer) for citation in _parse_group(group[1], candidates)]


def _read_candidate(document: T, metadata: Mapping[str, Any]) -> Iterator[_Candidate[T]]:
    try:
        start, end = get_times(metadata)
    except InvalidOption:  # what is not of a recording cannot be cited by time
        return
    names = frozenset({normalize_name(name) for name in list_names(metadata)} - {""})
    yield _Candidate(document, metadata, identify_recording(metadata), names, start, end)


def _parse_group(text: str, candidates: Sequence[_Candidate[T]]) -> Iterator[Citation[T]]:
    """Yield the citations within one pair of brackets. A time without a name is of the recording named before it."""
    named, position = None, 0
    for match in _RANGE.finditer(text):
        name, position = text[position : match.start()], match.end()
        named = _find_named(name, candidates) or named
        if named is None and not set(_SEPARATORS.split(name.casefold())) <= _FILLERS:
            continue
        start, end = _parse_time(match[1]), _parse_time(match[2]) if match[2] else None
        cited = _choose(candidates if named is None else named, start, end)
        if cited is not None:
            yield _build_citation((name + match[0]).strip(" \t\n,;:|"), cited, start, end)


def _find_named(text: str, candidates: Sequence[_Candidate[T]]) -> list[_Candidate[T]] | None:
    """Return the passages of the recordings that a text names: the longest words of it that are a name decide."""
    words = _SEPARATORS.split(text.strip())[-_MAX_WORDS:]
    for length in range(len(words), 0, -1):
        for first in range(len(words) - length + 1):
            name = normalize_name("".join(words[first : first + length]))
            if named := [each for each in candidates if name in each.names]:
                return named
    return None


def _parse_time(text: str) -> float:
    *hours, minutes, seconds = text.replace(",", ".").split(":")
    return sum(map(int, hours)) * 3600 + int(minutes) * 60 + float(seconds)


def _choose(candidates: Sequence[_Candidate[T]], start: float, end: float | None) -> _Candidate[T] | None:
    """Return the passage that was cited, or None if there is none, or if it may be of several recordings."""
    heard = [each for each in candidates if each.measure_overlap(start, end) > 0 or each.is_exact(start, end)]
    best = [each for each in heard if each.is_exact(start, end)] or heard
    if len({each.recording for each in best}) != 1:
        return None
    return max(best, key=lambda each: (each.measure_overlap(start, end), -abs(each.start - start)))


def _build_citation(text: str, cited: _Candidate[T], start: float, end: float | None) -> Citation[T]:
    low, high = max(cited.start, start), min(cited.end, math.inf if end is None else end + 1)
    if end is None or cited.is_exact(start, end) or low >= high:
        low, high = cited.start, cited.end
    return Citation(text, cited.document, low, high, get_clip_url({**cited.metadata, "start": low, "end": high}))


def remove_citations(
    answer: str, documents: Sequence[T] | None = None, get_metadata: Callable[[T], Mapping[str, Any]] | None = None
) -> str:
    """Remove the citations from an answer that is to be read aloud.

    Args:
        answer: the text of an answer, or a whole sentence of it.
        documents: what the model was given. Only what cites one of these is removed. None removes everything in square
            brackets that ends with a time, such as `[talk 12:07-12:31]`.
        get_metadata: returns the metadata of one of them.

    Example:
        >>> remove_citations("The door is locked [03_security 12:07–12:31]. Always.")
        'The door is locked. Always.'
    """
    candidates = (
        None
        if documents is None or get_metadata is None
        else [each for document in documents for each in _read_candidate(document, get_metadata(document))]
    )
    kept, position = list[str](), 0
    for mark in _MARK.finditer(answer):
        group = _GROUP.search(mark[0])
        if group and (_is_timed(group) if candidates is None else any(_parse_group(group[1], candidates))):
            kept, position = [*kept, answer[position : mark.start()].rstrip(" \t")], mark.end()
    return "".join([*kept, answer[position:]]).strip()


def _is_timed(group: re.Match[str]) -> bool:
    times = list(_RANGE.finditer(group[1]))
    return group[0][0] in "[【［" and bool(times) and times[-1].end() == len(group[1].rstrip())  # noqa: RUF001
