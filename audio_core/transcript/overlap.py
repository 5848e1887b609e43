"""Joining the transcripts of two pieces that overlap, so that each word is kept once."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import product

from audio_core.transcript.segment import Segment
from audio_core.transcript.word_pairs import LONGEST_GUARD, MOST_CUT, TOLERANCE, Overlap, TimedWord

__all__ = ["join_overlap", "measure_certainty"]

_NON_ALPHANUMERIC = re.compile(r"[\W_]+")
_MARGIN, _GUARD_MARGIN = 0.5, 0.25  # seconds around an overlap in which its words may lie, as times are not exact
_MOST_WORDS = 6  # a second; so many are compared where times are estimated
_USUAL_PACE = 10.0  # characters a second; less is said where somebody is silent for long


def join_overlap(
    before: Sequence[Segment], after: Sequence[Segment], low: float, high: float
) -> tuple[list[Segment], list[Segment]]:
    """Trim the segments of two pieces that overlap, so that no word is in both.

    The words that both pieces have there are found by text and time together. The pieces are joined at the one nearest
    to the middle of the overlap: what lies at the edge of a piece may be cut. If they have no word in common, all
    words are kept. Pieces that were cut at a pause share no word, unless their times say so.

    Args:
        before: the segments of the earlier piece.
        after: the segments of the later piece.
        low: where the later piece starts, in seconds.
        high: where the earlier piece ends, in seconds.

    Example:
        >>> before, after = [Segment(0.0, 4.0, "one two three")], [Segment(2.0, 6.0, "two three four")]
        >>> [[segment.text for segment in segments] for segments in join_overlap(before, after, 2.0, 4.0)]
        [['one two'], ['three four']]
    """
    overlap = _build_overlap(before, after, low, high)
    pairs = overlap.find_pairs()
    tail, head = _choose_words(overlap, pairs) if pairs else _leave_out_edges(overlap)
    trimmed = _drop_words(before, [each.place for at, each in enumerate(overlap.tail) if at not in tail])
    following = _drop_words(after, [each.place for at, each in enumerate(overlap.head) if at not in head])
    return trimmed, _keep_order(trimmed, following)


def measure_certainty(before: Sequence[Segment], after: Sequence[Segment], low: float, high: float) -> float:
    """Return how certain it is that `join_overlap` keeps each word once.

    It is the logarithm of how many times likelier the words that it takes for the same are than other ones; 0 if there
    are none, and at most 1 if it is open which of two words an edge has garbled. It is infinite at a pause, and where
    not both pieces have words.

    Args:
        before: the segments of the earlier piece.
        after: the segments of the later piece.
        low: where the later piece starts, in seconds.
        high: where the earlier piece ends, in seconds.

    Example:
        >>> before, after = [Segment(0.0, 4.0, "one two three")], [Segment(2.0, 6.0, "two three four")]
        >>> measure_certainty(before, after, 2.0, 4.0) > 2
        True
        >>> measure_certainty(before, [Segment(2.0, 6.0, "five six seven")], 2.0, 4.0)
        0.0
    """
    overlap = _build_overlap(before, after, low, high)
    if overlap.is_guard or not all(_has_words(words, low, high) for words in (overlap.tail, overlap.head)):
        return math.inf
    return overlap.measure_certainty()


def _has_words(words: Sequence[TimedWord], low: float, high: float) -> bool:
    return any(low - _GUARD_MARGIN < each.middle < high + _GUARD_MARGIN for each in words)


def _list_words(segments: Sequence[Segment]) -> list[TimedWord]:
    """Return the words of segments, in order of time if that is measured. Those of a gap stand for none."""
    words, times = list[TimedWord](), dict[tuple[int, int], float]()
    for number, segment in enumerate(segments):
        if segment.is_gap:
            continue
        # A piece's edge cuts its sound and its text at different words, so words that are aligned there are moved.
        is_measured = segment.words and segment.alignment_score is None
        time, span = -math.inf, 0.0 if is_measured else segment.end - segment.start
        has_end = len(segments) > 1 and not segment.is_estimated  # a text without times is one segment of its piece
        for index, word in enumerate(timed := segment.get_timed_words()):
            spelling = _NON_ALPHANUMERIC.sub("", word.text).casefold()
            words.append(TimedWord((number, index), word, spelling, span, has_end and word is timed[-1]))
            time = times[number, index] = max(time, words[-1].middle)  # within a segment, words keep their order
    is_timed = all(segment.words for segment in segments)
    return sorted(words, key=lambda each: times[each.place]) if is_timed else words


def _build_overlap(before: Sequence[Segment], after: Sequence[Segment], low: float, high: float) -> Overlap:
    if high - low > LONGEST_GUARD:  # somebody may speak there
        before, after = _stretch_text(before, low, high), _stretch_text(after, low, high)
    return _find_overlap(_list_words(before), _list_words(after), low, high)


def _stretch_text(segments: Sequence[Segment], low: float, high: float) -> Sequence[Segment]:
    """Return a text without times that reaches over the overlap. In noise, speech at the edge of a piece is missed."""
    if len(segments) != 1 or segments[0].words:
        return segments
    (segment,) = segments
    is_there = low <= segment.end and segment.start <= high
    if is_there or len(segment.text) < _USUAL_PACE * (segment.end - segment.start):
        return segments
    return [replace(segment, start=min(segment.start, low), end=max(segment.end, high))]


def _find_overlap(before: list[TimedWord], after: list[TimedWord], low: float, high: float) -> Overlap:
    margin = _GUARD_MARGIN if high - low <= LONGEST_GUARD else _MARGIN
    most = math.ceil((high - low + margin) * _MOST_WORDS)
    tail = [
        each
        for distance, each in zip(range(len(before) - 1, -1, -1), before, strict=True)
        if each.word.end > low - margin or (each.span and distance < most)
    ]
    head = [
        each
        for distance, each in enumerate(after)
        if each.word.start < high + margin or (each.span and distance < most)
    ]
    return Overlap(tail, head, low, high)


def _choose_words(overlap: Overlap, pairs: Sequence[tuple[int, int]]) -> tuple[set[int], set[int]]:
    """Return the numbers of the words of the tail and of the head to keep."""
    (first, _), (_, last) = pairs[0], pairs[-1]
    tail, head = set(range(first)), set(range(last + 1, len(overlap.head)))
    places = list(_place_words(overlap, pairs))
    join = min(range(len(places) + 1), key=lambda at: _rank_join(overlap, places, at))
    for at, (left, right, is_left) in enumerate(places):
        if is_left or (is_left is None and at < join):
            tail.add(left)
        else:
            head.add(right)
    paired = {left for left, _ in pairs}, {right for _, right in pairs}
    tail |= _find_missed(overlap.tail, overlap.high, overlap.low) - paired[0]
    head |= _find_missed(overlap.head, overlap.low, overlap.high) - paired[1]
    moved = product(tail - paired[0], head - paired[1])  # by words of another speaker, as times are not exact
    return tail, head - {right for left, right in moved if overlap.is_same_moment(left, right)}


def _place_words(overlap: Overlap, pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, bool | None]]:
    """Yield each word from the first pair to the last: its numbers, and whether to take it from the earlier piece.

    None says that both have it. What only one has between two pairs, the edge of the other piece has swallowed.
    """
    previous, has_equal = (pairs[0][0] - 1, pairs[0][1] - 1), False
    for left, right in pairs:
        yield from ((number, right, True) for number in range(previous[0] + 1, left))
        yield from ((left, number, False) for number in range(previous[1] + 1, right))
        is_equal = overlap.is_equal(left, right)
        yield left, right, None if is_equal else _is_left_better(overlap, left, right, has_equal)
        previous, has_equal = (left, right), has_equal or is_equal


def _rank_join(overlap: Overlap, places: Sequence[tuple[int, int, bool | None]], at: int) -> tuple[int, float]:
    """Rank a place to join pieces: by how many words would change their order, then by how near it is to the middle."""
    moved = sum(is_left is False for _, _, is_left in places[:at]) + sum(bool(is_left) for _, _, is_left in places[at:])
    sides = [_measure_side(overlap, left, right) for left, right, is_left in places if is_left is None]
    equal = sum(is_left is None for _, _, is_left in places[:at])
    return moved, sum(abs(side) for side in sides[:equal] if side < 0) + sum(side for side in sides[equal:] if side > 0)


def _measure_side(overlap: Overlap, left: int, right: int) -> float:
    """Return by how many seconds a word is nearer to the beginning of the overlap than to its end."""
    one, other = overlap.tail[left], overlap.head[right]
    if not overlap.is_measured(left, right):
        return overlap.low + overlap.high - one.middle - other.middle
    return overlap.high - max(one.word.end, other.word.end) - min(one.word.start, other.word.start) + overlap.low


def _is_left_better(overlap: Overlap, left: int, right: int, has_equal: bool) -> bool:
    """Tell which of two words to take, of which an edge has garbled one.

    Of a word and a part of it, that is the word. Words are in the order in which they start, so that those that the
    later piece's edge has cut come first there, and none of them follows a word that is whole.
    """
    if overlap.is_fragment(left, right):
        return len(overlap.tail[left].spelling) > len(overlap.head[right].spelling)
    if overlap.is_measured(left, right) and abs(side := _measure_side(overlap, left, right)) > TOLERANCE / 2:
        return side > 0
    distance = len(overlap.tail) - 1 - left
    return right < MOST_CUT and (distance > right or (distance == right and not has_equal))


def _find_missed(words: Sequence[TimedWord], edge: float, other_edge: float) -> set[int]:
    """Return the numbers of the words that the other piece may have missed, because its edge may have cut them."""
    return {at for at, each in enumerate(words) if each.is_near(other_edge) and not each.is_near(edge)}


def _leave_out_edges(overlap: Overlap) -> tuple[set[int], set[int]]:
    """Return what to keep if no word is in both: all but the words that were cut.

    Those lie at the edge of their piece and within the overlap, so that the other piece has them in another form.
    """
    tail, head = set(range(len(overlap.tail))), set(range(len(overlap.head)))
    if overlap.is_guard or not tail or not head:
        return tail, head
    last, first = overlap.tail[-1], overlap.head[0]
    begin, end = overlap.low + TOLERANCE, overlap.high - TOLERANCE
    if last.is_near(overlap.high) and last.word.start > begin and first.word.start < end:
        tail.remove(len(tail) - 1)
    if first.is_near(overlap.low) and first.word.end < end and last.word.end > begin:
        head.remove(0)
    return tail, head


def _drop_words(segments: Sequence[Segment], places: Sequence[tuple[int, int]]) -> list[Segment]:
    """Return the segments without the words at these places. A segment of which no word is left is dropped."""
    indexes: list[set[int]] = [set() for _ in segments]
    for number, index in places:
        indexes[number].add(index)
    trimmed = (_trim(segment, dropped) for segment, dropped in zip(segments, indexes, strict=True))
    return [segment for segment in trimmed if segment is not None]


def _trim(segment: Segment, dropped: Collection[int]) -> Segment | None:
    if not dropped:
        return segment
    words = [word for index, word in enumerate(segment.get_timed_words()) if index not in dropped]
    if not words:
        return None
    separator = " " if segment.words or len(segment.text.split()) > 1 else ""
    text = separator.join(word.text.strip() for word in words)
    timed_words = tuple(words) if segment.words else ()
    return replace(segment, start=words[0].start, end=words[-1].end, text=text, words=timed_words)


def _keep_order(before: Sequence[Segment], after: Sequence[Segment]) -> list[Segment]:
    """Move starts of the later piece behind those of the earlier one: times are not exact."""
    latest = max((segment.start for segment in before), default=0.0)
    return [
        replace(segment, start=max(segment.start, latest), end=max(segment.end, latest))
        if segment.start < latest
        else segment
        for segment in after
    ]
