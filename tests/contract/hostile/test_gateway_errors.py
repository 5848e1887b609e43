"""A gateway refuses, fails or talks nonsense: one typed error through every door, and never a text."""

import json
import re

import pytest
from doors import (
    DOORS,
    FEW,
    FEW_STREAMS,
    KEY,
    SOME,
    Door,
    answer,
    through,
)
from hostile import enter

from audio_core import (
    AuthenticationError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_stream

HTML = "<html><body>Sign in to the hotel network</body></html>"
JSON = {"Content-Type": "application/json"}


def refuse(status: int, message: str = "no such thing", headers: dict | None = None, **error: object) -> Reply:
    return Reply({"error": {"message": message, **error}}, status, {"X-Request-Id": "r-1", **(headers or {})})


@through(*DOORS)
def test_a_healthy_gateway_is_heard_through_every_door(gateway, recording, access, door: Door) -> None:
    gateway.will_answer(answer(door))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert "yes" in (outcome.text or "")


# --- refusals ---

STATUSES = [
    (400, InvalidRequest),
    (401, AuthenticationError),
    (402, PermissionDenied),
    (403, PermissionDenied),
    (404, NotFound),
    (413, InvalidRequest),
    (415, InvalidRequest),
    (422, InvalidRequest),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
@through(*SOME)
def test_a_refusal_is_a_typed_error_in_the_gateways_words(
    gateway, recording, access, door: Door, status: int, kind: type
) -> None:
    gateway.will_answer(refuse(status))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert "no such thing" in outcome.message
    assert str(status) in outcome.message
    if status == 413:
        assert f"{len(gateway.requests[0].body):,} bytes were sent" in outcome.message
    if isinstance(outcome.error, ProviderError):
        assert isinstance(outcome.error, kind)
        assert (outcome.error.status, outcome.error.request_id) == (status, "r-1")
        assert outcome.error.attempts == len(gateway.requests)
    assert len(gateway.requests) == (2 if status == 415 else 1)  # in another format, once


BODIES = {
    "openrouter": json.dumps({"error": {"message": "no such thing", "code": None, "metadata": {"raw": None}}}),
    "fastapi": json.dumps({"detail": [{"loc": ["body", "model"], "msg": "no such thing"}]}),
    "text in error": json.dumps({"error": "no such thing"}),
    "html": "<html><head></head><h1>no such thing</h1></html>",
    "plain text": "no such thing",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@through(*FEW)
def test_the_gateways_words_are_found_in_any_body(gateway, recording, access, door: Door, body: str) -> None:
    gateway.will_answer(Reply(body, 400, {"X-Request-Id": "r-1"}))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert "no such thing" in outcome.message
    assert "<" not in outcome.message
    assert isinstance(outcome.error, InvalidRequest)
    assert (outcome.error.status, outcome.error.request_id) == (400, "r-1")


class Echo(ScriptedGateway):
    """A gateway that returns the key and the body of each request in an error."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        sent = request.body.decode("latin-1")
        shown = f"{request.headers['authorization']} said {sent[:150]}...{sent[200:6000]}"
        return Reply({"error": {"message": shown, "code": KEY}}, self.status)


@pytest.mark.parametrize("status", [401, 200])
@through(*SOME)
def test_what_a_gateway_echoes_is_not_shown(recording, access, door: Door, status: int) -> None:
    with Echo(status) as echo:
        outcome = enter(door, echo.base_url, recording, access=access)  # this looks for the key and for base64
    assert outcome.error is not None


# --- when to ask again ---


@through(*SOME)
def test_a_used_up_quota_is_asked_for_once(gateway, recording, access, door: Door) -> None:
    gateway.will_answer(refuse(429, "no credit", code="insufficient_quota"))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert len(gateway.requests) == 1
    assert isinstance(outcome.error, RateLimited) != door.is_tool
    assert not getattr(outcome.error, "retryable", False)


@through(*SOME)
def test_a_wait_of_an_hour_is_an_error_at_once(gateway, recording, access, door: Door) -> None:
    gateway.will_answer(refuse(429, headers={"Retry-After": "3600"}))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert len(gateway.requests) == 1
    assert isinstance(outcome.error, RateLimited) != door.is_tool
    assert getattr(outcome.error, "retry_after", 3600) == 3600


ODD_WAITS = [
    {"retry-after-ms": "20"},
    *({"Retry-After": value} for value in ("-5", "nan", "1e400", "Fri, 31 Dec 9999 23:59:59 +9999", "٣", "soon", "")),
]


@pytest.mark.parametrize("headers", ODD_WAITS, ids=str)
@through(FEW[0], FEW_STREAMS[-1])
def test_no_wait_that_a_gateway_asks_for_is_a_crash(gateway, recording, access, door: Door, headers: dict) -> None:
    gateway.will_answer(
        refuse(429, headers={k: v.encode().decode("latin-1") for k, v in headers.items()}), answer(door)
    )
    assert enter(door, gateway.base_url, recording, access=access).text == "yes"
    assert len(gateway.requests) == 2


@through(*DOORS)
def test_a_third_request_may_succeed_and_there_is_no_fourth(gateway, recording, access, door: Door) -> None:
    gateway.will_answer(refuse(500), refuse(503), answer(door))
    assert enter(door, gateway.base_url, recording, access=access).error is None
    assert len(gateway.requests) == 3
    gateway.will_answer(refuse(500))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert len(gateway.requests) == 6
    assert isinstance(outcome.error, ProviderUnavailable) != door.is_tool
    assert getattr(outcome.error, "attempts", 3) == 3


@pytest.mark.parametrize(
    ("status", "should_retry", "requests"),
    [(408, "", 3), (409, "", 3), (529, "", 3), (500, "false", 1), (400, "true", 3)],
)
@through(FEW[0], FEW_STREAMS[-1])
def test_the_gateway_says_whether_to_ask_again(
    gateway, recording, access, door: Door, status: int, should_retry: str, requests: int
) -> None:
    gateway.will_answer(refuse(status, headers={"x-should-retry": should_retry}))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, ProviderError)
    assert (outcome.error.attempts, len(gateway.requests)) == (requests, requests)


@pytest.mark.parametrize(
    "refusal", [refuse(400, "response_format is not supported"), refuse(415)], ids=["form", "format"]
)
@through(*SOME)
def test_asking_in_another_form_is_no_fresh_start(gateway, recording, access, door: Door, refusal: Reply) -> None:
    gateway.will_answer(refuse(500), refuse(500), refusal)
    assert enter(door, gateway.base_url, recording, access=access).error is not None
    assert len(gateway.requests) == 3


# --- what to do next ---

NEXT_STEP = re.compile(r"\?|\b(ask|pass|set|check|send|wait|give|use|add)\b", re.IGNORECASE)
FAILURES = {
    **{str(status): refuse(status) for status in (400, 401, 402, 403, 404, 413, 415, 422, 429, 500)},
    "quota": refuse(429, "no credit", code="insufficient_quota"),
    "redirect": Reply("", 307, {"Location": "https://example.org"}),
    "html": Reply("<html>Sign in</html>", headers={"Content-Type": "text/html"}),
    "gzip": Reply(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
    "error": Reply({"error": {"message": "no such thing"}}),
    "no choices": Reply({"choices": []}),
    "broken": Reply("half", cut="fin"),
    "early end": chat_stream("half", finish=None, done=False),
}


@pytest.mark.parametrize("reply", FAILURES.values(), ids=FAILURES)
@through(FEW[1], FEW_STREAMS[0])
def test_an_error_says_what_to_do_next(gateway, recording, access, door: Door, reply: Reply) -> None:
    gateway.will_answer(reply)
    assert NEXT_STEP.search(enter(door, gateway.base_url, recording, access=access).message)
