"""Chat payloads, replies and streams."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Audio, IncompleteResponse, ProviderError, ProviderUnavailable, RateLimited, Usage
from audio_core.content import BytesContent
from audio_core.http.body import json_body
from audio_core.testing import chat_reply, chat_stream, tone
from audio_core.wire.answer import Answer, read_answer
from audio_core.wire.chat import Sound, audio_parts, payload
from audio_core.wire.deltas import AnswerStream

JSON = {"content-type": "application/json", "x-request-id": "req-1"}
SSE = {"content-type": "text/event-stream"}


def read(reply: object) -> Answer:
    return read_answer(json.dumps(reply).encode(), JSON, provider="p")


def streamed(*pieces: str | bytes, headers: dict = SSE) -> tuple[str, str | None, Usage | None]:
    decoder = AnswerStream(headers, provider="p")
    deltas = [d for piece in pieces for d in decoder.feed(piece.encode() if isinstance(piece, str) else piece)]
    deltas += decoder.close()
    finish = [d.finish_reason for d in deltas if d.finish_reason]
    usage = [d.usage for d in deltas if d.usage]
    return "".join(d.text for d in deltas), *(finish or [None]), *(usage or [None])


def test_audio_takes_the_place_of_its_block_and_nothing_else_moves() -> None:
    first, second = Audio.of(tone(0.1)), Audio.of(tone(0.2))
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [first, {"type": "text", "text": "or"}, second]},
    ]
    assert [(at, index) for at, index, _ in audio_parts(messages)] == [(1, 0), (1, 2)]
    sounds = {(1, 0): Sound(BytesContent(b"abc"), "wav"), (1, 2): Sound(BytesContent(b"defg"), "mp3")}
    body = payload("m", messages, sounds, {"temperature": 0, "seed": None})
    assert json.loads(b"".join(json_body(body).pieces(1024))) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "be brief"},
            {
                "role": "user",
                "content": [
                    {"type": "input_audio", "input_audio": {"data": "YWJj", "format": "wav"}},
                    {"type": "text", "text": "or"},
                    {"type": "input_audio", "input_audio": {"data": "ZGVmZw==", "format": "mp3"}},
                ],
            },
        ],
        "temperature": 0,
    }


def test_a_reply_is_read_with_its_usage_and_ids() -> None:
    answer = read(chat_reply("hello").body)
    assert answer == Answer("hello", "stop", Usage(12, 3, 9), "chatcmpl-1", "m-1", "p", "req-1")


def test_a_finish_reason_is_kept_as_it_was_sent() -> None:
    body = chat_reply("cut").body
    body["choices"][0]["finish_reason"] = "length"
    assert read(body).finish_reason == "length"


def test_text_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert read(chat_reply(parts).body).text == "ab"


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"<html><title>Sign in</title></html>", IncompleteResponse, "Sign in"),
        (b"", IncompleteResponse, "nothing"),
        (b"null", IncompleteResponse, "JSON was due"),
        (b"[]", IncompleteResponse, "JSON was due"),
        (b'{"choices": [{"message": {"content": "ab', IncompleteResponse, "JSON was due"),
        (b"[" * 100_000, IncompleteResponse, "JSON was due"),
        (b'{"choices": []}', IncompleteResponse, "no choice"),
        (b'{"choices": null}', IncompleteResponse, "no choice"),
        (b'{"choices": [{"message": {"content": null}}]}', IncompleteResponse, "without text"),
        (b'{"error": {"message": "overloaded", "code": 502}}', ProviderUnavailable, "overloaded"),
        (b'{"error": {"message": "slow down", "code": "429"}}', RateLimited, "slow down"),
        (b'{"error": "just text"}', ProviderError, "just text"),
        (b'{"detail": "no such model"}', ProviderError, "no such model"),
    ],
)
def test_what_is_no_reply_is_a_clear_error(body: bytes, kind: type[ProviderError], says: str) -> None:
    with pytest.raises(kind, match=says):
        read_answer(body, {"content-type": "text/html"}, provider="p")


def test_half_an_answer_beside_an_error_is_kept_in_partial() -> None:
    body = chat_reply("half of").body
    body["choices"][0] |= {"finish_reason": "error", "error": {"code": 502, "message": "upstream died"}}
    with pytest.raises(ProviderUnavailable, match="upstream died") as caught:
        read(body)
    assert caught.value.partial == "half of"


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
