"""Parse and format the clips that URLs and paths end in.

They are W3C media fragments (https://www.w3.org/TR/media-frags/ §4.2.1).
"""

from __future__ import annotations

import re

from audio_core.errors import InvalidAudio

__all__ = ["format_fragment", "split_fragment"]

_FRAGMENT = re.compile(r"(?:^|&)t=(?:npt:)?(?P<start>[\d.:]*)(?:,(?P<end>[\d.:]*))?(?=&|$)")


def split_fragment(text: str) -> tuple[str, float | None, float | None]:
    """Split a path or URL from the clip in its fragment; any other `#` belongs to the path.

    Returns:
        The path or URL, and the start and end of the clip in seconds; None where the fragment does not name them.

    Raises:
        InvalidAudio: if a time of the clip cannot be parsed.

    Example:
        >>> split_fragment("talk #1.mp3#t=1:02,90.5")
        ('talk #1.mp3', 62.0, 90.5)
    """
    base, hash_sign, fragment = text.rpartition("#")
    times = _FRAGMENT.search(fragment) if hash_sign else None
    if not times or not (times["start"] or times["end"]):
        return text, None, None
    return base, _parse_npt(times["start"]), _parse_npt(times["end"])


def _parse_npt(clock: str | None) -> float | None:
    """Parse a normal play time, such as `12.5`, `02:30` or `1:02:30.5`, to seconds."""
    if not clock:
        return None
    try:
        parts = [float(part) for part in clock.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3:
        raise InvalidAudio(f"#t={clock[:30]} is not a time: write seconds, such as #t=12,30.5.")
    return sum(part * 60**power for power, part in enumerate(reversed(parts)))


def format_fragment(start: float | None, end: float | None) -> str:
    """Format a clip as a media fragment, to the millisecond.

    Args:
        start: start of the clip in seconds, or None for the beginning.
        end: end of the clip in seconds, or None for the end of the recording.

    Returns:
        A fragment such as `#t=12,30.5`; empty if both times are None.

    Example:
        >>> format_fragment(12.0, 30.5)
        '#t=12,30.5'
    """
    if start is None and end is None:
        return ""
    return f"#t={_format_seconds(start or 0.0)}" + ("" if end is None else f",{_format_seconds(end)}")


def _format_seconds(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
