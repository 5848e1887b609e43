"""Tell where a seek finds the very packets that a time belongs to.

A container is listed only where clips were shown to hold the samples of the whole recording. All others are read from
their beginning.
"""

from __future__ import annotations

import itertools
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from audio_core.audio.content import Content
from audio_core.media.adts_packets import open_adts_frames
from audio_core.media.flac import is_numbered_throughout
from audio_core.media.mp3_packets import open_mp3_frames
from audio_core.media.ogg import is_one_stream_between
from audio_core.media.packets import NotCopyable

__all__ = ["Stretch", "is_countable", "is_seekable", "skip_until"]

_T = TypeVar("_T")
_CHECKED_PACKETS, _SETTLING_PACKETS = 100, 50
_COUNTABLE = {"opus", "aac", "flac", "mp3", "mp3float"}
_COUNTED_CONTAINERS = {"matroska", "mp3", "aac"}  # the parser of FLAC gives several frames at once after damage


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a stream.

    Attributes:
        first: where it begins, in units of the stream's time base.
        last: where it ends, in the same units; infinite if that is the recording's end.
        time_base_seconds: seconds per unit.
    """

    first: int
    last: float
    time_base_seconds: float


def is_seekable(
    content: Content, container: str, codec: str, stretch: Stretch, index: Iterable[tuple[int, int]]
) -> bool:
    """Tell whether the timestamps of a stretch are reliable after a seek, without what precedes it.

    Args:
        content: the file.
        container: FFmpeg's name of the container.
        codec: FFmpeg's name of the codec.
        stretch: what is read after the seek.
        index: timestamp and position in bytes of each packet that the container lists, or at least of the first.
    """
    match container:
        case "ogg":
            is_timed = codec in ("opus", "vorbis")
            return is_timed and is_one_stream_between(stretch.first, stretch.last, content)
        case "aiff" | "wav":
            return codec.startswith("pcm_")  # samples of codecs in blocks do not stand where bytes say
        case "mov":
            return codec != "opus" and _is_even(timestamp for timestamp, _ in index)  # its pre-skip shifts samples
        case "flac":
            return is_numbered_throughout(content)  # else it may be several files, each of which begins to count anew
        case "mp3" | "aac":
            _, position = next(iter(index))
            return _is_unbroken(content, container, position, stretch)
        case _:
            return False


def _is_unbroken(content: Content, container: str, first: int, stretch: Stretch) -> bool:
    """Tell whether frames follow one another up to a stretch's end. After damage, FFmpeg counts others at each seek.

    Args:
        content: the file.
        container: that of MP3 or of AAC.
        first: position of the first frame.
        stretch: the stretch.
    """
    try:
        frames, seconds = (open_mp3_frames if container == "mp3" else open_adts_frames)(content, first)
        last = min(stretch.last * stretch.time_base_seconds / seconds, sys.maxsize)
        next(frames.walk(int(last)), None)
    except NotCopyable:
        return False
    return True


def is_countable(container: str, codec: str) -> bool:
    """Tell whether packets need not be decoded to be counted: they say how long they are, or all are of one length.

    Timestamps of Matroska are rounded to milliseconds, so a seek does not tell the position to the sample, and in MP3
    and AAC files that were joined or damaged it does not tell it at all. Packets of Vorbis are of two lengths, which
    only its decoder tells apart.

    Args:
        container: FFmpeg's name of the container.
        codec: FFmpeg's name of the codec.
    """
    return container in _COUNTED_CONTAINERS and codec in _COUNTABLE


def skip_until(items: Iterator[_T], is_reached: Callable[[_T], bool], skip: Callable[[_T], object]) -> Iterator[_T]:
    """Skip packets until one is reached, but for the last fifty before it, in which a codec with a memory settles.

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
