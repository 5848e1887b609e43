"""A response with an error may hold any JSON, bytes and headers: an error of ours comes of it, and nothing else."""

import json
import math
import pickle
from itertools import pairwise
from typing import Any

from any_json import ANY_JSON, Mutation, mutate
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core import ProviderError
from audio_core.http.error_responses import build_error, find_error, find_event_error, parse_retry_after
from audio_core.http.sse import ServerSentEvents, StreamedBody

BODIES = [
    {"error": {"message": "slow down", "type": "rate_limit", "code": "429", "availability": {"retry_after": 2}}},
    {"error": {"message": "no", "code": 402, "metadata": {"raw": "x"}}, "user_id": "u"},
    {"detail": [{"loc": ["body", "file"], "msg": "Field required", "type": "missing"}]},
    {"choices": [{"index": 0, "error": {"message": "died", "code": 502}}]},
]
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "retry-after-ms", "llm_provider-retry-after", "x-request-id"]),
    st.text(max_size=12) | st.sampled_from(["-1", "1e400", "nan", "²", "Fri, 31 Dec 9999 23:59:59 GMT", "1 1 1 1 1"]),
)


def check(error: ProviderError | None) -> None:
    if error is None:
        return
    assert isinstance(error, ProviderError)
    assert error.args[0]
    assert error.code is None or isinstance(error.code, str)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@given(st.sampled_from(BODIES).flatmap(mutate), st.integers(300, 599), HEADERS)
@example(Mutation({"error": {"message": "x", "code": "²"}}, ()), 400, {})
def test_an_odd_place_of_an_error_is_an_error_all_the_same(mutation: Mutation, status: int, headers: dict) -> None:
    body = json.dumps(mutation.reply).encode()
    error = build_error(status, headers, body, provider="p", doing="chat")
    check(error)
    assert error.status == status
    check(find_error(mutation.reply, provider="p"))
    if isinstance(mutation.reply, dict):
        check(find_event_error(mutation.reply, provider="p"))


@given(ANY_JSON, st.binary())
def test_any_body_of_an_error_is_an_error(value: Any, body: bytes) -> None:
    check(build_error(500, {}, body, provider="p", doing="chat"))
    for reply in (value, {"error": value}, {"error": {"message": value, "code": value}}, {"detail": value}):
        check(build_error(429, {}, json.dumps(reply).encode(), provider="p", doing="chat"))
        check(find_error(reply, provider="p"))


@given(HEADERS, ANY_JSON)
def test_any_wait_is_a_finite_number_or_none(headers: dict, value: Any) -> None:
    seconds = parse_retry_after(headers, {"availability": value})
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@given(
    st.binary(max_size=60) | st.text("data: \r\n{}[]\ufeff", max_size=60).map(str.encode),
    st.lists(st.integers(0, 60), max_size=6),
    st.sampled_from(["text/event-stream", "application/json", ""]),
)
@example(b"\xef\xbb\xbf\xef\xbb\xbf", [3], "application/json")
def test_any_bytes_are_the_same_events_wherever_they_are_cut(data: bytes, cuts: list[int], content_type: str) -> None:
    def decode(*pieces: bytes) -> tuple[list[str], bytes | None]:
        body = StreamedBody({"content-type": content_type})
        events = [event for piece in pieces for event in body.feed(piece)]
        plain = body.take_held()
        return [*events, *body.close()], plain

    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    assert decode(*(data[a:b] for a, b in pairwise(edges))) == decode(data)
    decoder = ServerSentEvents()
    assert all(isinstance(event, str) for event in (*decoder.feed(data), *decoder.close()))
