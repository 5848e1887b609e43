"""Whole replies."""

import base64
import json

import pytest

from audio_core import IncompleteResponse, ProviderError, ProviderUnavailable, RateLimited, Speech, ToolCall, Usage
from audio_core.testing import chat_reply, tone
from audio_core.wire.chat_response import Answer, parse_answer

JSON = {"content-type": "application/json", "x-request-id": "req-1"}
WAV = tone(0.1)


def read(reply: object, **asked: str) -> Answer:
    return parse_answer(json.dumps(reply).encode(), JSON, provider="p", **asked)


def spoken(data: bytes, **audio: object) -> dict:
    return {"id": "audio_1", "data": base64.b64encode(data).decode(), "transcript": "Hi.", "expires_at": 9, **audio}


def call(arguments: str, name: str = "listen", **fields: object) -> dict:
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}, **fields}


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
        parse_answer(body, {"content-type": "text/html"}, provider="p")


def test_half_an_answer_beside_an_error_is_kept_in_partial() -> None:
    body = chat_reply("half of").body
    body["choices"][0] |= {"finish_reason": "error", "error": {"code": 502, "message": "upstream died"}}
    with pytest.raises(ProviderUnavailable, match="upstream died") as caught:
        read(body)
    assert caught.value.partial == "half of"


def test_a_spoken_reply_is_its_transcript_and_its_audio() -> None:
    answer = read(chat_reply(None, audio=spoken(WAV)).body)
    assert answer.text == "Hi."
    assert answer.speech == Speech(WAV, "wav", "Hi.", "audio_1", 9)


def test_text_beside_speech_is_the_text() -> None:
    answer = read(chat_reply("Hello.", audio=spoken(WAV)).body)
    assert (answer.text, answer.speech.transcript) == ("Hello.", "Hi.")


@pytest.mark.parametrize(
    ("data", "asked", "format", "rate"),
    [
        (WAV, "mp3", "wav", None),
        (b"\xff\xfb\x90\x00" * 20, "mp3", "mp3", None),
        (b"\xff\xfb\x90\x00" * 20, "pcm16", "pcm16", 24_000),
        (b"\x01\x02" * 40, "pcm16", "pcm16", 24_000),
        (b"OggS" + bytes(60), "opus", "ogg", None),
    ],
)
def test_the_bytes_of_speech_say_what_it_is(data: bytes, asked: str, format: str, rate: int | None) -> None:
    speech = read(chat_reply(None, audio=spoken(data)).body, speech_format=asked).speech
    assert (speech.format, speech.sample_rate) == (format, rate)


@pytest.mark.parametrize("data", ["UklG!", "UklGR"])
def test_speech_that_is_cut_is_an_error_with_its_transcript(data: str) -> None:
    with pytest.raises(IncompleteResponse, match="no whole base64") as caught:
        read(chat_reply(None, audio={**spoken(WAV), "data": data}).body)
    assert caught.value.partial == "Hi."


def test_tool_calls_are_read() -> None:
    calls = [call('{"path": "a.mp3"}'), call("", "stop", id="call_2")]
    answer = read(chat_reply(None, finish="tool_calls", tool_calls=calls).body)
    assert answer.tool_calls == (ToolCall("call_1", "listen", '{"path": "a.mp3"}'), ToolCall("call_2", "stop", "{}"))
    assert answer.tool_calls[0].parsed == {"path": "a.mp3"}


@pytest.mark.parametrize(
    "arguments", ['{"path": "/data/cus', '{"path": "a"', "{", "[1]", '"a"', "no json", '{"a": 1}}']
)
def test_a_tool_call_that_is_not_whole_is_never_handed_on(arguments: str) -> None:
    with pytest.raises(IncompleteResponse, match=r"'listen'.*not handed on") as caught:
        read(chat_reply("Listening.", finish="length", tool_calls=[call(arguments)]).body)
    assert caught.value.partial == "Listening."


def test_no_arguments_count_only_if_the_answer_was_not_cut() -> None:
    assert read(chat_reply(None, finish="stop", tool_calls=[call("")]).body).tool_calls
    with pytest.raises(IncompleteResponse):
        read(chat_reply(None, finish="length", tool_calls=[call("")]).body)


def test_a_call_of_no_tool_is_an_error_and_a_call_without_id_gets_one() -> None:
    with pytest.raises(IncompleteResponse, match="no name"):
        read(chat_reply(None, tool_calls=[call("{}", "")]).body)
    (found,) = read(chat_reply(None, tool_calls=[call("{}", id=None)]).body).tool_calls
    assert found.id.startswith("call_")


def test_reasoning_refusal_and_logprobs_are_read() -> None:
    details = [{"type": "reasoning.text", "text": "Hm."}]
    body = chat_reply(None, refusal="I may not.", reasoning="Hm.", reasoning_details=details).body
    body["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -0.1}]}
    answer = read(body)
    assert (answer.text, answer.refusal, answer.reasoning) == ("", "I may not.", "Hm.")
    assert answer.reasoning_details == tuple(details)
    assert answer.logprobs == {"content": [{"token": "a", "logprob": -0.1}]}


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_a_finish_reason_may_say_why_nothing_came(finish: str) -> None:
    assert read(chat_reply(None, finish=finish).body).finish_reason == finish
