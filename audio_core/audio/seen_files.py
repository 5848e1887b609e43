"""What is known of files that were read before, so that they are not read again while they are the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from audio_core.audio.content import Content, FileContent, FileVersion

__all__ = ["SeenFiles"]

_T = TypeVar("_T")
_MOST_FILES = 4096


class SeenFiles(Generic[_T]):
    """A value for each file that was used last. Nothing is noted of one that was written to within two seconds.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> SeenFiles[str]().find(BytesContent(b"RIFF"))
    """

    def __init__(self) -> None:
        self._values = OrderedDict[FileVersion, _T]()
        self._lock = threading.Lock()

    def find(self, content: Content) -> _T | None:
        """Return what is known of a file; None of one that is not known, or has changed, or of what is no file."""
        if not isinstance(content, FileContent) or not content.is_settled:
            return None
        with self._lock:
            if content.version in self._values:
                self._values.move_to_end(content.version)
            return self._values.get(content.version)

    def note(self, content: Content, value: _T) -> None:
        """Note the value of a file that was read, unless it has changed since it was opened."""
        if not isinstance(content, FileContent) or not content.is_settled or content.has_changed:
            return
        with self._lock:
            self._values[content.version] = value
            if len(self._values) > _MOST_FILES:
                self._values.popitem(last=False)
