"""The position in a recording, counted packet by packet."""

from __future__ import annotations

import math

from audio_core.errors import AudioTooLarge

__all__ = ["GAP", "MAX_SECONDS", "Clock", "check_seconds"]

MAX_SECONDS = 48 * 3600.0
"""Seconds. A recording that decodes to more is refused while it is decoded."""
GAP = 0.05
"""Seconds: a smaller distance between two packets is rounding."""
_ROUNDING = 0.002  # seconds: where a packet is known to be missing, only a smaller distance is rounding


class Clock:
    """The position in a recording, in seconds.

    Attributes:
        seconds: the position.
        silence: how much of it has no packets, in seconds.

    The position is the sum of the durations so far. A timestamp only counts for the first packet and after a gap:
    chained files restart their timestamps, damaged files make them jump, and neither may distort the timeline. After a
    packet that does not decode, a distance as small as that packet is a gap.

    Args:
        time_base_seconds: seconds per unit of a timestamp.
        origin: seconds at which the recording's timestamps begin.
        longest_gap: the longest gap in seconds that a timestamp can tell. A larger distance is taken for an error, and
            so are gaps that add up to more than the audio and this.

    Example:
        >>> clock = Clock(0.5, origin=1.0)
        >>> clock.advance(timestamp=2, ticks=4), clock.seconds
        (True, 2.0)
    """

    def __init__(self, time_base_seconds: float, origin: float, longest_gap: float = math.inf) -> None:
        self._time_base_seconds, self._origin, self._longest_gap = time_base_seconds, origin, longest_gap
        self.seconds = self.silence = 0.0
        self._is_started, self._least_gap = False, GAP

    def expect_gap(self) -> None:
        """Note that a packet is missing before the next one."""
        self._least_gap = _ROUNDING

    def advance(self, timestamp: int | None, ticks: float) -> bool:
        """Move the position to the end of a packet or frame.

        Args:
            timestamp: its timestamp, in units of the time base; None if it has none.
            ticks: its duration, in units of the time base.

        Returns:
            Whether it does not continue what came before: it is the first, or audio is missing before it.

        Raises:
            AudioTooLarge: if the recording is longer than `MAX_SECONDS`.
        """
        start = self.seconds if timestamp is None else timestamp * self._time_base_seconds - self._origin
        is_discontinuous = not self._is_started or self._is_gap(start - self.seconds)
        if is_discontinuous:
            self.silence += max(0.0, start - self.seconds)
            self._is_started, self.seconds = True, start
        self._least_gap = GAP
        self.seconds += ticks * self._time_base_seconds
        check_seconds(self.seconds)
        return is_discontinuous

    def _is_gap(self, distance: float) -> bool:
        audio = self.seconds - self.silence
        return self._least_gap < distance <= self._longest_gap and self.silence + distance <= audio + self._longest_gap


def check_seconds(seconds: float) -> None:
    """Check that a recording is not too long.

    Raises:
        AudioTooLarge: if it is longer than `MAX_SECONDS`.
    """
    if seconds > MAX_SECONDS:
        raise AudioTooLarge(
            f"The recording is longer than {MAX_SECONDS / 3600:.0f} hours; use a clip of it, with start and end."
        )
