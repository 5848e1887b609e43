"""Bridges: short stretches around uncertain joins of pieces, transcribed once more so that each word is kept once.

Where there is no pause, two pieces overlap by a second or more. In a few of a hundred such joins, the transcripts have
no word in common there, or the same word twice. A bridge has several words in common with both pieces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from audio_core.transcript.merge import PieceTranscript, merge_events
from audio_core.transcript.overlap import join_overlap, measure_certainty
from audio_core.transcript.transcript import Transcript

__all__ = ["BridgedPieces", "Join", "choose_bridges", "find_uncertain_joins", "insert_bridges"]

_CERTAIN = 2.0  # the logarithm of how many times likelier a join is than another one
_REACH = 1.5  # seconds of a bridge before and behind an overlap; three to six words
_MOST_REPEATED = 0.03  # of the recording, that overlaps and bridges last together


@dataclass(frozen=True, slots=True)
class Join:
    """Two adjacent pieces.

    Attributes:
        before: the earlier piece.
        after: the later piece.
        certainty: how certain it is that each word is kept once, see `measure_certainty`.
    """

    before: PieceTranscript
    after: PieceTranscript
    certainty: float

    @property
    def bridge(self) -> tuple[float, float]:
        """Where a bridge between the pieces starts and ends, in seconds of the original recording."""
        start, end = self.after.start - _REACH, self.before.end + _REACH
        return max(self.before.start, start), min(self.after.end, end)

    @property
    def has_speakers(self) -> bool:
        """Whether the pieces have speakers. A bridge would have others."""
        return bool(self.before.transcript.speakers or self.after.transcript.speakers)


@dataclass(frozen=True, slots=True)
class BridgedPieces:
    """The pieces of a recording with bridges between them.

    Attributes:
        parts: the pieces and the bridges that help, in order of time.
        unused: the bridges that do not help.
        doubts: where a word may still be missing or be there twice, in seconds of the original recording.
    """

    parts: list[PieceTranscript]
    unused: list[PieceTranscript]
    doubts: list[float]


def find_uncertain_joins(parts: Sequence[PieceTranscript]) -> list[Join]:
    """Return the joins at which a word may be lost or be there twice, the least certain first.

    It takes a few milliseconds of CPU for each join that is no pause, or hundreds if the overlap lasts for seconds.

    Args:
        parts: the pieces in order of time.
    """
    joins = [join for join in (_join(*pair) for pair in pairwise(parts)) if join.certainty < _CERTAIN]
    return sorted(joins, key=lambda join: join.certainty)


def choose_bridges(
    joins: Sequence[Join], repeated: float, seconds: float, minimum: int = 1
) -> list[tuple[float, float]]:
    """Return the start and end of the bridges that are worth their cost, in the order of the joins.

    Overlaps and bridges last at most three hundredths of the recording together. Pieces with speakers get no bridge,
    because its speakers would be others.

    Args:
        joins: what `find_uncertain_joins` returned.
        repeated: seconds that the overlaps of all pieces last.
        seconds: length of the recording.
        minimum: how many bridges are allowed in any case.

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
    for start, end in (join.bridge for join in joins if not join.has_speakers):
        if len(bridges) < minimum or end - start <= left:
            bridges.append((start, end))
            left -= end - start
    return bridges


def insert_bridges(
    parts: Sequence[PieceTranscript], joins: Sequence[Join], bridges: Sequence[PieceTranscript]
) -> BridgedPieces:
    """Insert those bridges between pieces that make their join more certain.

    Args:
        parts: the pieces in order of time.
        joins: what `find_uncertain_joins` returned for them.
        bridges: the transcripts of what `choose_bridges` returned, in any order.
    """
    transcripts = {(bridge.start, bridge.end): bridge for bridge in bridges}
    chosen = {join.after.start: _choose_joins(join, transcripts.get(join.bridge)) for join in joins}
    inserted = list(parts[:1])
    for part in parts[1:]:
        inserted += [join.after for join in chosen[part.start]] if part.start in chosen else [part]
    used = {(part.start, part.end) for part in inserted}
    unused = [bridge for bridge in bridges if (bridge.start, bridge.end) not in used]
    doubts = [join.after.start for each in chosen.values() for join in each if join.certainty < _CERTAIN]
    return BridgedPieces(inserted, unused, sorted(doubts))


def _choose_joins(join: Join, bridge: PieceTranscript | None) -> list[Join]:
    """Return the joins of two pieces with the bridge between them, or their own one if that is as certain."""
    if bridge is None or not _is_alike(join, bridge):
        return [join]
    joins = _bridge_join(join, bridge)
    certainties = [each.certainty for each in joins]  # infinite if the bridge says nothing there
    return joins if join.certainty < min(certainties) and max(certainties) < math.inf else [join]


def _is_alike(join: Join, bridge: PieceTranscript) -> bool:
    """Tell whether a bridge has no speakers, and times of words if the pieces around it have them."""
    have_words = all(_has_word_times(part) for part in (join.before, join.after))
    return not bridge.transcript.speakers and (_has_word_times(bridge) or not have_words)


def _has_word_times(part: PieceTranscript) -> bool:
    return any(segment.words for segment in part.transcript.segments)


def _bridge_join(join: Join, bridge: PieceTranscript) -> list[Join]:
    """Return the joins of a bridge with the pieces around it, as `merge_pieces` will make them."""
    before, after = join.before, join.after
    bridge = replace(bridge, shared=before.end - bridge.start, transcript=_adapt_transcript(join, bridge.transcript))
    _, left = join_overlap(before.transcript.segments, bridge.transcript.segments, bridge.start, before.end)
    rest = replace(bridge, transcript=replace(bridge.transcript, segments=tuple(left)))
    return [_join(before, bridge), _join(rest, replace(after, shared=bridge.end - after.start))]


def _adapt_transcript(join: Join, transcript: Transcript) -> Transcript:
    """Return a bridge's transcript with what the pieces around it say of the language, and the events that they have.

    So short a stretch may be taken for another language. What is odd at its edges is cut off, so there is no warning.
    """
    languages = [part.transcript.language for part in (join.before, join.after)]
    language = transcript.language if transcript.language in languages else languages[0]
    events = tuple(merge_events([join.before, join.after]))
    return replace(transcript, language=language, events=events, warnings=())


def _join(before: PieceTranscript, after: PieceTranscript) -> Join:
    if after.start >= before.end:
        return Join(before, after, math.inf)
    segments = before.transcript.segments, after.transcript.segments
    return Join(before, after, measure_certainty(*segments, after.start, before.end))
