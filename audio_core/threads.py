"""Work on a thread that nobody has to wait for: an interrupted program ends at once, whatever is still under way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

__all__ = ["spawned"]

T = TypeVar("T")


def spawned(call: Callable[[], T]) -> Future[T]:
    """Do something on a daemon thread, with the caller's context variables.

    Example:
        >>> spawned(lambda: 6 * 7).result()
        42
    """
    future: Future[T] = Future()

    def carry_out() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # it belongs to whoever waits
            future.set_exception(error)

    threading.Thread(target=copy_context().run, args=(carry_out,), daemon=True).start()
    return future
