"""Complete chat responses."""

import base64
import json

import pytest

from audio_core import IncompleteResponse, ProviderError, ProviderUnavailable, RateLimited, Speech, ToolCall, Usage
from audio_core.testing import chat_reply, tone
from audio_core.wire.chat_response import Answer, parse_answer

JSON = {"content-type": "application/json", "x-request-id": "req-1"}
WAV = tone(0.1)


def parse(reply: object, **options: str) -> Answer:
    return parse_answer(json.dumps(reply).encode(), JSON, provider="p", **options)


def build_audio(data: bytes, **audio: object) -> dict:
    return {"id": "audio_1", "data": base64.b64encode(data).decode(), "transcript": "Hi.", "expires_at": 9, **audio}


def build_call(arguments: str, name: str = "listen", **fields: object) -> dict:
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}, **fields}


def test_a_reply_is_read_with_its_usage_and_ids() -> None:
    answer = parse(chat_reply("hello").body)
    assert answer == Answer("hello", "stop", Usage(12, 3, 9), "chatcmpl-1", "m-1", "p", "req-1")


def test_a_finish_reason_is_kept_as_it_was_sent() -> None:
    body = chat_reply("cut").body
    body["choices"][0]["finish_reason"] = "length"
    assert parse(body).finish_reason == "length"


@pytest.mark.parametrize(
    "parts", [[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], ["a", "b", None, {}]]
)
def test_text_in_parts_is_joined(parts: list[object]) -> None:
    assert parse(chat_reply(parts).body).text == "ab"


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"<html><title>Sign in</title></html>", IncompleteResponse, "Sign in"),
        (b"", IncompleteResponse, "nothing"),
        (b"null", IncompleteResponse, "JSON was expected"),
        (b"[]", IncompleteResponse, "JSON was expected"),
        (b'{"choices": [{"message": {"content": "ab', IncompleteResponse, "JSON was expected"),
        (b"[" * 100_000, IncompleteResponse, "JSON was expected"),
        (b'{"choices": []}', IncompleteResponse, "no choice"),
        (b'{"choices": null}', IncompleteResponse, "no choice"),
        (b'{"choices": [{"message": {"content": null}}]}', IncompleteResponse, "without text"),
        (b'{"error": {"message": "overloaded", "code": 502}}', ProviderUnavailable, "overloaded"),
        (b'{"error": {"message": "slow down", "code": "429"}}', RateLimited, "slow down"),
        (b'{"error": "just text"}', ProviderError, "just text"),
        (b'{"detail": "no such model"}', ProviderError, "no such model"),
    ],
)
def test_a_body_that_is_not_a_reply_is_a_clear_error(body: bytes, kind: type[ProviderError], says: str) -> None:
    with pytest.raises(kind, match=says):
        parse_answer(body, {"content-type": "text/html"}, provider="p")


def test_half_an_answer_beside_an_error_is_kept_in_partial() -> None:
    body = chat_reply("half of").body
    body["choices"][0] |= {"finish_reason": "error", "error": {"code": 502, "message": "upstream died"}}
    with pytest.raises(ProviderUnavailable, match="upstream died") as caught:
        parse(body)
    assert caught.value.partial == "half of"


def test_a_spoken_reply_is_its_transcript_and_its_audio() -> None:
    answer = parse(chat_reply(None, audio=build_audio(WAV)).body)
    assert answer.text == "Hi."
    assert answer.speech == Speech(WAV, "wav", "Hi.", "audio_1", 9)


@pytest.mark.parametrize("audio", [{"data": None}, {}], ids=["null", "absent"])
def test_the_transcript_of_speech_that_is_absent_is_the_text(audio: dict) -> None:
    answer = parse(chat_reply(None, audio={"id": "audio_1", "transcript": "Hi.", **audio}).body)
    assert (answer.text, answer.speech) == ("Hi.", None)


def test_text_beside_speech_is_preferred_to_its_transcript() -> None:
    answer = parse(chat_reply("Hello.", audio=build_audio(WAV)).body)
    assert (answer.text, answer.speech.transcript) == ("Hello.", "Hi.")


