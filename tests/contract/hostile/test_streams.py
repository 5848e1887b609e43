"""Streams that end early, stall, hold errors or never end: whole or an error, with what had come."""

import json
import socket
from collections.abc import Callable

import pytest
from doors import CHAT_STREAMS, FEW_STREAMS, TRANSCRIPT_STREAMS, Door, through
from hostile import enter, misbehave
from raw_server import RawServer

from audio_core import IncompleteResponse, ProviderError, ProviderTimeout
from audio_core.testing import Reply, chat_reply, chat_stream

STREAMS = (*CHAT_STREAMS, *TRANSCRIPT_STREAMS)
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
JSON = {"Content-Type": "application/json"}


def event(**fields: object) -> str:
    return f"data: {json.dumps(fields)}\n\n"


def begin(door: Door, *words: str) -> list[str]:
    """Return the events of a stream without its end."""
    if door.is_chat:
        return list(chat_stream(*words, finish=None, done=False).body)
    return [event(type="transcript.text.delta", delta=word) for word in words]


def end(door: Door) -> list[str]:
    """Return the events that end a stream."""
    return list(chat_stream().body) if door.is_chat else [event(type="transcript.text.done", text="one\u2028two")]


def whole(door: Door) -> list[str]:
    return [*begin(door, "one\u2028", "two"), *end(door)]


def send(*pieces: str | bytes) -> Callable[[RawServer, socket.socket], None]:
    """Return a function that sends a stream whose end is that of the connection."""
    body = b"".join(piece.encode() if isinstance(piece, str) else piece for piece in pieces)
    return lambda server, connection: connection.sendall(EVENTS + body)


# --- ends early ---


@through(*STREAMS)
def test_a_stream_without_its_end_is_an_error_with_its_text(gateway, recording, access, door: Door) -> None:
    gateway.will_answer(Reply(begin(door, "half")))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse)
    assert outcome.error.partial == "half"
    assert outcome.error.may_have_been_billed
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("left", ["", 'data: {"choices": [{"delta": {"cont', "data: [DO"])
@through(*FEW_STREAMS)
def test_the_end_of_the_connection_is_not_the_end_of_the_stream(recording, access, door: Door, left: str) -> None:
    with misbehave(send(*begin(door, "half"), left)) as (server, requests):
        outcome = enter(door, server.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse)
    assert outcome.error.partial == "half"
    assert len(requests) == 1


@through(*STREAMS)
def test_a_last_event_without_its_blank_line_counts(recording, access, door: Door) -> None:
    with misbehave(send("".join(whole(door)).rstrip("\n"))) as (server, _):
        assert enter(door, server.base_url, recording, access=access).text == "one\u2028two"


@through(*CHAT_STREAMS[:3])
@pytest.mark.parametrize("end", [{"finish": None}, {"done": False}], ids=str)
def test_either_a_finish_reason_or_done_is_an_end(gateway, recording, access, door: Door, end: dict) -> None:
    gateway.will_answer(chat_stream("yes", **end))
    assert enter(door, gateway.base_url, recording, access=access).text == "yes"


# --- holds an error ---

ERRORS = [
    'event: error\ndata: {"error": {"message": "died", "code": 529}}\n\n',
    event(error={"message": "died", "code": 529}),
    event(error="died"),
    event(message="died", code=529),
    event(error={"message": "died"}, choices=[{"delta": {"content": ""}, "finish_reason": "error"}]),
]


@pytest.mark.parametrize("ending", ["", "data: [DONE]\n\n"], ids=["", "done"])
@pytest.mark.parametrize("error", ERRORS)
@through(*FEW_STREAMS)
def test_an_error_in_a_stream_is_an_error_with_the_text_before(
    gateway, recording, access, door: Door, error: str, ending: str
) -> None:
    gateway.will_answer(Reply([*begin(door, "half"), error, ending or ": \n\n"]))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, ProviderError)
    assert "died" in outcome.message
    assert outcome.error.partial == "half"
    assert len(gateway.requests) == 1


# --- is none ---


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/event-stream"])
@through(*STREAMS)
def test_plain_json_in_place_of_a_stream_is_the_answer(
    gateway, recording, access, door: Door, content_type: str
) -> None:
    body = (chat_reply("yes") if door.is_chat else Reply({"text": "yes"})).pieces()[0]
    gateway.will_answer(Reply(body, headers={"Content-Type": content_type}))
    assert enter(door, gateway.base_url, recording, access=access).text == "yes"


