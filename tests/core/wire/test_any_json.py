"""A gateway may send any JSON in any place: a typed error or a right value comes of it, and nothing else.

One odd field costs that field: the parts of a reply that were not touched survive.
"""

import contextlib
import json
from typing import Any

import pytest
from any_json import ANY_JSON, Mutation, list_wrong_fields, mutate, replace_at
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core import Answer, ProviderError
from audio_core.wire.chat_response import parse_answer
from audio_core.wire.chat_stream import ChatStream
from audio_core.wire.tool_calls import ToolCallBuilder
from audio_core.wire.transcription_response import parse_transcript
from audio_core.wire.transcription_stream import TranscriptStream

SSE = {"content-type": "text/event-stream"}
MESSAGE = ("choices", 0, "message")
DETAIL = {"type": "reasoning.text", "index": 0, "format": None, "text": "Let me "}
CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "listen", "arguments": '{"a": 1}'}}
SECOND_CALL = {**CALL, "index": 1, "id": "c2"}
REPLY = {
    "id": "chatcmpl-1",
    "model": "m-1",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "hello",
                "refusal": "no",
                "reasoning": "hm",
                "reasoning_details": [DETAIL],
                "audio": {"id": "audio_1", "data": "AAAA", "transcript": "Hi.", "expires_at": 9},
                "tool_calls": [CALL, SECOND_CALL],
            },
            "finish_reason": "tool_calls",
            "logprobs": {"content": [{"token": "a", "logprob": -0.1}]},
        }
    ],
    "usage": {"prompt_tokens": 12, "completion_tokens": 3},
}
PLACES = {  # where each field of an answer comes from
    "id": ("id",),
    "model": ("model",),
    "usage": ("usage",),
    "finish_reason": ("choices", 0, "finish_reason"),
    "logprobs": ("choices", 0, "logprobs"),
    "text": (*MESSAGE, "content"),
    "refusal": (*MESSAGE, "refusal"),
    "reasoning": (*MESSAGE, "reasoning"),
    "reasoning_details": (*MESSAGE, "reasoning_details"),
    "speech": (*MESSAGE, "audio"),
    "tool_calls": (*MESSAGE, "tool_calls"),
}
NEEDED = [  # without these, there is no whole answer
    PLACES["finish_reason"],
    (*MESSAGE, "audio", "data"),
    *((*MESSAGE, "tool_calls", number, "function") for number in (0, 1)),
]


def parse(reply: Any) -> Answer:
    return parse_answer(json.dumps(reply).encode(), {}, provider="p")


def change(*path: str | int, to: Any) -> Mutation:
    return Mutation(replace_at(REPLY, path, to), path)


@pytest.mark.promise("one-odd-field")
@given(mutate(REPLY))
@example(change("id", to=[]))
@example(change(*MESSAGE, "refusal", to=["no"]))
@example(change(*MESSAGE, "content", to=[{"type": "text", "text": None}]))
@example(change(*MESSAGE, "audio", "expires_at", to="soon"))
@example(change(*MESSAGE, "audio", "transcript", to=[1]))
@example(change(*MESSAGE, "tool_calls", 0, "id", to={"a": 1}))
@example(change("choices", 0, "finish_reason", to=["stop"]))
def test_an_odd_place_of_a_reply_costs_that_place_alone(mutation: Mutation) -> None:
    try:
        answer = parse(mutation.reply)
    except ProviderError:
        assert any(mutation.touches(*place) for place in NEEDED)
        return
    assert list_wrong_fields(answer) == []
    whole = parse(REPLY)
    for name, place in PLACES.items():
        assert mutation.touches(*place) or getattr(answer, name) == getattr(whole, name)


@given(mutate(REPLY))
def test_the_other_tool_call_survives(mutation: Mutation) -> None:
    first = (*MESSAGE, "tool_calls", 0)
    try:
        answer = parse(mutation.reply)
    except ProviderError:
        return
    if mutation.path[: len(first)] == first:
        assert answer.tool_calls[-1] == parse(REPLY).tool_calls[1]


DELTAS = [
    {"role": "assistant", "content": "One "},
    {"content": "two "},
    {"reasoning": "hm", "reasoning_details": [DETAIL]},
    {"reasoning_details": [{**DETAIL, "text": "think."}]},
    {"audio": {"id": "audio_1", "data": "AAAA", "transcript": "Hi."}},
    {"audio": {"expires_at": 9}},
    {"tool_calls": [{**CALL, "function": {"name": "listen", "arguments": '{"a"'}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}, SECOND_CALL]},
    {"content": "three", "refusal": "no"},
]
CHUNKS = [
    *({"id": "1", "model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in DELTAS),
    {
        "id": "1",
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "logprobs": {"content": [{"token": "a"}]}}],
        "usage": {"prompt_tokens": 12},
    },
]


def decode(chunks: Any) -> Answer | None:
    stream = ChatStream(SSE, provider="p")
    events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return [*stream.feed(events.encode()), *stream.close()][-1].answer


