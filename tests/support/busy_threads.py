"""What a test asks about threads: which work, and when they have ended."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

from audio_core.http import threads


def wait_until(condition: Callable[[], bool]) -> bool:
    """Wait up to a minute for a condition, and return whether it holds."""
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def count_busy_threads() -> int:
    """Count our threads that are at work. The others wait for more of it, for a few seconds."""
    targets = [getattr(thread, "_target", None) for thread in threading.enumerate()]
    workers = [target for target in targets if isinstance(getattr(target, "__self__", None), threads._Worker)]
    return len(workers) - len(threads._idle_workers)


def interrupt_main_thread() -> None:
    """Do what Ctrl-C does."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
