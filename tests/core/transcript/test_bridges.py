"""Bridges: which joins get one, what they may cost, and that they leave each word there once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core import AudioEvent, Segment, Transcript
from audio_core.transcript.bridges import BridgedPieces, choose_bridges, find_uncertain_joins, insert_bridges
from audio_core.transcript.merge import PieceTranscript, merge_pieces

PIECE, OVERLAP = 30.0, 0.9  # seconds


def hear(start: float, end: float, lengths: Sequence[float]) -> PieceTranscript:
    """Transcribe a piece of talk without a pause. Its edges garble the words that they cut, each in its own way."""
    words, time = list[str](), 0.0
    for number, length in enumerate(lengths):
        if time < end and time + length > start:
            is_cut = time < start or time + length > end
            words.append(f"{'um' if time < start else 'er'}{round(start)}" if is_cut else f"w{number}")
        time += length
    text = " ".join(words)
    return PieceTranscript(start, end, 0.0, Transcript(text, (Segment(start, end, text),)))


def cut(lengths: Sequence[float]) -> list[PieceTranscript]:
    """Cut talk into pieces of half a minute that overlap, wherever that is."""
    seconds, pieces = sum(lengths), list[PieceTranscript]()
    while not pieces or pieces[-1].end < seconds:
        start = pieces[-1].end - OVERLAP if pieces else 0.0
        piece = hear(start, min(start + PIECE, seconds), lengths)
        pieces.append(replace(piece, shared=OVERLAP if pieces else 0.0))
    return pieces


def choose(parts: Sequence[PieceTranscript], seconds: float) -> list[tuple[float, float]]:
    return choose_bridges(find_uncertain_joins(parts), sum(part.shared for part in parts), seconds)


def insert(parts: Sequence[PieceTranscript], *bridges: PieceTranscript) -> BridgedPieces:
    return insert_bridges(parts, find_uncertain_joins(parts), bridges)


def say(*texts: str) -> list[PieceTranscript]:
    """Return pieces of ten seconds that overlap by one, each with a text."""
    spans = [(9.0 * number, 9.0 * number + 10.0) for number in range(len(texts))]
    return [
        PieceTranscript(start, end, 1.0 if start else 0.0, Transcript(text, (Segment(start, end, text),)))
        for (start, end), text in zip(spans, texts, strict=True)
    ]


def answer(text: str, **properties: object) -> PieceTranscript:
    """Return the bridge between the two first pieces of `say`, with this text."""
    segments = (Segment(7.5, 11.5, text),) if text else ()
    return PieceTranscript(7.5, 11.5, 0.0, replace(Transcript(text, segments), **properties))


COUNTED = [" ".join(f"w{number}" for number in range(first, first + 20)) for first in (0, 18, 36)]
STRANGE = [" ".join(f"{letter}{number}" for number in range(20)) for letter in "abc"]
BETWEEN = " ".join([*STRANGE[0].split()[-4:], *STRANGE[1].split()[:4]])


def test_pieces_with_words_in_common_need_no_bridge() -> None:
    assert find_uncertain_joins(say(*COUNTED)) == []
    assert choose(say(*COUNTED), 28.0) == []


def test_a_join_without_a_common_word_gets_a_bridge_that_reaches_beyond_the_overlap() -> None:
    (first, second) = pieces = say(*STRANGE[:2])
    assert [(join.before, join.after) for join in find_uncertain_joins(pieces)] == [(first, second)]
    assert choose(pieces, 19.0) == [(7.5, 11.5)]


def test_the_same_word_twice_beside_a_join_is_uncertain() -> None:
    assert find_uncertain_joins(say("no " * 19 + "yes", "no " * 20)) != []


def test_nothing_is_uncertain_where_one_piece_says_nothing() -> None:
    first, second = say(*STRANGE[:2])
    silent = replace(second, transcript=Transcript(""))
    late = replace(second, transcript=Transcript("later", (Segment(15.0, 16.0, "later"),)))
    assert find_uncertain_joins([first, silent]) == find_uncertain_joins([first, late]) == []


def test_pieces_that_share_a_pause_or_nothing_are_certain() -> None:
    first, second = say(*STRANGE[:2])
    for start in (9.75, 10.0, 12.0):
        moved = replace(second, start=start, transcript=second.transcript.shift(start - second.start))
        assert find_uncertain_joins([first, moved]) == []


def test_one_bridge_is_always_allowed_and_more_within_three_hundredths_of_the_recording() -> None:
    pieces = say(*STRANGE)
    assert len(choose(pieces, 28.0)) == 1
    assert len(choose(pieces, (2 + 8) / 0.03 - 1)) == 1
    assert len(choose(pieces, (2 + 8) / 0.03 + 1)) == 2


def test_none_is_allowed_beyond_that_if_no_minimum_is() -> None:
    joins = find_uncertain_joins(say(*STRANGE))
    assert choose_bridges(joins, 2.0, 28.0, minimum=0) == []
    assert len(choose_bridges(joins, 2.0, (2 + 4) / 0.03 + 1, minimum=0)) == 1


def test_pieces_with_speakers_get_none() -> None:
    pieces = [
        replace(
            piece, transcript=replace(piece.transcript, segments=(replace(piece.transcript.segments[0], speaker="A"),))
        )
        for piece in say(*STRANGE[:2])
    ]
    assert len(find_uncertain_joins(pieces)) == 1
    assert choose(pieces, 1000.0) == []


@pytest.mark.parametrize(
    "text", ["", "x1 x2 x3", "a15 a16 a17 a18 a19 x1 x2 x3", "a15 a16 a17 a18 a19"], ids=lambda text: text or "nothing"
)
def test_a_bridge_that_does_not_make_the_join_more_certain_is_left_out_and_the_doubt_remains(text: str) -> None:
    pieces, bridge = say(*STRANGE[:2]), answer(text)
    assert insert(pieces, bridge) == BridgedPieces(pieces, unused=[bridge], doubts=[9.0])


def test_a_bridge_with_speakers_is_left_out() -> None:
    bridge = answer(BETWEEN, segments=(Segment(7.5, 11.5, BETWEEN, speaker="A"),))
    assert insert(say(*STRANGE[:2]), bridge).unused == [bridge]


def test_without_a_bridge_the_doubt_remains() -> None:
    pieces = say(*STRANGE)
    assert insert(pieces) == BridgedPieces(pieces, unused=[], doubts=[9.0, 18.0])


def test_a_bridge_helps_even_if_one_of_its_words_is_not_heard_alike() -> None:
    pieces = say(f"{COUNTED[0]} as an example of firing typography", f"the earlyest book {COUNTED[2]}")
    bridged = insert(pieces, answer("an example of fine typography the earliest book"))
    joined = " ".join(merge_pieces(bridged.parts).text.split()[18:-18])
    assert joined == "w18 w19 as an example of fine typography the earlyest book w36 w37"


def test_a_doubt_remains_where_a_bridge_makes_a_join_more_certain_but_not_certain() -> None:
    bridged = insert(say(*STRANGE[:2]), answer("x1 a19 x2 x3 x4 b0"))
    assert len(bridged.parts) == 3
    assert bridged.doubts == [7.5, 9.0]


def test_a_bridge_is_measured_without_what_the_earlier_piece_has_of_it() -> None:
    """The words that it has in common with the later piece are those of the earlier one."""
    numbers = [f"w{number}" for number in range(42)]
    pieces = say(" ".join([*numbers[3:21], "hmmm"]), " ".join(["uhum", "w19", "w20", "while", *numbers[23:]]))
    bridged = insert(pieces, answer("w16 w17 w18 w19 well w22 w23 w24 so"))
    assert bridged.parts == pieces
    assert merge_pieces(bridged.parts).text.split() == [*numbers[3:21], "while", *numbers[23:]]


@pytest.mark.parametrize(
    ("languages", "heard", "expected"),
    [(("en", "en"), "cy", "en"), (("en", "de"), "de", "de"), (("en", "de"), "cy", "en"), ((None, None), "cy", None)],
)
def test_a_bridge_is_in_the_language_of_a_piece_beside_it(
    languages: tuple[str | None, str | None], heard: str, expected: str | None
) -> None:
    pieces = [
        replace(piece, transcript=replace(piece.transcript, language=language))
        for piece, language in zip(say(*STRANGE[:2]), languages, strict=True)
    ]
    _, bridge, _ = insert(pieces, answer(BETWEEN, language=heard)).parts
    assert bridge.transcript.language == expected


def test_events_are_those_of_the_pieces_and_warnings_of_a_bridge_are_not_told() -> None:
    early, laughter, late = (AudioEvent(at, at + 0.4, "laughter") for at in (7.8, 9.0, 10.8))
    events = (early, laughter, late)
    pieces = [replace(piece, transcript=replace(piece.transcript, events=events)) for piece in say(*STRANGE[:2])]
    bridge = answer(BETWEEN, warnings=("Its edges are odd.",), events=(AudioEvent(7.6, 11.4, "music"),))
    merged = merge_pieces(insert(pieces, bridge).parts)
    assert (merged.events, merged.warnings) == (events, ())


def test_a_bridge_without_times_of_words_is_left_out_between_pieces_that_have_them() -> None:
    pieces = [
        replace(
            piece, transcript=replace(piece.transcript, segments=(replace(segment, words=segment.get_timed_words()),))
        )
        for piece in say(*STRANGE[:2])
        for segment in piece.transcript.segments
    ]
    assert len(find_uncertain_joins(pieces)) == 1
    assert insert(pieces, answer(BETWEEN)).parts == pieces


def test_a_gap_has_no_words_to_join() -> None:
    first, second = say(*STRANGE[:2])
    gap = Segment(9.0, 14.0, "[not transcribed: 00:09-00:14]", is_gap=True)
    second = replace(second, transcript=replace(second.transcript, segments=(gap,)))
    assert find_uncertain_joins([first, second]) == []
    assert merge_pieces([first, second]).segments[-1].text == gap.text


def test_a_bridge_of_another_join_is_left_out() -> None:
    pieces = say(*STRANGE[:2])
    assert insert(pieces, hear(30.0, 34.0, [0.5] * 80)).parts == pieces


@pytest.mark.parametrize("length", [0.2, 0.3, 0.6, 1.2])
def test_a_word_that_no_piece_has_whole_comes_from_the_bridge(length: float) -> None:
    lengths = [length] * round(28.8 / length) + [1.2] + [length] * round(20.0 / length)
    first, second = hear(0.0, 29.95, lengths), replace(hear(29.05, sum(lengths) + 0.01, lengths), shared=0.9)
    ((start, end),) = choose([first, second], second.end)
    merged = merge_pieces(insert([first, second], hear(start, end, lengths)).parts)
    assert merged.text.split() == [f"w{number}" for number in range(len(lengths))]
    assert [segment.start for segment in merged.segments] == sorted(segment.start for segment in merged.segments)


LENGTHS = st.lists(st.floats(0.15, 1.1), min_size=40, max_size=250)


@given(LENGTHS)
@example([1.0] * 100)
def test_each_word_is_there_once_wherever_a_bridge_was_inserted(lengths: list[float]) -> None:
    pieces = cut(lengths)
    everywhere = len(pieces) * PIECE * 1000  # so much that every bridge is allowed
    bridged = insert(pieces, *(hear(start, end, lengths) for start, end in choose(pieces, everywhere)))
    if not bridged.doubts:
        assert merge_pieces(bridged.parts).text.split() == [f"w{number}" for number in range(len(lengths))]


@given(LENGTHS)
def test_overlaps_and_bridges_last_no_longer_than_allowed(lengths: list[float]) -> None:
    pieces, seconds = cut(lengths), sum(lengths)
    bridges = choose(pieces, seconds)
    repeated = sum(piece.shared for piece in pieces) + sum(end - start for start, end in bridges)
    assert len(bridges) <= 1 or repeated <= 0.03 * seconds
    for before, after in pairwise(pieces):
        assert sum(before.start <= start and end <= after.end for start, end in bridges) <= 1
