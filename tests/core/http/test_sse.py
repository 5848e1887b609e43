"""Server-sent events, wherever the network cuts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import IncompleteResponse
from audio_core.http import sse
from audio_core.http.sse import ServerSentEvents, StreamedBody, is_event_stream


def decode_events(*pieces: bytes) -> list[str]:
    decoder = ServerSentEvents()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [*events, *decoder.close()]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_in_three_ways(end: bytes) -> None:
    assert decode_events(end.join([b"data: one", b"", b"data: two", b"data: three", b"", b""])) == ["one", "two\nthree"]


def test_comments_other_fields_and_a_byte_order_mark_are_left_out() -> None:
    assert decode_events(b"\xef\xbb\xbf: hi\nevent: message\nid: 1\ndata:{}\n\n: PROCESSING\n\ndata: [DONE]\n\n") == [
        "{}",
        "[DONE]",
    ]


@pytest.mark.parametrize("data", ["2026-11-26", "{}", "1", ""])
def test_pings_are_left_out_whatever_their_data(data: str) -> None:
    assert decode_events(f"data: one\n\nevent: ping\ndata: {data}\n\nevent: message\ndata: two\n\n".encode()) == [
        "one",
        "two",
    ]


@pytest.mark.parametrize(
    ("data", "event"),
    [
        ("died", '{"error": "died"}'),
        ('{"message": "died"}', '{"error": {"message": "died"}}'),
        ('{"error": {"message": "died"}}', '{"error": {"message": "died"}}'),
        ("", '{"error": "no reason given"}'),
    ],
)
def test_the_data_of_an_event_named_error_says_so(data: str, event: str) -> None:
    assert decode_events(f"event: error\ndata: {data}\n\ndata: two\n\n".encode()) == [event, "two"]


def test_an_event_without_its_blank_line_is_not_lost() -> None:
    assert decode_events(b"data: one\n\ndata: two") == ["one", "two"]


@given(
    texts=st.lists(
        st.text(alphabet=st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), min_size=1)
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
def test_cuts_do_not_change_the_events(texts: list[str], end: str, cuts: list[int]) -> None:
    body = "".join(f"data: {text}{end}{end}" for text in texts).encode()
    edges = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    assert decode_events(*(body[a:b] for a, b in pairwise(edges))) == decode_events(body) == texts


def test_an_endless_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "_MAX_EVENT_BYTES", 1000)
    with pytest.raises(IncompleteResponse, match="One event"):
        decode_events(*[b"data: " + b"x" * 200] * 6)


def test_an_event_of_endless_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "_MAX_EVENT_BYTES", 1000)
    with pytest.raises(IncompleteResponse, match="One event"):
        decode_events(*[b"data: x\n"] * 200)


def test_many_events_that_arrive_at_once_are_no_long_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "_MAX_EVENT_BYTES", 1000)
    assert decode_events(b"data: x\n\n" * 1000) == ["x"] * 1000


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
@pytest.mark.parametrize("piece", [b"data: x\n\n", b": comment\n", b"\n", b"x", b"[],"])
def test_an_endless_body_is_refused(content_type: str, piece: bytes) -> None:
    body = StreamedBody({"content-type": content_type}, max_bytes=1000)
    assert sum(len(list(body.feed(piece))) for _ in range(1000 // len(piece))) <= 1000
    with pytest.raises(IncompleteResponse, match="stream goes on"):
        list(body.feed(piece * 2))


TYPES = ["text/event-stream", "application/json; charset=utf-8", "text/plain", ""]
EVENTS = b": hi\ndata: one\n\ndata: two\n\n"
BEFORE_DATA = [b"", b": ping\n\n", b":\r\r", b"event: message\n", b"id: 7\r\nretry: 10\r\n", b"event: a\n: b\nid:\n"]
TEXTS = [b"event: the party begins", b"id: 5\nHello.", b": well", b"retry", b"dat", b"data", b"ide"]


def read_body(content_type: str, *pieces: bytes) -> tuple[list[str], bytes | None]:
    """Return the events of a body, and its plain JSON."""
    body = StreamedBody({"content-type": content_type})
    events = [event for piece in pieces for event in body.feed(piece)]
    plain = body.take_held()
    return [*events, *body.close()], plain


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b" \r\n\n", b"\n\xef\xbb\xbf\n"])
@pytest.mark.parametrize("content_type", TYPES)
def test_the_first_bytes_tell_events_from_json(content_type: str, start: bytes, size: int) -> None:
    def cut(body: bytes) -> list[bytes]:
        return [body[at : at + size] for at in range(0, len(body), size)]

    assert read_body(content_type, *cut(start + EVENTS)) == (["one", "two"], None)
    for plain in (b'{"data": 1}', b"[]", b"{}"):
        assert read_body(content_type, *cut(start + plain)) == ([], plain)


@pytest.mark.parametrize(
    "body", [b"null", b"", b"<html>", b"false", b"Hello.", b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi."]
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/vtt", ""])
def test_what_is_no_events_is_held_for_whoever_can_read_it(body: bytes, content_type: str) -> None:
    assert read_body(content_type, body) == ([], body)
    assert read_body("text/event-stream", body) == ([], None)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
@pytest.mark.parametrize("before", BEFORE_DATA)
def test_any_field_or_comment_may_come_before_the_first_data(before: bytes, content_type: str) -> None:
    body = before + b"data: one\n\n"
    assert is_event_stream(b"\xef\xbb\xbf" + body, {"content-type": content_type})
    for size in (1, 3, 100):
        assert read_body(content_type, *(body[at : at + size] for at in range(0, len(body), size))) == (["one"], None)


@pytest.mark.parametrize("body", TEXTS)
def test_a_text_that_begins_like_a_field_is_no_event(body: bytes) -> None:
    assert not is_event_stream(body, {"content-type": "text/plain"})
    assert read_body("text/plain", body) == ([], body)


def test_thousands_of_comments_are_events_before_the_first_data_has_come() -> None:
    body = StreamedBody({"content-type": "application/json"})
    assert list(body.feed(b": keepalive\n\n" * 2000)) == []
    assert body.take_held() is None


def test_events_that_call_themselves_json_are_not_held() -> None:
    body = StreamedBody({"content-type": "application/json"})
    assert list(body.feed(b"data: one\n\ndata: two\n\n")) == ["one", "two"]


@pytest.mark.parametrize("empty", [b"data: null", b"data:", b"data: {}", b"data:  null "])
def test_an_event_without_content_is_left_out(empty: bytes) -> None:
    assert read_body("text/event-stream", empty + b"\n\ndata: one\n\n", empty) == (["one"], None)
