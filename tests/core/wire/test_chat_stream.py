"""Streamed replies."""

import base64
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import IncompleteResponse, ProviderError, ProviderUnavailable, Usage
from audio_core.testing import chat_reply, chat_stream, tone
from audio_core.wire.chat_response import Answer, Delta, parse_answer
from audio_core.wire.chat_stream import ChatStream

JSON = {"content-type": "application/json", "x-request-id": "req-1"}
SSE = {"content-type": "text/event-stream", "x-request-id": "req-1"}
WAV = tone(0.1)


def deltas(*pieces: str | bytes, headers: dict = SSE, speech_format: str | None = None) -> list[Delta]:
    decoder = ChatStream(headers, provider="p", speech_format=speech_format)
    found = [d for piece in pieces for d in decoder.feed(piece.encode() if isinstance(piece, str) else piece)]
    return found + list(decoder.close())


def streamed(*pieces: str | bytes, headers: dict = SSE) -> tuple[str, str | None, Usage | None]:
    found = deltas(*pieces, headers=headers)
    return "".join(delta.text for delta in found), found[-1].finish_reason, found[-1].usage


def whole(*given: str | dict, **options: object) -> Answer:
    return deltas(*chat_stream(*given, **options).body)[-1].answer


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def fragment(index: int | None, arguments: str = "", *, id: str | None = None, name: str | None = None) -> dict:
    call = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
    return {"tool_calls": [{key: value for key, value in call.items() if value is not None}]}


def test_a_stream_is_its_texts_then_reason_and_usage() -> None:
    assert streamed(*chat_stream("hel", "lo").body) == ("hello", "stop", Usage(12, 3))


@given(cuts=st.lists(st.integers(0, 900), max_size=20))
def test_a_stream_may_be_cut_into_any_pieces(cuts: list[int]) -> None:
    body = "".join(chat_stream("grüß ", "dich, 你好").body).encode()
    edges = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    assert streamed(*(body[a:b] for a, b in pairwise(edges)))[0] == "grüß dich, 你好"


@pytest.mark.parametrize(("finish", "done"), [("stop", False), (None, True)])
def test_a_finish_reason_or_done_makes_a_stream_whole(finish: str | None, done: bool) -> None:
    assert streamed(*chat_stream("hello", finish=finish, done=done).body)[:2] == ("hello", finish)


@given(keep=st.integers(0, 250))
def test_a_stream_that_ends_early_is_never_an_answer(keep: int) -> None:
    body = "".join(chat_stream("hello ", "there", finish=None, done=False).body).encode()
    with pytest.raises(IncompleteResponse) as caught:
        streamed(body[:keep])
    assert "hello there".startswith(caught.value.partial)


def test_what_comes_after_done_is_not_read() -> None:
    assert streamed(*chat_stream("hello").body, 'data: {"choices": [{"delta": {"content": "!"}}]}\n\n')[0] == "hello"


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"code": 502, "message": "died"}},
        {
            "error": {"code": "server_error", "message": "died"},
            "choices": [{"delta": {"content": ""}, "finish_reason": "error"}],
        },
        {"message": "died"},
        {"error": "died"},
        {"choices": [{"delta": {"content": ""}, "finish_reason": "error", "error": {"message": "died"}}]},
    ],
)
def test_an_error_in_the_middle_ends_the_stream_with_what_had_come(event: dict) -> None:
    with pytest.raises(ProviderError, match="died") as caught:
        streamed(*chat_stream("half", finish=None, done=False).body, f"data: {json.dumps(event)}\n\n")
    assert caught.value.partial == "half"


@pytest.mark.parametrize("event", ["data: {not json\n\n", "data: null\n\n", "data: [1]\n\n"])
def test_a_malformed_event_ends_the_stream(event: str) -> None:
    with pytest.raises(IncompleteResponse, match="an event of the stream"):
        streamed(*chat_stream("half", finish=None, done=False).body, event)


def test_plain_json_where_a_stream_was_due_is_one_piece() -> None:
    assert streamed(json.dumps(chat_reply("hello").body), headers=JSON)[0] == "hello"


