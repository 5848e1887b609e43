"""Where in a recording we are, packet by packet."""

from __future__ import annotations

from audio_core.errors import AudioTooLarge

__all__ = ["GAP", "MAX_SECONDS", "Clock"]

MAX_SECONDS = 48 * 3600.0
"""A recording that decodes to more is refused while it is decoded."""
GAP = 0.05
"""Seconds by which time stamps must jump ahead to mean that something is missing."""


class Clock:
    """Time stamps where they go ahead, and otherwise the sum of what was heard.

    Chained files start their time stamps anew, and damaged ones jump; both must not bend time.

    Args:
        tick: seconds that a time stamp counts.
        origin: seconds at which the recording's time stamps begin.

    Example:
        >>> clock = Clock(0.5, origin=1.0)
        >>> clock.advance(stamp=2, ticks=4), clock.seconds
        (True, 2.0)
    """

    def __init__(self, tick: float, origin: float) -> None:
        self._tick, self._origin = tick, origin
        self.seconds: float = 0.0
        self._started = False

    def advance(self, stamp: int | None, ticks: float) -> bool:
        """Go on by what was heard: where it begins, if it says so, and how long it lasts, in ticks.

        Returns:
            Whether it does not follow on what came before: it is the first, or something is missing.

        Raises:
            AudioTooLarge: if the recording is longer than `MAX_SECONDS`.
        """
        begin = self.seconds if stamp is None else stamp * self._tick - self._origin
        jumps = not self._started or begin - self.seconds > GAP
        if jumps:
            self._started, self.seconds = True, begin
        self.seconds += ticks * self._tick
        if self.seconds > MAX_SECONDS:
            raise AudioTooLarge(f"The recording is longer than {MAX_SECONDS / 3600:.0f} hours; cut it with a clip.")
        return jumps
