"""JSON that others wrote, taken apart without trust: what is not of the kind expected counts as absent."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["as_list", "as_object", "objects_in"]


def as_object(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON array; anything else in it is left out."""
    return [as_object(item) for item in as_list(value) if isinstance(item, dict)]
