"""Streamed transcriptions in the format of every gateway, cut anywhere by the network."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import IncompleteResponse, ProviderError, Segment, Transcript
from audio_core.wire.transcription_stream import TranscriptStream, read_transcript

SSE, JSON = {"content-type": "text/event-stream"}, {"content-type": "application/json"}


def encode_events(*items: dict | str) -> bytes:
    return "".join(f"data: {item if isinstance(item, str) else json.dumps(item)}\n\n" for item in items).encode()


def build_delta(text: str) -> dict:
    return {"type": "transcript.text.delta", "delta": text}


OPENAI = encode_events(
    build_delta("Good "),
    build_delta("morning."),
    {"type": "transcript.text.done", "text": "Good morning.", "usage": {"type": "duration", "seconds": 2}},
)
DIARIZED = encode_events(
    build_delta("Good "),
    {"type": "transcript.text.segment", "id": "s1", "start": 0.0, "end": 1.0, "text": "Good", "speaker": "A"},
    build_delta("morning."),
    {"type": "transcript.text.segment", "id": "s2", "start": 1.0, "end": 2.0, "text": "morning.", "speaker": "B"},
    {"type": "transcript.text.done", "text": "Good morning."},
)
MISTRAL = encode_events(
    {"type": "transcription.language", "audio_language": "en"},
    {"type": "transcription.text.delta", "text": "Good "},
    {"type": "transcription.text.delta", "text": "morning."},
    {"type": "transcription.segment", "text": "Good morning.", "start": 0.1, "end": 1.9},
    {"type": "transcription.done", "text": "Good morning.", "segments": [], "usage": {"prompt_audio_seconds": 2}},
)
VLLM = encode_events(
    {"object": "transcription.chunk", "choices": [{"delta": {"content": "Good "}, "finish_reason": None}]},
    {"object": "transcription.chunk", "choices": [{"delta": {"content": "morning."}, "finish_reason": "stop"}]},
    "[DONE]",
)
WHOLE = json.dumps(
    {"text": "Good morning.", "segments": [{"start": 0.1, "end": 1.9, "text": "Good morning."}]}
).encode()
LITELLM = json.dumps({"text": OPENAI.decode(), "usage": None}).encode()


def decode(body: bytes, headers: dict = SSE, size: int = 7) -> list[Segment]:
    stream = TranscriptStream(headers, provider="p", seconds=2.0)
    segments = [segment for at in range(0, len(body), size) for segment in stream.feed(body[at : at + size])]
    return segments + list(stream.close())


@pytest.mark.parametrize("body", [OPENAI, DIARIZED, MISTRAL, VLLM], ids=["openai", "diarized", "mistral", "vllm"])
@given(size=st.integers(1, 400))
def test_partial_segments_have_the_new_text_and_final_ones_the_transcript(body: bytes, size: int) -> None:
    segments = decode(body, size=size)
    assert [segment.text for segment in segments if segment.is_partial] == ["Good ", "morning."]
    assert " ".join(segment.text for segment in segments if not segment.is_partial) == "Good morning."


def test_times_and_speakers_are_those_that_the_gateway_sends() -> None:
    assert [
        (segment.start, segment.end, segment.speaker) for segment in decode(DIARIZED) if not segment.is_partial
    ] == [
        (0.0, 1.0, "A"),
        (1.0, 2.0, "B"),
    ]
    assert [(segment.start, segment.end) for segment in decode(MISTRAL) if not segment.is_partial] == [(0.1, 1.9)]
    assert decode(OPENAI)[-1] == Segment(0.0, 2.0, "Good morning.")


@pytest.mark.parametrize(("body", "start"), [(WHOLE, 0.1), (LITELLM, 0.0)], ids=["plain json", "litellm"])
def test_json_in_place_of_a_stream_is_read_too(body: bytes, start: float) -> None:
    last = decode(body, JSON)[-1]
    assert (last.text, last.start, last.is_partial) == ("Good morning.", start, False)


@pytest.mark.parametrize("body", [OPENAI, DIARIZED, MISTRAL, VLLM], ids=["openai", "diarized", "mistral", "vllm"])
def test_a_stream_without_its_end_is_an_error(body: bytes) -> None:
    *events, _ = body.split(b"\n\n")[:-1]
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    list(stream.feed(b"\n\n".join(events) + b"\n\n"))
    with pytest.raises(IncompleteResponse, match="ended before the transcript did") as caught:
        list(stream.close())
    assert caught.value.partial == "Good morning."


def test_an_error_event_is_an_error() -> None:
    with pytest.raises(ProviderError, match="overloaded") as caught:
        decode(encode_events(build_delta("Good "), {"error": {"message": "overloaded", "code": 503}}))
    assert caught.value.partial == "Good "


def test_an_event_that_is_not_json_is_an_error() -> None:
    with pytest.raises(IncompleteResponse, match="not a JSON object"):
        decode(encode_events(build_delta("Good "), "{broken"))


def test_usage_is_read() -> None:
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    list(stream.feed(OPENAI))
    assert stream.usage is not None
    assert stream.usage.audio_seconds == 2


@pytest.mark.parametrize("text", ["hi ", ""])
def test_a_bare_error_object_is_an_error_even_before_done(text: str) -> None:
    body = encode_events(*([build_delta(text)] if text else []), {"message": "overloaded", "code": 503}, "[DONE]")
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    with pytest.raises(ProviderError, match="overloaded") as caught:
        list(stream.feed(body))
    assert caught.value.partial == text


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "x"},
        {"type": "transcript.text.error", "text": "half"},
        {"status": "failed"},
        {"status": "cancelled", "text": "half"},
        {"code": 503},
        {"status": "500"},
        {"success": False},
        {"success": False, "errors": [{"code": 7003}]},
    ],
)
@pytest.mark.parametrize("end", ["[DONE]", {"type": "transcript.text.done", "text": "hi "}])
def test_an_error_without_a_message_is_an_error(event: dict, end: object) -> None:
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    with pytest.raises(ProviderError) as caught:
        list(stream.feed(encode_events(build_delta("hi "), event, end)))
    assert caught.value.partial == "hi "


@pytest.mark.parametrize("data", ["boom", '{"reason": "boom"}', '"boom"', "", "null"])
def test_an_event_named_error_is_an_error_whatever_its_data(data: str) -> None:
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    body = encode_events(build_delta("hi ")) + f"event: error\ndata: {data}\n\ndata: [DONE]\n\n".encode()
    with pytest.raises(ProviderError, match="error in place"):
        list(stream.feed(body))


@pytest.mark.parametrize("events", [(), ({"foo": 1},), ({"status": "in_progress"},)], ids=["alone", "odd", "status"])
def test_done_without_content_is_no_transcript(events: tuple[dict, ...]) -> None:
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    assert list(stream.feed(encode_events(*events, "[DONE]"))) == []
    with pytest.raises(IncompleteResponse, match="without any content"):
        list(stream.close())


def test_what_comes_after_done_does_not_count() -> None:
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    segments = [*stream.feed(encode_events(build_delta("hi"), "[DONE]", build_delta(" there"))), *stream.close()]
    assert [segment.text for segment in segments if not segment.is_partial] == ["hi"]


def build_segment(text: str, start: object, end: object) -> dict:
    return {"type": "transcript.text.segment", "text": text, "start": start, "end": end}


DONE = {"type": "transcript.text.done", "text": "one two three"}


@pytest.mark.parametrize("odd", [None, "soon", {}])
def test_a_missing_time_lies_between_its_neighbours_and_no_word_is_lost(odd: object) -> None:
    events = [build_segment("one", 0, 0.5), build_segment("two", odd, odd), build_segment("three", 1, 1.5), DONE]
    assert [(each.text, each.start, each.end, each.is_estimated) for each in decode(encode_events(*events))] == [
        ("one", 0.0, 0.5, False),
        ("two", 0.5, 1.0, True),
        ("three", 1.0, 1.5, False),
    ]


def test_a_missing_end_is_that_of_the_recording_if_nothing_follows() -> None:
    segments = decode(encode_events(build_segment("one", 0, 0.5), build_segment("two three", 0.5, None), DONE))
    assert [(each.start, each.end, each.is_estimated) for each in segments] == [(0.0, 0.5, False), (0.5, 2.0, True)]


def test_segments_without_any_time_are_the_whole_text() -> None:
    assert decode(encode_events(build_segment("one", None, None), DONE)) == [Segment(0.0, 2.0, "one two three")]
    untold = {"type": "transcript.text.done"}
    assert decode(encode_events(build_segment("one", None, None), untold)) == [
        Segment(0.0, 2.0, "one", is_estimated=True)
    ]


def test_times_after_the_end_of_what_was_sent_are_clamped() -> None:
    (segment,) = decode(encode_events(build_segment(DONE["text"], 1.5, 9.0), DONE))
    assert (segment.start, segment.end) == (1.5, 2.0)


@pytest.mark.parametrize("reason", ["length", "content_filter", "error"])
def test_a_transcript_that_the_model_cut_short_is_an_error(reason: str) -> None:
    chunk = {"object": "transcription.chunk", "choices": [{"delta": {"content": "Good "}, "finish_reason": reason}]}
    with pytest.raises(IncompleteResponse, match="stopped before the end") as caught:
        decode(encode_events(chunk, "[DONE]"))
    assert caught.value.partial == "Good "


def test_a_character_that_is_cut_between_two_deltas_is_whole_in_the_end() -> None:
    chunks = [
        {"object": "transcription.chunk", "choices": [{"delta": {"content": half}}]} for half in ("\ud83d", "\ude00")
    ]
    assert decode(encode_events(*chunks, "[DONE]"))[-1].text == "\U0001f600"


def test_a_stream_that_calls_itself_json_is_read_as_a_stream() -> None:
    stream = TranscriptStream(JSON, provider="p", seconds=2.0)
    segments = [*stream.feed(OPENAI[:30]), *stream.feed(OPENAI[30:]), *stream.close()]
    assert [segment.text for segment in segments if not segment.is_partial] == ["Good morning."]


SRT = "1\n00:00:00,500 --> 00:00:01,000\nGood morning.\n"


@pytest.mark.parametrize(
    ("body", "content_type", "start"),
    [
        ("Good morning.", "text/plain; charset=utf-8", 0.0),
        (SRT, "text/plain", 0.5),
        (SRT, "application/x-subrip", 0.5),
        ("WEBVTT\n\n00:00.500 --> 00:01.000\nGood morning.\n", "text/vtt", 0.5),
        (json.dumps(SRT), "application/json", 0.5),
        (json.dumps("Good morning."), "application/json", 0.0),
    ],
)
def test_text_and_subtitles_in_place_of_a_stream_are_read(body: str, content_type: str, start: float) -> None:
    (segment,) = decode(body.encode(), {"content-type": content_type})
    assert (segment.start, segment.text) == (start, "Good morning.")


def test_a_page_in_place_of_a_stream_is_an_error_that_quotes_it() -> None:
    with pytest.raises(IncompleteResponse, match="text/html where JSON was expected: Sign in"):
        decode(b"<html>Sign in</html>", {"content-type": "text/html"})


def read(*events: dict | str, content_type: str = "text/event-stream") -> Transcript:
    return read_transcript(
        encode_events(*events), {"content-type": content_type}, provider="p", model="m", duration=9.0
    )


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json", ""])
def test_a_stream_in_place_of_json_is_read(content_type: str) -> None:
    end = {"type": "transcript.text.done", "text": "Good morning.", "usage": {"type": "duration", "seconds": 2}}
    transcript = read(build_delta("Good "), end, content_type=content_type)
    assert (transcript.text, transcript.segments, transcript.duration) == ("Good morning.", (), 9.0)
    assert transcript.usage is not None
    timed = read(build_segment("Good morning.", 0.5, 1.0), "[DONE]", content_type=content_type)
    assert (timed.text, timed.segments) == ("Good morning.", (Segment(0.5, 1.0, "Good morning."),))


@pytest.mark.parametrize("mark", ["[done]", "[ DONE ]", " [Done]  "])
def test_the_end_of_a_stream_may_be_written_in_any_way(mark: str) -> None:
    assert read(build_delta("Good "), build_delta("morning."), mark).text == "Good morning."


def test_a_delta_after_the_whole_text_is_no_part_of_it() -> None:
    whole = {"type": "transcript.text.done", "text": "Good morning."}
    body = encode_events(build_delta("Good "), whole, build_delta("morning."), "[DONE]")
    assert [(each.text, each.is_partial) for each in decode(body)] == [("Good ", True), ("Good morning.", False)]
    assert read(build_delta("Good "), {"type": "transcript.text.done"}, build_delta("morning.")).text == "Good morning."


@pytest.mark.parametrize("text", ["", " ", None])
def test_a_blank_text_at_the_end_replaces_nothing(text: str | None) -> None:
    body = encode_events(build_delta("Good morning."), {"type": "transcript.text.done", "text": text})
    assert decode(body)[-1] == Segment(0.0, 2.0, "Good morning.")


@pytest.mark.parametrize("before", ["event: transcript.text.delta\n", "id: 1\n", "retry: 9\n", ": ping\n\n"])
def test_a_stream_in_place_of_json_may_begin_with_any_field(before: str) -> None:
    body = before.encode() + encode_events(build_delta("Hello."), "[DONE]")
    for headers in (JSON, {"content-type": "text/plain"}):
        assert read_transcript(body, headers, provider="p", model="m", duration=9.0).text == "Hello."


def test_a_broken_stream_in_place_of_json_is_an_error() -> None:
    with pytest.raises(IncompleteResponse):
        read(build_delta("Good "))