NO_STREAM = {
    "html": Reply("<html>Sign in</html>", headers={"Content-Type": "text/html"}),
    "html as events": Reply(["<html>Sign in</html>"]),
    "nothing": Reply([": \n\n"]),
    "empty": Reply("", headers={"Content-Type": "text/event-stream"}),
    "only done": Reply(["data: [DONE]\n\n"]),
    "no json": Reply(["data: {not json\n\n"]),
    "json as text": Reply('{"object": "list"}', headers={"Content-Type": "text/plain"}),
    "null": Reply(["data: null\n\n", "data: [DONE]\n\n"]),
}


@pytest.mark.parametrize("reply", NO_STREAM.values(), ids=NO_STREAM)
@through(*FEW_STREAMS)
def test_what_is_no_stream_is_never_an_empty_success(gateway, recording, access, door: Door, reply: Reply) -> None:
    gateway.will_answer(reply)
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse)
    assert not outcome.error.partial


# --- stalls ---


def stall(server: RawServer, connection: socket.socket) -> None:
    server.wait_for_close(connection)


def comment(server: RawServer, connection: socket.socket) -> None:
    server.dribble(connection, b": PROCESSING\n\n")


def dribble(server: RawServer, connection: socket.socket) -> None:
    server.dribble(connection, b"data: ")


@pytest.mark.parametrize("go_on", [stall, comment, dribble])
@through(*FEW_STREAMS)
def test_only_content_extends_the_time_of_a_stream(recording, access, door: Door, go_on) -> None:
    def begin_and_go_on(server: RawServer, connection: socket.socket) -> None:
        connection.sendall(EVENTS + "".join(begin(door, "half")).encode())
        go_on(server, connection)

    with misbehave(begin_and_go_on) as (server, requests):
        outcome = enter(door, server.base_url, recording, access=access, timeout=0.3)
        assert server.closed.wait(60)
    assert isinstance(outcome.error, ProviderTimeout)
    assert outcome.error.partial == "half"
    assert len(requests) == 1


# --- is odd, and whole ---


def use_crlf(body: str) -> bytes:
    return body.replace("\n", "\r\n").encode()


def begin_with_a_bom(body: str) -> bytes:
    return b"\xef\xbb\xbf" + body.encode()


def add_comments(body: str) -> bytes:
    return body.replace("data:", ": wait\n\nid: 7\nretry: 10\ndata:").encode()


def go_on_after_the_end(body: str) -> bytes:
    return (body + event(choices=[{"delta": {"content": "!"}}]) + event(delta="!")).encode()


@pytest.mark.parametrize("change", [use_crlf, begin_with_a_bom, add_comments, go_on_after_the_end])
@pytest.mark.parametrize("content_type", ["text/event-stream", "text/plain", "application/json"])
@through(*FEW_STREAMS)
def test_an_odd_stream_says_what_a_healthy_one_says(
    gateway, recording, access, door: Door, change, content_type: str
) -> None:
    done = [] if door.is_chat else ["data: [DONE]\n\n"]
    body = change("".join([*whole(door), *done]))
    pieces = [body[at : at + 1] for at in range(len(body))]
    gateway.will_answer(Reply(pieces, headers={"Content-Type": content_type}))
    assert enter(door, gateway.base_url, recording, access=access).text == "one\u2028two"


@through(*STREAMS)
def test_an_event_without_content_changes_nothing(gateway, recording, access, door: Door) -> None:
    nothing = ["data: null\n\n", "data: {}\n\n", "data:\n\n"]
    gateway.will_answer(Reply([*nothing, *begin(door, "one\u2028", "two"), *nothing, *end(door), *nothing]))
    assert enter(door, gateway.base_url, recording, access=access).text == "one\u2028two"


# --- never ends ---


@through(*FEW_STREAMS)
def test_a_line_of_33_mib_is_not_read_to_its_end(gateway, recording, access, door: Door) -> None:
    gateway.will_answer(Reply([*begin(door, "half"), b"data: ", *[b"x" * 2**20] * 33, b"\n\n"]))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse)
    assert outcome.error.partial == "half"


@through(*FEW_STREAMS[:2])
def test_words_without_end_end_at_a_limit(gateway, recording, access, door: Door) -> None:
    (words,) = begin(door, "word " * 400_000)
    gateway.will_answer(Reply([words] * 100))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse)
    assert "goes on after 64 MiB" in outcome.message
