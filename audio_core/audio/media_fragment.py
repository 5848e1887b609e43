"""Parse and format the clips, and the tracks, that URLs and paths end in.

They are W3C media fragments (https://www.w3.org/TR/media-frags/ §4.2.1 and §4.2.3).
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from audio_core.errors import InvalidAudio

__all__ = ["check_other_fragment", "format_fragment", "split_fragment"]

_FRAGMENT = re.compile(r"(?:^|&)t=(?:npt:)?(?P<start>[^,&]*)(?:,(?P<end>[^&]*))?", re.IGNORECASE)
_TRACK = re.compile(r"(?:^|&)track=(?P<number>[^&]*)", re.IGNORECASE)
_OTHER_CLIP = re.compile(r"(?:^|&)(?:t|time|start|end)(?:$|[&:=])", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,3}", re.ASCII)
_CLOCK = re.compile(r"(?:(?:\d+:)?\d+:)?(?:\d+\.?\d*|\.\d+)", re.ASCII)


def split_fragment(text: str) -> tuple[str, float | None, float | None, int | None]:
    """Split a path or URL from the clip in its fragment; a `#` without `t=` or `track=` belongs to the path.

    Returns:
        The path or URL, the start and end of the clip in seconds, and the number of the track, counted from 0; None
        where the fragment does not name them.

    Raises:
        InvalidAudio: if a time of the clip, or the track, cannot be parsed: another one is not what was meant.

    Example:
        >>> split_fragment("talk #1.mp3#t=1:02,90.5")
        ('talk #1.mp3', 62.0, 90.5, None)
    """
    base, hash_sign, fragment = text.rpartition("#")
    fragment = unquote(fragment)
    times, track = (pattern.search(fragment) if hash_sign else None for pattern in (_FRAGMENT, _TRACK))
    if track and not _NUMBER.fullmatch(track["number"]):
        raise InvalidAudio(f"#{fragment[:40]} names no track: write its number, such as #track=1.")
    number = int(track["number"]) if track else None
    if times is None:
        return (text if track is None else base), None, None, number
    start, end = times["start"], times["end"] or ""
    if not (start or end) or not all(_CLOCK.fullmatch(clock) for clock in (start, end) if clock):
        raise InvalidAudio(f"#{fragment[:40]} is not a clip: write its seconds, such as #t=12,30.5.")
    return base, _parse_npt(start), _parse_npt(end), number


def check_other_fragment(url: str) -> None:
    """Check that what is left of a URL without its clip and track names no clip in another notation.

    Raises:
        InvalidAudio: if it does: the whole recording is not what was meant.

    Example:
        >>> check_other_fragment("https://host/talk.mp3#notes")
    """
    fragment = unquote(url.partition("#")[2])
    if _OTHER_CLIP.search(fragment):
        raise InvalidAudio(f"#{fragment[:40]} is not a clip: write its seconds, such as #t=12,30.5.")


def _parse_npt(clock: str) -> float | None:
    """Parse a normal play time, such as `12.5`, `02:30` or `1:02:30.5`, to seconds."""
    if not clock:
        return None
    return sum(float(part) * 60**power for power, part in enumerate(reversed(clock.split(":"))))


def format_fragment(start: float | None, end: float | None, track: int | None = None) -> str:
    """Format a clip, and a track, as a media fragment, to the millisecond.

    Args:
        start: start of the clip in seconds, or None for the beginning.
        end: end of the clip in seconds, or None for the end of the recording.
        track: number of the track, counted from 0, or None for the one that players choose.

    Returns:
        A fragment such as `#t=12,30.5`; empty if all are None.

    Example:
        >>> format_fragment(12.0, 30.5)
        '#t=12,30.5'
    """
    parts = [] if track is None else [f"track={track}"]
    if start is not None or end is not None:
        parts.append(f"t={_format_seconds(start or 0.0)}" + ("" if end is None else f",{_format_seconds(end)}"))
    return "#" + "&".join(parts) if parts else ""


def _format_seconds(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
