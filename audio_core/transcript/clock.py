"""Times of a recording as people read them."""

from __future__ import annotations

__all__ = ["format_clock", "format_range"]

_LONGEST = 1e9  # seconds


def format_clock(seconds: float) -> str:
    """Format seconds as `mm:ss`, or as `h:mm:ss` from one hour on. Fractions of a second are cut off.

    What is longer than any recording, as where a model makes a time up, is told in few digits.

    Example:
        >>> format_clock(727.9), format_clock(3661)
        ('12:07', '1:01:01')
    """
    if seconds >= _LONGEST:
        return f"{seconds:.3g} s"
    minutes, whole_seconds = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole_seconds:02}" if hours else f"{minutes:02}:{whole_seconds:02}"


def format_range(start: float, end: float) -> str:
    """Return two times in seconds as `format_clock` shows them, with a hyphen between them.

    Example:
        >>> format_range(61.0, 62.5)
        '01:01-01:02'
    """
    return f"{format_clock(start)}-{format_clock(end)}"
