"""Requests that the offline server cannot fulfil are refused in OpenAI's shape, whatever JSON they hold."""

import json
from typing import Any

import httpx
import openai
import pytest
from any_json import ANY_JSON, Mutation, mutate, replace_at
from hypothesis import HealthCheck, example, given, settings

from audio_core import AudioClient
from audio_core.offline.app import create_app
from audio_core.offline.canned_responses import fill_schema

NODE = {
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
    "required": ["children"],
}
REQUEST = {
    "model": "m",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Book 3 nights for 'Ann'."}],
    "tools": [{"type": "function", "function": {"name": "book", "parameters": {"$ref": "#/$defs/Node"}}}],
    "tool_choice": "auto",
    "response_format": {"type": "json_schema", "json_schema": {"schema": {"$defs": {"Node": NODE}}}},
    "stop": ["."],
    "max_tokens": 5,
    "stream": False,
    "stream_options": {"include_usage": True},
    "modalities": ["text", "audio"],
    "audio": {"format": "wav", "voice": "alloy"},
}


async def post(body: Any) -> httpx.Response:
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.post("/v1/chat/completions", content=json.dumps(body).encode())


def check_refusal(response: httpx.Response) -> None:
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error.keys(), error["type"]) == ({"message", "type", "param", "code"}, "invalid_request_error")
    assert error["message"]


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([], "each with a role"),
        (None, "each with a role"),
        ([{"content": "hi"}], "each with a role"),
        ([{"role": "user", "content": "hi"}, 5], "each with a role"),
        ([{"role": "system", "content": "hi"}], "a user or tool message"),
        ([{"role": "assistant", "content": "hi"}], "a user or tool message"),
    ],
)
def test_a_conversation_without_a_question_is_refused(sdk: openai.OpenAI, messages: Any, says: str) -> None:
    with pytest.raises(openai.BadRequestError, match=says) as caught:
        sdk.post("/chat/completions", body={"model": "m", "messages": messages}, cast_to=object)
    assert caught.value.type == "invalid_request_error"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(mutate(REQUEST))
@example(Mutation(replace_at(REQUEST, ("max_tokens",), "five"), ()))
@example(Mutation(replace_at(REQUEST, ("stop",), {"a": 1}), ()))
@example(Mutation(replace_at(REQUEST, ("audio", "format"), ["wav"]), ()))
@example(Mutation(replace_at(REQUEST, ("messages", 1, "content"), "9" * 400), ()))
async def test_an_odd_place_of_a_request_is_a_reply_or_a_refusal(mutation: Mutation) -> None:
    response = await post(mutation.reply)
    if response.status_code != 200:
        check_refusal(response)


@given(ANY_JSON)
async def test_any_json_is_a_refusal(body: Any) -> None:
    check_refusal(await post(body))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 5000])
def test_a_body_that_is_not_json_is_refused(offline: str, body: bytes) -> None:
    check_refusal(httpx.post(f"{offline}/chat/completions", content=body))


def test_a_schema_that_refers_to_itself_is_filled_as_far_as_it_must_be() -> None:
    definitions = {"Node": NODE, "Next": {"anyOf": [{"$ref": "#/$defs/Chain"}, {"type": "null"}]}}
    definitions["Chain"] = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Next"}}, "required": ["next"]}
    assert fill_schema({"$ref": "#/$defs/Node", "$defs": definitions}, "") == {"children": []}
    assert fill_schema({"$ref": "#/$defs/Chain", "$defs": definitions}, "") == {"next": None}
    endless = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Endless"}}, "required": ["next"]}
    with pytest.raises(ValueError, match="Endless in the schema refers to itself"):
        fill_schema({"$ref": "#/$defs/Endless", "$defs": {"Endless": endless}}, "")


def test_a_model_is_retrieved_by_its_name(sdk: openai.OpenAI) -> None:
    assert sdk.models.retrieve("pocketsphinx").id == "pocketsphinx"
    with pytest.raises(openai.NotFoundError, match="no model 'org/other' here"):
        sdk.models.retrieve("org/other")


def test_translation_is_refused_once(offline: str) -> None:
    with (
        openai.OpenAI(base_url=offline, api_key="none", max_retries=2) as client,
        pytest.raises(openai.InternalServerError, match="cannot translate") as caught,
    ):
        client.post("/audio/translations", body={}, cast_to=object)
    assert caught.value.status_code == 501
    assert caught.value.request.headers["x-stainless-retry-count"] == "0"


def test_speakers_are_not_told_apart_and_it_says_so(sdk: openai.OpenAI, clip: bytes) -> None:
    with pytest.raises(openai.BadRequestError, match="cannot tell speakers apart"):
        sdk.audio.transcriptions.create(model="m", file=("a.wav", clip), response_format="diarized_json")


def test_a_streamed_transcription_is_the_whole_one_in_pieces(sdk: openai.OpenAI, clip: bytes) -> None:
    whole = sdk.audio.transcriptions.create(model="m", file=("a.wav", clip))
    *deltas, done = sdk.audio.transcriptions.create(model="m", file=("a.wav", clip), stream=True)
    assert (done.type, done.text) == ("transcript.text.done", whole.text)
    assert "".join(delta.delta for delta in deltas) == whole.text
    assert len(deltas) == len(whole.text.split())


def test_our_client_reads_a_streamed_transcription(offline: str, clip: bytes) -> None:
    client = AudioClient("openai", api_key="none", base_url=offline, model="pocketsphinx")
    segments = list(client.stream_transcript(clip))
    assert "number" in segments[-1].text
    assert any(segment.is_partial for segment in segments[:-1])
