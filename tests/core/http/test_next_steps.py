"""What the messages of errors tell their readers to do next."""

import json

import pytest

from audio_core import ContextOverflow, InvalidRequest, NotFound, ProviderUnavailable
from audio_core.audio.content import BytesContent, EncodedAudio
from audio_core.errors import ProviderError
from audio_core.http.error_responses import build_error, build_unreadable_error, find_error
from audio_core.http.next_steps import choose_download_step, join_sentences
from audio_core.wire.refusals import parse_refusal

STEPS = {
    400: "Check the model and the options",
    401: "Is the API key right",
    402: "Check the balance",
    403: "Check at the gateway whether this key may use the model",
    404: "Is the model's name right",
    405: "the base_url complete",
    408: "Ask again later",
    413: "send a clip",
    415: "Check which audio formats the model takes",
    422: "Check the model and the options",
    429: "Wait before you ask again",
    500: "check the gateway's status page",
    503: "check the gateway's status page",
}


def refuse(status: int, message: str = "That is wrong", *, doing: str = "chat", **error: object) -> ProviderError:
    body = json.dumps({"error": {"message": message, **error}}).encode()
    return build_error(status, {}, body, provider="p", doing=doing, sent_bytes=7)


@pytest.mark.parametrize(("status", "step"), STEPS.items())
def test_each_status_has_a_next_step_after_the_gateways_sentence(status: int, step: str) -> None:
    before, after = str(refuse(status)).split("That is wrong. ")
    assert before == f"p refused chat with status {status}: "
    assert step in after


def test_a_used_up_quota_is_no_reason_to_wait() -> None:
    for error in (refuse(429, code="insufficient_quota"), refuse(403, code="quota_exceeded")):
        assert str(error).endswith("Check the balance and the spending limit of your account at the gateway.")


def test_what_is_too_long_for_a_model_is_no_matter_of_options() -> None:
    error = refuse(400, "maximum context length is 128000 tokens")
    assert isinstance(error, ContextOverflow)
    assert str(error).endswith("Send a clip (start=, end=) or fewer messages, or ask a model that takes more.")


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500, 503])
def test_the_server_of_a_recording_knows_neither_key_nor_model(status: int) -> None:
    message = str(refuse(status, doing="the download"))
    assert not any(word in message for word in ("key", "model", "base_url", "gateway"))
    assert message.endswith("Try again later." if status >= 500 else "opens without signing in.")
    assert choose_download_step(NotFound) != choose_download_step(ProviderUnavailable)


@pytest.mark.parametrize(
    ("statement", "joined"),
    [
        ("Incorrect API key provided", "Incorrect API key provided. So?"),
        ("It failed.", "It failed. So?"),
        ("What now?", "What now? So?"),
        ("Too long…", "Too long… So?"),
        ('He said "no."', 'He said "no." So?'),
        ("status 400: ", "status 400. So?"),
    ],
)
def test_a_sentence_ends_before_the_next_step(statement: str, joined: str) -> None:
    assert join_sentences(statement, "So?") == joined


@pytest.mark.parametrize(
    ("error", "step"),
    [
        ({"message": "died"}, "Ask again if this is temporary; else check the request"),
        ("died", "Ask again if this is temporary; else check the request"),
        ({"message": "died", "code": 429}, "Wait before you ask again"),
        ({"message": "died", "code": 401}, "Is the API key right"),
        ({"message": "died", "code": "insufficient_quota"}, "Check the balance"),
    ],
)
def test_an_error_in_place_of_a_reply_has_a_next_step(error: object, step: str) -> None:
    assert f"died. {step}" in str(find_error({"error": error}, provider="p"))


def test_a_page_in_place_of_json_points_to_what_may_have_sent_it() -> None:
    error = build_unreadable_error(b"<html>Sign in</html>", provider="p", content_type="text/html")
    assert "Sign in. Check the base_url, and whether a proxy or a sign-in page answers" in str(error)


@pytest.mark.parametrize(
    "message", ["voice 'x' is not supported", "n must be at most 8", "unknown value", "limit", "no"]
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_next_step_is_not_taken_for_the_gateways_words(status: int, message: str) -> None:
    """A recording is cut or converted by what the gateway says of it."""
    error = refuse(status, message)
    assert isinstance(error, InvalidRequest)
    assert parse_refusal(error, EncodedAudio(BytesContent(b"x" * 100), "mp3", 60.0)) is None


def test_a_next_step_names_no_formats_that_a_gateway_accepts() -> None:
    error = refuse(415, "unsupported media type")
    assert isinstance(error, InvalidRequest)
    refusal = parse_refusal(error, EncodedAudio(BytesContent(b"x"), "mp3", 1.0))
    assert refusal is not None
    assert (refusal.kind, refusal.formats) == ("format", ())