def test_an_error_page_where_a_stream_was_due_is_an_error() -> None:
    with pytest.raises(IncompleteResponse):
        streamed("<html>Sign in</html>", headers={"content-type": "text/html"})
    with pytest.raises(ProviderUnavailable, match="busy"):
        streamed('{"error": {"message": "busy"}}', headers=JSON)


SPOKEN = [
    {"role": "assistant", "content": None},
    {"audio": {"id": "audio_1"}},
    {"audio": {"transcript": "Hel"}},
    {"audio": {"data": b64(WAV[:1000])}},
    {"audio": {"transcript": "lo."}},
    {"audio": {"data": b64(WAV[1000:])}},
    {"audio": {"expires_at": 99}},
]


def test_a_spoken_stream_is_the_same_answer_as_a_spoken_reply() -> None:
    audio = {"id": "audio_1", "transcript": "Hello.", "data": b64(WAV), "expires_at": 99}
    body = chat_reply(None, audio=audio).body
    body["usage"] = {"prompt_tokens": 12, "completion_tokens": 3}
    assert whole(*SPOKEN) == parse_answer(json.dumps(body).encode(), JSON, provider="p")


def test_pieces_of_speech_are_given_out_as_they_come() -> None:
    found = [delta.speech for delta in deltas(*chat_stream(*SPOKEN).body) if delta.speech]
    assert b"".join(piece.data for piece in found) == WAV
    assert [piece.format for piece in found if piece.data] == ["wav", None]
    assert [piece.id for piece in found if piece.id] == ["audio_1"]


def test_plain_json_with_speech_and_calls_is_one_piece() -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    body = chat_reply(None, audio={"id": "a", "data": b64(WAV), "transcript": "Hi."}, tool_calls=[call]).body
    (delta,) = deltas(json.dumps(body), headers=JSON)
    assert (delta.text, delta.speech.data, delta.tool_calls[0].name) == ("Hi.", WAV, "f")
    assert delta.answer.speech.data == WAV


def test_calls_that_come_in_turns_are_put_together() -> None:
    answer = whole(
        fragment(0, id="call_a", name="listen"),
        fragment(1, '{"q"', id="call_b", name="search"),
        fragment(0, '{"path": '),
        fragment(1, ': "x"}'),
        fragment(0, '"a.mp3"}'),
        finish="tool_calls",
    )
    assert [(call.id, call.name, call.parsed) for call in answer.tool_calls] == [
        ("call_a", "listen", {"path": "a.mp3"}),
        ("call_b", "search", {"q": "x"}),
    ]


@pytest.mark.parametrize("index", [0, None])
def test_calls_are_told_apart_by_id_where_the_index_does_not(index: int | None) -> None:
    answer = whole(fragment(index, "{}", id="a", name="f"), fragment(index, '{"n": 1}', id="b", name="g"))
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("f", "{}"), ("g", '{"n": 1}')]


@given(keep=st.integers(0, 25))
def test_a_stream_never_hands_on_a_call_that_was_cut(keep: int) -> None:
    arguments = '{"path": "/data/customer"}'
    events = ["Let me see.", fragment(0, id="a", name="listen"), fragment(0, arguments[:keep])]
    with pytest.raises(IncompleteResponse) as caught:
        whole(*events, finish="length")
    assert caught.value.partial == "Let me see."


@given(data=st.binary(min_size=70, max_size=300), cuts=st.lists(st.integers(0, 400), max_size=6), pad=st.booleans())
def test_speech_may_be_cut_anywhere_with_padding_or_without(data: bytes, cuts: list[int], pad: bool) -> None:
    if pad:  # each piece encoded by itself
        edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
        pieces = [b64(data[a:b]) for a, b in pairwise(edges)]
    else:  # one text, cut
        text = b64(data)
        edges = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
        pieces = [text[a:b] for a, b in pairwise(edges)]
    events = chat_stream(*({"audio": {"data": piece}} for piece in pieces)).body
    found = deltas(*events, speech_format="pcm16")
    assert found[-1].answer.speech.data == data
    assert b"".join(delta.speech.data for delta in found if delta.speech) == data


