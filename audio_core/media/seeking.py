"""Tell where a seek finds the very packets that a time belongs to.

A container is listed only where clips were shown to hold the samples of the whole recording. All others are read from
their beginning.
"""

from __future__ import annotations

from audio_core.audio.content import Content
from audio_core.media.ogg import is_one_stream_until

__all__ = ["is_seekable"]

_BY_INDEX = {"aiff", "flac", "mov"}  # an index or the frames themselves hold exact timestamps
_BY_COUNTING = {"mp3", "aac"}  # FFmpeg seeks by counting frames from the beginning, which is exact


def is_seekable(content: Content, container: str, codec: str, timestamp: int) -> bool:
    """Tell whether timestamps are reliable after a seek, without what precedes it.

    Args:
        content: the file.
        container: FFmpeg's name of the container.
        codec: FFmpeg's name of the codec.
        timestamp: where to seek, in units of the stream's time base.
    """
    if container == "ogg":
        return is_one_stream_until(timestamp, content)
    if container == "wav":
        return codec.startswith("pcm_")  # samples of codecs in blocks do not stand where bytes say
    return container in _BY_INDEX | _BY_COUNTING and codec != "opus"  # its pre-skip shifts samples
