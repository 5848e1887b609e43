"""Strategies for what others write: any JSON, and a valid reply in which one place holds any JSON."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -1, 2**63, 0, 1e308, -0.0, float("nan"), float("inf"), "", " ", "\ud83d", "null", "1"])
    | st.floats()
    | st.text(max_size=5)
)
ANY_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
"""Any JSON: also huge numbers, NaN, which `json.dumps` writes, and half of an emoji."""


@dataclasses.dataclass(frozen=True)
class Mutation:
    """A reply in which one place was replaced.

    Attributes:
        reply: the reply after the replacement.
        path: the keys and indexes that lead to the place.
    """

    reply: Any
    path: Path

    def touches(self, *path: str | int) -> bool:
        """Tell whether the place is the one at `path`, lies within it or holds it."""
        return all(own == other for own, other in zip(self.path, path, strict=False))


def mutate(reply: Any, new: st.SearchStrategy[Any] = ANY_JSON) -> st.SearchStrategy[Mutation]:
    """Return a strategy that replaces one place of a reply, which may be the whole."""
    paths = list(list_paths(reply))
    return st.builds(lambda path, value: Mutation(replace_at(reply, path, value), path), st.sampled_from(paths), new)


def list_paths(value: Any) -> Iterator[Path]:
    """Yield the path of a JSON value and of each value within it."""
    yield ()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from ((key, *path) for path in list_paths(item))


def replace_at(value: Any, path: Path, new: Any) -> Any:
    """Return a copy of a JSON value with `new` at a path."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replace_at(value[path[0]], path[1:], new)
    return copy


def list_wrong_fields(value: Any) -> list[str]:
    """List the fields of a dataclass, at any depth, whose values are not of the type that they are declared to have."""
    hints = typing.get_type_hints(type(value))
    fields = [field.name for field in dataclasses.fields(value)]
    return [f"{type(value).__name__}.{name}" for name in fields if not _fits(getattr(value, name), hints[name])]


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, arguments[0]) for item in value)
    if dataclasses.is_dataclass(hint):
        return isinstance(value, hint) and not list_wrong_fields(value)
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    return isinstance(value, origin or hint)
