"""A gateway may send any JSON in any place of a transcription: one odd field costs that field."""

import json
from typing import Any

import pytest
from any_json import ANY_JSON, Mutation, list_wrong_fields, mutate, replace_at
from hypothesis import example, given

from audio_core import ProviderError, Segment, Transcript
from audio_core.wire.transcription_response import parse_transcript
from audio_core.wire.transcription_stream import TranscriptStream

SSE = {"content-type": "text/event-stream"}
WORDS = [{"word": "one", "start": 0.0, "end": 1.0, "confidence": 0.5}, {"word": "two", "start": 1.0, "end": 2.0}]
SEGMENTS = [
    {"text": "one two", "start": 0.0, "end": 2.0, "speaker": "A", "avg_logprob": -0.1, "words": WORDS},
    {"text": "three", "start": 2.5, "end": 4.0, "speaker_label": "B", "confidence": 0.9},
    {"text": "four", "start": 4.0, "end": 6.0},
]
TRANSCRIPTION = {
    "text": "one two three four",
    "language": "en",
    "duration": 6.0,
    "model": "m",
    "segments": SEGMENTS,
    "usage": {"type": "duration", "seconds": 6},
}
DURATION = 6.0


def parse_transcription(reply: Any) -> Transcript:
    return parse_transcript(json.dumps(reply).encode(), {}, provider="p", model="m", duration=DURATION)


def check_segments(segments: list[Segment]) -> None:
    """Check that times are in order and within what was sent, with a second of tolerance."""
    for segment in segments:
        assert list_wrong_fields(segment) == []
        assert segment.is_partial or segment.text.encode() is not None
        assert 0 <= segment.start <= segment.end <= DURATION + 1
        assert all(0 <= word.start <= word.end <= DURATION + 1 for word in segment.words)
        assert [word.start for word in segment.words] == sorted(word.start for word in segment.words)
        assert segment.confidence is None or 0 <= segment.confidence <= 1


@pytest.mark.promise("one-odd-field")
@given(mutate(TRANSCRIPTION))
@example(Mutation(replace_at(TRANSCRIPTION, ("segments", 1, "confidence"), 7), ("segments", 1)))
@example(Mutation(replace_at(TRANSCRIPTION, ("segments", 1, "start"), 1e308), ("segments", 1)))
@example(Mutation(replace_at(TRANSCRIPTION, ("segments", 1, "end"), None), ("segments", 1)))
@example(Mutation(replace_at(TRANSCRIPTION, ("segments", 0, "words", 1, "start"), "x"), ("segments", 0)))
@example(Mutation(replace_at(TRANSCRIPTION, ("text",), 5), ("text",)))
@example(Mutation(replace_at(TRANSCRIPTION, ("text",), "half \ud83d"), ("text",)))
@example(Mutation(replace_at(TRANSCRIPTION, ("segments", 1, "text"), "\ud83d"), ("segments", 1)))
@example(Mutation(replace_at(TRANSCRIPTION, ("language",), {}), ("language",)))
def test_an_odd_place_of_a_transcription_costs_that_place_alone(mutation: Mutation) -> None:
    try:
        transcript = parse_transcription(mutation.reply)
    except ProviderError:
        assert mutation.path == ()
        return
    assert list_wrong_fields(transcript) == []
    assert Transcript.from_json(transcript.to_json()) == transcript
    check_segments(list(transcript.segments))
    starts = [segment.start for segment in transcript.segments]
    assert starts == sorted(starts)
    whole = parse_transcription(TRANSCRIPTION)
    for name in ("text", "language", "usage"):
        assert mutation.touches(name) or getattr(transcript, name) == getattr(whole, name)
    for number, segment in enumerate(whole.segments):
        assert mutation.touches("segments", number) or segment in transcript.segments
    if mutation.path[-1:] in (("start",), ("end",)) and len(mutation.path) == 3:
        assert sum(segment.is_estimated for segment in transcript.segments) <= 1
        assert {segment.text for segment in transcript.segments} == {segment["text"] for segment in SEGMENTS}


@given(ANY_JSON, ANY_JSON)
def test_any_transcription_is_a_transcript_or_an_error(value: Any, other: Any) -> None:
    for reply in (value, {"text": value, "segments": other}, {"text": "hi", "segments": [value], "words": [other]}):
        try:
            transcript = parse_transcription(reply)
        except ProviderError:
            continue
        assert list_wrong_fields(transcript) == []
        check_segments(list(transcript.segments))


EVENTS = [
    {"type": "transcript.text.delta", "delta": "one two "},
    *({"type": "transcript.text.segment", "id": "s", **segment} for segment in SEGMENTS),
    {"object": "transcription.chunk", "choices": [{"delta": {"content": "four"}, "finish_reason": None}]},
    {"type": "transcript.text.done", "text": "one two three four", "usage": {"seconds": 6}},
]


def decode_transcription(events: Any) -> list[Segment]:
    stream = TranscriptStream(SSE, provider="p", seconds=DURATION)
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return [*stream.feed(text.encode()), *stream.close()]


@pytest.mark.promise("one-odd-field")
@given(mutate(EVENTS).filter(lambda mutation: mutation.path))
@example(Mutation(replace_at(EVENTS, (2, "start"), None), (2, "start")))
@example(Mutation(replace_at(EVENTS, (0, "delta"), [1]), (0, "delta")))
@example(Mutation(replace_at(EVENTS, (1, "type"), {}), (1, "type")))
def test_an_odd_place_of_a_streamed_transcription_costs_that_place_alone(mutation: Mutation) -> None:
    try:
        segments = decode_transcription(mutation.reply)
    except ProviderError:
        return
    check_segments(segments)
    whole = [segment for segment in decode_transcription(EVENTS) if not segment.is_partial]
    for number, segment in enumerate(whole, 1):
        assert mutation.touches(number) or segment in segments


@given(ANY_JSON)
def test_any_event_is_segments_or_an_error(event: Any) -> None:
    for each in (event, {"type": "transcript.text.segment", "text": event}, {"choices": [{"delta": event}]}):
        try:
            check_segments(decode_transcription([each, EVENTS[-1]]))
        except ProviderError:
            continue
