"""Passages in chunks for retrieval, and times restored to pieces that another splitter made."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import InvalidOption, Segment, Transcript, Word
from audio_core.integration import (
    ChunkSize,
    Cut,
    Passage,
    are_neighbors,
    chunk_passages,
    format_citation,
    get_clip_url,
    restore_passages,
)
from audio_core.transcript.chunking import split_segments
from audio_core.transcript.passages import split_passages

TALK = [
    Segment(0.5, 4.0, "one two three", "Ann"),
    Segment(4.5, 9.0, "four five", "Ann"),
    Segment(10.0, 11.0, "six", "Bob"),
]


def build_transcript(segments: list[Segment], source: str | None = "file:///talks/a.mp3") -> Transcript:
    return Transcript("", tuple(segments), "en", 20.0, "m", "p", source=source, sha256="abc")


def chunk_segments(segments: list[Segment], size: ChunkSize, **options) -> list[Passage]:
    return list(chunk_passages(split_passages(build_transcript(segments), **options), size))


@st.composite
def talks(draw) -> list[Segment]:
    segments, at = [], 0
    for count in draw(st.lists(st.integers(1, 8), min_size=1, max_size=12)):
        words = []
        for _ in range(count):
            start = at + draw(st.integers(0, 800))
            at = start + draw(st.integers(50, 600))
            words.append(Word(start / 1000, at / 1000, draw(st.text("abcdef", min_size=1, max_size=9))))
        text = " ".join(word.text for word in words)
        timed = tuple(words) if draw(st.booleans()) else ()
        segments.append(Segment(words[0].start, words[-1].end, text, words=timed))
    return segments


SIZES = st.one_of(
    st.tuples(st.just("characters"), st.integers(10, 120)),
    st.tuples(st.just("tokens"), st.integers(3, 40)),
    st.tuples(st.just("seconds"), st.integers(1, 20)),
)


@given(talks(), SIZES, st.sampled_from(["segment", "window", "file"]))
def test_nothing_is_lost_and_nothing_is_too_large(talk: list[Segment], size, granularity: str) -> None:
    limit = ChunkSize(size[1], unit=size[0])
    chunks = chunk_segments(talk, limit, granularity=granularity)
    assert " ".join(chunk.text for chunk in chunks).split() == " ".join(segment.text for segment in talk).split()
    for chunk in chunks:
        assert (
            limit.has_room_for([Segment(chunk.metadata["start"], chunk.metadata["end"], chunk.text)])
            or " " not in chunk.text
        )
        assert chunk.metadata["start"] <= chunk.metadata["end"]
    starts = [chunk.metadata["start"] for chunk in chunks]
    assert starts == sorted(starts)
    assert [chunk.metadata["segment"] for chunk in chunks] == list(range(len(chunks)))


@given(talks(), st.integers(20, 120))
def test_times_are_those_of_the_first_and_last_word(talk: list[Segment], size: int) -> None:
    words = [word for segment in talk for word in segment.get_timed_words()]
    for chunk in chunk_segments(talk, ChunkSize(size)):
        chunk_words, words = words[: len(chunk.text.split())], words[len(chunk.text.split()) :]
        assert chunk.metadata["start"] == pytest.approx(chunk_words[0].start, abs=0.002)
        assert chunk.metadata["end"] == pytest.approx(chunk_words[-1].end, abs=0.002)


@given(talks(), st.integers(30, 120), st.integers(10, 29))
def test_overlapping_chunks_begin_with_whole_segments_of_the_one_before(talk, size: int, overlap: int) -> None:
    chunks = chunk_segments(talk, ChunkSize(size, overlap))
    assert {word for chunk in chunks for word in chunk.text.split()} == {
        word for segment in talk for word in segment.text.split()
    }
    for before, after in pairwise(chunks):
        segments = split_segments(after.text, after.metadata)
        shared = [segment.text for segment in segments if segment.end <= before.metadata["end"]]
        assert len(" ".join(shared)) <= overlap
        assert before.text.endswith(" ".join(shared))
        assert after.metadata["end"] > before.metadata["end"]


def test_a_chunk_has_its_speakers_its_clip_and_the_metadata_of_its_passages() -> None:
    first, second = chunk_segments(TALK, ChunkSize(25), metadata={"case": 7})
    assert (first.text, first.metadata["speaker"]) == ("one two three four five", "Ann")
    assert first.metadata["clip"] == "file:///talks/a.mp3#t=0.5,9"
    assert (second.metadata["speaker"], second.metadata["case"], second.metadata["sha256"]) == ("Bob", 7, "abc")
    (both,) = chunk_segments(TALK, ChunkSize(100))
    assert both.metadata["speakers"] == "Ann, Bob"
    assert "speaker" not in both.metadata


def test_recordings_are_never_joined() -> None:
    one = list(split_passages(build_transcript(TALK)))
    other = [Passage(passage.id, passage.text, {**passage.metadata, "sha256": "def"}) for passage in one]
    assert len(list(chunk_passages([*one, *other], ChunkSize(1000)))) == 2


@given(st.lists(st.integers(0, 11), max_size=12), st.sampled_from(["segment", "window"]))
def test_passages_that_are_no_neighbors_are_never_joined(numbers: list[int], granularity: str) -> None:
    talk = [Segment(6.0 * number, 6.0 * number + 5, f"sentence{number}") for number in range(12)]
    options = {"granularity": granularity, "window_seconds": 12.0, "window_overlap": 6.0}
    passages = list(split_passages(build_transcript(talk), **options))
    retrieved = [passages[number] for number in numbers if number < len(passages)]
    chunks = list(chunk_passages(retrieved, ChunkSize(60)))
    for chunk in chunks:
        spoken = [int(text.removeprefix("sentence")) for text in chunk.text.split()]
        assert spoken == list(range(spoken[0], spoken[-1] + 1))
        assert (chunk.metadata["start"], chunk.metadata["end"]) == (6.0 * spoken[0], 6.0 * spoken[-1] + 5)
    assert {text for chunk in chunks for text in chunk.text.split()} == {
        text for passage in retrieved for text in passage.text.split()
    }


def test_where_passages_are_missing_a_number_is_left_out() -> None:
    passages = list(split_passages(build_transcript([Segment(float(at), at + 0.5, f"s{at}") for at in range(6)])))
    chunks = list(chunk_passages([*passages[:2], *passages[3:]], ChunkSize(5)))
    assert [(chunk.text, chunk.metadata["segment"]) for chunk in chunks] == [("s0 s1", 0), ("s3 s4", 2), ("s5", 3)]
    assert [are_neighbors(*pair) for pair in pairwise(chunks)] == [False, True]
    again = list(chunk_passages(chunks, ChunkSize(50)))
    assert [chunk.text for chunk in again] == ["s0 s1", "s3 s4 s5"]


def test_pieces_of_other_splitters_are_not_joined() -> None:
    windows = split_passages(build_transcript(TALK * 2), granularity="window", window_seconds=9)
    cuts = [Cut(Passage("", window.text[:20], window.metadata), 0) for window in windows if len(window.text) > 20]
    assert len(cuts) > 1
    assert len(list(chunk_passages(restore_passages(cuts), ChunkSize(1000)))) == len(cuts)


def test_ids_are_stable() -> None:
    assert [chunk.id for chunk in chunk_segments(TALK, ChunkSize(25))] == [
        chunk.id for chunk in chunk_segments(TALK, ChunkSize(25))
    ]
    assert len({chunk.id for chunk in chunk_segments(TALK, ChunkSize(25))}) == 2


def test_a_gap_stays_visible() -> None:
    gap = Segment(20.0, 30.0, "[not transcribed: 00:20-00:30]", is_gap=True)
    assert chunk_segments([*TALK, gap], ChunkSize(1000))[0].metadata["gap"] is True


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (10, 10), (10, -1)])
def test_impossible_sizes_are_refused(size: int, overlap: int) -> None:
    with pytest.raises(InvalidOption, match="cannot overlap"):
        ChunkSize(size, overlap)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(
        InvalidOption, match="unit='words' is not accepted: it may be 'characters', 'tokens', 'seconds'"
    ):
        ChunkSize(10, unit="words")


def test_a_piece_that_another_splitter_made_is_refused() -> None:
    (whole,) = split_passages(build_transcript(TALK), granularity="file")
    for text in ("four", "one two three four five seven"):
        with pytest.raises(InvalidOption, match="restore_times"):
            list(chunk_passages([Passage("", text, whole.metadata)], ChunkSize(10)))


def test_metadata_without_the_keys_of_a_passage_is_refused() -> None:
    for call in (
        lambda: list(chunk_passages([Passage("", "hi", {})], ChunkSize(10))),
        lambda: format_citation({"start": 1.0}),
    ):
        with pytest.raises(InvalidOption, match="not a passage"):
            call()


def test_citations_and_clips() -> None:
    metadata = {"start": 3727.1, "end": 3751.4, "source": "file:///talks/a.mp3", "speakers": "Ann, Bob"}
    assert format_citation(metadata) == "[a 1:02:07–1:02:31] Ann, Bob"
    assert format_citation(metadata, link=True) == "[[a 1:02:07–1:02:31] Ann, Bob](a.mp3#t=3727.1,3751.4)"
    assert format_citation({"start": 0.0, "end": 1.0}, link=True) == "[00:00–00:01]"
    assert get_clip_url({**metadata, "start": 1.0}, padding=3) == "file:///talks/a.mp3#t=0,3754.4"
    assert get_clip_url({"start": 0.0, "end": 1.0}) is None


def test_a_transcript_of_bytes_has_no_clip_whatever_source_the_caller_names() -> None:
    transcript = build_transcript(TALK, source=None)
    passages = list(split_passages(transcript, metadata={"source": "s3://talks/a.mp3"}))
    (whole,) = split_passages(transcript, granularity="file", metadata={"source": "upload 7"})
    chunks = [
        *chunk_passages(passages, ChunkSize(25)),
        *restore_passages([Cut(Passage("", "four five", whole.metadata))]),
    ]
    assert [chunk.metadata["source"] for chunk in chunks] == ["s3://talks/a.mp3"] * 2 + ["upload 7"]
    for chunk in chunks:
        assert "clip" not in chunk.metadata
        assert get_clip_url(chunk.metadata) is None
        assert format_citation(chunk.metadata, link=True) == format_citation(chunk.metadata)


CHINESE = "下午好这里是市立图书馆请问有什么可以帮您我想知道这本书多少钱"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("下午好，这里是市立图书馆。请问有什么可以帮您？", 25),  # noqa: RUF001
        ("こんにちは、市立図書館です。どのようなご用件でしょうか。", 28),
        ("Добрый день, это городская библиотека. Чем я могу вам помочь?", 35),
        ("Good afternoon, this is the city library. How can I help you?", 15),
    ],
    ids=["chinese", "japanese", "russian", "english"],
)
def test_tokens_are_estimated_by_script(text: str, tokens: int) -> None:
    """The figures are those of cl100k_base."""
    estimate = ChunkSize(1000, unit="tokens").measure([Segment(0.0, 1.0, text)])
    assert tokens <= estimate * 1.1
    assert estimate <= tokens * 1.2


@pytest.mark.parametrize("separator", ["", " ", " OpenAI "], ids=["one run", "spaces", "mixed"])
def test_a_long_text_without_spaces_is_cut_between_characters(separator: str) -> None:
    text = separator.join([CHINESE * 20] * 2)
    limit = ChunkSize(100, unit="tokens")
    chunks = chunk_segments([Segment(0.0, 400.0, text)], limit)
    assert "".join(chunk.text for chunk in chunks).replace(" ", "") == text.replace(" ", "")
    assert all(limit.has_room_for([Segment(0.0, 1.0, chunk.text)]) for chunk in chunks)
    assert max(len(chunk.text) for chunk in chunks) > 80
    for before, after in pairwise(chunks):
        assert before.metadata["end"] == pytest.approx(after.metadata["start"], abs=0.002)


def test_a_blank_passage_that_is_too_long_for_a_chunk_stays_whole() -> None:
    blank = Passage("", "  ", {"start": 0.0, "end": 100.0})
    assert [chunk.metadata["end"] for chunk in chunk_passages([blank], ChunkSize(10, unit="seconds"))] == [100.0]
