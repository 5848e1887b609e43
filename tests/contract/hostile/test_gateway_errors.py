"""A gateway refuses, fails or talks nonsense: one typed error through every door, and never a text."""

import json

import pytest
from doors import (
    CHAT,
    CHAT_STREAMS,
    DOORS,
    FEW,
    FEW_STREAMS,
    FEW_TOOLS,
    KEY,
    SOME,
    Door,
    answer,
    through,
)
from hostile import enter

from audio_core import (
    AudioClient,
    AuthenticationError,
    IncompleteResponse,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, chat_stream

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


# --- nonsense ---

NONSENSE = {
    "html": Reply(HTML, headers={"Content-Type": "text/html"}),
    "html as json": Reply(HTML, headers=JSON),
    "nothing": Reply("", headers=JSON),
    "null": Reply("null", headers=JSON),
    "[]": Reply("[]", headers=JSON),
    "{}": Reply("{}", headers=JSON),
    "cut": Reply('{"choices": [{"message": {"content": "half', headers=JSON),
    "bad utf-8": Reply(b'\xff\xfe{"text": "\xe9"}', headers=JSON),
    "deep": Reply("[" * 100_000, headers=JSON),
}


@pytest.mark.parametrize("reply", NONSENSE.values(), ids=NONSENSE)
@through(*SOME)
def test_nonsense_is_an_error_and_never_a_text(gateway, recording, access, door: Door, reply: Reply) -> None:
    gateway.will_answer(reply)
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert len(gateway.requests) == 1
    assert isinstance(outcome.error, IncompleteResponse) != door.is_tool
    assert getattr(outcome.error, "status", 200) == 200
    assert getattr(outcome.error, "may_have_been_billed", True)


ERRORS = {
    "object": Reply({"error": {"message": "upstream died", "code": 502}}),
    "text": Reply({"error": "upstream died"}),
    "detail": Reply({"detail": "upstream died"}),
    "in plain text": Reply('{"error": {"message": "upstream died"}}'),
    "beside a reply": Reply({"error": {"message": "upstream died"}, "choices": [], "text": "upstream"}),
}


@pytest.mark.parametrize("reply", ERRORS.values(), ids=ERRORS)
@through(*SOME)
def test_an_error_with_status_200_is_an_error_in_its_words(
    gateway, recording, access, door: Door, reply: Reply
) -> None:
    gateway.will_answer(reply)
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert "upstream died" in outcome.message
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("response_format", ["json", "text", "srt", "verbose_json"])
def test_an_error_is_no_transcript_in_any_response_format(gateway, recording, response_format: str) -> None:
    gateway.will_answer(Reply('{"error": {"message": "upstream died"}}', headers={"Content-Type": "text/plain"}))
    client = AudioClient("openai", model="m", api_key=KEY, base_url=gateway.base_url)
    with pytest.raises(ProviderError, match="upstream died"):
        client.transcribe(recording, extra={"response_format": response_format})


def choose(**choice: object) -> Reply:
    return Reply({"choices": [choice]})


EMPTY = {
    "no choices": Reply({"choices": []}),
    "choices null": Reply({"choices": None}),
    "content null": chat_reply(None),
    "content NaN": Reply('{"choices": [{"message": {"content": NaN}, "finish_reason": "stop"}]}', headers=JSON),
    "message null": choose(message=None, finish_reason="stop"),
    "choice null": Reply({"choices": [None]}),
}


@pytest.mark.parametrize("reply", EMPTY.values(), ids=EMPTY)
@through(*(door for door in (*FEW, *FEW_STREAMS) if door.is_chat))
def test_a_reply_without_content_is_an_error(gateway, recording, access, door: Door, reply: Reply) -> None:
    gateway.will_answer(reply)
    assert isinstance(enter(door, gateway.base_url, recording, access=access).error, IncompleteResponse)


@pytest.mark.parametrize("text", [None, 5, float("nan"), ["yes"]], ids=str)
@through(*(door for door in (*FEW, *FEW_TOOLS) if not door.is_chat))
def test_a_transcript_without_text_is_an_error(gateway, recording, access, door: Door, text: object) -> None:
    gateway.will_answer(Reply(json.dumps({"text": text}), headers=JSON))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse) != door.is_tool
    assert outcome.text is None


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/octet-stream", ""])
@through(*FEW)
def test_good_json_of_any_type_is_read(gateway, recording, access, door: Door, content_type: str) -> None:
    body = answer(door).pieces()[0]
    gateway.will_answer(Reply(body, headers={"Content-Type": content_type}))
    assert enter(door, gateway.base_url, recording, access=access).text == "yes"


@through(*CHAT, *CHAT_STREAMS)
def test_an_answer_that_the_model_broke_off_is_an_error_with_what_came(gateway, recording, access, door: Door) -> None:
    gateway.will_answer(chat_stream("half", finish="error") if door.is_streamed else chat_reply("half", finish="error"))
    outcome = enter(door, gateway.base_url, recording, access=access)
    assert isinstance(outcome.error, IncompleteResponse) != door.is_tool
    assert getattr(outcome.error, "partial", "half") == "half"


@through(*(door for door in (*FEW, *FEW_TOOLS) if not door.is_chat))
@pytest.mark.parametrize("finish", ["length", "content_filter", "error"])
def test_a_transcript_by_chat_that_was_cut_is_an_error(gateway, recording, access, door: Door, finish: str) -> None:
    gateway.will_answer(chat_reply('{"segments": [{"text": "half"', finish=finish))
    assert enter(door, gateway.base_url, recording, access=access, provider="openroute").error is not None
