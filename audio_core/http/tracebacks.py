"""Keep keys and audio out of tracebacks: error trackers send the local variables of each frame along."""

from __future__ import annotations

from types import TracebackType

from audio_core.errors import AudioError

__all__ = ["HiddenFrames"]


class HiddenFrames:
    """A context manager that takes the frames within it, and the error behind it, off an `AudioError`.

    The frames of httpx and of our readers hold requests and responses, and httpx's errors refer to their request. This
    is a class, because a generator with `contextlib.contextmanager` would put the frames back.

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
