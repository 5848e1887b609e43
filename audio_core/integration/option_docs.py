"""Show the options of a class in its `help()`, which knows only that there are some."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from typing import TypeVar

__all__ = ["list_options"]

C = TypeVar("C", bound=type)


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

    def add_options(documented: C) -> C:
        if documented.__doc__:  # there is none with `python -OO`
            documented.__doc__ = "\n".join([cleandoc(documented.__doc__), "\nOptions:", *sections])
        return documented

    return add_options
