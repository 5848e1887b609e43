"""Words of the text that no segment holds: each once, in order, with estimated times."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core import Segment
from audio_core.wire.missing_words import find_missing_words, insert_missing_words
from audio_core.wire.transcription_response import parse_transcript
from audio_core.wire.transcription_stream import TranscriptStream

WORDS = ["no", "not", "a", "Apple,", "42.", "yes!", "İyi", "สวัสดีครับ", "हिन्दी", "«oui»", "你好。"]


def read(text: str, *segments: tuple[float, float, str | None]) -> list[tuple[float, float, str, bool]]:
    body = {"text": text, "segments": [{"start": a, "end": b, "text": words} for a, b, words in segments]}
    found = parse_transcript(json.dumps(body).encode(), {}, provider="p", model="m", duration=10.0)
    assert found.text == text
    return [(each.start, each.end, each.text, each.is_estimated) for each in found.segments]


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.booleans()), min_size=1, max_size=12))
@example([("no", False), ("no", True), ("not", True)])
@example([("Apple,", False), ("a", True)])
def test_every_word_of_the_text_is_in_one_segment(words: list[tuple[str, bool]]) -> None:
    held = [word for word, is_held in words if is_held]
    segments = [Segment(2.0 * number, 2.0 * number + 1, word) for number, word in enumerate(held)]
    text = " ".join(word for word, _ in words)
    complete, warnings = insert_missing_words(text, segments, 30.0)
    assert warnings == ()
    joined = "".join(letter for each in complete for letter in each.text if letter.isalnum())
    assert joined == "".join(letter for letter in text if letter.isalnum())
    assert [each for each in complete if not each.is_estimated] == segments
    assert list(complete) == sorted(complete, key=lambda each: each.start)


def test_a_segment_without_its_text_is_filled_from_the_text() -> None:
    assert read("Good morning, all.", (0, 1, "Good"), (1, 2, None), (2, 3, "all.")) == [
        (0, 1, "Good", False),
        (1, 2, "morning,", True),
        (2, 3, "all.", False),
    ]


def test_what_follows_the_last_segment_is_not_lost() -> None:
    assert read("a b c", (0, 1, "a")) == [(0, 1, "a", False), (1, 10, "b c", True)]


def test_what_comes_before_the_first_segment_is_not_lost() -> None:
    assert read("a b c", (2, 3, "c")) == [(0, 2, "a b", True), (2, 3, "c", False)]


def test_languages_without_spaces_are_read_too() -> None:
    assert read("你好。世界。再见", (0, 1, "你好"), (3, 4, "再见"))[1] == (1, 3, "世界。", True)


@pytest.mark.parametrize(
    "text",
    [
        "Speaker A: hello. Speaker B: you",
        "**Ann:** hello **Bob:** you",
        "[00:01] hello [00:03] you",
        "00:00:00,000 --> 00:00:01,000\nhello\n00:00:03,000 --> 00:00:04,000\nyou",
        "[Music] hello (laughter) you",
        "♪ hello ... you!",
        "you hello",  # two speakers at once: which came first is not certain
        "hallo and you",  # written in two ways
        "HELLO you",
    ],
)
def test_labels_times_sounds_and_other_spellings_are_no_missing_words(text: str) -> None:
    segments = [Segment(0.0, 1.0, "hello"), Segment(3.0, 4.0, "you")]
    assert find_missing_words(text, segments, 10.0) == ([], ())


def test_much_text_that_cannot_be_placed_is_told() -> None:
    segments = [Segment(0.0, 1.0, "forty-two"), Segment(3.0, 4.0, "you")]
    missing, warnings = find_missing_words(f"42 you {'and so on ' * 5}", segments, 10.0)
    assert missing == []
    assert warnings == ("29 letters of the text are in no segment: see text.",)


def test_words_that_only_the_end_of_a_stream_has_are_segments_too() -> None:
    stream = TranscriptStream({"content-type": "text/event-stream"}, provider="p", seconds=10.0)
    events = [
        {"type": "transcript.text.segment", "start": 0, "end": 1, "text": "a"},
        {"type": "transcript.text.done", "text": "a b c"},
    ]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
    assert [*stream.feed(body), *stream.close()] == [
        Segment(0.0, 1.0, "a"),
        Segment(1.0, 10.0, "b c", is_estimated=True),
    ]
