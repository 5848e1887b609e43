"""References from a passage to its recording: the citation for people to read, and the URL of the clip."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from audio_core.errors import InvalidOption
from audio_core.transcript.passages import format_clip_url, get_recording_url
from audio_core.transcript.segment import format_clock

__all__ = ["format_citation", "get_clip_url", "get_times"]

_MAX_SECONDS = 1e9  # 31 years; a larger number is no time


def format_citation(metadata: Mapping[str, Any], *, link: bool = False) -> str:
    """Format the times of a passage and its speakers for people to read.

    Args:
        metadata: the metadata of the passage, with `start` and `end` in seconds of the recording.
        link: whether to make the citation a Markdown link to the clip. Browsers start playing at its beginning. Ignored
            if the recording has no URL.

    Raises:
        InvalidOption: if the metadata has no `start` and `end`.

    Example:
        >>> format_citation({"start": 727.1, "end": 751.4, "speaker": "Ann"})
        '[12:07–12:31] Ann'
    """
    start, end = get_times(metadata)
    speakers = metadata.get("speaker") or metadata.get("speakers")
    text = f"[{format_clock(start)}–{format_clock(end)}]" + (f" {speakers}" if speakers else "")
    url = get_clip_url(metadata) if link else None
    return f"[{text}]({url})" if url else text


def get_clip_url(metadata: Mapping[str, Any], padding: float = 0.0) -> str | None:
    """Return the URL of the clip that a passage is the transcript of.

    Args:
        metadata: the metadata of the passage, with `start` and `end` in seconds of the recording.
        padding: seconds to add before and after the passage.

    Returns:
        The URL of the recording with a media fragment, or None if the recording has no URL.

    Raises:
        InvalidOption: if the metadata has no `start` and `end`.

    Example:
        >>> get_clip_url({"source": "file:///a.mp3", "start": 12.0, "end": 30.5}, padding=2)
        'file:///a.mp3#t=10,32.5'
    """
    start, end = get_times(metadata)
    return format_clip_url(get_recording_url(metadata), round(max(0.0, start - padding), 3), round(end + padding, 3))


def get_times(metadata: Mapping[str, Any]) -> tuple[float, float]:
    """Return start and end of a passage in seconds of the recording.

    Raises:
        InvalidOption: if the metadata has no `start` and `end`, or they are not numbers of 0 or more.

    Example:
        >>> get_times({"start": 1.5, "end": "2.5"})  # some vector stores make texts of numbers
        (1.5, 2.5)
    """
    try:
        start, end = float(metadata["start"]), float(metadata["end"])
    except (KeyError, TypeError, ValueError, OverflowError):
        start = end = math.nan
    if not (0 <= start < _MAX_SECONDS and 0 <= end < _MAX_SECONDS):
        raise InvalidOption(
            "A document without start and end in its metadata is not a passage of a recording: "
            "load the recording with this project."
        )
    return start, end
