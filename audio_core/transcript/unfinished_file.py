"""Files that have their name once they are whole."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

__all__ = ["open_atomically"]


@contextlib.contextmanager
def open_atomically(path: Path) -> Generator[BinaryIO]:
    """Open a file for writing, which has its name once the block has ended. An existing one is replaced.

    Until then it has the suffix `.part` as well. After an error it is gone, and an existing file is as it was.

    Example:
        >>> with open_atomically(Path("/tmp/hello.txt")) as file:
        ...     written = file.write(b"Good day.")
        >>> Path("/tmp/hello.txt").read_text()
        'Good day.'
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