@pytest.mark.promise("one-odd-field")
@given(mutate(CHUNKS).filter(lambda mutation: mutation.path))
@example(Mutation(replace_at(CHUNKS, (3, "choices", 0, "delta", "reasoning_details", 0, "text"), [1]), (3,)))
@example(Mutation(replace_at(CHUNKS, (2, "choices", 0, "delta", "reasoning_details", 0, "text"), [1]), (2,)))
@example(Mutation(replace_at(CHUNKS, (2, "choices", 0, "delta", "reasoning_details", 0, "index"), []), (2,)))
@example(Mutation(replace_at(CHUNKS, (6, "choices", 0, "delta", "tool_calls", 0, "index"), [0]), (6,)))
@example(Mutation(replace_at(CHUNKS, (0, "id"), {}), (0,)))
def test_an_odd_place_of_a_stream_costs_that_place_alone(mutation: Mutation) -> None:
    try:
        answer = decode(mutation.reply)
    except ProviderError:
        return
    assert answer is not None
    assert list_wrong_fields(answer) == []
    texts = [str(delta.get("content", "")) for delta in DELTAS]
    number = int(mutation.path[0])
    assert answer.text.startswith("".join(texts[:number]))
    assert answer.text.endswith("".join(texts[number + 1 :]))
    assert answer.usage is not None or mutation.touches(len(DELTAS), "usage")
    assert answer.tool_calls[-1].name == "listen" or mutation.touches(7)


def test_odd_text_in_a_fragment_of_reasoning_leaves_the_text_so_far() -> None:
    answer = decode(replace_at(CHUNKS, (3, "choices", 0, "delta", "reasoning_details", 0, "text"), 5))
    assert answer is not None
    assert answer.reasoning_details == ({"type": "reasoning.text", "index": 0, "text": "Let me "},)


@given(ANY_JSON, ANY_JSON)
def test_any_chunk_is_a_delta_or_an_error(chunk: Any, delta: Any) -> None:
    for each in (chunk, {"choices": [{"delta": delta}]}, {"choices": [chunk]}):
        try:
            assert list_wrong_fields(decode([each])) == []
        except ProviderError:
            continue


@given(ANY_JSON)
@example([{"index": [0], "id": "a", "function": {"name": "f", "arguments": "{}"}}])
@example([{"index": 10**400, "id": "a", "function": {"name": "f", "arguments": {"n": 1}}}])
@example([{"index": 0, "id": "a", "function": {"name": "f", "arguments": [1]}}])
def test_any_tool_calls_are_whole_or_an_error(fragments: Any) -> None:
    builder = ToolCallBuilder()
    assert all(list_wrong_fields(delta) == [] for delta in builder.add(fragments))
    try:
        calls = builder.build_calls("stop", provider="p", partial=None)
    except ProviderError:
        return
    assert all(list_wrong_fields(call) == [] and isinstance(call.parsed, dict) for call in calls)


def test_arguments_that_are_an_object_are_read() -> None:
    call = {**CALL, "function": {"name": "listen", "arguments": {"path": "a.mp3"}}}
    assert parse(replace_at(REPLY, (*MESSAGE, "tool_calls"), [call])).tool_calls[0].parsed == {"path": "a.mp3"}


CONTENT_TYPES = st.sampled_from(["application/json", "text/event-stream", "text/plain", "text/vtt", "text/html", ""])
BYTES = st.binary(max_size=80) | st.text('{}[]":,data: \n0-9->.\ufeff', max_size=80).map(str.encode)


@pytest.mark.promise("one-odd-field")
@given(BYTES, CONTENT_TYPES)
@example(b"data: [DONE]\n\n", "text/event-stream")
@example(b"[" * 100_000, "application/json")
@example(b'{"error": ' + b"[" * 900 + b"]" * 900 + b"}", "application/json")
def test_any_bytes_are_read_or_an_error(body: bytes, content_type: str) -> None:
    headers = {"content-type": content_type}

    def feed(stream: ChatStream | TranscriptStream) -> list[Any]:
        return [*stream.feed(body), *stream.close()]

    for read in (
        lambda: parse_answer(body, headers, provider="p"),
        lambda: parse_transcript(body, headers, provider="p", model="m"),
        lambda: feed(ChatStream(headers, provider="p")),
        lambda: feed(TranscriptStream(headers, provider="p", seconds=2.0)),
    ):
        with contextlib.suppress(ProviderError):
            assert read() is not None


@pytest.mark.promise("whole-or-error")
@pytest.mark.parametrize(
    "events",
    [
        ['{"message": "overloaded", "code": 503}', "[DONE]"],
        ['{"error": "overloaded"}', "[DONE]"],
        ["[DONE]"],
        ["[DONE]", '{"choices": [{"delta": {"content": "late"}, "finish_reason": "stop"}]}'],
        ["[DONE]", '{"type": "transcript.text.done", "text": "late"}'],
        ["[DONE]", "[DONE]"],
        ["null"],
        [],
    ],
)
@pytest.mark.parametrize("cut", [1, 1000])
def test_a_stream_without_content_or_with_an_error_is_never_whole(events: list[str], cut: int) -> None:
    body = "".join(f"data: {event}\n\n" for event in events).encode()
    for stream in (ChatStream(SSE, provider="p"), TranscriptStream(SSE, provider="p", seconds=2.0)):
        with pytest.raises(ProviderError):
            [
                *(item for at in range(0, len(body), cut) for item in stream.feed(body[at : at + cut])),
                *stream.close(),
            ]
