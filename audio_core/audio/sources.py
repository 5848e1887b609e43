"""Sources of audio: a path, a URL, bytes that are open already, or a file object."""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from audio_core.audio.content import Content, FileContent
from audio_core.errors import AudioError, AudioNotFound, InvalidAudio

__all__ = [
    "HandleSource",
    "HeldSource",
    "PathSource",
    "Source",
    "UrlSource",
    "expand_home",
    "keep_position",
    "open_regular_file",
    "parse_file_url",
    "shorten_label",
]

_MAX_LABEL_LENGTH = 80  # characters
_MAX_PATH_LENGTH = 4095  # characters, of Linux; others take fewer
_NO_SUCH_FILE = (errno.ENAMETOOLONG, errno.ENOTDIR)  # nor could there be one
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PathSource:
    """A file on this machine.

    Attributes:
        path: path of the file.
        is_from_url: whether the path came from a `file:` URL.

    Raises:
        InvalidAudio: if it is no path of this system: it holds half of a character.
    """

    path: Path
    is_from_url: bool = False

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> PathSource:
        """Make the source of a path that may begin with `~`.

        Raises:
            InvalidAudio: if it is empty, as a variable that was never set: it would name the working directory.
        """
        if isinstance(path, str) and not path.strip():
            raise InvalidAudio("The path of the recording is empty. Is the variable set from which it comes?")
        return cls(expand_home(path))

    def __post_init__(self) -> None:
        try:
            os.fsencode(self.path)
        except UnicodeEncodeError:
            raise InvalidAudio(f"{self.label} is not a path: it holds half of a character.") from None

    @property
    def label(self) -> str:
        """The file name, shortened for messages."""
        return shorten_label(self.path.name or "(no name)")

    @property
    def reference(self) -> str | None:
        """The `file:` URL of the absolute path."""
        return Path(os.path.abspath(self.path)).as_uri()  # noqa: PTH100 - resolve would touch the disk

    def open_content(self) -> Content:
        """Open the file.

        Raises:
            AudioNotFound: if the file does not exist.
            InvalidAudio: if it is not a regular file or cannot be opened.
        """
        try:
            return open_regular_file(self.path, self.label)
        except AudioNotFound:
            raise AudioNotFound(_explain_missing(self.path, self.label)) from None


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A recording on the web or in a bucket, which must be downloaded before it can be opened.

    Attributes:
        reference: its URL, of `http`, `https` or a file system of fsspec, such as `s3`.

    Raises:
        InvalidAudio: if it is malformed.
    """

    reference: str

    def __post_init__(self) -> None:
        try:
            urlsplit(self.reference)
            self.reference.encode()
        except ValueError:  # of the host, or of half a character
            raise InvalidAudio("The URL of the audio is malformed: it must look like https://host/talk.mp3.") from None

    @property
    def label(self) -> str:
        """The last part of the URL's path, or the host, shortened for messages."""
        parts = urlsplit(self.reference)
        return shorten_label(parts.path.rsplit("/", 1)[-1] or parts.hostname or "(no name)")

    def open_content(self) -> Content:
        """Raise `InvalidAudio`, because the recording has not been downloaded."""
        raise InvalidAudio(f"{self.label} is remote; download it first. AudioClient and the plugins do so for you.")


@dataclass(frozen=True, slots=True)
class HeldSource:
    """Bytes that are open already.

    Attributes:
        content: the bytes.
        label: name of the original source in messages.
        reference: URL of the original source, or None if there is none.
    """

    content: Content
    label: str = "audio given as bytes"
    reference: str | None = None

    def open_content(self) -> Content:
        """Return the bytes."""
        return self.content


@dataclass(slots=True)
class HandleSource:
    """A file object, copied once from its current position, when its bytes are first needed.

    Attributes:
        open_handle: returns a context manager of the file object, opened in binary mode.
        label: name of the recording in messages.
        reference: always None, because a file object has no URL that we could open.
    """

    open_handle: Callable[[], AbstractContextManager[BinaryIO]]
    label: str = "audio given as a file object"
    reference: str | None = None
    _content: Content | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open_content(self) -> Content:
        """Return the bytes, which the first call copies.

        Raises:
            InvalidAudio: if the file object cannot be read.
        """
        with self._lock:
            if self._content is None:
                self._content = self._copy()
            return self._content

    def _copy(self) -> Content:
        try:
            with self.open_handle() as handle:
                return FileContent.copy_from(handle)
        except AudioError:
            raise
        except (OSError, ValueError, TypeError) as error:  # it is closed, open for writing, or yields text
            reason = getattr(error, "strerror", None) or str(error).rstrip(".")
            raise InvalidAudio(
                f"{self.label} cannot be read: {reason}. Give one that is open for reading, with mode 'rb'."
            ) from None


