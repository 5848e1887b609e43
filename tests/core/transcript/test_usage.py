"""Usage in every spelling: one odd field costs that field."""

import pytest

from audio_core import Usage
from audio_core.transcript.usage import parse_usage


@pytest.mark.parametrize("odd", [{"upstream": 0.1}, 2.5, "many", -1, 10**400, float("nan"), True, [1]])
def test_an_odd_field_leaves_the_others(odd: object) -> None:
    assert parse_usage({"prompt_tokens": 12, "completion_tokens": odd}) == Usage(input_tokens=12)
    assert parse_usage({"prompt_tokens": 12, "prompt_tokens_details": odd}) == Usage(input_tokens=12)
