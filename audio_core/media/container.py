"""Open a recording with FFmpeg.

Recordings come from untrusted sources, so FFmpeg gets a nameless stream and a list of allowed formats: a playlist would
make it read other files and URLs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import av
import av.error
from av.container import InputContainer

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.audio.content_slices import ContentSlice
from audio_core.errors import InvalidAudio
from audio_core.media.resample import get_channel_layout
from audio_core.media.riff import find_safe_end

__all__ = ["open_container"]

_READABLE = (
    "wav,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,aac,matroska,webm,aiff,caf,w64,au,asf,amr,"
    "wv,ape,tta,tak,mpc,mpc8,dsf,iff,ac3,eac3,flv,avi,mpeg,mpegts"
)
_RAW_DEMUXERS = {"pcm16": "s16le", "pcm24": "s24le", "s16be": "s16be", "mulaw": "mulaw", "alaw": "alaw"}
_WAV_OPTIONS = {"max_size": "65536", "probesize": "65536"}  # FFmpeg's default, packets of 4 KiB, takes 7 times as long


@contextlib.contextmanager
def open_container(audio: Audio, content: Content) -> Generator[InputContainer]:
    """Open a recording, and close it after the block.

    Args:
        audio: a recording that is not remote.
        content: its bytes.

    Raises:
        InvalidAudio: if it cannot be opened.
    """
    name = audio.detect_format().name
    raw_demuxer = _RAW_DEMUXERS.get(name)
    options = {"format_whitelist": raw_demuxer or _READABLE, "protocol_whitelist": "pipe"}
    if name == "wav":
        options |= _WAV_OPTIONS
    if raw_demuxer:
        options |= {"sample_rate": str(audio.sample_rate), "ch_layout": get_channel_layout(audio.channels)}
    safe_end = find_safe_end(content)
    readable = content if safe_end == content.size else ContentSlice(content, 0, safe_end)
    with readable.open_reader() as reader:
        try:
            container = av.open(reader, "r", format=raw_demuxer, options=options, metadata_errors="replace")
        except (av.error.FFmpegError, ValueError):
            raise InvalidAudio(f"{audio.label} is damaged: it starts like audio but cannot be opened.") from None
        with container:
            yield container
