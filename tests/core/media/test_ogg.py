"""Where one can jump in an Ogg file."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from audio_core.audio.content import BytesContent
from audio_core.media.ogg import is_one_stream_between

SECOND = 48_000


def page(granule: int, *, serial: int = 7, begins: bool = False, size: int = 400) -> bytes:
    """A page with one packet of zeros (RFC 3533 §6)."""
    lengths = bytes([255] * (size // 255) + [size % 255])
    return (
        struct.pack("<4sBBqIIIB", b"OggS", 0, 2 * begins, granule, serial, 0, 0, len(lengths)) + lengths + bytes(size)
    )


def stream(seconds: int, serial: int = 7) -> bytes:
    pages = [page(second * SECOND, serial=serial) for second in range(1, seconds + 1)]
    return page(0, serial=serial, begins=True) + page(0, serial=serial) + page(-1, serial=serial) + b"".join(pages)


def reaches(data: bytes, seconds: float, end: float = 0.0) -> bool:
    return is_one_stream_between(seconds * SECOND, max(seconds, end) * SECOND, BytesContent(data))


def test_one_stream_is_whole_until_its_end() -> None:
    assert [reaches(stream(10), at) for at in (0, 1, 9.5, 10, 10.1, 99)] == [True, True, True, True, False, False]


def test_in_chained_streams_only_the_first_can_be_jumped_in() -> None:
    for second in (stream(10, serial=8), stream(10)):  # whether or not it has a number of its own
        assert reaches(stream(5) + second, 4.5)
        assert not reaches(stream(5) + second, 7)


def test_a_stretch_that_reaches_into_the_next_stream_is_not_in_one() -> None:
    for second in (stream(10, serial=8), stream(10)):
        assert [reaches(stream(5) + second, 4, end) for end in (5, 5.1, math.inf)] == [True, False, False]
    assert reaches(stream(5), 4, math.inf)


def test_streams_side_by_side_are_left_alone() -> None:
    both = page(0, serial=1, begins=True) + page(0, serial=2, begins=True) + page(9 * SECOND, serial=2)
    assert not reaches(both, 5)


def test_positions_that_go_back_are_not_believed() -> None:
    assert not reaches(stream(3) + page(1 * SECOND) + page(9 * SECOND), 8)


@given(data=st.binary(max_size=600), at=st.integers(0, 4000), junk=st.binary(min_size=1, max_size=40))
def test_damage_never_makes_more_of_a_file_than_there_was(data: bytes, at: int, junk: bytes) -> None:
    assert not reaches(data, 1)
    damaged = bytearray(stream(5))
    damaged[at : at + len(junk)] = junk
    reaches(bytes(damaged), 5)
