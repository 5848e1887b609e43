"""Streamed transcriptions in every dialect, cut anywhere by the network."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import IncompleteResponse, ProviderError, Segment
from audio_core.wire.transcription_stream import TranscriptStream

SSE, JSON = {"content-type": "text/event-stream"}, {"content-type": "application/json"}


def events(*items: dict | str) -> bytes:
    return "".join(f"data: {item if isinstance(item, str) else json.dumps(item)}\n\n" for item in items).encode()


def delta(text: str) -> dict:
    return {"type": "transcript.text.delta", "delta": text}


OPENAI = events(
    delta("Good "),
    delta("morning."),
    {"type": "transcript.text.done", "text": "Good morning.", "usage": {"type": "duration", "seconds": 2}},
)
DIARIZED = events(
    delta("Good "),
    {"type": "transcript.text.segment", "id": "s1", "start": 0.0, "end": 1.0, "text": "Good", "speaker": "A"},
    delta("morning."),
    {"type": "transcript.text.segment", "id": "s2", "start": 1.0, "end": 2.0, "text": "morning.", "speaker": "B"},
    {"type": "transcript.text.done", "text": "Good morning."},
)
MISTRAL = events(
    {"type": "transcription.language", "audio_language": "en"},
    {"type": "transcription.text.delta", "text": "Good "},
    {"type": "transcription.text.delta", "text": "morning."},
    {"type": "transcription.segment", "text": "Good morning.", "start": 0.1, "end": 1.9},
    {"type": "transcription.done", "text": "Good morning.", "segments": [], "usage": {"prompt_audio_seconds": 2}},
)
VLLM = events(
    {"object": "transcription.chunk", "choices": [{"delta": {"content": "Good "}, "finish_reason": None}]},
    {"object": "transcription.chunk", "choices": [{"delta": {"content": "morning."}, "finish_reason": "stop"}]},
    "[DONE]",
)
WHOLE = json.dumps(
    {"text": "Good morning.", "segments": [{"start": 0.1, "end": 1.9, "text": "Good morning."}]}
).encode()
LITELLM = json.dumps({"text": OPENAI.decode(), "usage": None}).encode()


def decoded(body: bytes, headers: dict = SSE, size: int = 7) -> list[Segment]:
    stream = TranscriptStream(headers, provider="p", seconds=2.0)
    found = [each for at in range(0, len(body), size) for each in stream.feed(body[at : at + size])]
    return found + list(stream.close())


@pytest.mark.parametrize("body", [OPENAI, DIARIZED, MISTRAL, VLLM], ids=["openai", "diarized", "mistral", "vllm"])
@given(size=st.integers(1, 400))
def test_partial_segments_are_what_is_new_and_whole_ones_are_the_transcript(body: bytes, size: int) -> None:
    found = decoded(body, size=size)
    assert [each.text for each in found if each.is_partial] == ["Good ", "morning."]
    assert " ".join(each.text for each in found if not each.is_partial) == "Good morning."


def test_times_and_speakers_come_where_the_gateway_tells_them() -> None:
    assert [(each.start, each.end, each.speaker) for each in decoded(DIARIZED) if not each.is_partial] == [
        (0.0, 1.0, "A"),
        (1.0, 2.0, "B"),
    ]
    assert [(each.start, each.end) for each in decoded(MISTRAL) if not each.is_partial] == [(0.1, 1.9)]
    assert decoded(OPENAI)[-1] == Segment(0.0, 2.0, "Good morning.")


@pytest.mark.parametrize(("body", "start"), [(WHOLE, 0.1), (LITELLM, 0.0)], ids=["plain json", "litellm"])
def test_json_in_a_streams_place_is_read_too(body: bytes, start: float) -> None:
    last = decoded(body, JSON)[-1]
    assert (last.text, last.start, last.is_partial) == ("Good morning.", start, False)


@pytest.mark.parametrize("body", [OPENAI, DIARIZED, MISTRAL, VLLM], ids=["openai", "diarized", "mistral", "vllm"])
def test_a_stream_without_its_end_is_no_transcript(body: bytes) -> None:
    *most, _ = body.split(b"\n\n")[:-1]
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    list(stream.feed(b"\n\n".join(most) + b"\n\n"))
    with pytest.raises(IncompleteResponse, match="ended before the transcript did") as caught:
        list(stream.close())
    assert caught.value.partial == "Good morning."


def test_an_error_event_is_an_error() -> None:
    with pytest.raises(ProviderError, match="overloaded") as caught:
        decoded(events(delta("Good "), {"error": {"message": "overloaded", "code": 503}}))
    assert caught.value.partial == "Good "


def test_an_event_that_is_no_json_is_an_error() -> None:
    with pytest.raises(IncompleteResponse, match="no JSON"):
        decoded(events(delta("Good "), "{broken"))


def test_what_it_cost_is_told() -> None:
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    list(stream.feed(OPENAI))
    assert stream.usage is not None
    assert stream.usage.audio_seconds == 2
