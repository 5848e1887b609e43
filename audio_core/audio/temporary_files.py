"""Temporary files, in which recordings and pieces lie while they are sent."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Generator

from audio_core.errors import StoreError

__all__ = ["convert_full_disk"]

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows has no quotas


@contextlib.contextmanager
def convert_full_disk() -> Generator[None]:
    """Raise our error if the disk of the temporary files is full.

    Raises:
        StoreError: that it is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StoreError(
            "The audio does not fit on the disk of the temporary files, which is full. Make room there, or name a folder "
            "on another disk in the environment variable TMPDIR."
        ) from None
