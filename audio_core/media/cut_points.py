"""Choose where a long recording is cut, by the levels and pauses that a voice activity detector finds in it.

A piece ends in the middle of the longest pause in its last fifth. For a long piece, that is in its last twenty seconds,
and only if there is no good pause, in its last forty. A short piece without a good one is searched up to twenty seconds
back. Both pieces hold a quarter of a second there, as a guard. Where no pause is certain, such as in talk without one,
in music or in noise, they overlap: both hold a word or more between two quiet moments, so that `merge_pieces` can join
them without losing or doubling a word. All overlaps together last less than three hundredths of the recording, if
pieces of half a minute or more are allowed. What they leave of that is for bridges, see `transcript/bridges.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, groupby
from statistics import median

from audio_core.media.vad_energy import FRAME_SECONDS, SILENT, VadFrame

__all__ = ["FRAME_SAMPLES", "RATE", "CutChooser"]

RATE = 16_000
"""Sample rate of the pieces in Hz, mono: the one that speech recognisers work at."""

FRAME_SAMPLES = round(FRAME_SECONDS * RATE)
"""Samples of a frame of a voice activity detector."""

_GUARD = round(0.25 * RATE)  # samples that both pieces hold at a pause
_SHORTEST_PAUSE = 0.35  # seconds; the guard and a little more
_GOOD_PAUSE = 0.6  # seconds; for a shorter one, a short piece is searched further back
_SEARCHED_SHARE = 0.2  # of a piece, at its end, that is searched for a pause
_FIRST_SEARCHED, _THEN_SEARCHED = 20.0, 40.0  # seconds of a long piece
_MOST_SEARCHED = 2 / 3  # of a short piece
_OVERLAP_SHARE = 0.023  # of a piece, that the next one holds too if there is no pause; the shortest may be more
_SHORTEST_OVERLAP, _LONGEST_OVERLAP = 0.9, 4.0  # seconds; a word lasts up to about a second
_MARGIN = round(0.05 * RATE)  # samples around a stretch between quiet moments: words begin and end softly
_HALF_MOMENT = 2  # frames before and behind a moment that tell how quiet it is
_LOUDEST_HISS, _HISS_SHARE = 16.0, 1 / 32  # a level, and its share of the loudest so far, that hiss stays below
_AUDIBLE, _HISS_CONTRAST = 0.5, 1.5  # a level, and how many times the usual one hiss may reach; speech varies more


class CutChooser:
    """Chooses where one piece ends and the next starts, and tells silence. Time is counted in samples at `RATE`.

    Args:
        longest: maximum length of a piece, in seconds.

    Attributes:
        longest: maximum length of the piece, in samples.
        searched: how many samples at its end are searched first, and then.
    """

    def __init__(self, longest: float) -> None:
        self.set_longest(longest)
        self._saved = 0  # samples by which the overlaps so far are shorter than their share
        self._loudest = 0.0

    def set_longest(self, longest: float) -> None:
        """Set the maximum length, in seconds, of the pieces that follow."""
        self.longest = round(longest * RATE)
        share = _SEARCHED_SHARE * longest
        most = min(max(share, min(_FIRST_SEARCHED, _MOST_SEARCHED * longest)), _THEN_SEARCHED)
        self.searched = round(min(share, _FIRST_SEARCHED) * RATE), round(most * RATE)
        overlap = min(max(_OVERLAP_SHARE * longest, _SHORTEST_OVERLAP), _LONGEST_OVERLAP, longest / 3)
        self._overlap = round(overlap * RATE)

    def choose(self, frames: Sequence[VadFrame], piece_start: int) -> tuple[int, int]:
        """Return where the next piece starts, and where this one ends.

        Args:
            frames: what is heard in the searched end of the piece, or more.
            piece_start: where the piece starts.
        """
        pause = self.find_good_pause(frames, piece_start)
        pause = pause or self._find_longest_pause(frames, piece_start, self.searched[1], _SHORTEST_PAUSE)
        if pause is None:
            start, end = self._find_quiet_moments(frames, piece_start)
        else:
            start, end = pause - _GUARD // 2, pause + _GUARD // 2
        self._saved += round(_OVERLAP_SHARE * (start - piece_start)) - (end - start)
        return start, end

    def find_good_pause(self, frames: Sequence[VadFrame], piece_start: int) -> int | None:
        """Return the middle of the longest pause where it is searched first, if that is a good one."""
        return self._find_longest_pause(frames, piece_start, self.searched[0], _GOOD_PAUSE)

    def _find_longest_pause(
        self, frames: Sequence[VadFrame], piece_start: int, searched: int, shortest: float
    ) -> int | None:
        """Return the middle of the longest pause in the last `searched` samples of the piece."""
        end = piece_start + self.longest
        frames = _select_frames(frames, end - searched, end)
        pauses = [list(run) for is_quiet, run in groupby(frames, lambda frame: frame.is_quiet) if is_quiet]
        longest = max(pauses, key=len, default=list[VadFrame]())
        if len(longest) * FRAME_SECONDS < shortest:
            return None
        return (longest[0].start + longest[-1].start + FRAME_SAMPLES) // 2

    def _find_quiet_moments(self, frames: Sequence[VadFrame], piece_start: int) -> tuple[int, int]:
        """Return where the next piece starts and where this one ends, in samples, if no pause is certain.

        They are the two that are quietest beside what lies between them, in the last tenth of the piece.
        """
        overlap = self._overlap + max(0, min(self._overlap, self._saved))
        last = piece_start + self.longest - _MARGIN - FRAME_SAMPLES
        frames = _select_frames(frames, last - self.longest // 10 - overlap, last)
        most = min((overlap - 2 * _MARGIN) // FRAME_SAMPLES, len(frames))
        first, end = _find_loudest_between_quiet([frame.level for frame in frames], most * 3 // 4, most)
        origin = frames[0].start
        return origin + first * FRAME_SAMPLES - _MARGIN, origin + end * FRAME_SAMPLES + _MARGIN

    def is_silent(self, levels: Sequence[float]) -> bool:
        """Tell whether a piece with these levels is digital silence, or steady hiss far below what was heard before."""
        loudest = max(levels, default=0.0)
        self._loudest = max(self._loudest, loudest)
        if loudest >= max(SILENT, min(_LOUDEST_HISS, self._loudest * _HISS_SHARE)):
            return False
        audible = [level for level in levels if level >= _AUDIBLE]
        return not audible or loudest <= _HISS_CONTRAST * median(audible)


def _select_frames(frames: Sequence[VadFrame], first: int, last: int) -> list[VadFrame]:
    return [frame for frame in frames if first <= frame.start < last]


def _find_loudest_between_quiet(levels: Sequence[float], least: int, most: int) -> tuple[int, int]:
    """Return the start and end of the stretch of `least` to `most` frames that is loudest beside its two ends."""
    sums = list(accumulate(levels, initial=0.0))
    count = len(levels)
    moments = [(max(0, at - _HALF_MOMENT), min(at + _HALF_MOMENT, count)) for at in range(count + 1)]
    edges = [(sums[last] - sums[first]) / (last - first) for first, last in moments]

    best, stretch = math.inf, (0, count)
    for last in range(least, count + 1):
        edge, total = edges[last], sums[last] + 1
        for first in range(max(0, last - most), last - least + 1):
            share = (edges[first] + edge) * (last - first) / (total - sums[first])
            if share < best:
                best, stretch = share, (first, last)
    return stretch
