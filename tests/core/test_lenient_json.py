"""JSON that others wrote, read as the standard library reads it, but for halves of characters."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core.lenient_json import (
    drop_none,
    parse_json,
    replace_half_characters,
    replace_halves_within,
    to_list,
    to_number,
    to_object,
    to_objects,
    to_text,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def by_the_standard_library(text: str | bytes) -> Any:
    try:
        return replace_halves_within(json.loads(text))
    except (ValueError, RecursionError):
        return None


@given(VALUES, st.booleans())
def test_json_is_read_as_the_standard_library_reads_it(value: Any, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    assert parse_json(text) == by_the_standard_library(text)
    if is_ascii:
        assert parse_json(text.encode()) == value


@given(st.text() | st.text(alphabet='{}[]",:0123456789.eE+-\\u d8tfnrulase') | st.binary())
@example('{"\\ud83d": ["\\uDE00"]}')
def test_other_texts_are_judged_as_the_standard_library_judges_them(text: str | bytes) -> None:
    found, expected = parse_json(text), by_the_standard_library(text)
    assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"\\ud83d"', "\ufffd"),  # half of an emoji
        ('\ufeff{"a":1}'.encode(), {"a": 1}),
        ("[" * 100_000, None),
        ("[" * 300 + "]" * 300, json.loads("[" * 300 + "]" * 300)),
        ('{"a":1,"a":2}', {"a": 2}),
        ("", None),
    ],
)
def test_what_is_rare_is_read_all_the_same(text: str | bytes, value: Any) -> None:
    assert parse_json(text) == value


def test_what_is_of_another_kind_counts_as_absent() -> None:
    assert (to_object([1]), to_list({"a": 1}), to_objects([{}, 1, None, {"a": 1}])) == ({}, [], [{}, {"a": 1}])


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("\ud83d\ude00!", "\U0001f600!"),
        ("a\ud83d", "a\ufffd"),
        ("\ude00", "\ufffd"),
        ("é你", "é你"),
        ("", None),
        (5, None),
    ],
)
def test_a_text_can_be_encoded_whatever_it_held(text: object, whole: str | None) -> None:
    assert to_text(text) == whole


@given(st.text(st.characters()))
def test_what_is_whole_stays_as_it_is(text: str) -> None:
    whole = replace_half_characters(text)
    assert whole.encode() or not text
    assert whole == text or any("\ud800" <= character <= "\udfff" for character in text)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1),
        (0.5, 0.5),
        (-1, -1),
        (2**53 - 1, 2**53 - 1),
        (2**53, None),
        (-(2**53), None),
        (True, None),
        ("1", None),
        (float("nan"), None),
        (10**400, None),
    ],
)
def test_only_a_number_of_usual_size_is_a_number(value: object, number: float | None) -> None:
    assert to_number(value) == number


def test_what_is_none_is_dropped() -> None:
    assert drop_none({"a": None, "b": 0, "c": ""}) == {"b": 0, "c": ""}
