"""Searching in transcripts."""

import pytest

from audio_core import Segment, Transcript
from audio_core.mcp.search import search_transcripts


def build_transcript(*texts: str) -> Transcript:
    segments = tuple(Segment(60.0 * number, 60.0 * number + 5, text) for number, text in enumerate(texts))
    return Transcript(" ".join(texts), segments)


TALK = build_transcript(
    "The library is open.", "Das Café schließt.", "图书馆今天开放", "The library, the library again."
)


@pytest.mark.parametrize(
    ("query", "starts"),
    [
        ("libraries", {0, 180}),
        ("LIBRARY open", {0, 180}),
        ("cafe", {60}),
        ("今天", {120}),
        ("aardvark", set()),
        ('" OR (*', set()),
        ("", set()),
        ("NEAR AND NOT", set()),
    ],
)
def test_words_are_found_in_any_form(query, starts) -> None:
    found = search_transcripts([("talk.mp3", TALK)], query, 10)
    assert {passage.segment.start for passage in found} == starts


def test_the_best_comes_first_and_no_more_than_asked_for() -> None:
    found = search_transcripts([("talk.mp3", TALK)], "library open", 1)
    assert [passage.reference for passage in found] == ["talk.mp3#t=0,5"]
