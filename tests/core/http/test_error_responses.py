"""Responses with an error status."""

import email.utils
import json
import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import errors
from audio_core.http.error_responses import build_error, parse_retry_after


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


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"llm_provider-retry-after": "3"}, 3.0),
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


def test_errors_keep_their_attributes_when_pickled() -> None:
    error = errors.RateLimited("slow", retry_after=3.0, status=429, provider="p", attempts=2)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.retry_after, copy.status, copy.attempts) == ("slow", 3.0, 429, 2)
    incomplete = pickle.loads(pickle.dumps(errors.TranscriptionIncomplete("gap", failures=[(0, 1, "x")])))
    assert incomplete.failures == [(0, 1, "x")]
