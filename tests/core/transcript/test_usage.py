"""Usage in every spelling: one odd field costs that field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Usage
from audio_core.transcript.usage import parse_usage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ("prompt_tokens", "input_tokens", "prompt_tokens_details", "seconds", "cost", "completion_tokens_details")


@pytest.mark.parametrize("odd", [{"upstream": 0.1}, 2.5, "many", -1, 10**400, float("nan"), True, [1]])
def test_an_odd_field_leaves_the_others(odd: object) -> None:
    assert parse_usage({"prompt_tokens": 12, "completion_tokens": odd}) == Usage(input_tokens=12)
    assert parse_usage({"prompt_tokens": 12, "prompt_tokens_details": odd}) == Usage(input_tokens=12)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_json_gives_usage_or_none(value: dict) -> None:
    usage = parse_usage(value)
    assert usage is None or usage.input_tokens is None or usage.input_tokens >= 0
