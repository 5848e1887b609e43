"""Characters that a gateway cuts in half: whole where both halves come, and never a half that cannot be encoded."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core.lenient_json import parse_json, replace_half_characters
from audio_core.wire.chat_response import parse_answer
from audio_core.wire.chat_stream import ChatStream
from audio_core.wire.stream_events import EventParser
from audio_core.wire.tool_calls import ToolCallBuilder
from audio_core.wire.transcription_stream import TranscriptStream

SSE = {"content-type": "text/event-stream"}
HALVES = st.text(
    alphabet=st.sampled_from(["a", "é", "\\", "u", "\ud83d", "\ude00", "\U0001f600"]), min_size=1, max_size=8
)
GRIN = "\U0001f600"


def cut_units(text: str, cuts: list[int]) -> list[str]:
    """Cut a text into pieces where a gateway that counts in UTF-16 may cut it."""
    units = text.encode("utf-16-le", "surrogatepass")
    edges = [0, *sorted(2 * cut % (len(units) + 2) for cut in cuts), len(units)]
    return [units[a:b].decode("utf-16-le", "surrogatepass") for a, b in pairwise(edges)]


def encode_events(*values: Any) -> bytes:
    return "".join(f"data: {json.dumps(value)}\n\n" for value in values).encode() + b"data: [DONE]\n\n"


@given(HALVES, st.lists(st.integers(0, 20), max_size=5))
@example(GRIN, [1])
@example("a\ud83d", [1])
@example("\ud83d\ud83d\ude00", [1, 2])
def test_a_streamed_answer_is_the_text_whatever_the_cuts(text: str, cuts: list[int]) -> None:
    stream = ChatStream(SSE, provider="p")
    events = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in cut_units(text, cuts)]
    deltas = [*stream.feed(encode_events(*events)), *stream.close()]
    assert "".join(delta.text for delta in deltas) == replace_half_characters(text)
    assert deltas[-1].answer is not None
    assert deltas[-1].answer.text == replace_half_characters(text)


@given(HALVES, st.lists(st.integers(0, 20), max_size=5), st.booleans())
@example(GRIN, [1], True)
@example("a\ud83d", [1], False)
@example("a\ud83d", [1], True)
def test_a_streamed_transcript_is_the_text_whatever_the_cuts(text: str, cuts: list[int], has_end: bool) -> None:
    stream = TranscriptStream(SSE, provider="p", seconds=2.0)
    events = [{"type": "transcript.text.delta", "delta": piece} for piece in cut_units(text, cuts)]
    end = [{"type": "transcript.text.done", "text": text}] if has_end else []
    segments = [*stream.feed(encode_events(*events, *end)), *stream.close()]
    assert "".join(segment.text for segment in segments if segment.is_partial) == replace_half_characters(text)
    assert "".join(segment.text for segment in segments if not segment.is_partial) == replace_half_characters(text)


def test_halves_of_two_calls_are_not_mixed_up() -> None:
    def build_event(*pieces: tuple[int, str]) -> str:
        calls = [{"index": index, "function": {"arguments": piece}} for index, piece in pieces]
        return json.dumps({"choices": [{"delta": {"tool_calls": calls}}]})

    parser, builder = EventParser(), ToolCallBuilder()
    events = [((0, '{"a":"\ud83d'),), ((1, '{"b":"\ud83d'),), ((1, '\ude01"}'), (0, '\ude00"}'))]
    for event in events:
        delta = parser.parse(build_event(*event))["choices"][0]["delta"]
        builder.add([{"id": f"c{call['index']}", **call} for call in delta["tool_calls"]])
    assert parser.close() == []
    assert (
        "".join(fragment for call in builder._calls for fragment in call.fragments)
        == '{"a":"\U0001f600"}{"b":"\U0001f601"}'
    )


@given(HALVES, st.lists(st.integers(0, 60), max_size=6), st.booleans())
@example("\\\ud83d", [], True)
@example("\\ud83d", [], True)
@example(GRIN, [14], True)
@example("\ud83d\\", [14], True)
@example("\ud83d\n", [14], True)
def test_arguments_are_the_same_wherever_they_are_cut(text: str, cuts: list[int], escaped: bool) -> None:
    arguments = json.dumps({"a": text}, ensure_ascii=escaped)
    edges = [0, *sorted(cut % (len(arguments) + 1) for cut in cuts), len(arguments)]
    builder = ToolCallBuilder()
    fragments = [
        delta.arguments
        for a, b in pairwise(edges)
        for delta in builder.add([{"index": 0, "id": "c", "function": {"name": "f", "arguments": arguments[a:b]}}])
    ]
    call = builder.build_calls("tool_calls", provider="p", partial=None)[0]
    assert "".join(fragments) == call.arguments
    if escaped:
        assert call.parsed == {"a": replace_half_characters(text)}


HALF = "hi \ud83d there"
FIELDS = [
    {"content": HALF},
    {"content": "x", "reasoning": HALF, "reasoning_details": [{"type": "reasoning.text", "text": HALF}]},
    {"content": "x", "annotations": [{"url_citation": {"title": HALF, HALF: 1}}]},
    {"content": None, "refusal": HALF},
    {"content": None, "tool_calls": [{"id": HALF, "function": {"name": "f", "arguments": f'{{"a": "{HALF}"}}'}}]},
    {"content": None, "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": json.dumps({"a": HALF})}}]},
    {"content": None, "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": HALF}}}]},
]


@pytest.mark.parametrize("message", FIELDS, ids=range(len(FIELDS)))
def test_every_field_of_an_answer_can_be_encoded(message: dict[str, Any]) -> None:
    choice = {"index": 0, "finish_reason": "tool_calls" if "tool_calls" in message else "stop"}
    whole = {"id": HALF, "model": HALF, "choices": [{**choice, "message": message}]}
    stream = ChatStream(SSE, provider="p")
    pieces = {**whole, "choices": [{**choice, "delta": message}]}
    streamed = [*stream.feed(encode_events(pieces)), *stream.close()][-1].answer
    assert streamed is not None
    for answer in (parse_answer(json.dumps(whole).encode(), {}, provider="p"), streamed):
        repr(answer).encode()
        assert "\\ud83d" not in repr(answer)  # as repr escapes halves
        assert [call.parsed for call in answer.tool_calls] in ([], [{"a": "hi \ufffd there"}])


def test_texts_and_names_of_any_json_can_be_encoded() -> None:
    assert parse_json(json.dumps({HALF: [HALF, GRIN, 1.5]})) == {"hi \ufffd there": ["hi \ufffd there", GRIN, 1.5]}


@pytest.mark.parametrize("depth", [100, 900, 10_000])
def test_an_event_as_deep_as_may_be_is_read_or_none(depth: int) -> None:
    deep = '{"delta": "a\\ud83d", "x": ' + "[" * depth + "]" * depth + "}"
    assert (EventParser().parse(deep) or {"delta": "a"})["delta"] == "a"
