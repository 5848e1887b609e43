"""Where a recording is, before it is opened: a path, a URL, something held already, or a file object."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from audio_core.audio.content import Content, FileContent, open_regular_file
from audio_core.errors import InvalidAudio

__all__ = ["HandleSource", "HeldSource", "PathSource", "Source", "UrlSource", "parse_file_url"]

_LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class PathSource:
    """A file of this machine."""

    path: Path
    is_from_url: bool = False

    @property
    def label(self) -> str:
        """What messages call it."""
        return _shorten(self.path.name or "(no name)")

    @property
    def reference(self) -> str | None:
        """The URL that names it."""
        return Path(os.path.abspath(self.path)).as_uri()  # noqa: PTH100 - resolve would touch the disk

    def open_content(self) -> Content:
        """The bytes."""
        return open_regular_file(self.path, self.label)


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A recording on the web."""

    reference: str

    @property
    def label(self) -> str:
        """What messages call it."""
        parts = urlsplit(self.reference)
        return _shorten(parts.path.rsplit("/", 1)[-1] or parts.hostname or "(no name)")

    def open_content(self) -> Content:
        """Nothing: it must be fetched first."""
        raise InvalidAudio(f"{self.label} is remote and not fetched yet. AudioClient and the plugins fetch it for you.")


@dataclass(frozen=True, slots=True)
class HeldSource:
    """Bytes that are open already; `label` and `reference` are those of where they came from."""

    content: Content
    label: str = "audio given as bytes"
    reference: str | None = None

    def open_content(self) -> Content:
        """The bytes."""
        return self.content


@dataclass(slots=True)
class HandleSource:
    """A file object of the caller's: copied once, when it is first needed, from where it stood."""

    handle: BinaryIO
    label: str = "audio given as a file object"
    reference: str | None = None
    _content: Content | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open_content(self) -> Content:
        """The bytes, copied when this is called first."""
        with self._lock:
            if self._content is None:
                self._content = FileContent.copy_from(self.handle)
            return self._content


Source = PathSource | UrlSource | HeldSource | HandleSource


def parse_file_url(url: str) -> Path:
    """The path that a `file:` URL names; InvalidAudio if it names another machine."""
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise InvalidAudio("A file: URL names a path of this machine: it must look like file:///folder/talk.mp3.")
    return Path(url2pathname(parts.path))


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"
