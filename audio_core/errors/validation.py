"""Check options by their type hints. An error says what is accepted, and which known word was probably meant.

Pydantic checks the values, so plain functions and the frameworks' pydantic classes refuse the same ones.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from audio_core.errors import InvalidOption, UnknownOption

__all__ = [
    "FixedOptions",
    "check_choice",
    "check_fields",
    "check_names",
    "pop_options",
    "suggest",
    "validate_arguments",
    "validate_options",
]

_Init = TypeVar("_Init", bound=Callable[..., None])
_CONFIG = ConfigDict(arbitrary_types_allowed=True)
_SECRETS = ("api_key", "headers", "extra_headers")

_SYNONYMS = {
    "batch_size": ["max_concurrency"],
    "cache": ["store"],
    "diarization": ["diarize"],
    "endpoint": ["base_url"],
    "file_path": ["source", "file"],
    "ignore": ["skip"],
    "initial_prompt": ["prompt"],
    "lang": ["language"],
    "max_workers": ["max_concurrency"],
    "mono": ["mixed"],
    "num_workers": ["max_concurrency"],
    "path": ["source", "file"],
    "retries": ["max_retries"],
    "sentence": ["segment"],
    "silent_errors": ["on_error"],
    "speakers": ["diarize"],
    "stereo": ["separate"],
    "timestamps": ["words"],
    "word_timestamps": ["words"],
}
"""What other libraries call an option or a value, and the words here."""

_ADVICE = {
    "end": "For a clip pass Audio.of(source, start=..., end=...).",
    "file_path": "The recording is given to the method that reads it.",
    "start": "For a clip pass Audio.of(source, start=..., end=...).",
    "word": "For the times of words pass words=True.",
}
"""What to do where there is no such option or value."""


def suggest(word: str, known: Collection[str]) -> str:
    """Return a sentence that names the known word which was probably meant, or says what to do; else an empty text.

    Args:
        word: what the user wrote.
        known: the words that are accepted.

    Example:
        >>> suggest("temprature", ["temperature", "timeout"]), suggest("max_workers", ["model"])
        (" Did you mean 'temperature'?", '')
    """
    synonyms = [each for each in _SYNONYMS.get(word, ()) if each in known]
    for nearest in synonyms or difflib.get_close_matches(word, known, n=1, cutoff=0.7):
        return f" Did you mean {nearest!r}?"
    return f" {_ADVICE[word]}" if word in _ADVICE else ""


def check_choice(name: str, value: Any, choices: Collection[str]) -> None:
    """Check that an option has one of the values that it may have.

    Args:
        name: name of the option.
        value: its value.
        choices: the values that it may have.

    Raises:
        InvalidOption: if it has another value; the message lists the choices and names the nearest.

    Example:
        >>> check_choice("unit", "seconds", ["characters", "seconds"])
    """
    if value not in choices:
        nearest = suggest(value, choices) if isinstance(value, str) else ""
        accepted = ", ".join(map(repr, choices))
        raise InvalidOption(f"{name}={_show(name, value)} is not accepted: it may be {accepted}.{nearest}")


def check_names(given: Iterable[str], known: Collection[str], caller: str) -> None:
    """Check that options exist.

    Args:
        given: names of the options.
        known: names of those that exist.
        caller: what the user called, such as `"AudioLoader"`.

    Raises:
        UnknownOption: if one does not; the message names the nearest, or lists them all.
    """
    for name in given:
        if name not in known:
            advice = suggest(name, known) or f" It has {', '.join(sorted(known))}."
            raise UnknownOption(f"{caller} has no option {name!r}.{advice}")


def pop_options(options: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Take those options out of a dict that have one of these names, and return them.

    Example:
        >>> options = {"model": "m", "words": True}
        >>> pop_options(options, ["model", "provider"]), options
        ({'model': 'm'}, {'words': True})
    """
    return {name: options.pop(name) for name in names if name in options}


def validate_options(kind: Any, options: Mapping[str, Any], caller: str) -> dict[str, Any]:
    """Return options with the types that a class or function states for them.

    Args:
        kind: a class or function with type hints for all its options.
        options: the options that were given.
        caller: what the user called, such as `"transcribe"`.

    Raises:
        UnknownOption: if there is no such option.
        InvalidOption: if an option has a value of another type, or one that is not accepted.
    """
    hints = _get_hints(kind)
    check_names(options, hints, caller)
    return {name: _validate(name, value, hints[name]) for name, value in options.items()}


