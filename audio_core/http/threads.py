"""Work on a thread that nobody has to wait for: an interrupted program ends at once, whatever is still under way.

Threads that are through wait a while for more to do: making one costs as much as sending half a megabyte.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TypeVar

__all__ = ["run_in_thread"]

T = TypeVar("T")
_REST = 5.0  # seconds


def run_in_thread(call: Callable[[], T]) -> Future[T]:
    """Do something on a daemon thread, with the caller's context variables.

    Example:
        >>> run_in_thread(lambda: 6 * 7).result()
        42
    """
    future, context = Future[T](), copy_context()
    _worker().tasks.put(lambda: context.run(_carry_out, call, future))
    return future


def _carry_out(call: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # it belongs to whoever waits
        future.set_exception(error)


class _Worker:
    """A thread that does one task after another, and ends when there has been none for a while."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while self._do_next():
            _resting.append(self)

    def _do_next(self) -> bool:
        """Do a task and forget it, so that nothing that it held outlives it; False if there was none."""
        try:
            task = self.tasks.get(timeout=_REST)
        except Empty:
            return not self._has_left() and self._do_next()
        task()
        return True

    def _has_left(self) -> bool:
        try:
            _resting.remove(self)
        except ValueError:  # a caller has just chosen this one
            return False
        return True


_resting: deque[_Worker] = deque()


def _worker() -> _Worker:
    try:
        return _resting.pop()
    except IndexError:
        return _Worker()


if hasattr(os, "register_at_fork"):  # threads do not live on in a forked child
    os.register_at_fork(after_in_child=_resting.clear)
