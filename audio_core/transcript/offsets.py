"""Word offsets: which characters of a text are said at which time.

They are stored as one line of plain text in flat metadata, the `timeline`, so that times survive any text splitter.
The timeline has one entry for each word whose time is known, or one for a whole segment. An entry is the number of
characters up to the next entry, the silence before it in milliseconds (negative where two people speak at once) and its
duration in milliseconds. A bar starts a segment.

In `"|5:580+260 8:0+510|4:90+200"`, the first word starts 0.58 s after the passage and lasts 0.26 s. The second word
starts at the sixth character of the text, without silence before it. The third word starts a new segment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audio_core.transcript.segment import Segment

__all__ = ["WordOffset", "decode_offsets", "encode_offsets", "encode_segments", "slice_offsets"]

_ENTRY = re.compile(r"(\|?)(?<!\d)([1-9]\d{0,8}):(-?\d{1,12})\+(\d{1,12})")  # bounded: metadata may be anything


@dataclass(frozen=True, slots=True)
class WordOffset:
    """The position of a word, or of a whole segment, in a text and in the recording.

    Attributes:
        begin: index of its first character.
        stop: index after its last character and the spaces that follow it.
        start: start in seconds of the recording.
        end: end in seconds of the recording.
        starts_segment: whether a segment starts here.
    """

    begin: int
    stop: int
    start: float
    end: float
    starts_segment: bool

    def slice(self, begin: int, stop: int) -> WordOffset:
        """Return the part that lies within a slice of the text, with indices relative to the slice.

        A time within a word is interpolated.

        Args:
            begin: index of the first character of the slice; below `self.stop`.
            stop: index after the last character of the slice; above `self.begin`.
        """
        low, high = max(begin, self.begin), min(stop, self.stop)
        end = self.end if high >= self.stop - 1 else self._interpolate(high)  # the last character may be a space
        starts_segment = self.starts_segment or low == begin
        return WordOffset(low - begin, high - begin, self._interpolate(low), end, starts_segment)

    def _interpolate(self, index: int) -> float:
        return self.start + (self.end - self.start) * (index - self.begin) / (self.stop - self.begin)


def encode_segments(segments: Sequence[Segment], start: float) -> str:
    """Encode the timeline of a passage whose text `join_text` makes from segments.

    Args:
        segments: the segments in order of time.
        start: start of the passage in seconds of the recording. The first silence is measured from here.

    Example:
        >>> encode_segments([Segment(1.0, 2.5, "good day")], 0.5)
        '|8:500+1500'
    """
    last = len(segments) - 1
    offsets = [
        offset for number, segment in enumerate(segments) for offset in _locate_words(segment, is_last=number == last)
    ]
    return encode_offsets(offsets, start)


def encode_offsets(offsets: Iterable[WordOffset], start: float) -> str:
    """Encode word offsets as a timeline. It stores the length of each in characters, not its index.

    Args:
        offsets: the word offsets in the order of the text.
        start: start of the passage in seconds of the recording. The first silence is measured from here.

    Example:
        >>> encode_offsets([WordOffset(0, 8, 1.0, 2.5, starts_segment=True)], 0.5)
        '|8:500+1500'
    """
    entries, previous_end_ms = list[str](), round(start * 1000)
    for offset in offsets:
        start_ms = round(offset.start * 1000)
        duration_ms = max(0, round(offset.end * 1000) - start_ms)
        prefix, length = "|" if offset.starts_segment else " ", offset.stop - offset.begin
        entries.append(f"{prefix}{length}:{start_ms - previous_end_ms}+{duration_ms}")
        previous_end_ms = start_ms + duration_ms
    return "".join(entries)


def decode_offsets(timeline: str, start: float) -> list[WordOffset]:
    """Decode a timeline into word offsets.

    Args:
        timeline: a timeline that `encode_segments` or `encode_offsets` has written.
        start: start of the passage in seconds of the recording.

    Example:
        >>> decode_offsets("|8:500+1500", 0.5)
        [WordOffset(begin=0, stop=8, start=1.0, end=2.5, starts_segment=True)]
    """
    offsets, index, end_ms = list[WordOffset](), 0, round(start * 1000)
    for bar, length, silence_ms, duration_ms in _ENTRY.findall(timeline):
        start_ms = end_ms + int(silence_ms)
        end_ms = start_ms + int(duration_ms)
        offsets.append(WordOffset(index, index + int(length), start_ms / 1000, end_ms / 1000, bool(bar)))
        index += int(length)
    return offsets


def slice_offsets(offsets: Sequence[WordOffset], begin: int, stop: int) -> list[WordOffset]:
    """Return the word offsets of a slice of the text, with indices relative to the slice.

    Args:
        offsets: the word offsets of the whole text.
        begin: index of the first character of the slice.
        stop: index after the last character of the slice.

    Example:
        >>> slice_offsets(decode_offsets("|4:0+400 3:100+300", 0.0), 4, 7)
        [WordOffset(begin=0, stop=3, start=0.5, end=0.8, starts_segment=True)]
    """
    return [offset.slice(begin, stop) for offset in offsets if offset.begin < stop and offset.stop > begin]


def _locate_words(segment: Segment, *, is_last: bool) -> list[WordOffset]:
    """Return one offset for each word, or one for the whole segment if a word is not found in its text."""
    text = segment.text.strip()
    length = len(text) + (not is_last)  # including the space before the next segment
    begins = list(_find_word_starts(text, segment))
    if not begins or len(begins) < len(segment.words):
        return [WordOffset(0, length, segment.start, segment.end, True)] if length else []
    begins[0] = 0
    stops = [*begins[1:], length]
    return [
        WordOffset(begin, stop, word.start, word.end, begin == 0)
        for begin, stop, word in zip(begins, stops, segment.words, strict=True)
    ]


def _find_word_starts(text: str, segment: Segment) -> Iterator[int]:
    """Yield the index of each word's first character in the text; stop at a word that is not found."""
    folded_text, index = text.casefold(), 0
    if len(folded_text) != len(text):  # indices would differ from those of the text
        return
    for word in segment.words:
        folded_word = word.text.strip().casefold()
        begin = folded_text.find(folded_word, index) if folded_word else -1
        if begin < 0:
            return
        yield begin
        index = begin + len(folded_word)
