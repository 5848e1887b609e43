"""Where in a text each moment is: a line of plain text in flat metadata, so that time survives any splitter.

One entry for each word whose time is known, or for a whole segment: how many characters it reaches, the silence before it
(below zero where two speak at once) and its length, in milliseconds. A bar begins a segment.

`"|5:580+260 8:0+510|4:90+200"` says that the first segment's first word starts 0.58 s after the passage does, lasts 0.26 s,
and that the next word's first character is the sixth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audio_core.transcript.segment import Segment

__all__ = ["WordOffset", "decode_offsets", "encode_offsets", "encode_segments", "slice_offsets"]

_ENTRY = re.compile(r"(\|?)(\d+):(-?\d+)\+(\d+)")


@dataclass(frozen=True, slots=True)
class WordOffset:
    """A stretch of a text, and when it is said.

    Attributes:
        begin: index of its first character.
        stop: index behind its last one, and behind the spaces that follow it.
        start: seconds of the recording.
        end: seconds of the recording.
        opens: whether a segment begins here.
    """

    begin: int
    stop: int
    start: float
    end: float
    starts_segment: bool

    def slice(self, begin: int, stop: int) -> WordOffset:
        """What of it lies within a stretch of the text, counted from the stretch's beginning."""
        low, high = max(begin, self.begin), min(stop, self.stop)
        end = self.end if high >= self.stop - 1 else self._interpolate(high)  # a space may follow its last word
        opens = self.starts_segment or low == begin
        return WordOffset(low - begin, high - begin, self._interpolate(low), end, opens)

    def _interpolate(self, index: int) -> float:
        return self.start + (self.end - self.start) * (index - self.begin) / (self.stop - self.begin)


def encode_segments(segments: Sequence[Segment], start: float) -> str:
    """The timeline of the texts of segments, stripped and joined with a space.

    Args:
        segments: in order of time.
        start: seconds of the recording from which its first silence counts.

    Example:
        >>> encode_segments([Segment(1.0, 2.5, "good day")], 0.5)
        '|8:500+1500'
    """
    last = len(segments) - 1
    marks = [mark for number, segment in enumerate(segments) for mark in _locate_words(segment, is_last=number == last)]
    return encode_offsets(marks, start)


def encode_offsets(marks: Iterable[WordOffset], start: float) -> str:
    """Marks as a timeline; of their places in the text only the lengths are kept."""
    entries, clock = list[str](), round(start * 1000)
    for mark in marks:
        begin = round(mark.start * 1000)
        lasts = max(0, round(mark.end * 1000) - begin)
        entries.append(f"{'|' if mark.starts_segment else ' '}{mark.stop - mark.begin}:{begin - clock}+{lasts}")
        clock = begin + lasts
    return "".join(entries)


def decode_offsets(timeline: str, start: float) -> list[WordOffset]:
    """What a timeline says.

    Args:
        timeline: as `encode_segments` has written it.
        start: seconds of the recording from which it counts.

    Example:
        >>> decode_offsets("|8:500+1500", 0.5)
        [WordOffset(begin=0, stop=8, start=1.0, end=2.5, starts_segment=True)]
    """
    marks, index, clock = list[WordOffset](), 0, round(start * 1000)
    for bar, length, gap, lasts in _ENTRY.findall(timeline):
        begin = clock + int(gap)
        clock = begin + int(lasts)
        marks.append(WordOffset(index, index + int(length), begin / 1000, clock / 1000, bool(bar)))
        index += int(length)
    return marks


def slice_offsets(marks: Sequence[WordOffset], begin: int, stop: int) -> list[WordOffset]:
    """The marks of a stretch of the text, as of a text of its own.

    Example:
        >>> [(mark.start, mark.end) for mark in slice_offsets(decode_offsets("|4:0+400 3:100+300", 0.0), 4, 7)]
        [(0.5, 0.8)]
    """
    return [mark.slice(begin, stop) for mark in marks if mark.begin < stop and mark.stop > begin]


def _locate_words(segment: Segment, *, is_last: bool) -> list[WordOffset]:
    """One mark for each of a segment's words, if all are found in its text, else one for all of it."""
    text = segment.text.strip()
    reach = len(text) + (not is_last)
    begins = list(_find_word_starts(text, segment))
    if not begins or len(begins) < len(segment.words):
        return [WordOffset(0, reach, segment.start, segment.end, True)] if reach else []
    begins[0] = 0
    stops = [*begins[1:], reach]
    return [
        WordOffset(begin, stop, word.start, word.end, begin == 0)
        for begin, stop, word in zip(begins, stops, segment.words, strict=True)
    ]


def _find_word_starts(text: str, segment: Segment) -> Iterator[int]:
    """Where each word stands in the text; ends early if one is not there."""
    plain, index = text.casefold(), 0
    if len(plain) != len(text):
        return
    for word in segment.words:
        said = word.text.strip().casefold()
        found = plain.find(said, index) if said else -1
        if found < 0:
            return
        yield found
        index = found + len(said)
