"""Tell where a seek finds the very packets that a time belongs to.

A container is listed only where clips were shown to hold the samples of the whole recording. All others are read from
their beginning.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from audio_core.audio.content import Content
from audio_core.media.ogg import is_one_stream_until

__all__ = ["is_countable", "is_seekable", "skip_until"]

_T = TypeVar("_T")
_BY_INDEX = {"flac", "mov"}  # an index or the frames themselves hold exact timestamps
_BY_COUNTING = {"mp3", "aac"}  # FFmpeg seeks by counting frames from the beginning, which is exact
_CHECKED_PACKETS, _SETTLING_PACKETS = 100, 50
_COUNTABLE = {"opus", "aac", "flac", "mp3", "mp3float"}


def is_seekable(content: Content, container: str, codec: str, timestamp: int, index: Iterable[int]) -> bool:
    """Tell whether timestamps are reliable after a seek, without what precedes it.

    Args:
        content: the file.
        container: FFmpeg's name of the container.
        codec: FFmpeg's name of the codec.
        timestamp: where to seek, in units of the stream's time base.
        index: timestamps of the packets, as far as the container lists them.
    """
    if container == "ogg":
        return codec in ("opus", "vorbis") and is_one_stream_until(timestamp, content)
    if container in ("aiff", "wav"):
        return codec.startswith("pcm_")  # samples of codecs in blocks do not stand where bytes say
    if container == "mov" and not _is_even(index):
        return False
    return container in _BY_INDEX | _BY_COUNTING and codec != "opus"  # its pre-skip shifts samples


def is_countable(container: str, codec: str) -> bool:
    """Tell whether packets need not be decoded to be counted: they say how long they are, or all are of one length.

    Timestamps of Matroska are rounded to milliseconds, so a seek does not tell the position to the sample. Packets of Vorbis
    are of two lengths, which only its decoder tells apart.

    Args:
        container: FFmpeg's name of the container.
        codec: FFmpeg's name of the codec.
    """
    return container == "matroska" and codec in _COUNTABLE


def skip_until(items: Iterator[_T], is_reached: Callable[[_T], bool], skip: Callable[[_T], object]) -> Iterator[_T]:
    """Skip packets until one is reached. The last fifty before it are not skipped, in which a codec with a memory settles.

    Args:
        items: the packets.
        is_reached: tells whether a packet is the one.
        skip: is called with each that is skipped.

    Yields:
        The packets that are not skipped.
    """
    held = deque[_T]()
    for item in items:
        held.append(item)
        if is_reached(item):
            break
        if len(held) > _SETTLING_PACKETS:
            skip(held.popleft())
    yield from held
    yield from items


def _is_even(index: Iterable[int]) -> bool:
    """Tell whether packets follow one another at one distance. Timestamps that were rounded do not."""
    distances = {after - before for before, after in itertools.pairwise(itertools.islice(index, _CHECKED_PACKETS))}
    return len(distances) == 1
