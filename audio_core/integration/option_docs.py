"""Show the options of a class in its `help()`, which knows only that there are some, or shows them in one line."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from inspect import cleandoc
from typing import TypeVar

from pydantic import BaseModel

__all__ = ["list_fields", "list_options"]

C = TypeVar("C", bound=type)
M = TypeVar("M", bound=type[BaseModel])
_WIDTH = 116  # characters


def list_options(*kinds: type) -> Callable[[C], C]:
    """Return a class decorator that adds the attributes of other classes to the docstring, as options.

    Args:
        *kinds: classes whose docstrings have a section `Attributes:`, each after its base class.

    Example:
        >>> from audio_core.integration import ReaderOptions
        >>> class Reader:
        ...     '''Read recordings.'''
        >>> "words: whether to ask" in list_options(ReaderOptions)(Reader).__doc__
        True
    """
    sections = [cleandoc(kind.__doc__ or "").partition("Attributes:\n")[2] for kind in kinds]
    return lambda documented: _add_options(documented, sections)


def list_fields(*bases: type[BaseModel]) -> Callable[[M], M]:
    """Return a decorator that adds the fields of a pydantic class to its docstring, as options.

    Args:
        *bases: base classes whose fields are listed too. Those of a framework are not.

    Example:
        >>> from pydantic import Field
        >>> class Reader(BaseModel):
        ...     '''Read recordings.'''
        ...
        ...     words: bool = Field(False, description="Whether to ask for words.")
        >>> print(list_fields()(Reader).__doc__.splitlines()[-1].strip())
        words: Whether to ask for words. Default: False.
    """
    return lambda documented: _add_options(documented, list(_describe_fields(documented, bases)))


def _describe_fields(documented: type[BaseModel], bases: Sequence[type[BaseModel]]) -> Iterator[str]:
    listed = {name for kind in (documented, *bases) for name in vars(kind).get("__annotations__", ())}
    for name, field in documented.model_fields.items():
        if name in listed and field.description:
            is_told = field.is_required() or field.default in (None, ...) or field.default_factory
            default = "" if is_told else f" Default: {field.default!r}."
            required = " (required)" if field.is_required() else ""
            text = f"{name}{required}: {' '.join(field.description.split())}{default}"
            yield textwrap.fill(text, _WIDTH, initial_indent="    ", subsequent_indent="        ")


def _add_options(documented: C, sections: list[str]) -> C:
    if documented.__doc__:  # there is none with `python -OO`
        documented.__doc__ = "\n".join([cleandoc(documented.__doc__), "\nOptions:", *sections])
    return documented
