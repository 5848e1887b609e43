"""Responses with an error status."""

import email.utils
import json
import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import AudioClient, IncompleteResponse, errors
from audio_core.errors.secrets import remember_secret
from audio_core.http.error_responses import build_error, find_error, parse_retry_after
from audio_core.testing import Reply, ScriptedGateway, tone


def make_error(status: int, body: object = b"", headers: dict | None = None) -> errors.ProviderError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return build_error(status, headers or {}, raw, provider="p", doing="chat")


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (302, errors.InvalidRequest, False),
        (400, errors.InvalidRequest, False),
        (401, errors.AuthenticationError, False),
        (402, errors.PermissionDenied, False),
        (403, errors.PermissionDenied, False),
        (404, errors.NotFound, False),
        (408, errors.ProviderUnavailable, True),
        (409, errors.ProviderUnavailable, True),
        (413, errors.InvalidRequest, False),
        (422, errors.InvalidRequest, False),
        (429, errors.RateLimited, True),
        (500, errors.ProviderUnavailable, True),
        (503, errors.ProviderUnavailable, True),
        (529, errors.ProviderUnavailable, True),
    ],
)
def test_each_status_has_its_error(status: int, kind: type, retryable: bool) -> None:
    error = make_error(status, {"error": {"message": "why"}})
    assert (type(error), error.retryable, error.status) == (kind, retryable, status)


@pytest.mark.parametrize(
    ("body", "says", "code"),
    [
        (
            {"error": {"message": "bad", "type": "invalid_request_error", "code": "unknown_model"}},
            "bad",
            "unknown_model",
        ),
        ({"error": {"message": "bad", "code": 400, "metadata": {}}}, "bad", "400"),
        ({"error": {"message": "bad", "code": None, "type": None}}, "bad", None),
        ({"error": "bad"}, "bad", None),
        ({"detail": "bad"}, "bad", None),
        ({"detail": [{"loc": ["body", "file"], "msg": "bad"}]}, "body.file: bad", None),
        ({"success": False, "errors": [{"code": 7003, "message": "bad"}], "result": None}, "bad", "7003"),
        ({"errors": ["bad"]}, "bad", None),
        (b"<html><h1>bad</h1></html>", "bad", None),
        (b"", "status 400", None),
    ],
)
def test_the_gateways_message_is_found_in_every_error_format(body: object, says: str, code: str | None) -> None:
    error = make_error(400, body)
    assert says in str(error)
    assert error.code == code


def test_an_exhausted_quota_is_not_retried() -> None:
    assert not make_error(429, {"error": {"message": "no credit", "code": "insufficient_quota"}}).retryable


def test_a_context_overflow_is_known_by_its_message() -> None:
    assert isinstance(
        make_error(400, {"error": {"message": "maximum context length is 128000 tokens"}}), errors.ContextOverflow
    )


def test_the_request_id_is_kept() -> None:
    assert make_error(500, b"", {"x-request-id": "req-9"}).request_id == "req-9"


def test_a_request_id_that_echoes_a_key_is_removed() -> None:
    assert make_error(500, b"", {"x-request-id": "key sk-abcdefgh12345"}).request_id == "key [removed]"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"llm_provider-retry-after": "3"}, 3.0),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "3600000"}, 3600.0),
        ({"retry-after": "2", "llm_provider-retry-after": "3"}, 2.0),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
        ({"retry-after": "1e30"}, None),
        ({"retry-after-ms": "-1"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e400"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 01 Jan 99999 00:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_headers_give_the_seconds_to_wait(headers: dict, seconds: float | None) -> None:
    assert parse_retry_after(headers) == seconds


def test_a_retry_date_gives_the_seconds_until_then() -> None:
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    assert parse_retry_after({"retry-after": date}) == pytest.approx(100, abs=5)


@given(st.text(max_size=30))
def test_any_retry_header_can_be_read(value: str) -> None:
    seconds = parse_retry_after({"retry-after": value})
    assert seconds is None or seconds >= 0


def test_keys_and_audio_that_a_gateway_echoes_are_removed() -> None:
    echoed = f"Incorrect API key provided: sk-abcdef123456789. Data: {'UklGR' * 40}== Bearer abcdefgh"
    text = str(make_error(401, {"error": {"message": echoed}}))
    assert "sk-abcdef" not in text
    assert "UklGRUklGR" not in text
    assert len(text) <= 400


def test_a_key_is_removed_before_the_body_is_cut() -> None:
    remember_secret("cortecs_live_93hd83jd92")
    page = f"<{'p' * 1985}>cortecs_live_93hd83jd92"  # the cut after 2,000 characters would leave half of it
    assert "cortecs" not in str(make_error(400, page.encode()))


def test_errors_keep_their_attributes_when_pickled() -> None:
    error = errors.RateLimited("slow", retry_after=3.0, status=429, provider="p", attempts=2)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.retry_after, copy.status, copy.attempts) == ("slow", 3.0, 429, 2)
    incomplete = pickle.loads(pickle.dumps(errors.TranscriptionIncomplete("gap", failures=[(0, 1, "x")])))
    assert incomplete.failures == [(0, 1, "x")]


def test_what_is_too_large_names_its_size_and_the_way_out(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "x" * 500}}, 413))
    client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)
    with pytest.raises(errors.InvalidRequest, match=r"transcribe\(\) cuts .* clip") as caught:
        client.ask(tone(1.0), "?")
    assert f" {len(gateway.requests[0].body):,} bytes were sent" in str(caught.value)
    assert not isinstance(caught.value, errors.ContextOverflow)


