"""Take frames off errors: those whose local variables hold keys or audio, and those that tell users nothing."""

from __future__ import annotations

import logging
from types import TracebackType

from audio_core.errors import AudioError

__all__ = ["HiddenFrames", "ShortTraceback"]

_log = logging.getLogger(__name__)


class HiddenFrames:
    """A context manager that takes the frames within it, and the error behind it, off an `AudioError`.

    Error trackers send the local variables of each frame along. Those of httpx and of our readers hold requests and
    responses, and httpx's errors refer to their request. This is a class, because a generator with
    `contextlib.contextmanager` would put the frames back.

    Example:
        >>> try:
        ...     with HiddenFrames():
        ...         raise AudioError("no such thing")
        ... except AudioError as error:
        ...     assert error.__traceback__ is None
    """

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: TracebackType | None) -> None:
        """Let the error pass, without its frames."""
        if isinstance(error, AudioError):
            error.__context__ = error.__traceback__ = None


class ShortTraceback(HiddenFrames):
    """A context manager for what a user calls: the traceback of an `AudioError` ends there. `DEBUG` logs all of it.

    Example:
        >>> try:
        ...     with ShortTraceback():
        ...         raise AudioError("no such thing")
        ... except AudioError as error:
        ...     assert error.__traceback__ is None
    """

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Log where the error was raised, and let it pass without its frames."""
        if isinstance(error, AudioError):
            _log.debug("Where the error was raised:", exc_info=error)
        super().__exit__(kind, error, traceback)
