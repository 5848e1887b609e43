"""Each case stands on its page and is held by tests that exist; each test here holds a case."""

from pathlib import Path

import pytest
from hostile_cases import CASES
from test_promises import list_tests

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"


@pytest.mark.parametrize("title", CASES)
def test_a_case_is_held_by_tests_that_exist(title: str) -> None:
    assert CASES[title]
    for test in CASES[title]:
        file, _, name = test.partition("::")
        assert name in list_tests(TESTS / file), f"{test} is no test"


def test_every_test_holds_a_case() -> None:
    held = {test for tests in CASES.values() for test in tests}
    for path in HERE.glob("test_*.py"):
        names = {f"{path.relative_to(TESTS).as_posix()}::{name}" for name in list_tests(path)}
        assert path.name == Path(__file__).name or names <= held, names - held


def test_the_page_lists_the_cases_in_this_order() -> None:
    rows = [line.split(" | ")[0].removeprefix("| ") for line in PAGE.read_text().splitlines()]
    assert [row for row in rows if row in CASES] == list(CASES)
