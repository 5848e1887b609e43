"""Streamed chat responses."""

import base64
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import IncompleteResponse, ProviderError, ProviderUnavailable, Usage
from audio_core.testing import chat_reply, chat_stream, tone
from audio_core.wire.chat_response import Answer, Delta, parse_answer
from audio_core.wire.chat_stream import ChatStream, read_answer

JSON = {"content-type": "application/json", "x-request-id": "req-1"}
SSE = {"content-type": "text/event-stream", "x-request-id": "req-1"}
WAV = tone(0.1)


def decode(*pieces: str | bytes, headers: dict = SSE, speech_format: str | None = None) -> list[Delta]:
    decoder = ChatStream(headers, provider="p", speech_format=speech_format)
    deltas = [delta for piece in pieces for delta in decoder.feed(piece.encode() if isinstance(piece, str) else piece)]
    return deltas + list(decoder.close())


def decode_summary(*pieces: str | bytes, headers: dict = SSE) -> tuple[str, str | None, Usage | None]:
    deltas = decode(*pieces, headers=headers)
    return "".join(delta.text for delta in deltas), deltas[-1].finish_reason, deltas[-1].usage


def decode_answer(*deltas: str | dict, **options: object) -> Answer:
    return decode(*chat_stream(*deltas, **options).body)[-1].answer


def encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def build_fragment(index: int | None, arguments: str = "", *, id: str | None = None, name: str | None = None) -> dict:
    call = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
    return {"tool_calls": [{key: value for key, value in call.items() if value is not None}]}


def test_a_stream_gives_its_text_then_finish_reason_and_usage() -> None:
    assert decode_summary(*chat_stream("hel", "lo").body) == ("hello", "stop", Usage(12, 3))


@given(cuts=st.lists(st.integers(0, 900), max_size=20))
def test_a_stream_may_be_cut_into_any_pieces(cuts: list[int]) -> None:
    body = "".join(chat_stream("grüß ", "dich, 你好").body).encode()
    edges = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    assert decode_summary(*(body[a:b] for a, b in pairwise(edges)))[0] == "grüß dich, 你好"


@pytest.mark.parametrize(("finish", "done"), [("stop", False), (None, True)])
def test_a_finish_reason_or_done_makes_a_stream_complete(finish: str | None, done: bool) -> None:
    assert decode_summary(*chat_stream("hello", finish=finish, done=done).body)[:2] == ("hello", finish)


@given(keep=st.integers(0, 250))
def test_a_stream_that_ends_early_is_never_an_answer(keep: int) -> None:
    body = "".join(chat_stream("hello ", "there", finish=None, done=False).body).encode()
    with pytest.raises(IncompleteResponse) as caught:
        decode_summary(body[:keep])
    assert "hello there".startswith(caught.value.partial)


@pytest.mark.parametrize("mark", ["[done]", "[ DONE ]", "[Done] "])
def test_the_end_of_a_stream_may_be_written_in_any_way(mark: str) -> None:
    body = "".join(chat_stream("Hello.", finish=None, done=False).body) + f"data: {mark}\n\n"
    assert read_answer(body.encode(), SSE, provider="p").text == "Hello."


def test_what_comes_after_done_is_not_read() -> None:
    assert (
        decode_summary(*chat_stream("hello").body, 'data: {"choices": [{"delta": {"content": "!"}}]}\n\n')[0] == "hello"
    )


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
        {"type": "error", "code": "died"},
        {"object": "error", "type": "died"},
        {"status": "failed", "detail": "died"},
        {"code": 500, "error": "died"},
    ],
)
def test_an_error_in_the_middle_ends_the_stream_and_keeps_its_text(event: dict) -> None:
    with pytest.raises(ProviderError, match="died") as caught:
        decode_summary(*chat_stream("half", finish=None, done=False).body, f"data: {json.dumps(event)}\n\n")
    assert caught.value.partial == "half"


@pytest.mark.parametrize("event", ["data: {not json\n\n", "data: nul\n\n", "data: [1]\n\n"])
def test_a_malformed_event_ends_the_stream(event: str) -> None:
    with pytest.raises(IncompleteResponse, match="an event of the stream"):
        decode_summary(*chat_stream("half", finish=None, done=False).body, event)


def test_plain_json_in_place_of_a_stream_is_one_delta() -> None:
    assert decode_summary(json.dumps(chat_reply("hello").body), headers=JSON)[0] == "hello"


def test_an_error_page_in_place_of_a_stream_is_an_error() -> None:
    with pytest.raises(IncompleteResponse):
        decode_summary("<html>Sign in</html>", headers={"content-type": "text/html"})
    with pytest.raises(ProviderUnavailable, match="busy"):
        decode_summary('{"error": {"message": "busy"}}', headers=JSON)


SPOKEN = [
    {"role": "assistant", "content": None},
    {"audio": {"id": "audio_1"}},
    {"audio": {"transcript": "Hel"}},
    {"audio": {"data": encode_base64(WAV[:1000])}},
    {"audio": {"transcript": "lo."}},
    {"audio": {"data": encode_base64(WAV[1000:])}},
    {"audio": {"expires_at": 99}},
]


