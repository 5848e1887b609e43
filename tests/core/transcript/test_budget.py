"""A budget allows what stays within it, and counts what was spent."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Budget, BudgetExceeded, InvalidOption, Usage


@given(st.lists(st.floats(0, 100), max_size=20), st.floats(0, 300))
def test_what_is_reserved_never_exceeds_the_limit(requests: list[float], limit: float) -> None:
    budget = Budget(seconds=limit)
    for seconds in requests:
        before = budget.used_seconds
        try:
            budget.reserve("a.mp3", seconds, None)
        except BudgetExceeded:
            assert budget.used_seconds == before
            assert before + seconds > limit
    assert budget.used_seconds <= limit


def test_the_error_tells_what_was_needed_and_what_is_used() -> None:
    budget = Budget(seconds=100)
    budget.reserve("a.mp3", 60, None)
    with pytest.raises(BudgetExceeded, match=r"b\.mp3: 50\.0 s of audio are to be sent, .* 100\.0 s 60\.0 s are used"):
        budget.reserve("b.mp3", 50, None)


def test_dollars_are_expected_by_the_price_and_then_counted_as_the_gateway_says() -> None:
    budget = Budget(cost=1.0, price_per_minute=0.6)
    share = budget.reserve("a.mp3", 60, None)
    assert budget.used_cost == pytest.approx(0.6)
    share.settle(Usage(cost=0.5))
    assert budget.used_cost == pytest.approx(0.5)
    budget.reserve("b.mp3", 50, None).give_back()
    assert (budget.used_cost, budget.used_seconds) == (pytest.approx(0.5), pytest.approx(60))
    with pytest.raises(
        BudgetExceeded, match=r"about \$0\.6000 more are needed, and of the budget of \$1\.0000 \$0\.5000"
    ):
        budget.reserve("c.mp3", 60, None)


def test_a_listed_price_serves_unless_another_is_given() -> None:
    listed, given_price = Budget(cost=1), Budget(cost=1, price_per_minute=6)
    listed.reserve("a", 1, 0.01)
    given_price.reserve("a", 1, 0.01)
    assert (listed.used_cost, given_price.used_cost) == (0.01, 0.1)


def test_dollars_need_a_price() -> None:
    with pytest.raises(InvalidOption, match="price_per_minute"):
        Budget(cost=1).reserve("a.mp3", 1, None)


@pytest.mark.parametrize(
    "limits", [{}, {"seconds": -1}, {"cost": -0.1}, {"seconds": float("nan")}, {"cost": 1, "price_per_minute": -1}]
)
def test_a_budget_without_a_limit_or_below_zero_is_refused(limits: dict) -> None:
    with pytest.raises(InvalidOption):
        Budget(**limits)


def test_a_budget_can_be_pickled_and_shows_its_state() -> None:
    budget = Budget(seconds=10)
    budget.reserve("a.mp3", 4, None)
    copy = pickle.loads(pickle.dumps(budget))
    copy.reserve("a.mp3", 6, None)
    assert (repr(budget), repr(copy)) == (
        "Budget(seconds=10, used_seconds=4.0)",
        "Budget(seconds=10, used_seconds=10.0)",
    )
