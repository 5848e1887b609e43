"""What this process has learned and keeps while it lives, such as which models refuse what."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["ProcessMemory"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ProcessMemory(Generic[K, V]):
    """The values that were noted last, by key. Threads may share it. A pickle or deep copy is empty.

    Args:
        most: how many are kept.

    Example:
        >>> memory = ProcessMemory[str, int](2)
        >>> for number, name in enumerate("abc"):
        ...     memory.note(name, number)
        >>> memory.find("a"), memory.find("c")
        (None, 2)
    """

    def __init__(self, most: int) -> None:
        self._most, self._values = most, OrderedDict[K, V]()
        self._lock = threading.Lock()

    def find(self, key: K) -> V | None:
        """Return the value that was noted for a key; None if there is none any more."""
        return self._values.get(key)

    def note(self, key: K, value: V) -> None:
        """Note a value, in place of an earlier one for the same key."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def __reduce__(self) -> tuple[type[ProcessMemory[K, V]], tuple[int]]:
        return (ProcessMemory, (self._most,))