def test_a_spoken_stream_is_the_same_answer_as_a_spoken_reply() -> None:
    audio = {"id": "audio_1", "transcript": "Hello.", "data": encode_base64(WAV), "expires_at": 99}
    body = chat_reply(None, audio=audio).body
    body["usage"] = {"prompt_tokens": 12, "completion_tokens": 3}
    assert decode_answer(*SPOKEN) == parse_answer(json.dumps(body).encode(), JSON, provider="p")


def test_pieces_of_speech_are_yielded_as_they_arrive() -> None:
    pieces = [delta.speech for delta in decode(*chat_stream(*SPOKEN).body) if delta.speech]
    assert b"".join(piece.data for piece in pieces) == WAV
    assert [piece.format for piece in pieces if piece.data] == ["wav", None]
    assert [piece.id for piece in pieces if piece.id] == ["audio_1"]


def test_plain_json_with_speech_and_calls_is_one_delta() -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    body = chat_reply(None, audio={"id": "a", "data": encode_base64(WAV), "transcript": "Hi."}, tool_calls=[call]).body
    (delta,) = decode(json.dumps(body), headers=JSON)
    assert (delta.text, delta.speech.data, delta.tool_calls[0].name) == ("Hi.", WAV, "f")
    assert delta.answer.speech.data == WAV


def test_interleaved_fragments_of_tool_calls_are_joined() -> None:
    answer = decode_answer(
        build_fragment(0, id="call_a", name="listen"),
        build_fragment(1, '{"q"', id="call_b", name="search"),
        build_fragment(0, '{"path": '),
        build_fragment(1, ': "x"}'),
        build_fragment(0, '"a.mp3"}'),
        finish="tool_calls",
    )
    assert [(call.id, call.name, call.parsed) for call in answer.tool_calls] == [
        ("call_a", "listen", {"path": "a.mp3"}),
        ("call_b", "search", {"q": "x"}),
    ]


@pytest.mark.parametrize("index", [0, None])
def test_tool_calls_are_told_apart_by_their_id_if_they_share_an_index(index: int | None) -> None:
    answer = decode_answer(
        build_fragment(index, "{}", id="a", name="f"), build_fragment(index, '{"n": 1}', id="b", name="g")
    )
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("f", "{}"), ("g", '{"n": 1}')]


@pytest.mark.parametrize(
    "names",
    [
        ("get_", "weather"),
        ("get_weather", "get_weather"),
        ("get_", "get_weather"),
        ("get_", "weather", "weather"),
        (None, "get_weather", None),
    ],
    ids=["pieces", "again", "all so far", "the last again", "late"],
)
def test_the_name_of_a_tool_may_come_in_pieces_or_again_and_again(names: tuple[str | None, ...]) -> None:
    fragments = [build_fragment(0, name=name) for name in names]
    deltas = decode(*chat_stream(*fragments, build_fragment(0, "{}"), finish="tool_calls").body)
    (call,) = deltas[-1].answer.tool_calls
    assert call.name == "get_weather"
    assert "".join(each.name or "" for delta in deltas for each in delta.tool_calls) == "get_weather"


def test_a_name_behind_arguments_is_no_part_of_the_name() -> None:
    answer = decode_answer(build_fragment(0, '{"a": ', name="f"), build_fragment(0, "1}", name="g"))
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("f", '{"a": 1}')]


@given(keep=st.integers(0, 25))
def test_a_stream_never_hands_on_a_call_that_was_cut(keep: int) -> None:
    arguments = '{"path": "/data/customer"}'
    events = ["Let me see.", build_fragment(0, id="a", name="listen"), build_fragment(0, arguments[:keep])]
    with pytest.raises(IncompleteResponse) as caught:
        decode_answer(*events, finish="length")
    assert caught.value.partial == "Let me see."


@given(data=st.binary(min_size=70, max_size=300), cuts=st.lists(st.integers(0, 400), max_size=6), pad=st.booleans())
def test_speech_may_be_cut_anywhere_with_padding_or_without(data: bytes, cuts: list[int], pad: bool) -> None:
    if pad:  # each piece encoded by itself
        edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
        pieces = [encode_base64(data[a:b]) for a, b in pairwise(edges)]
    else:  # one text, cut
        text = encode_base64(data)
        edges = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
        pieces = [text[a:b] for a, b in pairwise(edges)]
    events = chat_stream(*({"audio": {"data": piece}} for piece in pieces)).body
    deltas = decode(*events, speech_format="pcm16")
    assert deltas[-1].answer.speech.data == data
    assert b"".join(delta.speech.data for delta in deltas if delta.speech) == data


def test_speech_that_is_not_base64_ends_the_stream_and_keeps_its_transcript() -> None:
    with pytest.raises(IncompleteResponse, match="not valid base64") as caught:
        decode_answer({"audio": {"transcript": "Hel"}}, {"audio": {"data": "UklG!"}})
    assert caught.value.partial == "Hel"