def test_a_413_about_the_context_is_a_context_overflow() -> None:
    assert isinstance(make_error(413, {"error": {"code": "context_length_exceeded"}}), errors.ContextOverflow)


@pytest.mark.parametrize("code", ["400", "٤٠٠", "²⁰⁰", "4e2", "x", 529, -1, 10**30])
def test_any_code_in_a_reply_can_be_read(code: object) -> None:
    assert find_error({"error": {"message": "no", "code": code}}, provider="p") is not None


EMPTY = [None, {}, "", False, [], {"message": None, "code": None}, {"message": "", "code": 0}]


@pytest.mark.parametrize("error", EMPTY, ids=str)
def test_an_empty_error_beside_a_reply_is_none(gateway, error: object) -> None:
    choice = {"message": {"content": "yes"}, "finish_reason": "stop", "error": error}
    event = {"choices": [{"delta": {"content": "yes"}, "error": error}], "error": error}
    client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url)
    gateway.will_answer(Reply({"choices": [choice], "error": error}))
    assert client.ask(tone(0.2), "?").text == "yes"
    gateway.will_answer(Reply({"text": "yes", "error": error}))
    assert client.transcribe(tone(0.2)).text == "yes"
    gateway.will_answer(Reply([f"data: {json.dumps(event)}\n\n", "data: [DONE]\n\n"]))
    assert "".join(delta.text for delta in client.stream(tone(0.2), "?")) == "yes"
    done = {"type": "transcript.text.done", "text": "yes", "error": error}
    gateway.will_answer(Reply([f"data: {json.dumps(done)}\n\n"]))
    assert [segment.text for segment in client.stream_transcript(tone(0.2))] == ["yes"]


def test_an_empty_error_in_place_of_a_reply_is_incomplete(gateway) -> None:
    gateway.will_answer(Reply({"error": {}}))
    with pytest.raises(IncompleteResponse):
        AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url).ask(tone(0.2), "?")


async def join(segments) -> list:
    return [segment async for segment in segments]


OPERATIONS = {
    "chat": lambda client: client.ask(tone(0.2), "?"),
    "stream": lambda client: list(client.stream(tone(0.2), "?")),
    "transcribe": lambda client: client.transcribe(tone(0.2)),
    "stream_transcript": lambda client: list(client.stream_transcript(tone(0.2))),
    "achat": lambda client: client.aask(tone(0.2), "?"),
    "astream": lambda client: join(client.astream(tone(0.2), "?")),
    "atranscribe": lambda client: client.atranscribe(tone(0.2)),
    "astream_transcript": lambda client: join(client.astream_transcript(tone(0.2))),
}


async def run_operation(name: str, client: AudioClient) -> None:
    outcome = OPERATIONS[name](client)
    if name.startswith("a"):
        await outcome


INCOMPLETE = {
    "HTML": Reply("<html>Sign in</html>", headers={"Content-Type": "text/html", "X-Request-Id": "r-1"}),
    "cut JSON": Reply('{"text": "hel', headers={"Content-Type": "application/json", "X-Request-Id": "r-1"}),
    "nothing": Reply("", headers={"Content-Type": "application/json", "X-Request-Id": "r-1"}),
    "compressed": Reply(b"\x1f\x8b", headers={"Content-Encoding": "gzip", "X-Request-Id": "r-1"}),
    "a stream without end": Reply(['data: {"type": "x", "delta": "a"}\n\n'], headers={"X-Request-Id": "r-1"}),
}


@pytest.mark.parametrize("reply", INCOMPLETE.values(), ids=INCOMPLETE)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("provider", ["openai", "openroute"])
async def test_an_incomplete_response_names_its_status_and_request(
    gateway: ScriptedGateway, provider: str, operation: str, reply: Reply
) -> None:
    gateway.will_answer(reply)
    async with AudioClient(provider, model="m", api_key="k", base_url=gateway.base_url) as client:
        with pytest.raises(IncompleteResponse) as caught:
            await run_operation(operation, client)
    error = caught.value
    assert (error.status, error.request_id, error.provider) == (200, "r-1", provider)
    assert (error.may_have_been_billed, error.attempts, len(gateway.requests)) == (True, 1, 1)


@pytest.mark.parametrize(
    "reply",
    [
        {"success": False, "text": "Hello."},
        {"words": [{"text": "Hello."}], "errors": ["a word is missing"]},
        {"choices": [{"message": {"content": "Hello."}}], "success": False, "errors": ["slow"]},
    ],
)
def test_what_came_counts_whatever_a_flag_says(reply: dict[str, object]) -> None:
    assert find_error(reply, provider="p") is None
