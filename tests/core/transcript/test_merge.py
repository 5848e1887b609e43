"""Merging the transcripts of pieces."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import AudioEvent, Segment, Transcript, Usage, Word
from audio_core.transcript.merge import PieceTranscript, merge_channels, merge_pieces

NAMES = [f"w{n}" for n in range(60)]


def make_words(seed: int, count: int) -> list[Word]:
    """Make words in order, with and without pauses between them."""
    rng, time, words = random.Random(seed), 0.0, []
    for number in range(count):
        time += rng.choice([0.0, 0.05, 0.6])
        end = time + rng.uniform(0.15, 0.7)
        words.append(Word(time, end, NAMES[number]))
        time = end
    return words


def transcribe_piece(words: list[Word], start: float, end: float, *, timed: bool) -> Transcript:
    """Transcribe a piece as an engine would: its words in full, and any word cut at an edge as "hm"."""
    transcribed = []
    for word in words:
        if start <= word.start and word.end <= end:
            transcribed.append(word)
        elif word.start < end and word.end > start:
            transcribed.append(Word(max(word.start, start), min(word.end, end), "hm"))
    groups = [transcribed[at : at + 4] for at in range(0, len(transcribed), 4)]
    return Transcript(
        " ".join(word.text for word in transcribed),
        tuple(
            Segment(
                group[0].start,
                group[-1].end,
                " ".join(word.text for word in group),
                words=tuple(group) if timed else (),
            )
            for group in groups
        ),
        usage=Usage(input_tokens=1),
    )


@given(seed=st.integers(0, 10_000), count=st.integers(5, 60), cuts=st.lists(st.floats(0.1, 0.9), max_size=4))
def test_every_word_comes_once_and_in_order(seed: int, count: int, cuts: list[float]) -> None:
    words = make_words(seed, count)
    end = words[-1].end
    edges = sorted({round(cut * end, 2) for cut in cuts})
    edges = [edge for at, edge in enumerate(edges) if at == 0 or edge - edges[at - 1] > 6.0]
    starts, ends = [0.0, *(max(0.0, edge - 2.0) for edge in edges)], [*(min(end, edge + 2.0) for edge in edges), end]
    pieces = [
        PieceTranscript(a, b, 0.0 if at == 0 else ends[at - 1] - a, transcribe_piece(words, a, b, timed=True))
        for at, (a, b) in enumerate(zip(starts, ends, strict=True))
    ]
    whole = merge_pieces(pieces)
    merged = [word for segment in whole.segments for word in segment.words]
    assert [word.text for word in merged] == [word.text for word in words]
    assert whole.text == " ".join(word.text for word in words)
    assert all(abs(a.start - b.start) < 0.25 for a, b in zip(merged, words, strict=True))
    assert all(a.start <= b.start for a, b in zip(whole.segments, whole.segments[1:], strict=False))
    assert whole.usage == Usage(input_tokens=len(pieces))
    assert whole.duration == pytest.approx(end)


def test_words_without_times_are_aligned_by_their_text() -> None:
    first = Transcript("", (Segment(0.0, 10.0, "one two three four five six seven eig"),))
    second = Transcript("", (Segment(7.0, 14.0, "ix seven, eight nine ten"),))
    whole = merge_pieces([PieceTranscript(0.0, 10.0, 0.0, first), PieceTranscript(7.0, 14.0, 3.0, second)])
    assert whole.text == "one two three four five six seven eight nine ten"


def test_a_text_without_spaces_is_joined_by_its_characters() -> None:
    first = Transcript("", (Segment(0.0, 10.0, "今日は天気がいいから散"),))
    second = Transcript("", (Segment(7.0, 14.0, "いから散歩に行きます"),))
    assert merge_pieces([PieceTranscript(0.0, 10.0, 0.0, first), PieceTranscript(7.0, 14.0, 3.0, second)]).text.replace(
        " ", ""
    ) == ("今日は天気がいいから散歩に行きます")


def test_a_segment_starts_where_the_one_before_ends_and_not_behind_its_own_end() -> None:
    times = [(0.2, 2.0), (1.5, 3.0), (2.0, 2.5), (4.0, 5.0)]
    said = Transcript("", tuple(Segment(start, end, "x") for start, end in times))
    merged = merge_pieces([PieceTranscript(0.0, 5.0, 0.0, said)]).segments
    assert [(each.start, each.end) for each in merged] == [(0.2, 2.0), (2.0, 3.0), (2.5, 2.5), (4.0, 5.0)]


def test_what_is_left_of_a_text_without_spaces_has_none() -> None:
    first = Transcript("", (Segment(0.0, 10.0, "今日は天気がいいから散"),))
    second = Transcript("", (Segment(7.0, 14.0, "いから散歩に行きます"),))
    whole = merge_pieces([PieceTranscript(0.0, 10.0, 0.0, first), PieceTranscript(7.0, 14.0, 3.0, second)])
    assert [segment.text for segment in whole.segments] == ["今日は天気がいいか", "ら散歩に行きます"]
    assert not any(segment.words for segment in whole.segments)  # estimated times are not kept as if they were measured


def test_where_no_words_match_each_piece_keeps_its_side_of_the_overlap() -> None:
    first = Transcript("", (Segment(0.0, 4.0, "a b", words=(Word(0, 1, "a"), Word(3.6, 4, "b"))),))
    second = Transcript("", (Segment(2.0, 6.0, "c d", words=(Word(2, 2.4, "c"), Word(5, 6, "d"))),))
    assert merge_pieces([PieceTranscript(0.0, 4.0, 0.0, first), PieceTranscript(2.0, 6.0, 2.0, second)]).text == "a d"


def test_speakers_are_numbered_by_piece() -> None:
    pieces = [
        PieceTranscript(
            at, at + 1.0, 0.0, Transcript("hi", (Segment(at, at + 1.0, "hi", "A", (Word(at, at + 1.0, "hi", "A"),)),))
        )
        for at in (0.0, 1.0)
    ]
    whole = merge_pieces(pieces)
    assert [segment.speaker for segment in whole.segments] == ["1:A", "2:A"]
    assert whole.segments[1].words[0].speaker == "2:A"
    named = merge_pieces(pieces, {"A"})
    assert [(segment.speaker, segment.words[0].speaker) for segment in named.segments] == [("A", "A")] * 2
    assert merge_pieces(pieces[:1]).segments[0].speaker == "A"


def test_the_language_is_the_one_spoken_longest() -> None:
    lengths = [(0.0, 2.0, "en"), (2.0, 5.0, "de"), (5.0, 7.0, "en")]
    pieces = [PieceTranscript(a, b, 0.0, Transcript("", (), language=language)) for a, b, language in lengths]
    assert merge_pieces(pieces).language == "en"
    assert merge_pieces(pieces[:2]).language == "de"


def test_where_the_language_changes_each_segment_has_its_own() -> None:
    texts = [("en", "hello"), ("de", "hallo"), (None, "")]
    pieces = [
        PieceTranscript(
            10.0 * at,
            10.0 * at + 10,
            0.0,
            Transcript(text, (Segment(10.0 * at, 10.0 * at + 1, text),) if text else (), language),
        )
        for at, (language, text) in enumerate(texts)
    ]
    assert [segment.language for segment in merge_pieces(pieces).segments] == ["en", "de"]
    assert [segment.language for segment in merge_pieces(pieces[:1]).segments] == [None]


@given(text=st.text(min_size=1, max_size=40), start=st.floats(0, 100), length=st.floats(0.1, 50))
def test_estimated_times_fill_the_segment(text: str, start: float, length: float) -> None:
    words = Segment(start, start + length, text).get_timed_words()
    assert all(start <= word.start <= word.end <= start + length + 1e-6 for word in words)
    assert "".join(word.text for word in words) == "".join(text.split())


def test_a_word_in_the_middle_of_which_the_overlap_begins_is_kept_once() -> None:
    first = Transcript("", (Segment(0.0, 3.0, "a b", words=(Word(0.0, 1.0, "a"), Word(1.0, 3.0, "b"))),))
    second = Transcript("", (Segment(2.0, 4.0, "b c", words=(Word(2.4, 3.2, "b"), Word(3.2, 4.0, "c"))),))
    merged = merge_pieces([PieceTranscript(0.0, 3.0, 0.0, first), PieceTranscript(2.0, 4.0, 1.0, second)])
    assert merged.text == "a b c"


def test_an_event_in_an_overlap_is_kept_once_and_all_times_are_those_of_the_recording() -> None:
    first = Transcript("", events=(AudioEvent(1.0, 2.0, "(cough)"), AudioEvent(8.5, 9.0, "(laughter)")))
    second = Transcript("", events=(AudioEvent(0.6, 1.0, "(laughter)"), AudioEvent(4.0, 5.0, "(applause)"))).shift(8.0)
    pieces = [PieceTranscript(0.0, 10.0, 0.0, first), PieceTranscript(8.0, 16.0, 2.0, second)]
    assert [(event.start, event.text) for event in merge_pieces(pieces).events] == [
        (1.0, "(cough)"),
        (8.5, "(laughter)"),
        (12.0, "(applause)"),
    ]


def test_events_of_channels_come_once_and_in_order() -> None:
    channels = [Transcript("", events=(AudioEvent(start, start + 1.0, "(music)"),)) for start in (3.0, 1.0, 3.0)]
    assert [event.start for event in merge_channels(channels).events] == [1.0, 3.0]


def test_channels_are_merged_in_order_of_time_and_each_is_a_speaker() -> None:
    left = Transcript(
        "a c",
        (Segment(0.0, 1.0, "a"), Segment(2.0, 3.0, "c", "Ann", (Word(2.0, 3.0, "c", "Ann"),))),
        usage=Usage(input_tokens=1),
        warnings=("It is noisy.",),
    )
    right = Transcript("b", (Segment(1.0, 2.0, "b"),), usage=Usage(input_tokens=2), warnings=("It is quiet.",))
    whole = merge_channels([left, right])
    assert whole.text == "a b c"
    assert [(segment.text, segment.speaker) for segment in whole.segments] == [
        ("a", "channel 1"),
        ("b", "channel 2"),
        ("c", "channel 1:Ann"),
    ]
    assert whole.segments[2].words == (Word(2.0, 3.0, "c", "channel 1:Ann"),)
    assert whole.usage == Usage(input_tokens=3)
    assert whole.warnings == ("channel 1: It is noisy.", "channel 2: It is quiet.")


def test_where_a_piece_is_missing_its_seconds_count_and_no_word_is_left_out() -> None:
    first = Transcript("", (Segment(0.0, 4.0, "a b", words=(Word(0, 1, "a"), Word(3, 4, "b"))),))
    last = Transcript("", (Segment(7.0, 12.0, "c d", words=(Word(7.1, 7.4, "c"), Word(11, 12, "d"))),))
    whole = merge_pieces([PieceTranscript(0.0, 4.0, 0.0, first), PieceTranscript(7.0, 12.0, 1.0, last)])
    assert (whole.text, whole.duration) == ("a b c d", 12.0)


def test_a_piece_without_words_takes_none_from_its_neighbours() -> None:
    said = [
        Transcript("", (Segment(at, at + 4.0, "a b", words=(Word(at, at + 1, "a"), Word(at + 3.2, at + 4, "b"))),))
        for at in (0.0, 6.2)
    ]
    whole = merge_pieces(
        [
            PieceTranscript(0.0, 4.0, 0.0, said[0]),
            PieceTranscript(3.1, 7.1, 0.9, Transcript("")),
            PieceTranscript(6.2, 10.2, 0.9, said[1]),
        ]
    )
    assert whole.text == "a b a b"