def test_a_spoken_stream_that_ends_early_is_never_an_answer() -> None:
    with pytest.raises(IncompleteResponse) as caught:
        decode_answer(*SPOKEN[:4], finish=None, done=False)
    assert caught.value.partial == "Hel"


def test_fragments_of_reasoning_and_refusals_are_joined() -> None:
    answer = decode_answer(
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


def test_annotations_are_the_same_whole_and_streamed() -> None:
    first, second = ({"type": "url_citation", "url_citation": {"url": f"https://example.org/{n}"}} for n in (1, 2))
    streamed = decode_answer({"content": "Yes."}, {"annotations": [first]}, {"annotations": [second]})
    whole = parse_answer(json.dumps(chat_reply("Yes.", annotations=[first, second]).body).encode(), {}, provider="x")
    assert streamed.annotations == whole.annotations == (first, second)


def test_the_last_of_repeated_usage_counts() -> None:
    events = [
        f'data: {{"choices": [], "usage": {{"prompt_tokens": {n}, "completion_tokens": {n}}}}}\n\n' for n in (1, 5)
    ]
    assert decode_summary(*events, *chat_stream("a", finish=None).body)[2] == Usage(5, 5)


def test_usage_may_come_beside_an_empty_choice_as_litellm_sends_it() -> None:
    event = 'data: {"choices": [{"index": 0, "delta": {}}], "usage": {"prompt_tokens": 4}}\n\n'
    assert decode_summary(*chat_stream("a", finish=None, done=False).body, event, "data: [DONE]\n\n")[2] == Usage(4)


@pytest.mark.parametrize("finish", ["stop", None])
def test_a_stream_without_any_content_is_an_error(finish: str | None) -> None:
    with pytest.raises(IncompleteResponse, match="without any content"):
        decode_answer(finish=finish)


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_a_finish_reason_may_explain_an_empty_stream(finish: str) -> None:
    assert decode_answer(finish=finish).finish_reason == finish


@pytest.mark.parametrize("delta", [{"content": ""}, {"content": None}, {"role": "assistant"}])
def test_a_model_may_have_nothing_to_say(delta: dict) -> None:
    assert decode_answer(delta).text == ""
    for finish in ("tool_calls", None):
        with pytest.raises(IncompleteResponse, match="without any content"):
            decode_answer(delta, finish=finish)


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
def test_the_shortcut_for_plain_text_changes_no_delta(chunks: list[dict]) -> None:
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"

    def decode_or_describe_error() -> list[Delta] | str:
        try:
            return decode(stream)
        except ProviderError as error:
            return f"{type(error).__name__}: {error} {error.partial}"

    with_shortcut = decode_or_describe_error()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audio_core.wire.chat_stream._get_plain_text", lambda chunk: "")
        assert with_shortcut == decode_or_describe_error()


def test_a_stream_that_calls_itself_json_is_read_as_a_stream() -> None:
    assert decode_summary(*chat_stream("hel", "lo").body, headers=JSON) == ("hello", "stop", Usage(12, 3))


ENDLESS = {
    "text": {"content": "word " * 10},
    "reasoning": {"reasoning_content": "word " * 10},
    "refusal": {"refusal": "word " * 10},
    "tool call": {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "word " * 10}}]},
    "speech": {"audio": {"data": encode_base64(WAV[:90])}},
}


def feed_again_and_again(decoder: ChatStream, piece: bytes) -> None:
    for _ in range(1000):
        list(decoder.feed(piece))


@pytest.mark.parametrize("delta", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_answer_is_an_error_with_what_has_come(delta: dict) -> None:
    (event,) = chat_stream(delta, finish=None, done=False).body
    decoder = ChatStream(SSE, provider="p", max_bytes=20_000)
    with pytest.raises(IncompleteResponse, match="stream goes on"):
        feed_again_and_again(decoder, event.encode())
    assert len(decoder.partial) <= 20_000
    assert decoder.partial.startswith("word") == ("content" in delta)


def test_endless_json_is_an_error() -> None:
    decoder = ChatStream(JSON, provider="p", max_bytes=20_000)
    with pytest.raises(IncompleteResponse, match="stream goes on"):
        feed_again_and_again(decoder, b"[" * 100)


def test_an_event_costs_the_same_however_much_has_come() -> None:
    class Decoder(ChatStream):
        partial = property(lambda self: pytest.fail("the whole text is joined for an event"))

    decoder = Decoder(SSE, provider="p")
    for delta in ENDLESS.values():
        for event in chat_stream(delta, finish=None, done=False).body:
            assert len(list(decoder.feed(event.encode()))) <= 1


def test_a_stream_in_place_of_json_is_the_same_answer() -> None:
    body = "".join(chat_stream("Hello.").body).encode()
    assert read_answer(body, SSE, provider="p").text == "Hello."
    assert read_answer(body, {"content-type": "application/json"}, provider="p").text == "Hello."
    with pytest.raises(IncompleteResponse):
        read_answer("".join(chat_stream("Hello.", finish=None, done=False).body).encode(), SSE, provider="p")