Source = PathSource | UrlSource | HeldSource | HandleSource


@contextmanager
def keep_position(handle: BinaryIO) -> Generator[BinaryIO]:
    """Leave a caller's file object open and, if it can seek, where it stands, so that it can be sent again."""
    position = handle.tell() if getattr(handle, "seekable", bool)() else None
    yield handle
    if position is not None:
        handle.seek(position)


def expand_home(path: str | os.PathLike[str]) -> Path:
    """Return a path with `~` or `~name` at its beginning replaced by the home folder, if that is known."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):  # there is no such user, or it cannot be a path
        return Path(path)


def parse_file_url(url: str) -> Path:
    """Return the path in a `file:` URL.

    Raises:
        InvalidAudio: if the URL names another machine, or no path of this system.

    Example:
        >>> parse_file_url("file:///talks/my%20talk.mp3").name
        'my talk.mp3'
    """
    try:
        parts = urlsplit(url)
        path = url2pathname(parts.path) if os.name == "nt" else os.fsdecode(unquote_to_bytes(os.fsencode(parts.path)))
    except ValueError:  # the host is malformed, or the path holds half of a character
        parts, path = urlsplit("//invalid"), ""
    if parts.netloc not in ("", "localhost"):
        raise InvalidAudio("A file: URL must name a path on this machine, and look like file:///folder/talk.mp3.")
    return Path(path)


def shorten_label(text: str) -> str:
    """Shorten a label. What is no character, such as a byte of a file name that is not UTF-8, is replaced."""
    text = _HALF_CHARACTER.sub("\ufffd", text)
    return text if len(text) <= _MAX_LABEL_LENGTH else text[: _MAX_LABEL_LENGTH - 1] + "…"


def open_regular_file(path: Path, label: str) -> FileContent:
    """Open a regular file; anything else is refused, because reading a pipe or a device could block or never end.

    Args:
        path: path of the file.
        label: name of the file in messages, which do not show the path.

    Raises:
        AudioNotFound: if the file does not exist.
        InvalidAudio: if it is a folder, a pipe or a device, or cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise _to_audio_error(label, error) from None
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return FileContent(fd)
    is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
    os.close(fd)
    if is_folder:
        raise InvalidAudio(f"{label} is a folder, not a recording. A loader or reader takes folders.")
    raise InvalidAudio(f"{label} is a pipe or a device, not a regular file. Open it yourself and pass the file object.")


def _explain_missing(path: Path, label: str) -> str:
    """Return that there is no such file, and what to do. Only a relative path is shown whole: no other is typed so."""
    if len(str(path)) > _MAX_PATH_LENGTH:
        return "There is no file of so long a name. If it is the base64 of a recording, use Audio.from_base64(...)."
    name = label if path.is_absolute() else shorten_label(str(path))
    what = "file" if path.suffix else "file or folder"
    if glob.has_magic(path.name):
        advice = f"For all files that match a pattern, give a loader the folder, and the pattern as glob={path.name!r}."
    elif not os.path.exists(path.parent):  # noqa: PTH110 - Path.exists raises an error if a name is too long
        advice = f"Its folder, {shorten_label(path.parent.name)}, does not exist either."
    else:
        advice = "Is the path right, relative to the working directory?"
    return f"There is no {what} {name}. {advice}"


def _to_audio_error(label: str, error: OSError | ValueError) -> AudioError:
    if isinstance(error, FileNotFoundError) or getattr(error, "errno", None) in _NO_SUCH_FILE:
        return AudioNotFound(f"There is no file {label}. Is the path right, relative to the working directory?")
    if isinstance(error, IsADirectoryError):
        return InvalidAudio(f"{label} is a folder, not a recording. A loader or reader takes folders.")
    reason = getattr(error, "strerror", None) or "not a path"
    return InvalidAudio(f"{label} cannot be opened: {reason}.")
