"""JSON that others wrote, read as the standard library reads it, but for halves of characters."""

import gc
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core.lenient_json import (
    drop_none,
    load_json,
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
BRACKETS = st.text(alphabet='[]{}"\\a\n')
NESTED = st.recursive(
    BRACKETS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(BRACKETS, inner, max_size=3), max_leaves=6
)


def by_the_standard_library(text: str | bytes) -> Any:
    try:
        return replace_halves_within(json.loads(text))
    except ValueError:
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
        ("[" * 202 + "]" * 202, None),
        ('["\\ud83d", ' + "[" * 200 + "]" * 201, ["\ufffd", json.loads("[" * 200 + "]" * 200)]),
        ('{"a":1,"a":2}', {"a": 2}),
        ("", None),
    ],
)
def test_what_is_rare_is_read_all_the_same(text: str | bytes, value: Any) -> None:
    assert parse_json(text) == value


def measure_depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(measure_depth, children), default=0)


@given(NESTED, st.booleans())
@example("]\\", True)
def test_json_is_refused_at_one_depth_whatever_its_texts_hold(value: Any, is_too_deep: bool) -> None:
    levels = 201 - measure_depth(value) + is_too_deep
    text = "[" * levels + json.dumps(value) + "]" * levels
    if is_too_deep:
        with pytest.raises(ValueError, match="more than 201 levels"):
            load_json(text)
        assert parse_json(text) is None
    else:
        assert parse_json(text) == load_json(text) == load_json(text.encode("utf-16")) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '["\\ud83d", ' + "[" * 100_000, '{"a": "' + "[" * 100_000, "]" * 100_000]
)
@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-32"])
def test_finalizers_run_while_deep_json_is_read(text: str, charset: str) -> None:
    depths = list[int]()

    def note_depth(phase: str, _: object) -> None:
        depths.append(call_deeply(500))

    gc.callbacks.append(note_depth)
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        assert parse_json(text.encode(charset)) is None
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(note_depth)
    assert set(depths) == {500}


def call_deeply(levels: int) -> int:
    return 1 + call_deeply(levels - 1) if levels else 0


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
