"""Joining pieces that overlap: each word once, whatever the edges of the pieces did to the words they cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from audio_core import Segment, Word
from audio_core.transcript.overlap import join_overlap, measure_certainty
from audio_core.transcript.segment import join_text

EDGES = st.sampled_from(["heard", "garbled", "missing"])
OVERLAP = 1.0  # seconds
TEN = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def make_words(lengths: Sequence[float], texts: Sequence[str]) -> list[Word]:
    """Make words without a pause between them."""
    bounds = list(accumulate(lengths, initial=0.0))
    return [Word(start, end, text) for (start, end), text in zip(pairwise(bounds), texts, strict=True)]


def hear(words: Sequence[Word], low: float, high: float, edge: str, jitter: Sequence[float]) -> list[Word]:
    """Return what is heard of a piece. Its edge garbles the word that it cuts, or hides it, or does nothing."""
    heard, previous = list[Word](), low
    for word, shift in zip(words, jitter, strict=True):
        is_cut = word.start < low < word.end or word.start < high < word.end
        if word.end <= low or word.start >= high or (is_cut and edge == "missing"):
            continue
        text = f"g{round(low)}" if is_cut and edge == "garbled" else word.text
        start = max(previous, min(max(word.start, low) + shift, high))
        heard.append(Word(start, max(start, min(word.end + shift, high)), text))
        previous = start
    return heard


def segment(words: Sequence[Word], *, measured: bool) -> list[Segment]:
    if not words:
        return []
    text = " ".join(word.text for word in words)
    return [Segment(words[0].start, words[-1].end, text, words=tuple(words) if measured else ())]


@st.composite
def overlaps(draw: st.DrawFn, texts: Sequence[str] | None = None, shortest: float = 0.12) -> tuple:
    """Draw words, where the later piece starts, what the edges do, and by how much times are off in each piece."""
    lengths = draw(st.lists(st.floats(shortest, 0.7), min_size=12, max_size=20))
    words = make_words(lengths, [draw(st.sampled_from(texts)) if texts else f"w{at}" for at in range(len(lengths))])
    low = draw(st.floats(0.1, 0.9)) * (words[-1].end - OVERLAP)
    shifts = st.lists(st.floats(-0.1, 0.1), min_size=len(words), max_size=len(words))
    return words, low, draw(EDGES), draw(EDGES), draw(shifts), draw(shifts)


def join(words: Sequence[Word], low: float, first: str, second: str, one: list, other: list, *, measured: bool) -> str:
    before = hear(words, 0.0, low + OVERLAP, first, one)
    after = hear(words, low, words[-1].end, second, other)
    return join_all(segment(before, measured=measured), segment(after, measured=measured), low, low + OVERLAP)


def join_all(before: list[Segment], after: list[Segment], low: float, high: float) -> str:
    first, second = join_overlap(before, after, low, high)
    return join_text(first + second)


def count_whole(words: Sequence[Word], low: float) -> int:
    return sum(low <= word.start and word.end <= low + OVERLAP for word in words)


@settings(max_examples=150, deadline=None)
@given(overlaps())
def test_each_word_comes_once_where_words_have_times(drawn: tuple) -> None:
    words, low, *_ = drawn
    assume(count_whole(words, low))
    assert join(*drawn, measured=True).split() == [word.text for word in words]


@settings(max_examples=150, deadline=None)
@given(overlaps(texts=TEN, shortest=0.3))
def test_each_word_comes_once_in_a_vocabulary_of_ten(drawn: tuple) -> None:
    words, low, *_ = drawn
    assume(count_whole(words, low))
    assert join(*drawn, measured=True).split() == [word.text for word in words]


@settings(max_examples=150, deadline=None)
@given(overlaps())
def test_each_word_comes_once_where_only_the_text_is_known(drawn: tuple) -> None:
    words, low, *_ = drawn
    assume(count_whole(words, low))
    assert join(*drawn, measured=False).split() == [word.text for word in words]


@pytest.mark.parametrize("measured", [True, False])
def test_what_is_said_again_behind_a_pause_stays(measured: bool) -> None:
    before = segment([Word(0.0, 0.4, "no"), Word(0.4, 0.8, "no")], measured=measured)
    after = segment([Word(1.2, 1.6, "no"), Word(1.6, 2.0, "yes")], measured=measured)
    assert join_all(before, after, 0.88, 1.13) == "no no no yes"


def test_a_text_that_fills_its_piece_shares_no_word_at_a_pause() -> None:
    before, after = [Segment(0.0, 1.13, "no no")], [Segment(0.88, 2.0, "no yes")]
    assert join_all(before, after, 0.88, 1.13) == "no no no yes"


def test_a_word_in_what_seemed_a_pause_comes_once() -> None:
    before = segment([Word(0.0, 0.8, "well"), Word(0.92, 1.1, "no")], measured=True)
    after = segment([Word(0.9, 1.12, "No,"), Word(1.6, 2.0, "yes")], measured=True)
    assert join_all(before, after, 0.88, 1.13) == "well No, yes"


def test_a_word_that_an_edge_cut_is_taken_from_the_other_piece() -> None:
    before = segment([Word(0.0, 1.0, "the"), Word(1.0, 2.0, "light")], measured=True)
    after = segment([Word(1.02, 2.4, "lighthouse"), Word(2.4, 3.0, "keeper")], measured=True)
    assert join_all(before, after, 1.0, 2.0) == "the lighthouse keeper"


def test_a_part_of_a_word_is_known_by_its_letters() -> None:
    before, after = [Segment(0.0, 4.0, "it is a light")], [Segment(3.2, 7.0, "lighthouse on a rock")]
    assert join_all(before, after, 3.2, 4.0) == "it is a lighthouse on a rock"


def test_a_piece_without_words_takes_none_from_the_other() -> None:
    words = [Segment(0.0, 2.0, "one two", words=(Word(0.0, 1.0, "one"), Word(1.0, 2.0, "two")))]
    assert join_overlap(words, [], 1.0, 2.0) == (words, [])
    assert join_overlap([], words, 0.0, 1.0) == ([], words)


def test_times_that_are_not_exact_do_not_change_the_order() -> None:
    before = segment([Word(0.0, 1.0, "one"), Word(1.4, 1.9, "two")], measured=True)
    after = [Segment(1.0, 1.9, "two"), Segment(1.3, 2.4, "three")]
    joined = join_overlap(before, after, 1.0, 2.0)
    assert [each.start for each in joined[0] + joined[1]] == sorted(each.start for each in joined[0] + joined[1])


def test_a_word_that_only_one_piece_has_between_two_that_both_have_stays() -> None:
    """Somebody else's shorter word ends before the edge that swallowed the longer one."""
    before, after = (
        [Segment(0.0, 4.0, "what have I learned to good")],
        [Segment(3.2, 7.0, "to trust good afternoon")],
    )
    assert join_all(before, after, 3.2, 4.0) == "what have I learned to trust good afternoon"


