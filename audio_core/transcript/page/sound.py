"""Where a page finds the sound that it plays."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from audio_core.errors import InvalidOption

__all__ = ["Sound", "locate_sound", "name_source"]

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HOST = re.compile(r"//(?:[^/?#@]*@)?((?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d+)?)(?=[/?#]|$)", re.ASCII)
_EMBEDDED = re.compile(r"data:(audio|video|application)/[\w.+-]+(;[\w=.+-]+)*,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound that a page plays.

    Attributes:
        url: absolute, relative to the page, or a `data:` URI.
        policy: the source that the page's Content Security Policy must allow.
    """

    url: str = field(repr=False)
    policy: str

    @property
    def is_remote(self) -> bool:
        """Whether it is on a host that may be another than the page's."""
        return self.policy.startswith("http")

    @property
    def label(self) -> str:
        """What the page calls it."""
        return "" if self.policy == "data:" else unquote(PurePosixPath(re.split("[?#]", self.url)[0]).name)


def locate_sound(audio: str | os.PathLike[str]) -> Sound:
    """Tell where a page finds a sound.

    Args:
        audio: an `http`, `https`, `file` or `data:` URL, or a path relative to the page. Only text can be a URL.

    Raises:
        InvalidOption: if it is anything else.

    Example:
        >>> locate_sound("talks/a #1.mp3").url
        'talks/a%20%231.mp3'
    """
    scheme = _SCHEME.match(audio) if isinstance(audio, str) else None
    if scheme is None:
        return Sound(quote(PurePath(audio).as_posix()), "'self' file:")
    text = str(audio)
    match scheme[0].lower():
        case "http:" | "https:" if host := _HOST.match(text, scheme.end()):
            return Sound(text, f"{scheme[0].lower()}//{host[1]}")
        case "file:":
            return Sound(text, "file:")
        case "data:" if _EMBEDDED.match(text):
            return Sound(text, "data:")
        case _:
            raise InvalidOption(
                f"audio={text[:40]!r} is not where a page can find sound: give a path relative to the page, "
                "an http, https or file URL, or a data: URI with audio."
            )


def name_source(source: str | None) -> str | PurePosixPath | None:
    """Return where a page finds a recording by default: the URL of one on the web, and the name of a file.

    The folders of a file are nobody's business. No browser opens a bucket, so a file of one is expected beside the
    page.

    Example:
        >>> name_source("file:///home/ann/talks/a%201.mp3"), name_source("https://host/a.mp3")
        (PurePosixPath('a 1.mp3'), 'https://host/a.mp3')
        >>> name_source("s3://bucket/talks/a.mp3")
        PurePosixPath('a.mp3')
    """
    if source is None or "://" not in source or source.startswith(("http:", "https:")):
        return source
    return PurePosixPath(PurePosixPath(unquote(urlsplit(source).path)).name)
