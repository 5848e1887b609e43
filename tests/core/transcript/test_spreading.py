"""Text without known times lies where somebody speaks, in proportion to its length."""

from hypothesis import given
from hypothesis import strategies as st

from audio_core import Segment, Word
from audio_core.transcript.spreading import spread_over_speech


def guess(*texts: str) -> list[Segment]:
    return [Segment(0.0, 100.0, text, is_estimated=True) for text in texts]


def get_times(segments: list[Segment]) -> list[tuple[float, float]]:
    return [(segment.start, segment.end) for segment in segments]


def test_pauses_get_no_text() -> None:
    spread = spread_over_speech(guess("four", "more"), [(10.0, 12.0), (50.0, 52.0)], (0.0, 100.0))
    assert get_times(spread) == [(10.0, 12.0), (50.0, 52.0)]


def test_known_times_stay_and_bound_the_others() -> None:
    known = Segment(20.0, 30.0, "known")
    spread = spread_over_speech([*guess("a"), known, *guess("b")], [(5.0, 40.0)], (0.0, 50.0))
    assert get_times(spread) == [(5.0, 20.0), (20.0, 30.0), (30.0, 40.0)]
    assert spread[1] is known


def test_estimated_times_with_words_stay() -> None:
    segment = Segment(1.0, 2.0, "a", words=(Word(1.0, 2.0, "a"),), is_estimated=True)
    assert spread_over_speech([segment], [(5.0, 6.0)], (0.0, 10.0)) == [segment]


def test_without_speech_it_is_the_time_that_counts() -> None:
    assert get_times(spread_over_speech(guess("ab", "cd"), [], (0.0, 8.0))) == [(0.0, 4.0), (4.0, 8.0)]


def test_where_there_is_no_room_the_times_are_those_of_the_neighbours() -> None:
    known = [Segment(0.0, 5.0, "a"), Segment(4.0, 9.0, "b")]
    spread = spread_over_speech([known[0], *guess("lost"), known[1]], [(0.0, 9.0)], (0.0, 9.0))
    assert get_times(spread)[1] == (5.0, 5.0)


@given(
    st.lists(st.text(max_size=5), max_size=6),
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), max_size=6),
)
def test_times_never_go_back_or_leave_the_recording(texts: list[str], pairs: list[tuple[float, float]]) -> None:
    points = sorted({point for pair in pairs for point in pair})
    speech = list(zip(points[::2], points[1::2], strict=False))
    times = [
        time for segment in spread_over_speech(guess(*texts), speech, (0.0, 50.0)) for time in get_times([segment])
    ]
    flat = [time for pair in times for time in pair]
    assert flat == sorted(flat)
    assert all(0.0 <= time <= 50.0 for time in flat)