def test_one_word_that_is_last_and_first_comes_once_among_words_like_it() -> None:
    before, after = (
        [Segment(0.0, 4.0, "morning the good and welcome short")],
        [Segment(3.2, 7.0, "short short about and and")],
    )
    assert join_all(before, after, 3.2, 4.0) == "morning the good and welcome short short about and and"


def test_a_word_that_begins_before_the_later_piece_is_taken_from_the_earlier_one() -> None:
    before = segment([Word(0.0, 1.0, "much"), Word(1.0, 1.94, "quieter")], measured=True)
    after = segment([Word(1.13, 1.92, "yet"), Word(2.0, 2.3, "than")], measured=True)
    assert join_all(before, after, 1.1, 2.0) == "much quieter than"


def test_words_at_a_pause_are_one_by_what_both_pieces_hold_of_them() -> None:
    before = segment([Word(0.0, 0.4, "more"), Word(0.4, 0.82, "money")], measured=True)
    after = segment([Word(0.9, 0.9, "money"), Word(1.1, 1.4, "you")], measured=True)
    assert join_all(before, after, 0.88, 1.13) == "more money you"


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ([(0.0, 1.4, "four two"), (2.21, 2.7, "hm")], [(2.3, 5.9, "wonderful I will")], "four two wonderful I will"),
        ([(1.1, 2.7, "library card hm")], [(2.46, 4.4, "now a word")], "library card now a word"),
        ([(1.1, 2.57, "library card")], [(2.59, 4.4, "now a word")], "library card now a word"),
        ([(1.1, 2.66, "much quieter")], [(2.65, 4.0, "than the old")], "much quieter than the old"),
        ([(1.1, 2.42, "library card")], [(2.0, 4.5, "now a word")], "library card now a word"),
    ],
)
def test_the_end_of_a_segment_tells_whether_an_edge_cut_its_last_word(before: list, after: list, joined: str) -> None:
    first = [Segment(-9.0, -0.5, "before"), *(Segment(*each) for each in before)]
    second = [*(Segment(*each) for each in after), Segment(7.0, 9.0, "behind")]
    assert join_all(first, second, 2.0, 2.7) == f"before {joined} behind"


@pytest.mark.parametrize(
    "before",
    [
        [Segment(0.0, 2.7, "on your library card")],
        [Segment(0.0, 1.0, "on your", is_estimated=True), Segment(1.0, 2.7, "library card", is_estimated=True)],
    ],
)
def test_without_times_words_stay_that_no_other_piece_has(before: list[Segment]) -> None:
    assert join_all(before, [Segment(2.0, 5.0, "please keep")], 2.0, 2.7) == "on your library card please keep"


