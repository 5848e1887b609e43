"""Flows that run side by side end when their caller is interrupted, although no interrupt reaches their threads.

Otherwise a program that is stopped with Ctrl-C goes on to upload, and to pay for, what nobody waits for any longer.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from audio_core.http.connection import Connection

__all__ = ["Caller", "Interrupted", "abandon_if_interrupted", "pass_on_interrupts", "raise_if_interrupted", "sleep"]

T = TypeVar("T")


class Interrupted(BaseException):
    """The caller for whom this thread works was interrupted."""


@dataclass(slots=True)
class Caller:
    """Who waits for flows on other threads.

    Attributes:
        is_interrupted: set once the flows must end.
        connections: those that the flows use.
        lock: held while `connections` is read or changed.
    """

    is_interrupted: threading.Event = field(default_factory=threading.Event)
    connections: set[Connection] = field(default_factory=set[Connection])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def bind(self, function: Callable[[], T]) -> Callable[[], T]:
        """Return a function for `run_in_thread` that works for this caller."""

        def call() -> T:
            _caller.set(self)  # of the thread alone, which has a context of its own
            return function()

        return call

    def interrupt(self) -> None:
        """End the flows, and abandon their connections."""
        self.is_interrupted.set()
        with self.lock:
            for connection in self.connections:
                connection.abandon()


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


@contextlib.contextmanager
def pass_on_interrupts() -> Generator[None]:
    """End the flows that the body has started on other threads if an exception leaves it."""
    if _caller.get() is not None:  # this thread works for a caller itself, who will end them
        yield
        return
    caller = Caller()
    token = _caller.set(caller)
    try:
        yield
    except BaseException:
        caller.interrupt()
        raise
    finally:
        _caller.reset(token)


def raise_if_interrupted() -> None:
    """Raise `Interrupted` if the caller for whom this thread works was interrupted."""
    caller = _caller.get()
    if caller is not None and caller.is_interrupted.is_set():
        raise Interrupted


def sleep(seconds: float) -> None:
    """Sleep for this many seconds, or until the caller is interrupted."""
    caller = _caller.get()
    if caller is None:
        time.sleep(seconds)
    else:
        caller.is_interrupted.wait(seconds)


@contextlib.contextmanager
def abandon_if_interrupted(connection: Connection) -> Generator[None]:
    """Abandon a connection that the body uses once the caller for whom this thread works is interrupted."""
    caller = _caller.get()
    if caller is None:
        yield
        return
    with caller.lock:
        caller.connections.add(connection)
    try:
        raise_if_interrupted()
        yield
    finally:
        with caller.lock:
            caller.connections.discard(connection)
