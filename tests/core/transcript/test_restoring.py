"""Times restored to pieces that other splitters made: the right ones, or a refusal."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import InvalidOption, Segment, Transcript, Word
from audio_core.integration import Cut, Passage, get_clip_url, restore_passages
from audio_core.transcript.passages import split_passages

FEW = st.sampled_from(["yes", "no", "yes.", "maybe"])
MANY = st.text("abcdefghij", min_size=2, max_size=9)


def speak(texts: list[str], *, timed: bool = True, per_segment: int = 7) -> Passage:
    """Return a passage of a whole recording in which each word lasts a second."""
    segments = []
    for first in range(0, len(texts), per_segment):
        spoken = texts[first : first + per_segment]
        words = tuple(Word(first + index, first + index + 1, text) for index, text in enumerate(spoken))
        segments.append(Segment(first, first + len(spoken), " ".join(spoken), "Ann", words=words if timed else ()))
    transcript = Transcript("", tuple(segments), source="file:///talks/a.mp3", sha256="abc")
    return next(split_passages(transcript, granularity="file"))


def cut_words(texts: list[str], first: int, stop: int, whole: Passage, before: int = 0) -> Cut:
    """Return the words from `first` to `stop`, as a splitter cuts them from a text that begins with word `before`."""
    begin = len(" ".join([*texts[before:first], ""])) if first > before else 0
    return Cut(Passage("", " ".join(texts[first:stop]), whole.metadata), begin)


def restore(*cuts: Cut) -> list[tuple[float, float]]:
    return [(each.metadata["start"], each.metadata["end"]) for each in restore_passages(cuts)]


@given(st.lists(FEW | MANY, min_size=2, max_size=80), st.data())
def test_pieces_of_pieces_get_the_right_times_or_are_refused(texts: list[str], data) -> None:
    whole, cuts, times = speak(texts), [], []
    for _ in range(data.draw(st.integers(1, 3))):
        before = data.draw(st.integers(0, len(texts) - 1))
        first = before
        while first < len(texts) and data.draw(st.booleans()):
            stop = data.draw(st.integers(first + 1, len(texts)))
            cuts.append(cut_words(texts, first, stop, whole, before))
            times.append((first, stop))
            first = data.draw(st.integers(first + 1, stop))
    try:
        assert restore(*cuts) == times
    except InvalidOption as error:
        assert "several places" in str(error)  # noqa: PT017


@given(st.lists(FEW, min_size=3, max_size=80), st.integers(1, 12), st.booleans())
def test_all_pieces_of_one_splitter_are_placed_however_often_a_sentence_is_said(
    texts: list[str], size: int, timed: bool
) -> None:
    whole = speak(texts, timed=timed, per_segment=1)
    firsts = range(0, len(texts), size)
    cuts = [cut_words(texts, first, min(first + size, len(texts)), whole) for first in firsts]
    assert restore(*cuts) == [(first, min(first + size, len(texts))) for first in firsts]


@given(st.integers(0, 99), st.data())
def test_long_pieces_need_no_position_and_no_order(seed: int, data) -> None:
    choose = random.Random(seed)
    texts = ["".join(choose.choices("abcdefghij", k=choose.randint(2, 9))) for _ in range(70)]
    whole = speak(texts)
    firsts = data.draw(st.lists(st.integers(0, len(texts) - 15), min_size=1, max_size=5))
    cuts = [
        Cut(cut_words(texts, first, first + 15, whole).passage, data.draw(st.none() | st.integers(-1, 90)))
        for first in firsts
    ]
    assert restore(*cuts) == [(first, first + 15) for first in firsts]


@pytest.mark.parametrize("cleaning", ["upper", "lower", "spaces", "lines"])
def test_case_and_white_space_may_be_cleaned(cleaning: str) -> None:
    texts = [f"Groß{number}É" for number in range(20)]
    whole = speak(texts)
    clean = {"upper": str.upper, "lower": str.lower, "spaces": lambda text: f"  {text}".replace(" ", "   ")}
    text = clean.get(cleaning, lambda text: text.replace(" ", "\n\n"))(" ".join(texts[5:18]))
    assert restore(Cut(Passage("", text, whole.metadata))) == [(5, 18)]


def test_a_sentence_that_is_said_twice_is_found_by_its_neighbors_or_refused() -> None:
    texts = [
        "so",
        "we",
        "meet",
        "at",
        "ten",
        "yes",
        "of",
        "course",
        "and",
        "then",
        "we",
        "eat",
        "something",
        "yes",
        "of",
        "course",
        "thank",
        "you",
        "all",
    ]
    whole = speak(texts)
    before, repeated = cut_words(texts, 6, 13, whole), cut_words(texts, 13, 16, whole)
    assert restore(before, repeated) == [(6, 13), (13, 16)]
    for cuts in ([repeated], [repeated, before], [Cut(before.passage, 0), Cut(repeated.passage, 5)]):
        with pytest.raises(InvalidOption, match="13 characters can stand in several places"):
            restore(*cuts)


def test_a_position_that_says_where_a_text_is_found_first_is_not_believed() -> None:
    texts = ["well", *["yes"] * 40, "then"]
    whole = speak(texts)
    first, second = cut_words(texts, 0, 20, whole), cut_words(texts, 20, 40, whole)
    assert restore(first, second, cut_words(texts, 40, 42, whole)) == [(0, 20), (20, 40), (40, 42)]
    with pytest.raises(InvalidOption, match="several places"):
        restore(first, Cut(second.passage, 5), cut_words(texts, 40, 42, whole))


@pytest.mark.parametrize(
    "text", ["four five nine ten eleven", "vier fünf sechs sieben", "four five six seven eight ten"]
)
def test_a_text_that_was_changed_is_refused(text: str) -> None:
    whole = speak(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
    with pytest.raises(InvalidOption, match="not in the text that it was cut from"):
        restore(Cut(Passage("", text, whole.metadata), 14))


def test_a_piece_has_metadata_of_its_own_and_is_restored_once() -> None:
    texts = [f"word{number}" for number in range(30)]
    whole = speak(texts)
    (piece,) = restore_passages([cut_words(texts, 7, 14, whole)])
    assert piece.metadata["clip"] == get_clip_url(piece.metadata) == "file:///talks/a.mp3#t=7,14"
    assert (piece.metadata["speaker"], "segment" in piece.metadata) == ("Ann", False)
    assert next(restore_passages([Cut(piece)])) is piece
    assert next(restore_passages([Cut(whole)])) is whole
    (inner,) = restore_passages([cut_words(texts, 9, 12, piece, before=7)])
    assert (inner.metadata["start"], inner.metadata["end"]) == (9, 12)


def test_ids_do_not_depend_on_the_text() -> None:
    texts = [f"word{number}" for number in range(30)]
    again = [*texts[:20], "other", *texts[21:]]
    first, second = (
        [
            each.id
            for each in restore_passages(
                [cut_words(spoken, 0, 15, speak(spoken)), cut_words(spoken, 15, 30, speak(spoken))]
            )
        ]
        for spoken in (texts, again)
    )
    assert first == second
    assert len(set(first)) == 2


def test_a_cut_within_a_word_has_a_time_within_it() -> None:
    whole = speak(["one", "extraordinarily", "three", "one", "extra", "five"])
    ((start, end),) = restore(Cut(Passage("", "dinarily three one ex", whole.metadata)))
    assert (start, end) == (pytest.approx(1.467, abs=0.001), pytest.approx(4.4, abs=0.001))


@pytest.mark.parametrize("blank", ["", " ", "\n\n"])
def test_a_blank_piece_stands_after_the_piece_before_it_or_is_refused(blank: str) -> None:
    texts = [f"word{number}" for number in range(10)]
    whole = speak(texts)
    before = cut_words(texts, 0, 5, whole)
    piece = Cut(Passage("", blank, whole.metadata), len(before.passage.text))
    assert restore(before, piece, cut_words(texts, 5, 10, whole)) == [(0, 5), (5, 5), (5, 10)]
    with pytest.raises(InvalidOption, match="several places"):
        restore(piece)


def test_the_pieces_of_an_hour_are_all_found_alone() -> None:
    choose = random.Random(7)
    common = ["the", "of", "and", "that", "is", "we", "price", "so", "yes", "you", "know", "it", "was", "about"]
    texts = [choose.choice(common) for _ in range(9000)]
    whole = speak(texts)
    for first in range(0, 8900, 2200):
        assert restore(cut_words(texts, first, first + 25, whole)) == [(first, first + 25)]


def test_what_has_no_timeline_was_not_cut() -> None:
    passage = Passage("", "hi", {"start": 1.0, "end": 2.0})
    assert next(restore_passages([Cut(passage)])) is passage
    with pytest.raises(InvalidOption, match="cannot be read"):
        next(restore_passages([Cut(Passage("", "hi", {**passage.metadata, "timeline": "rubbish"}))]))


@pytest.mark.parametrize("begin", ["x", "5", 5.0, None, -1, [1], True, float("nan")])
def test_a_position_that_is_none_is_as_good_as_no_position(begin) -> None:
    whole = speak(["one", "two", "three", "four"])
    assert restore(
        cut_words(["one", "two", "three", "four"], 0, 2, whole), Cut(Passage("", "three", whole.metadata), begin)
    ) == [(0, 2), (2, 3)]
