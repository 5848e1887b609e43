"""Options are checked by their type hints, and an error names what was probably meant."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, Unpack

import pytest
from pydantic import PositiveInt

from audio_core import InvalidOption, UnknownOption
from audio_core.errors.validation import suggest, validate_arguments, validate_options


class Options(TypedDict, total=False):
    size: Literal["small", "large"] | None
    count: PositiveInt
    api_key: str | None
    fields: Mapping[str, Any] | None


class Tool:
    @validate_arguments
    def __init__(self, source: Any, speed: float = 1.0, **options: Unpack[Options]) -> None:
        self.made_of = (source, speed, options)


def test_values_take_the_stated_types() -> None:
    assert validate_options(Options, {"count": "3", "size": None}, "Tool") == {"count": 3, "size": None}
    assert Tool("a", "2.5", count="4").made_of == ("a", 2.5, {"count": 4})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"size": "smal"}, "size='smal' is not accepted: it may be 'small', 'large'. Did you mean 'small'?"),
        ({"size": 3}, "size=3 is not accepted: it may be 'small', 'large'."),
        ({"size": ["small"]}, "size=(list) is not accepted: it may be 'small', 'large'."),
        ({"count": 0}, "count=0 is not accepted: it should be greater than 0."),
        ({"count": "x" * 100}, "count=(str) is not accepted"),
        ({"api_key": 12345678}, "api_key=(int) is not accepted: it should be a valid string."),
        ({"fields": [1]}, "fields=(list) is not accepted"),
        ({"speed": "fast"}, "speed='fast' is not accepted"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_accepted(wrong: dict, says: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        Tool("a", **wrong)
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["coutn", "counts"])
def test_an_option_that_does_not_exist_names_the_class_and_the_nearest_option(name: str) -> None:
    with pytest.raises(UnknownOption, match=rf"^Tool has no option '{name}'\. Did you mean 'count'\?$") as caught:
        Tool("a", **{name: 1})
    assert isinstance(caught.value, TypeError)


def test_without_a_near_one_all_options_are_listed() -> None:
    with pytest.raises(UnknownOption, match="It has api_key, count, fields, size, source, speed"):
        Tool("a", nonsense=1)


def test_a_subclass_is_called_by_its_own_name() -> None:
    class Better(Tool):
        pass

    with pytest.raises(UnknownOption, match="Better has no option"):
        Better("a", nonsense=1)


def test_too_many_arguments_are_pythons_own_error() -> None:
    with pytest.raises(TypeError, match="positional"):
        Tool("a", 1.0, 2)


@pytest.mark.parametrize(
    ("word", "known", "says"),
    [
        ("max_workers", ["max_retries", "max_concurrency"], "Did you mean 'max_concurrency'?"),
        ("word_timestamps", ["words"], "Did you mean 'words'?"),
        ("file_path", ["source", "model"], "Did you mean 'source'?"),
        ("provder", ["provider"], "Did you mean 'provider'?"),
        ("start", ["language"], "Audio.of(source, start=..., end=...)"),
        ("word", ["segment", "window", "file"], "words=True"),
        ("zzz", ["segment"], ""),
    ],
)
def test_a_suggestion_knows_the_words_of_other_libraries(word: str, known: list[str], says: str) -> None:
    assert says in suggest(word, known)
    assert bool(says) == bool(suggest(word, known))
