"""Timelines: one short line of plain text in flat metadata that says when each word of a passage is said.

Any text splitter copies it to the pieces that it makes. It also has a few bits for each character, the signature, which
proves where in the passage a piece stands.

The line is base64 of a string of bits: numbers in Exp-Golomb code, in which small ones are short, and the signature.
"""

from __future__ import annotations

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from audio_core.transcript.offsets import WordOffset, coarsen_offsets, fold_text, locate_words, slice_offsets
from audio_core.transcript.segment import Segment, join_text

__all__ = ["LARGEST_NODE", "MAX_LENGTH", "Timeline"]

MAX_LENGTH = 900
"""The length of a timeline in characters up to which the metadata of a usual passage is below 1.5 kB."""

LARGEST_NODE = 5000
"""The length of a text in characters above which it is no node of a store but will be cut."""

_TOLERANCES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, math.inf)  # seconds
_CONTEXT = 3  # characters before a character on which its digit in the signature depends
_SIGNATURE_BITS = 1600  # of a node; a shorter one has more bits for each character
_MAX_DIGIT = 4  # bits
_MAX_WIDTH = 40  # bits of a number; metadata may be anything


@dataclass(frozen=True, slots=True)
class Timeline:
    """When the words of a passage are said.

    Attributes:
        offsets: the word offsets in the order of the text.
        signature: a digit for each character of the folded text, made from it and from those before it.
        width: the number of bits of a digit.

    Example:
        >>> timeline = Timeline.build([Segment(0.0, 1.0, "good"), Segment(1.0, 2.0, "morning")])
        >>> [list(timeline.find("morning")), list(timeline.find("evening"))]
        [[4], []]
    """

    offsets: Sequence[WordOffset]
    signature: str
    width: int

    @classmethod
    def build(cls, segments: Sequence[Segment]) -> Timeline:
        """Build the timeline of a passage whose text `join_text` makes from segments."""
        return cls._of(locate_words(segments), fold_text(join_text(segments)))

    @classmethod
    def _of(cls, offsets: Sequence[WordOffset], folded_text: str) -> Timeline:
        width = min(_MAX_DIGIT, max(1, _SIGNATURE_BITS // max(1, len(folded_text))))
        width = width if len(folded_text) <= LARGEST_NODE else _MAX_DIGIT
        return cls(offsets, _sign(folded_text, width), width)

    @classmethod
    def decode(cls, line: str, start: float) -> Timeline:
        """Decode a line that `encode` has written.

        Args:
            line: the line of text.
            start: start of the passage in seconds of the recording.

        Raises:
            ValueError: if `encode` has not written the line.

        Example:
            >>> line = Timeline.build([Segment(0.5, 1.0, "day")]).encode(0.0)
            >>> Timeline.decode(line, 0.0).offsets
            [WordOffset(begin=0, stop=3, start=0.5, end=1.0, starts_segment=True)]
        """
        reader = _BitReader(_to_bits(line))
        count, unit, width = reader.read(0), reader.read(0), reader.read(0)
        lengths, silences, durations = (reader.read_all(count) for _ in range(3))
        offsets, index, end_ms = list[WordOffset](), 0, round(start * 1000)
        for length, silence, duration in zip(lengths, silences, durations, strict=True):
            start_ms = end_ms + unit * (silence // 2 if silence % 2 == 0 else -(silence + 1) // 2)
            end_ms = start_ms + unit * duration
            stop = index + length // 2
            offsets.append(WordOffset(index, stop, start_ms / 1000, end_ms / 1000, bool(length % 2)))
            index = stop
        if any(offset.start < 0 or offset.begin == offset.stop for offset in offsets):
            raise ValueError("a word has no length or no time")
        return cls(offsets, reader.read_signature(index, width), width)

    def encode(self, start: float, max_length: int | None = None) -> str:
        """Encode the timeline as a line of text, in milliseconds.

        Args:
            start: start of the passage in seconds of the recording. The first silence is measured from here.
            max_length: the length in characters above which the times of words that follow each other are joined, and
                interpolated later. Those that can be interpolated best come first. None keeps all times.
        """
        line = ""
        for tolerance in _TOLERANCES:
            line = self._encode_offsets(coarsen_offsets(self.offsets, tolerance) if tolerance else self.offsets, start)
            if max_length is None or len(line) <= max_length:
                break
        return line

    def find(self, text: str) -> Iterator[int]:
        """Yield all indices in the folded text of the passage at which a text may begin."""
        folded_text = fold_text(text)
        if len(folded_text) <= _CONTEXT or len(folded_text) == len(self.signature):
            starts = range(len(self.signature) - len(folded_text) + 1)
            yield from (
                start for start in starts if start or self.describes(text) or len(self.signature) > len(folded_text)
            )
            return
        proof = _sign(folded_text, self.width)[_CONTEXT:]  # the first digits depend on the text before
        index = self.signature.find(proof, _CONTEXT)
        while index >= 0:
            yield index - _CONTEXT
            index = self.signature.find(proof, index + 1)

    def describes(self, text: str) -> bool:
        """Tell whether this is the timeline of the whole text, whatever its white space and case."""
        return self.signature == _sign(fold_text(text), self.width)

    def cut(self, text: str, begin: int) -> Timeline:
        """Return the timeline of a text that begins at an index of the folded text of the passage."""
        folded_text = fold_text(text)
        return self._of(slice_offsets(self.offsets, begin, begin + len(folded_text)), folded_text)

    def _encode_offsets(self, offsets: Sequence[WordOffset], start: float) -> str:
        if not offsets:
            return ""
        lengths, silences, durations, end_ms = list[int](), list[int](), list[int](), round(start * 1000)
        for offset in offsets:
            start_ms = round(offset.start * 1000)
            lengths.append(2 * (offset.stop - offset.begin) + offset.starts_segment)
            silences.append(start_ms - end_ms)
            durations.append(max(0, round(offset.end * 1000) - start_ms))
            end_ms = start_ms + durations[-1]
        unit = math.gcd(*silences, *durations) or 1  # recognizers count in steps of 10 ms or 20 ms
        folded = [2 * silence // unit if silence >= 0 else -2 * silence // unit - 1 for silence in silences]
        columns = lengths, folded, [duration // unit for duration in durations]
        numbers = "".join(_write(number, 0) for number in (len(offsets), unit, self.width))
        signature = "".join(f"{int(digit, 16):0{self.width}b}" for digit in self.signature)
        return _from_bits(numbers + "".join(map(_write_all, columns)) + signature)


class _BitReader:
    """A reader of the numbers that `_write` and `_write_all` have written."""

    def __init__(self, bits: str) -> None:
        self.bits, self.position = bits, 0

    def read(self, order: int) -> int:
        first = self.bits.index("1", self.position)
        stop = 2 * first - self.position + 1 + order
        if stop - first > _MAX_WIDTH or stop > len(self.bits):
            raise ValueError("a number is too long")
        self.position = stop
        return int(self.bits[first:stop], 2) - (1 << order)

    def read_all(self, count: int) -> list[int]:
        order = self.read(0)
        return [self.read(order) for _ in range(count)]

    def read_signature(self, length: int, width: int) -> str:
        if not 1 <= width <= _MAX_DIGIT or len(self.bits) - self.position != length * width:
            raise ValueError("the signature is too short or too long")
        starts = range(self.position, len(self.bits), width)
        return "".join(f"{int(self.bits[start : start + width], 2):x}" for start in starts)


def _write(number: int, order: int) -> str:
    """Return the Exp-Golomb code of a number: the longer its bits without the last `order`, the more zeros before."""
    bits = f"{number + (1 << order):b}"
    return "0" * (len(bits) - 1 - order) + bits


def _write_all(numbers: Sequence[int]) -> str:
    """Return the order that makes the numbers shortest, and the numbers."""
    return min(
        (_write(order, 0) + "".join(_write(number, order) for number in numbers) for order in range(12)), key=len
    )


def _to_bits(line: str) -> str:
    data = urlsafe_b64decode(line + "=" * (-len(line) % 4))
    return f"{int.from_bytes(data):b}"[1:]  # the first bit is a 1 that keeps the zeros after it


def _from_bits(bits: str) -> str:
    number = int("1" + bits, 2)
    return urlsafe_b64encode(number.to_bytes((len(bits) + 8) // 8)).decode().rstrip("=")


def _sign(folded_text: str, width: int) -> str:
    """Return a digit for each character, from the checksum up to it, mixed as in Fibonacci hashing."""
    ends = range(1, len(folded_text) + 1)
    grams = (folded_text[max(0, end - 1 - _CONTEXT) : end].encode(errors="surrogatepass") for end in ends)
    return "".join(f"{crc32(gram) * 2654435761 >> 20 & ((1 << width) - 1):x}" for gram in grams)
