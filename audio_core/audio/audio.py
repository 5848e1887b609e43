"""`Audio`: one value for a recording, or a clip of one, in whatever form it is given.

Making an `Audio` touches neither disk nor network; the recording is opened when its bytes are needed. A clip is written
as a W3C media fragment (https://www.w3.org/TR/media-frags/ §4.2.1): `file:///talks/a.mp3#t=12,30.5`.
"""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from audio_core.audio.content import Base64Content, BytesContent, Content
from audio_core.audio.content_blocks import AudioBlock, parse_audio_block
from audio_core.audio.display import DisplayMixin
from audio_core.audio.formats import Format, find_format, is_raw, parse_parameter
from audio_core.audio.media_fragment import check_other_fragment, format_fragment, split_fragment
from audio_core.audio.shorthand import ShorthandMixin
from audio_core.audio.sniffing import SNIFF_BYTES, describe_bytes, sniff_content
from audio_core.audio.sources import HandleSource, HeldSource, PathSource, UrlSource, keep_position, parse_file_url
from audio_core.errors import InvalidAudio, UnsupportedFormat

__all__ = ["Audio"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?=//)|data:|file:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Audio(ShorthandMixin, DisplayMixin):
    """A recording, or a clip of one. Make it with `Audio.of`, or `Audio(source)`.

    Attributes:
        start: start of the clip, in seconds of the original recording; None for its beginning.
        end: end of the clip, in seconds of the original recording; None for its end.
        sample_rate: sample rate of raw (headerless) samples, in Hz; None for any other format.
        channels: number of channels of raw samples.
        only_channel: the single channel to use, counted from 0; None for all channels, mixed to one.
        track: the audio track to use, counted from 0; None for the one that players choose.

    Example:
        >>> talk = Audio.of("talks/a.mp3")
        >>> talk.clip(12, 30.5)
        Audio('a.mp3#t=12,30.5')
    """

    _source: Any  # a `Source`, once this is made
    start: float | None = None
    end: float | None = None
    sample_rate: int | None = None
    channels: int = 1
    only_channel: int | None = None
    track: int | None = None
    _declared_format: Format | None = None

    @classmethod
    def of(
        cls,
        source: Any,
        *,
        format: str | None = None,
        start: float | None = None,
        end: float | None = None,
        sample_rate: int | None = None,
        channels: int | None = None,
    ) -> Audio:
        """Make an `Audio` from a recording in any form.

        Args:
            source: a path, an `http`, `https`, `file` or `data` URL, one that fsspec opens (`s3://bucket/talk.mp3`,
                `gs`, `az`, `memory`), bytes, a binary file object (read from its current position), a mapping such as a
                message's audio block, or an `Audio`. A path given as a string and any URL may end in a fragment
                `#t=start,end` (seconds).
            format: needed for raw samples only: `"pcm16"` or `"pcm24"` (little-endian), `"s16be"` (big-endian),
                `"mulaw"` or `"alaw"`, or a MIME type such as `"audio/pcm;rate=16000"`. Otherwise the bytes decide.
            start: start of the clip, in seconds of the recording.
            end: end of the clip, in seconds of the recording.
            sample_rate: sample rate of raw samples, in Hz; None takes that of the MIME type.
            channels: number of channels of raw samples; None takes that of the MIME type, or one.

        Raises:
            InvalidAudio: if the source is of no known kind, or the clip is not valid.
            UnsupportedFormat: if the format is unknown, or the sample rate of raw samples is missing.
        """
        audio = _build_audio(cls, source)
        audio = audio if format is None else audio._with_declared_format(format, sample_rate, channels)
        return audio.clip(start, end) if start is not None or end is not None else audio

    @classmethod
    def from_base64(cls, text: str | bytes, *, format: str | None = None, sample_rate: int | None = None) -> Audio:
        """Make an `Audio` from base64 text. If no conversion is needed, the text is sent without decoding it.

        Args:
            text: the base64 text, or its ASCII bytes; with line breaks, URL-safe or without padding, if need be.
            format: as for `of`.
            sample_rate: sample rate of raw samples, in Hz.

        Raises:
            InvalidAudio: if the text is not base64.
            UnsupportedFormat: as for `of`.
        """
        return cls.of(cls(HeldSource(Base64Content(text))), format=format, sample_rate=sample_rate)

    def clip(self, start: float | None = None, end: float | None = None) -> Audio:
        """Return a clip of this recording, or of this clip.

        Args:
            start: start in seconds of the *original* recording, even if this is a clip already; None keeps the start.
            end: end in seconds of the original recording; None keeps the end.

        Raises:
            InvalidAudio: if the clip is empty, begins before 0, is not finite or a number, or lies outside this clip.

        Example:
            >>> Audio.of("a.mp3").clip(10, 60).clip(20, 30).reference[-8:]
            '#t=20,30'
        """
        try:
            start = self.start if start is None else float(start)
            end = self.end if end is None else float(end)
        except (TypeError, ValueError, OverflowError):
            raise InvalidAudio(f"{self.label}: start and end of a clip must be numbers, in seconds.") from None
        lower, upper = start or 0.0, math.inf if end is None else end
        if not (0 <= lower < upper) or (end is not None and not math.isfinite(end)):
            raise InvalidAudio(f"{self.label}: clip {start} to {end} s is invalid: it needs 0 <= start < end < inf.")
        if lower < (self.start or 0.0) or upper > (math.inf if self.end is None else self.end):
            raise InvalidAudio(f"A clip from {start} to {end} s of the original recording lies outside {self.label}.")
        return replace(self, start=start, end=end)

    def select_channel(self, number: int) -> Audio:
        """Return channel `number` (counted from 0) of this recording, such as one side of a telephone call."""
        return replace(self, only_channel=number)

    def select_track(self, number: int) -> Audio:
        """Return audio track `number` (counted from 0) of this recording, such as one language of a film.

        Example:
            >>> Audio.of("film.mkv").select_track(1).clip(10, 20)
            Audio('film.mkv#track=1&t=10,20')
        """
        return replace(self, track=number)

    @property
    def label(self) -> str:
        """The name of this recording in messages: its file name and clip, never its whole path or its content."""
        return self._source.label + format_fragment(self.start, self.end, self.track)

    @property
    def name(self) -> str:
        """The file name without its suffix, for an upload; `"audio"` for bytes."""
        return (Path(self._source.label.split("?")[0]).stem if self.has_reference else "") or "audio"

    @property
    def has_reference(self) -> bool:
        """Whether the recording has a path or URL."""
        return self._source.reference is not None

    @property
    def is_clip(self) -> bool:
        """Whether this is a clip rather than the whole recording."""
        return self.start is not None or self.end is not None

    @property
    def is_remote(self) -> bool:
        """Whether the recording must be downloaded before it can be opened."""
        return isinstance(self._source, UrlSource)

    @property
    def path(self) -> Path | None:
        """The path of the file, if the recording is a local file that is not open yet."""
        return self._source.path if isinstance(self._source, PathSource) else None

    @property
    def is_from_url(self) -> bool:
        """Whether the source was given as a URL (`file:` included), which may come from an untrusted message."""
        return self.is_remote or (isinstance(self._source, PathSource) and self._source.is_from_url)

    @property
    def reference(self) -> str | None:
        """A URL that names the recording and the clip, such as `file:///a.mp3#t=12,30.5`; None for bytes."""
        base = self._source.reference
        return None if base is None else base + format_fragment(self.start, self.end, self.track)

    @property
    def stated_pcm(self) -> tuple[str, int | None, int] | None:
        """The stated format, sample rate in Hz and channels of raw samples; None for any other recording."""
        declared = self._declared_format
        return None if declared is None else (declared.name, self.sample_rate, self.channels)

    @property
    def source(self) -> str | None:
        """The URL of the whole recording, without a clip, but with its track; None for bytes."""
        return replace(self, start=None, end=None).reference

    @property
    def format(self) -> str:
        """The canonical name of the format, such as `"mp3"`, detected from the bytes.

        Raises:
            InvalidAudio: if the bytes are empty or not audio, or the recording is remote and not downloaded yet.
            AudioNotFound: if the file does not exist.
        """
        return self.detect_format().name

    def open_content(self) -> Content:
        """Open the whole recording, without regard to the clip; raise as `format` does."""
        return self._source.open_content()

    def with_content(self, content: Content) -> Audio:
        """Return the same recording, with the same name and reference, that reads its bytes from `content`."""
        return replace(self, _source=HeldSource(content, self._source.label, self._source.reference))

    def detect_format(self) -> Format:
        """Detect the format from the bytes, unless it was declared as raw samples; raise as `format` does."""
        if self._declared_format is not None:
            return self._declared_format
        content = self.open_content()
        if content.size == 0:
            raise InvalidAudio(f"{self.label} is empty (0 bytes).")
        detected = sniff_content(content)
        if detected is None:
            raise InvalidAudio(
                f"{self.label} is not audio: it starts like {describe_bytes(content.read_at(0, SNIFF_BYTES))}. "
                "For samples without a header pass format='pcm16' (or 's16be', 'mulaw', 'alaw') and sample_rate=..."
            )
        return detected

    def _with_declared_format(self, format: str, sample_rate: int | None, channels: int | None) -> Audio:
        declared = find_format(format)
        if not declared.raw:
            return self
        rate = sample_rate or parse_parameter(format, "rate")
        if not rate:
            raise UnsupportedFormat(f"{self.label}: raw {declared.name} has no header; pass its sample_rate=... in Hz.")
        channels = channels or parse_parameter(format, "channels") or 1
        return replace(self, _declared_format=declared, sample_rate=rate, channels=channels)

    def __repr__(self) -> str:
        return f"Audio({self.label!r})"


def _build_audio(cls: type[Audio], source: Any) -> Audio:
    match source:
        case Audio():
            return source
        case _ if hasattr(source, "open_reader"):  # a `Content`
            return cls(HeldSource(source))
        case str():
            return _build_from_text(cls, source)
        case bytes() | bytearray() | memoryview():
            return cls(HeldSource(BytesContent(bytes(cast("bytes", source)))))
        case os.PathLike():
            return cls(PathSource.of(cast("os.PathLike[str]", source)))
        case Mapping():
            return _build_from_block(cls, parse_audio_block(cast("Mapping[str, Any]", source)))
        case io.TextIOBase():
            raise InvalidAudio("The file object is open as text: open it with mode 'rb'.")
        case _ if hasattr(source, "read"):
            return cls(HandleSource(partial(keep_position, source)))
        case _:
            raise InvalidAudio(f"{type(source).__name__} is not audio: give a path, URL, bytes, file object or block.")


def _build_from_block(cls: type[Audio], block: AudioBlock) -> Audio:
    audio = cls.from_base64(block.source) if block.is_base64 else cls.of(block.source)
    rate, channels = block.sample_rate, block.channels
    return cls.of(audio, format=block.raw_format, start=block.start, end=block.end, sample_rate=rate, channels=channels)


def _build_from_text(cls: type[Audio], text: str) -> Audio:
    scheme = _SCHEME.match(text)
    if scheme and scheme[0].lower() == "data:":
        return _build_from_data_uri(cls, text)
    base, start, end, track = split_fragment(text)
    if scheme:
        check_other_fragment(base)
    if not scheme:
        audio = cls(PathSource.of(base))
    elif scheme[0].lower() in ("file:", "local:"):  # fsspec has both
        audio = cls(PathSource(parse_file_url(base), is_from_url=True))
    else:
        audio = cls(UrlSource(base))
    audio = replace(audio, track=track)
    return audio.clip(start, end) if start is not None or end is not None else audio


def _build_from_data_uri(cls: type[Audio], uri: str) -> Audio:
    header, comma, text = uri.partition(",")
    mime = header[len("data:") :]
    if not comma or "base64" not in mime.lower().split(";"):
        raise InvalidAudio("The data URI holds no base64: it must look like data:audio/wav;base64,....")
    text, start, end, track = split_fragment(text)
    audio = replace(cls.from_base64(unquote(text) if "%" in text else text), track=track)
    return cls.of(audio, format=mime if is_raw(mime) else None, start=start, end=end)
