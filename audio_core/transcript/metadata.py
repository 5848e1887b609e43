"""Reading the flat metadata of a passage: its times, its timeline and its recording.

Metadata may come back from any store, so nothing about it is taken for granted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from audio_core.audio.audio import Audio
from audio_core.errors import InvalidOption
from audio_core.lenient_json import to_text
from audio_core.transcript.segment import MAX_SECONDS, Segment
from audio_core.transcript.timeline import Timeline

__all__ = ["format_clip_url", "get_recording_url", "get_times", "identify_recording", "read_timeline"]


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
    if not (0 <= start < MAX_SECONDS and 0 <= end < MAX_SECONDS):
        raise InvalidOption(
            "A document without start and end in its metadata is not a passage of a recording: "
            "load the recording with this project."
        )
    return start, end


def read_timeline(text: str, metadata: Mapping[str, Any]) -> Timeline:
    """Decode the timeline of a passage. If it has none, its text counts as one segment.

    Raises:
        InvalidOption: if the metadata has no `start` and `end`, or the timeline cannot be read.

    Example:
        >>> read_timeline("good day", {"start": 1.0, "end": 2.0}).offsets
        [WordOffset(begin=0, stop=7, start=1.0, end=2.0, starts_segment=True)]
    """
    start, end = get_times(metadata)
    line = to_text(metadata.get("timeline"))
    if not line:
        return Timeline.build([Segment(start, max(start, end), text)])
    try:
        return Timeline.decode(line, start)
    except ValueError:
        raise InvalidOption(
            "The timeline in the metadata of a document cannot be read: load the recording again."
        ) from None


def get_recording_url(metadata: Mapping[str, Any]) -> str | None:
    """Return the URL of the recording that a passage belongs to, or None if it has none.

    A passage with `sha256` but without `clip` is of a recording that was given as bytes. Its `source` is the caller's
    name for them, not a URL.

    Example:
        >>> get_recording_url({"source": "file:///a.mp3"}), get_recording_url({"source": "upload 7", "sha256": "ab..."})
        ('file:///a.mp3', None)
    """
    return None if "sha256" in metadata and "clip" not in metadata else metadata.get("source")


def identify_recording(metadata: Mapping[str, Any]) -> str:
    """Return what tells the recording of a passage from others: its URL, or else its name and digest.

    Example:
        >>> identify_recording({"source": "file:///a.mp3"}), identify_recording({"source": "upload 7", "sha256": "ab"})
        ('file:///a.mp3', 'upload 7 ab')
    """
    url = get_recording_url(metadata)
    return to_text(url) or " ".join(filter(None, (to_text(metadata.get(name)) for name in ("source", "sha256"))))


def format_clip_url(source: str | None, start: float, end: float) -> str | None:
    """Format the URL of a clip: the URL of the recording with a media fragment.

    Args:
        source: URL of the recording, or None if it has none.
        start: start of the clip in seconds.
        end: end of the clip in seconds.

    Returns:
        The URL, or None if the recording has none or the clip is empty.
    """
    return Audio.of(source).clip(start, end).reference if source and start < end else None