def align(*words: tuple[str, float, float]) -> list[Segment]:
    timed = tuple(Word(start, end, text) for text, start, end in words)
    text = " ".join(word.text for word in timed)
    return [Segment(timed[0].start, timed[-1].end, text, words=timed, alignment_score=0.9)]


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        (
            align(("short", -0.54, -0.02), ("about", -0.02, 0.26), ("about", 0.26, 0.57), ("about", 0.57, 0.92)),
            align(("about", 0.0, 0.26), ("about", 0.26, 0.65), ("and", 0.65, 0.87), ("and", 0.87, 1.06)),
            "short about about about and and",
        ),
        (
            align(("short", -0.53, -0.01), ("about", -0.01, 0.28), ("short", 0.28, 0.82)),
            align(("hm", 0.0, 0.06), ("short", 0.06, 0.28), ("short", 0.28, 0.96), ("the", 0.96, 1.24)),
            "short about short short the",
        ),
    ],
)
def test_words_that_an_edge_has_moved_in_the_alignment_come_once(before: list, after: list, joined: str) -> None:
    assert join_all(before, after, 0.0, before[0].end) == joined


def test_a_whole_word_is_no_part_of_one_at_the_edge_of_the_other_piece() -> None:
    before = [Segment(-5.0, -1.2, "a beach"), Segment(-0.3, 0.63, "on it the council comes")]
    after = [Segment(0.0, 3.88, "itself council has decided to build a machine")]
    assert join_all(before, after, 0.0, 0.7) == "a beach on it the council has decided to build a machine"


def test_a_word_whose_order_differs_because_two_people_speak_comes_once() -> None:
    before = [("in", 1.0, 1.2), ("morning", 1.2, 1.7), ("the", 1.6, 1.7), ("when", 1.7, 1.9), ("every", 1.9, 2.2)]
    after = [("in", 1.0, 1.2), ("the", 1.35, 1.45), ("morning", 1.25, 1.7), ("when", 1.7, 1.9), ("every", 1.9, 2.2)]
    pieces = [segment([Word(start, end, text) for text, start, end in each], measured=True) for each in (before, after)]
    assert sorted(join_all(*pieces, 0.9, 2.3).split()) == ["every", "in", "morning", "the", "when"]


def measure(before: str, after: str) -> float:
    """Measure how certain a join is of texts without times, whose pieces of ten seconds overlap by one."""
    return measure_certainty([Segment(0.0, 10.0, before)], [Segment(9.0, 19.0, after)], 9.0, 10.0)


COUNTED = " ".join(f"a{number}" for number in range(20))
GOING_ON = " ".join(f"b{number}" for number in range(20))


def test_words_in_common_make_a_join_certain() -> None:
    one, two = measure(f"{COUNTED} one er", f"um one {GOING_ON}"), measure(f"{COUNTED} one two", f"one two {GOING_ON}")
    assert 2.0 < one < two


def test_one_word_at_both_edges_may_be_garbled_alike() -> None:
    assert 0.0 < measure(f"{COUNTED} one", f"one {GOING_ON}") < measure(f"{COUNTED} one er", f"um one {GOING_ON}")


def test_no_word_in_common_makes_none_certain() -> None:
    assert measure(COUNTED, GOING_ON) == 0.0


def test_a_word_that_is_said_twice_makes_a_join_less_certain() -> None:
    once = measure(f"{COUNTED} so one er", f"um one {GOING_ON}")
    twice = measure(f"{COUNTED} one one er", f"um one {GOING_ON}")
    assert 0.0 < twice < once


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{} except water sunday", "except only sunday {}"),  # "water" and "only" are as far from their edges
        ("{} for listening", "forty listening {}"),  # "for" looks cut, "forty" lies at the edge
    ],
)
def test_a_join_is_uncertain_if_it_is_open_which_word_was_cut(before: str, after: str) -> None:
    assert measure(before.format(COUNTED), after.format(GOING_ON)) <= 1.0


def test_it_is_clear_that_the_word_at_the_edge_was_cut() -> None:
    assert measure(f"{COUNTED} except water er", f"um water sunday {GOING_ON}") > 1.0


@pytest.mark.parametrize("first", [(0.0, 10.0), (0.0, 6.0), (3.0, 3.1)])
@pytest.mark.parametrize("second", [(9.0, 19.0), (13.0, 19.0), (18.9, 19.0)])
def test_a_text_without_times_reaches_the_edge_where_no_pause_is(
    first: tuple[float, float], second: tuple[float, float]
) -> None:
    """In noise, less is taken for speech than is spoken."""
    texts = [f"number{number}" for number in range(38)]
    before, after = [Segment(*first, " ".join(texts[:20]))], [Segment(*second, " ".join(texts[18:]))]
    assert measure_certainty(before, after, 9.0, 10.0) > 2
    joined = [segment.text for segments in join_overlap(before, after, 9.0, 10.0) for segment in segments]
    assert " ".join(joined).split() == texts


def test_a_pause_or_a_piece_without_words_there_is_certain() -> None:
    before, after = [Segment(0.0, 10.0, COUNTED)], [Segment(9.75, 19.75, GOING_ON)]
    assert measure_certainty(before, after, 9.75, 10.0) == math.inf
    assert measure_certainty(before, [Segment(12.0, 13.0, "later")], 9.0, 10.0) == math.inf
    assert measure_certainty(before, [], 9.0, 10.0) == math.inf
