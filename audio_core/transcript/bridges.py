"""Bridges: short stretches around uncertain joins of pieces, transcribed once more so that each word is kept once.

Where there is no pause, two pieces overlap by a second or more. In a few of a hundred such joins, the transcripts have
no word in common there, or the same word twice. A bridge has several words in common with both pieces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from audio_core.transcript.merge import PieceTranscript
from audio_core.transcript.overlap import measure_certainty

__all__ = ["Join", "choose_bridges", "find_uncertain_joins", "insert_bridges"]

Join: TypeAlias = tuple[PieceTranscript, PieceTranscript]
"""Two pieces that overlap, the earlier one first."""

_CERTAIN = 2.0  # the logarithm of how many times likelier a join is than another one
_REACH = 1.5  # seconds of a bridge before and behind an overlap; three to six words
_MOST_REPEATED = 0.03  # of the recording, that overlaps and bridges last together


def find_uncertain_joins(parts: Sequence[PieceTranscript]) -> list[Join]:
    """Return the joins at which a word may be lost or be there twice, the least certain first.

    It takes a few milliseconds of CPU for each join that is no pause, or hundreds if the overlap lasts for seconds.

    Args:
        parts: the pieces in order of time.
    """
    certainties = [(_measure_join(*pair), pair) for pair in pairwise(parts)]
    uncertain = [each for each in certainties if each[0] < _CERTAIN]
    return [pair for _, pair in sorted(uncertain, key=lambda each: each[0])]


def choose_bridges(joins: Sequence[Join], repeated: float, seconds: float) -> list[tuple[float, float]]:
    """Return the start and end of the bridges that are worth their cost, in the order of the joins.

    Overlaps and bridges last at most three hundredths of the recording together. One bridge is always allowed. Pieces
    with speakers get none, because its speakers would be others.

    Args:
        joins: what `find_uncertain_joins` returned.
        repeated: seconds that the overlaps of all pieces last.
        seconds: length of the recording.

    Example:
        >>> from audio_core.transcript.segment import Segment
        >>> from audio_core.transcript.transcript import Transcript
        >>> first = Transcript("", (Segment(0.0, 4.0, "one two three"),))
        >>> second = Transcript("", (Segment(3.0, 7.0, "five six seven"),))
        >>> parts = [PieceTranscript(0.0, 4.0, 0.0, first), PieceTranscript(3.0, 7.0, 1.0, second)]
        >>> choose_bridges(find_uncertain_joins(parts), 1.0, 7.0)
        [(1.5, 5.5)]
    """
    left = _MOST_REPEATED * seconds - repeated
    bridges = list[tuple[float, float]]()
    for before, after in joins:
        start, end = _find_bridge(before, after)
        has_speakers = before.transcript.speakers or after.transcript.speakers
        if not has_speakers and (not bridges or end - start <= left):
            bridges.append((start, end))
            left -= end - start
    return bridges


def insert_bridges(parts: Sequence[PieceTranscript], bridges: Sequence[PieceTranscript]) -> list[PieceTranscript]:
    """Return the pieces with those bridges between them that make the join of two pieces more certain.

    Args:
        parts: the pieces in order of time.
        bridges: the transcripts of what `choose_bridges` returned, in any order. Others are left out.
    """
    transcripts = {(bridge.start, bridge.end): bridge for bridge in bridges}
    inserted = list(parts[:1])
    for before, after in pairwise(parts):
        bridge = transcripts.get(_find_bridge(before, after))
        inserted += [after] if bridge is None else _bridge_join(before, after, bridge)
    return inserted


def _bridge_join(before: PieceTranscript, after: PieceTranscript, bridge: PieceTranscript) -> list[PieceTranscript]:
    """Return what follows the earlier piece: the bridge, if it makes the join more certain, and the later piece."""
    bridge = replace(bridge, shared=before.end - bridge.start)
    following = replace(after, shared=bridge.end - after.start)
    certainty = min(_measure_join(before, bridge), _measure_join(bridge, following))
    return [bridge, following] if _measure_join(before, after) < certainty < math.inf else [after]


def _find_bridge(before: PieceTranscript, after: PieceTranscript) -> tuple[float, float]:
    """Return where a bridge between two pieces starts and ends."""
    return max(before.start, after.start - _REACH), min(after.end, before.end + _REACH)


def _measure_join(before: PieceTranscript, after: PieceTranscript) -> float:
    if after.start >= before.end:
        return math.inf
    return measure_certainty(before.transcript.segments, after.transcript.segments, after.start, before.end)
