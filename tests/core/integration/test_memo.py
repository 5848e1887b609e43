"""A value that is made anew only when what it was made from has changed."""

import copy
import pickle

from audio_core.integration import Memo


def test_a_value_is_kept_until_an_argument_changes() -> None:
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number

    memo = Memo[int]()
    for number in (1, 1, 2, 2, 1):
        memo = memo.refresh(make, {"number": number})
        assert memo.value == number
    assert made == [1, 2, 1]


def test_memos_are_equal_and_neither_deep_copies_nor_pickles_hold_their_values() -> None:
    memo = Memo[str]().refresh(str, {"object": "a-secret"})
    assert memo == Memo()
    assert "a-secret" not in repr(memo)
    assert b"a-secret" not in pickle.dumps(memo)
    assert copy.deepcopy(memo).value is pickle.loads(pickle.dumps(memo)).value is None
