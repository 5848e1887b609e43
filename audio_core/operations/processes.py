"""Tell whether the process that began something still lives."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["identify_process", "is_alive"]


def identify_process() -> str:
    """Return the id of this process, with its start time because ids are reused."""
    return f"{os.getpid()} {_get_start_time(os.getpid())}"


def is_alive(owner: str | None) -> bool:
    """Tell whether the process that holds a claim is alive. An owner that cannot be read is not."""
    pid, _, start_time = str(owner).partition(" ")
    if not pid.isdecimal() or not start_time:
        return False
    if os.name == "nt":  # signal 0 is Ctrl-C on Windows, so only this process is known to be alive
        return int(pid) == os.getpid()
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return start_time == _get_start_time(int(pid))


def _get_start_time(pid: int) -> str:
    """Return when a process began, in clock ticks after boot, or "-" if the system does not say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return "-"
