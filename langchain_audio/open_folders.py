"""Folders that middleware opens to every `ChatAudio` during a call, whichever model is called in the end."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["get_open_folders", "open_folder"]

_folders: ContextVar[tuple[Path, ...]] = ContextVar("folders", default=())


@contextmanager
def open_folder(folder: Path) -> Generator[None]:
    """Let the messages of each `ChatAudio` that is called in this context also open the files of a folder.

    Args:
        folder: the folder. Another middleware, such as a router or a fallback, may choose the model.
    """
    token = _folders.set((*_folders.get(), folder))
    try:
        yield
    finally:
        _folders.reset(token)


def get_open_folders() -> tuple[Path, ...]:
    """Return the folders that are open in this context."""
    return _folders.get()
