"""Each promise is stated where its row says, and held by tests; each test that names a promise stands in its row."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from promises import PROMISES, Promise

TESTS = Path(__file__).parents[1]
BY_ID = {promise.id: promise for promise in PROMISES}
LEAD = re.compile(r"^- \*\*(.+?)\*\*", re.MULTILINE)


@functools.cache
def list_tests(path: Path) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the tests that pytest collects from a file."""
    functions = (
        node for node in ast.parse(path.read_text()).body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    return {function.name: function for function in functions if function.name.startswith("test_")}


def list_marks(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the ids in the marks `@pytest.mark.promise("id")` of a test."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.promise":
            yield from map(ast.literal_eval, decorator.args)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.id)
def test_a_promise_is_held_by_tests_that_exist(promise: Promise) -> None:
    assert promise.tests
    for test in promise.tests:
        file, _, name = test.partition("::")
        assert name in list_tests(TESTS / file), f"{promise.id} names {test}, which is no test"


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.id)
def test_a_promise_is_stated_in_the_words_of_its_row(promise: Promise) -> None:
    file, words = promise.stated
    assert words in " ".join((TESTS.parent / file).read_text().split())


def test_a_test_that_names_a_promise_stands_in_its_row() -> None:
    for path in TESTS.rglob("test_*.py"):
        for name, function in list_tests(path).items():
            for promise_id in list_marks(function):
                test = f"{path.relative_to(TESTS).as_posix()}::{name}"
                assert promise_id in BY_ID, f"{test} names the promise {promise_id!r}, which has no row"
                assert test in BY_ID[promise_id].tests, f"add {test} to the row {promise_id}"


def test_what_the_readme_promises_has_a_row() -> None:
    section = (TESTS.parent / "README.md").read_text().split("## What it does for you")[1].split("\n## ")[0]
    stated = {promise.stated[1] for promise in PROMISES}
    assert [lead for lead in LEAD.findall(section) if lead not in stated] == []


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(PROMISES)
