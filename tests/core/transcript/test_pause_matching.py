"""Sentences end in the pauses that fit their lengths."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core.transcript.pause_matching import Span, match_to_pauses


def test_a_long_pause_ends_a_sentence_and_a_short_one_stands_within() -> None:
    assert match_to_pauses([30, 10], [(0.5, 1.5), (1.7, 3.5), (4.2, 5.2)]) == [(0.5, 3.5), (4.2, 5.2)]


def test_a_long_pause_that_does_not_fit_the_lengths_is_none_of_a_sentence() -> None:
    assert match_to_pauses([40, 40], [(0.0, 0.5), (2.5, 6.0), (6.3, 10.0)]) == [(0.0, 6.0), (6.3, 10.0)]


def test_sentences_without_a_pause_between_them_share_the_speech() -> None:
    assert match_to_pauses([10, 30, 40], [(0.0, 4.0), (5.0, 9.0)]) == [(0.0, 1.0), (1.0, 4.0), (5.0, 9.0)]


def test_more_sentences_than_pauses_could_part_are_left_to_others() -> None:
    assert match_to_pauses([10] * 9, [(0.0, 4.0), (5.0, 9.0)]) == []


@pytest.mark.parametrize(("lengths", "speech"), [([], []), ([10], [(0.0, 1.0), (2.0, 3.0)]), ([10, 10], [(0.0, 4.0)])])
def test_without_pauses_or_sentences_there_is_nothing_to_match(lengths: list[int], speech: list[Span]) -> None:
    assert match_to_pauses(lengths, speech) == []


def test_the_sentences_of_a_talk_are_found_by_its_pauses(talk: Path) -> None:
    sentences = json.loads(talk.with_suffix(".json").read_text())
    words = [word for sentence in sentences for word in sentence["words"]]
    speech = join_close([(start, end) for _, start, end in words])
    found = match_to_pauses([len(sentence["text"]) for sentence in sentences], speech)
    assert found == [(sentence["start"], sentence["end"]) for sentence in sentences]


def join_close(spans: list[Span]) -> list[Span]:
    bounds = [after[0] for before, after in pairwise(spans) if after[0] - before[1] >= 0.1]
    starts = [spans[0][0], *bounds]
    return [
        (start, max(end for begin, end in spans if start <= begin < stop))
        for start, stop in pairwise([*starts, float("inf")])
    ]


@given(
    st.lists(st.integers(0, 300), max_size=12),
    st.lists(st.floats(0, 600, allow_subnormal=False), max_size=40, unique=True),
)
@example([0, 0], [0.0, 1.0, 2.0, 3.0])
def test_times_lie_in_the_speech_and_never_go_back(lengths: list[int], points: list[float]) -> None:
    ordered = sorted(points)
    speech = list(zip(ordered[::2], ordered[1::2], strict=False))
    times = match_to_pauses(lengths, speech)
    flat = [time for span in times for time in span]
    assert flat == sorted(flat)
    assert len(times) in (0, len(lengths))
    if times:
        assert (flat[0], flat[-1]) == (pytest.approx(speech[0][0]), pytest.approx(speech[-1][1]))