class FixedOptions:
    """A base of classes whose options cannot be changed once an object is made: a change would not count.

    Example:
        >>> class Reader(FixedOptions):
        ...     @validate_arguments
        ...     def __init__(self, speed: float = 1.0) -> None:
        ...         self.speed = speed
        >>> Reader().speed = 2.0
        Traceback (most recent call last):
        audio_core.errors.InvalidOption: speed cannot be changed. Create another object: Reader(..., speed=...).
    """

    _fixed_options: Collection[str] = ()

    def fix_options(self, names: Iterable[str]) -> None:
        """Refuse to change these attributes from now on."""
        self._fixed_options = frozenset(names)

    if not TYPE_CHECKING:  # a type checker that saw it would accept any attribute

        def __setattr__(self, name: str, value: object) -> None:
            if name in self._fixed_options:
                creation = f"{type(self).__name__}(..., {name}=...)"
                raise InvalidOption(f"{name} cannot be changed. Create another object: {creation}.")
            super().__setattr__(name, value)


def validate_arguments(init: _Init) -> _Init:
    """Decorate an `__init__` so that it checks its arguments as `validate_options` does.

    The options of a class with the base `FixedOptions` cannot be changed afterwards.
    """
    positional = [name for name, each in inspect.signature(init).parameters.items() if each.kind != each.VAR_KEYWORD]

    @functools.wraps(init)
    def validate(self: object, *arguments: Any, **options: Any) -> None:
        caller = type(self).__name__
        first = dict(zip(positional[1:], arguments, strict=False))
        values = validate_options(init, first, caller).values()
        init(self, *values, *arguments[len(first) :], **validate_options(init, options, caller))
        if isinstance(self, FixedOptions):
            self.fix_options(_get_hints(init))

    return cast("_Init", validate)


def check_fields(cls: type[BaseModel], fields: Any) -> Any:
    """Check names of a pydantic class's fields, and values where only some are accepted. Return the fields.

    It is a `model_validator(mode="before")`: pydantic's own messages name no nearest word.

    Args:
        cls: the class.
        fields: its fields, as they were given.

    Raises:
        InvalidOption: which pydantic makes a `ValidationError` of.
    """
    if isinstance(fields, Mapping):
        given = cast("Mapping[str, Any]", fields)
        check_names(given, cls.model_fields, cls.__name__)
        for name, value in given.items():
            _check_literal(name, value, cls.model_fields[name].annotation)
    return cast("Any", fields)


@functools.cache
def _get_hints(kind: Any) -> dict[str, Any]:
    """Return the type hint of each option; those of `**options: Unpack[Options]` are in `Options`."""
    hints = get_type_hints(kind, include_extras=True)
    hints.pop("return", None)
    options = hints.get("options")
    if get_args(options) and isinstance(get_args(options)[0], type):
        del hints["options"]
        hints |= get_type_hints(get_args(options)[0], include_extras=True)
    return hints


def _validate(name: str, value: Any, hint: Any) -> Any:
    if hint is Any:
        return value
    _check_literal(name, value, hint)
    try:
        return _build_adapter(hint).validate_python(value)
    except ValidationError as error:
        raise InvalidOption(f"{name}={_show(name, value)} is not accepted: {_explain(error)}.") from None


def _explain(error: ValidationError) -> str:
    """Say what a value should be; for a union, each type that it may have."""
    reasons = dict.fromkeys(each["msg"].removeprefix("Input should be ") for each in error.errors(include_input=False))
    return f"it should be {', '.join(reasons)}"


def _check_literal(name: str, value: Any, hint: Any) -> None:
    """Check a value whose type is a `Literal`, or a `Literal` or None."""
    members = [hint] if get_origin(hint) is Literal else list(get_args(hint))
    if value is None and NoneType in members:
        return
    literals = [each for each in members if each is not NoneType]
    if literals and all(get_origin(each) is Literal for each in literals):
        check_choice(name, value, [choice for each in literals for choice in get_args(each)])


@functools.lru_cache(maxsize=256)
def _build_adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint, config=_CONFIG)


def _show(name: str, value: Any) -> str:
    """Show a value if it is short and no secret, else its type."""
    is_plain = isinstance(value, (str, int, float)) and name not in _SECRETS
    return repr(value) if is_plain and len(repr(value)) <= 40 else f"({type(value).__name__})"
