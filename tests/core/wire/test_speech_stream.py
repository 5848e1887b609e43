"""Base64 that comes in pieces."""

import base64
import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core.wire.speech_stream import Base64Stream


@given(st.lists(st.binary(max_size=20), max_size=5), st.lists(st.integers(0, 100), max_size=8))
@example([b"\x04"], [3])  # between the two signs of a padding
def test_padded_parts_that_are_cut_anywhere_give_their_bytes(parts: list[bytes], cuts: list[int]) -> None:
    text = "".join(base64.b64encode(part).decode() for part in parts)
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    stream = Base64Stream()
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    assert b"".join([*map(stream.feed, pieces), stream.close()]) == b"".join(parts)


@pytest.mark.parametrize("text", ["====", "A===", "!AAA"])
def test_what_is_not_base64_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Base64Stream().feed(text)
