"""A value that is kept as long as what it was made from stays the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

__all__ = ["Memo"]

T = TypeVar("T")


@dataclass(frozen=True)
class Memo(Generic[T]):
    """A value with the arguments that it was made from, such as a model's client with the model's settings.

    It is no part of the state of the object that keeps it: all memos are equal, and a pickle or deep copy is empty.

    Attributes:
        arguments: what the value was made from.
        value: what was made; None if nothing has been made yet.

    Example:
        >>> memo = Memo().refresh(dict, {"a": 1})
        >>> memo.refresh(dict, {"a": 1}) is memo, memo.refresh(dict, {"a": 2}) is memo
        (True, False)
    """

    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, compare=False)
    value: T = field(default=cast("Any", None), repr=False, compare=False)

    def refresh(self, function: Callable[..., T], arguments: Mapping[str, Any]) -> Memo[T]:
        """Return this memo if the arguments are the same as before, otherwise one with a new value.

        Args:
            function: makes the value.
            arguments: the keyword arguments of the function.
        """
        if self.value is not None and self.arguments == arguments:
            return self
        return Memo(arguments, function(**arguments))

    def __reduce__(self) -> tuple[type[Memo[T]], tuple[()]]:
        return (Memo, ())