def test_speech_that_is_no_base64_ends_the_stream_with_what_was_said() -> None:
    with pytest.raises(IncompleteResponse, match="no whole base64") as caught:
        whole({"audio": {"transcript": "Hel"}}, {"audio": {"data": "UklG!"}})
    assert caught.value.partial == "Hel"


def test_a_spoken_stream_that_ends_early_is_never_an_answer() -> None:
    with pytest.raises(IncompleteResponse) as caught:
        whole(*SPOKEN[:4], finish=None, done=False)
    assert caught.value.partial == "Hel"


def test_reasoning_refusals_and_logprobs_add_up() -> None:
    answer = whole(
        {"reasoning": "Let me", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "Let me"}]},
        {"reasoning": " think.", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": " think."}]},
        {"reasoning_details": [{"type": "reasoning.encrypted", "index": 0, "data": "xyz"}]},
        {"refusal": "I may"},
        {"refusal": " not."},
    )
    assert (answer.reasoning, answer.refusal) == ("Let me think.", "I may not.")
    assert answer.reasoning_details == (
        {"type": "reasoning.text", "index": 0, "text": "Let me think."},
        {"type": "reasoning.encrypted", "index": 0, "data": "xyz"},
    )


def test_of_usage_that_is_repeated_the_last_counts() -> None:
    events = [
        f'data: {{"choices": [], "usage": {{"prompt_tokens": {n}, "completion_tokens": {n}}}}}\n\n' for n in (1, 5)
    ]
    assert streamed(*events, *chat_stream("a", finish=None).body)[2] == Usage(5, 5)


def test_usage_may_come_beside_an_empty_choice_as_litellm_sends_it() -> None:
    event = 'data: {"choices": [{"index": 0, "delta": {}}], "usage": {"prompt_tokens": 4}}\n\n'
    assert streamed(*chat_stream("a", finish=None, done=False).body, event, "data: [DONE]\n\n")[2] == Usage(4)


@pytest.mark.parametrize("finish", ["stop", None])
def test_a_stream_that_says_nothing_at_all_is_no_answer(finish: str | None) -> None:
    with pytest.raises(IncompleteResponse, match="without having said anything"):
        whole(finish=finish)


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_a_stream_may_say_why_nothing_came(finish: str) -> None:
    assert whole(finish=finish).finish_reason == finish


def test_an_empty_text_is_a_text() -> None:
    assert whole({"role": "assistant", "content": ""}).text == ""


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "content": st.sampled_from(["", "a", None, 7, [{"type": "text", "text": "b"}]]),
        "role": st.just("assistant"),
        "reasoning": st.sampled_from([None, "", "hm"]),
        "refusal": st.sampled_from([None, "no"]),
        "audio": st.sampled_from([None, {}, {"transcript": "t", "data": "AAAA"}]),
        "tool_calls": st.sampled_from(
            [None, [], [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]]
        ),
        "reasoning_details": st.sampled_from([None, [{"type": "x", "index": 0, "text": "y"}]]),
    },
)
CHUNKS = st.lists(
    st.fixed_dictionaries(
        {"choices": st.lists(st.fixed_dictionaries({"index": st.just(0), "delta": FIELDS}), max_size=2)},
        optional={
            "id": st.sampled_from(["1", "2"]),
            "model": st.sampled_from(["m", None]),
            "usage": st.sampled_from([None, {"prompt_tokens": 3}]),
            "error": st.sampled_from([None, {"message": "broke"}]),
        },
    ),
    max_size=6,
)


@given(CHUNKS)
def test_the_short_look_at_text_finds_what_the_full_look_finds(chunks: list[dict]) -> None:
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"

    def found() -> list[Delta] | str:
        try:
            return deltas(stream)
        except ProviderError as error:
            return f"{type(error).__name__}: {error} {error.partial}"

    short = found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audio_core.wire.chat_stream._get_plain_text", lambda chunk: "")
        assert short == found()
