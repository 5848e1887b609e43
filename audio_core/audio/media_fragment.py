"""Clips in URLs and paths: W3C media fragments (https://www.w3.org/TR/media-frags/ §4.2.1)."""

from __future__ import annotations

import re

from audio_core.errors import InvalidAudio

__all__ = ["format_fragment", "split_fragment"]

_FRAGMENT = re.compile(r"(?:^|&)t=(?:npt:)?(?P<start>[\d.:]*)(?:,(?P<end>[\d.:]*))?(?=&|$)")


def split_fragment(text: str) -> tuple[str, float | None, float | None]:
    """A path or URL and the clip that its fragment names; any other `#` belongs to the path."""
    base, mark, fragment = text.rpartition("#")
    found = _FRAGMENT.search(fragment) if mark else None
    if not found or not (found["start"] or found["end"]):
        return text, None, None
    return base, _parse_npt(found["start"]), _parse_npt(found["end"])


def _parse_npt(clock: str | None) -> float | None:
    """Seconds of `12.5`, `02:30` or `1:02:30.5` (normal play time)."""
    if not clock:
        return None
    try:
        parts = [float(part) for part in clock.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3:
        raise InvalidAudio(f"#t={clock[:30]} is no time: write seconds, such as #t=12,30.5.")
    return sum(part * 60**power for power, part in enumerate(reversed(parts)))


def format_fragment(start: float | None, end: float | None) -> str:
    """The fragment that names a clip, such as `#t=12,30.5`; empty for none."""
    if start is None and end is None:
        return ""
    return f"#t={_format_seconds(start or 0.0)}" + ("" if end is None else f",{_format_seconds(end)}")


def _format_seconds(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
