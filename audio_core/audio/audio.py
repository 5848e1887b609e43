"""`Audio`: one value for every way to say "this recording", with an optional clip.

Making one touches neither disk nor net; the recording is opened when it is needed. A clip is written as a W3C media
fragment (https://www.w3.org/TR/media-frags/ §4.2.1): `file:///talks/a.mp3#t=12,30.5`.
"""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import unquote

from audio_core.audio.content import Base64Content, BytesContent, Content, FileContent
from audio_core.audio.content_blocks import AudioBlock, parse_audio_block
from audio_core.audio.formats import SNIFF_BYTES, Format, describe_bytes, find_format, sniff_format
from audio_core.audio.media_fragment import format_fragment, split_fragment
from audio_core.audio.sources import HandleSource, HeldSource, PathSource, Source, UrlSource, parse_file_url
from audio_core.errors import InvalidAudio, UnsupportedFormat

__all__ = ["Audio"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?=//)|data:|file:")


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording, or a clip of one. Make it with `Audio.of`.

    Attributes:
        start: where the clip starts, in seconds of the original recording; None for its beginning.
        end: where the clip ends, in seconds of the original recording; None for its end.
        sample_rate: of headerless PCM, in Hz.
        channels: of headerless PCM.
        only_channel: the one channel that is meant, counted from 0; None means all, mixed.

    Example:
        >>> talk = Audio.of("talks/a.mp3")
        >>> talk.clip(12, 30.5)
        Audio('a.mp3#t=12,30.5')
    """

    _source: Source
    start: float | None = None
    end: float | None = None
    sample_rate: int | None = None
    channels: int = 1
    only_channel: int | None = None
    _declared: Format | None = None

    @classmethod
    def of(
        cls,
        source: Any,
        *,
        format: str | None = None,
        start: float | None = None,
        end: float | None = None,
        sample_rate: int | None = None,
        channels: int = 1,
    ) -> Audio:
        """Say which recording is meant, in whatever form it is at hand.

        Args:
            source: a path, an `http`, `https`, `file` or `data` URL, bytes, a binary file object (read from where it
                stands), a mapping such as a message's audio block, or an `Audio`. A path given as a string and any URL
                may end in a fragment `#t=start,end`.
            format: needed for raw PCM only (`"pcm16"`, `"pcm24"`, little-endian); otherwise the bytes decide.
            start: seconds of the recording at which the clip starts.
            end: seconds of the recording at which the clip ends.
            sample_rate: of raw PCM, in Hz.
            channels: of raw PCM.

        Raises:
            InvalidAudio: if the source is of no known kind or the clip is impossible.
            UnsupportedFormat: if the format is unknown, or raw PCM comes without its rate.
        """
        audio = _build_audio(cls, source)
        if format is not None:
            audio = audio._declare(format, sample_rate, channels)
        return audio.clip(start, end) if start is not None or end is not None else audio

    @classmethod
    def from_base64(cls, text: str, *, format: str | None = None, sample_rate: int | None = None) -> Audio:
        """The recording that a base64 text holds; it is sent as it is, without being decoded and encoded again.

        Raises:
            InvalidAudio: if the text is not base64.
        """
        return cls.of(cls(HeldSource(Base64Content(text))), format=format, sample_rate=sample_rate)

    def clip(self, start: float | None = None, end: float | None = None) -> Audio:
        """A stretch of this recording.

        Args:
            start: seconds of the *original* recording, also when this is a clip already; None keeps the start.
            end: likewise, None keeps the end.

        Raises:
            InvalidAudio: if the stretch is empty, negative, not finite, or outside this clip.

        Example:
            >>> Audio.of("a.mp3").clip(10, 60).clip(20, 30).reference[-8:]
            '#t=20,30'
        """
        start = self.start if start is None else float(start)
        end = self.end if end is None else float(end)
        low, high = start or 0.0, math.inf if end is None else end
        if not (0 <= low < high) or (end is not None and not math.isfinite(end)):
            raise InvalidAudio(f"{self.label}: a clip from {start} to {end} s is empty or impossible.")
        if low < (self.start or 0.0) or high > (math.inf if self.end is None else self.end):
            raise InvalidAudio(f"A clip from {start} to {end} s lies outside {self.label}; times are of the original.")
        return replace(self, start=start, end=end)

    def select_channel(self, number: int) -> Audio:
        """One channel of this recording, such as one side of a telephone call.

        Args:
            number: counted from 0.
        """
        return replace(self, only_channel=number)

    @property
    def label(self) -> str:
        """What messages call this recording: its file name, never its whole path or its content."""
        return self._source.label + format_fragment(self.start, self.end)

    @property
    def name(self) -> str:
        """The file name without its suffix, for an upload."""
        return Path(self._source.label.split("?")[0]).stem if self.has_reference else "audio"

    @property
    def has_reference(self) -> bool:
        """Whether a path or URL says where the recording is."""
        return self._source.reference is not None

    @property
    def is_clip(self) -> bool:
        """Whether only a stretch of the recording is meant."""
        return self.start is not None or self.end is not None

    @property
    def is_remote(self) -> bool:
        """Whether the recording must be fetched before it can be opened."""
        return isinstance(self._source, UrlSource)

    @property
    def path(self) -> Path | None:
        """The file, if the recording is one that is not open yet."""
        return self._source.path if isinstance(self._source, PathSource) else None

    @property
    def is_from_url(self) -> bool:
        """Whether the source was given as a URL (`file:` too), as a message from anyone may give it."""
        return isinstance(self._source, UrlSource) or (
            isinstance(self._source, PathSource) and self._source.is_from_url
        )

    @property
    def reference(self) -> str | None:
        """A URL that names the recording and the clip, such as `file:///a.mp3#t=12,30.5`; None for bytes."""
        base = self._source.reference
        return None if base is None else base + format_fragment(self.start, self.end)

    @property
    def source(self) -> str | None:
        """The URL of the whole recording, without a clip; None for bytes."""
        return self._source.reference

    @property
    def format(self) -> str:
        """The canonical format name, such as `"mp3"`, as the bytes show it.

        Raises:
            InvalidAudio: if the bytes are empty or no audio, or the recording is remote and not fetched yet.
            AudioNotFound: if the file is not there.
        """
        return self.detect_format().name

    def open_content(self) -> Content:
        """The bytes of the whole recording.

        Raises:
            InvalidAudio: if it cannot be opened here; `AudioNotFound` if it is not there.
        """
        return self._source.open_content()

    def with_content(self, content: Content) -> Audio:
        """The same recording, read from `content` from now on; its name and reference stay."""
        return replace(self, _source=HeldSource(content, self._source.label, self._source.reference))

    def detect_format(self) -> Format:
        """The row of `FORMATS` that the bytes show; raises as `format` does."""
        if self._declared is not None:
            return self._declared
        content = self.open_content()
        if content.size == 0:
            raise InvalidAudio(f"{self.label} is empty (0 bytes).")
        head = content.read_at(0, SNIFF_BYTES)
        found = sniff_format(head)
        if found is None:
            raise InvalidAudio(
                f"{self.label} is not audio: it starts like {describe_bytes(head)}. "
                "For raw PCM say format='pcm16' and sample_rate=..."
            )
        return found

    def _declare(self, format: str, sample_rate: int | None, channels: int) -> Audio:
        row = find_format(format)
        if not row.raw:
            return self
        rate = sample_rate or _parse_rate(format)
        if rate is None:
            raise UnsupportedFormat(f"{self.label}: raw {row.name} has no header; say its rate with sample_rate=16000.")
        return replace(self, _declared=row, sample_rate=rate, channels=channels)

    def __repr__(self) -> str:
        return f"Audio({self.label!r})"


def _build_audio(cls: type[Audio], source: Any) -> Audio:
    match source:
        case Audio():
            return source
        case BytesContent() | Base64Content() | FileContent():
            return cls(HeldSource(source))
        case str():
            return _build_from_text(cls, source)
        case bytes() | bytearray() | memoryview():
            return cls(HeldSource(BytesContent(bytes(cast("bytes", source)))))
        case os.PathLike():
            return cls(PathSource(Path(cast("os.PathLike[str]", source))))
        case Mapping():
            return _build_from_block(cls, parse_audio_block(cast("Mapping[str, Any]", source)))
        case _ if hasattr(source, "read"):
            return _build_from_handle(cls, source)
        case _:
            raise InvalidAudio(f"A {type(source).__name__} is no audio: give a path, URL, bytes, file object or block.")


def _build_from_block(cls: type[Audio], block: AudioBlock) -> Audio:
    audio = cls.from_base64(block.source) if block.is_base64 else cls.of(block.source)
    return cls.of(
        audio,
        format=block.pcm_format,
        start=block.start,
        end=block.end,
        sample_rate=block.sample_rate,
        channels=block.channels,
    )


def _build_from_handle(cls: type[Audio], handle: BinaryIO) -> Audio:
    if isinstance(handle, io.TextIOBase):
        raise InvalidAudio("The file object is open as text: open it with mode 'rb'.")
    return cls(HandleSource(handle))


def _build_from_text(cls: type[Audio], text: str) -> Audio:
    scheme = _SCHEME.match(text)
    if scheme and scheme[0].lower() == "data:":
        return _build_from_data_uri(cls, text)
    base, start, end = split_fragment(text)
    if not scheme:
        found = cls(PathSource(Path(base)))
    elif scheme[0].lower() == "file:":
        found = cls(PathSource(parse_file_url(base), is_from_url=True))
    elif scheme[0].lower() in ("http:", "https:"):
        found = cls(UrlSource(base))
    else:
        raise InvalidAudio(f"{scheme[0]}// is not opened here: open it yourself and pass the file object or bytes.")
    return found.clip(start, end) if start is not None or end is not None else found


def _build_from_data_uri(cls: type[Audio], uri: str) -> Audio:
    head, comma, text = uri.partition(",")
    kind, *parameters = head.removeprefix("data:").split(";")
    if not comma or "base64" not in parameters:
        raise InvalidAudio("The data URI holds no base64: it must look like data:audio/wav;base64,....")
    audio = cls.from_base64(unquote(text) if "%" in text else text)
    is_raw = kind.lower() in ("audio/pcm", "audio/pcm24")
    return audio._declare(";".join((kind, *parameters)), None, 1) if is_raw else audio  # pyright: ignore[reportPrivateUsage]


def _parse_rate(mime: str) -> int | None:
    found = re.search(r";\s*rate=(\d+)", mime)
    return int(found[1]) if found else None