@pytest.mark.parametrize(
    ("data", "requested", "format", "rate"),
    [
        (WAV, "mp3", "wav", None),
        (b"\xff\xfb\x90\x00" * 20, "mp3", "mp3", None),
        (b"\xff\xfb\x90\x00" * 20, "pcm16", "pcm16", 24_000),
        (b"\x01\x02" * 40, "pcm16", "pcm16", 24_000),
        (b"OggS" + bytes(60), "opus", "ogg", None),
    ],
)
def test_the_format_of_speech_is_read_from_its_bytes(
    data: bytes, requested: str, format: str, rate: int | None
) -> None:
    speech = parse(chat_reply(None, audio=build_audio(data)).body, speech_format=requested).speech
    assert (speech.format, speech.sample_rate) == (format, rate)


@pytest.mark.parametrize("data", ["UklG!", "UklGR"])
def test_speech_that_is_cut_is_an_error_with_its_transcript(data: str) -> None:
    with pytest.raises(IncompleteResponse, match="not valid base64") as caught:
        parse(chat_reply(None, audio={**build_audio(WAV), "data": data}).body)
    assert caught.value.partial == "Hi."


def test_tool_calls_are_read() -> None:
    calls = [build_call('{"path": "a.mp3"}'), build_call("", "stop", id="call_2")]
    answer = parse(chat_reply(None, finish="tool_calls", tool_calls=calls).body)
    assert answer.tool_calls == (ToolCall("call_1", "listen", '{"path": "a.mp3"}'), ToolCall("call_2", "stop", "{}"))
    assert answer.tool_calls[0].parsed == {"path": "a.mp3"}


@pytest.mark.parametrize(
    "arguments", ['{"path": "/data/cus', '{"path": "a"', "{", "[1]", '"a"', "no json", '{"a": 1}}']
)
def test_an_incomplete_tool_call_is_never_handed_on(arguments: str) -> None:
    with pytest.raises(IncompleteResponse, match=r"'listen'.*not handed on") as caught:
        parse(chat_reply("Listening.", finish="length", tool_calls=[build_call(arguments)]).body)
    assert caught.value.partial == "Listening."


def test_a_call_without_arguments_counts_only_if_the_answer_was_not_cut() -> None:
    assert parse(chat_reply(None, finish="stop", tool_calls=[build_call("")]).body).tool_calls
    with pytest.raises(IncompleteResponse):
        parse(chat_reply(None, finish="length", tool_calls=[build_call("")]).body)


def test_a_call_without_a_name_is_an_error_and_one_without_an_id_gets_one() -> None:
    with pytest.raises(IncompleteResponse, match="no name"):
        parse(chat_reply(None, tool_calls=[build_call("{}", "")]).body)
    (call,) = parse(chat_reply(None, tool_calls=[build_call("{}", id=None)]).body).tool_calls
    assert call.id.startswith("call_")


def test_reasoning_refusal_and_logprobs_are_read() -> None:
    details = [{"type": "reasoning.text", "text": "Hm."}]
    body = chat_reply(None, refusal="I may not.", reasoning="Hm.", reasoning_details=details).body
    body["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -0.1}]}
    answer = parse(body)
    assert (answer.text, answer.refusal, answer.reasoning) == ("", "I may not.", "Hm.")
    assert answer.reasoning_details == tuple(details)
    assert answer.logprobs == {"content": [{"token": "a", "logprob": -0.1}]}


@pytest.mark.parametrize("message", [{"content": ""}, {"content": None}, {"role": "assistant"}])
def test_a_model_may_have_nothing_to_say(message: dict) -> None:
    choice = {"message": message, "finish_reason": "stop"}
    assert parse({"choices": [choice]}).text == ""
    for finish in ("tool_calls", "function_call", None):
        with pytest.raises(IncompleteResponse, match="without text"):
            parse({"choices": [{**choice, "finish_reason": finish}]})


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_a_finish_reason_may_explain_an_empty_answer(finish: str) -> None:
    assert parse(chat_reply(None, finish=finish).body).finish_reason == finish
