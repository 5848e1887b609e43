"""From a passage back to its recording: how it is quoted, and the URL at which it is heard again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audio_core.errors import InvalidOption
from audio_core.transcript.passages import format_clip_url, get_recording_url
from audio_core.transcript.segment import format_clock

__all__ = ["format_citation", "get_clip_url"]


def format_citation(metadata: Mapping[str, Any], *, link: bool = False) -> str:
    """Where a passage stands and who speaks, for people to read.

    Args:
        metadata: of the passage.
        link: whether it is a Markdown link to the very stretch, which browsers play from there.

    Raises:
        InvalidOption: if the metadata say no times.

    Example:
        >>> citation({"start": 727.1, "end": 751.4, "speaker": "Ann"})
        '[12:07–12:31] Ann'
    """
    start, end = _get_times(metadata)
    who = metadata.get("speaker") or metadata.get("speakers")
    text = f"[{format_clock(start)}–{format_clock(end)}]" + (f" {who}" if who else "")
    url = get_clip_url(metadata) if link else None
    return f"[{text}]({url})" if url else text


def get_clip_url(metadata: Mapping[str, Any], padding: float = 0.0) -> str | None:
    """The URL of a passage's stretch of its recording, a little longer at both ends; None if the recording has no URL.

    Args:
        metadata: of the passage.
        padding: seconds to add before and after.

    Example:
        >>> get_clip_url({"source": "file:///a.mp3", "start": 12.0, "end": 30.5}, padding=2)
        'file:///a.mp3#t=10,32.5'
    """
    start, end = _get_times(metadata)
    return format_clip_url(get_recording_url(metadata), round(max(0.0, start - padding), 3), round(end + padding, 3))


def _get_times(metadata: Mapping[str, Any]) -> tuple[float, float]:
    try:
        return float(metadata["start"]), float(metadata["end"])
    except (KeyError, TypeError, ValueError):
        raise InvalidOption("A document without start and end is no passage of a recording.") from None
