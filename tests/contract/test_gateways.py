"""Every gateway, every operation: we send what its documentation asks for."""

import base64
from pathlib import Path

import pytest
from openai.types.chat import ChatCompletionContentPartInputAudioParam
from oracle import check_chat, check_speech, violations
from pydantic import TypeAdapter
from tables import fill, list_pages

from audio_core import PROVIDERS, Audio, AudioClient, InvalidOption
from audio_core.integration import find_provider
from audio_core.testing import Reply, chat_stream, tone

SPEAKING = {
    "openai": {"mp3", "opus", "aac", "flac", "wav", "pcm"},
    "openrouter": {"mp3", "pcm"},
    "litellm": {"mp3", "opus", "aac", "flac", "wav", "pcm"},
}
"""The formats of speech that the vendors' files and pages name."""
REMOTE = [name for name, row in PROVIDERS.items() if row.api_key_env]
DOCUMENTED = {
    "openai": ("https://api.openai.com/v1", ["OPENAI_API_KEY"], {"wav", "mp3"}),
    "openrouter": (
        "https://openrouter.ai/api/v1",
        ["OPENROUTER_API_KEY"],
        {"wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a"},
    ),
    "openroute": ("https://www.openroute.cn/api/v1", ["OPENROUTE_API_KEY"], {"wav", "mp3"}),
    "cortecs": ("https://api.cortecs.ai/v1", ["CORTECS_API_KEY"], {"wav", "mp3"}),
    "litellm": (
        "http://localhost:4000/v1",
        ["LITELLM_API_KEY", "LITELLM_PROXY_API_KEY", "LITELLM_MASTER_KEY"],
        {"wav", "mp3"},
    ),
}
VERBOSE = Reply({"text": "hi", "segments": [{"start": 0, "end": 1, "text": "hi"}]})


def make_client(gateway, name: str) -> AudioClient:
    return AudioClient(name, model="m", api_key="k", base_url=gateway.base_url)


def test_every_remote_gateway_is_listed_with_its_documentation() -> None:
    assert set(REMOTE) == set(DOCUMENTED)


@pytest.mark.parametrize("name", REMOTE)
def test_a_gateways_url_key_variables_and_formats_are_those_it_documents(name: str) -> None:
    row = find_provider(name)
    assert (row.base_url, list(row.api_key_env), set(row.chat_formats)) == DOCUMENTED[name]


@pytest.mark.parametrize("page", list_pages(), ids=lambda page: page.name)
def test_tables_of_gateways_are_what_their_rows_give(page: Path) -> None:
    assert page.read_text() == fill(page.read_text()), "run `python docs/scripts/tables.py`"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", REMOTE)
def test_chat(gateway, name: str, streamed: bool) -> None:
    wav = tone(0.1)
    if streamed:
        gateway.will_answer(chat_stream("yes"))
        list(make_client(gateway, name).stream(wav, "What?"))
    else:
        make_client(gateway, name).ask(wav, "What?")
    (request,) = gateway.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer k"
    assert request.headers["content-type"] == "application/json"
    part, question = request.json["messages"][0]["content"]
    TypeAdapter(ChatCompletionContentPartInputAudioParam).validate_python(part, strict=True)
    assert part["input_audio"] == {"data": base64.b64encode(wav).decode(), "format": "wav"}
    assert question == {"type": "text", "text": "What?"}
    assert request.json.get("stream", False) is streamed


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", REMOTE)
def test_every_chat_option_fits_the_vendors_schemas(gateway, name: str, streamed: bool) -> None:
    speech_options = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
    response_format = {
        "type": "json_schema",
        "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}},
    }
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    options = {"temperature": 0.5, "max_tokens": 9, "top_p": 1, "seed": 1, "stop": ["END"], "logprobs": True}
    options |= {"tools": [tool], "tool_choice": "required", "response_format": response_format, **speech_options}
    if streamed or name == "openrouter":
        gateway.will_answer(chat_stream("yes"))
    client = make_client(gateway, name)
    list(client.stream(tone(0.1), "What?", **options)) if streamed else client.ask(tone(0.1), "What?", **options)
    check_chat(gateway.requests[0].json, vendor="openai")
    check_chat(gateway.requests[0].json, vendor="openrouter")


def test_openrouter_is_asked_to_stream_speech(gateway) -> None:
    gateway.will_answer(chat_stream({"audio": {"transcript": "Hi.", "data": "AAAA"}}))
    speech_options = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
    answer = make_client(gateway, "openrouter").ask(tone(0.1), "What?", **speech_options)
    assert (answer.text, answer.speech.data) == ("Hi.", bytes(3))
    assert gateway.requests[0].json["stream"] is True


async def test_openrouter_is_asked_to_stream_speech_in_async_calls_too(gateway) -> None:
    gateway.will_answer(chat_stream({"audio": {"transcript": "Hi.", "data": "AAAA"}}))
    answer = await make_client(gateway, "openrouter").aask(tone(0.1), "What?", modalities=["text", "audio"])
    assert answer.text == "Hi."


@pytest.mark.parametrize("name", [name for name in REMOTE if PROVIDERS[name].transcription == "multipart"])
def test_transcription_as_a_form(gateway, name: str, call: Path) -> None:
    gateway.will_answer(VERBOSE)
    make_client(gateway, name).transcribe(call, language="en", prompt="Ann", extra={"allowed_providers": ["a", "b"]})
    (request,) = gateway.requests
    assert (request.method, request.path) == ("POST", "/v1/audio/transcriptions")
    assert request.form == {
        "model": ["m"],
        "response_format": ["verbose_json"],
        "language": ["en"],
        "prompt": ["Ann"],
        "allowed_providers[]": ["a", "b"],
    }
    fields = {key: values[0] for key, values in request.form.items() if not key.endswith("[]")}
    vendor, schema = (
        ("cortecs", "AudioTranscriptionRequest") if name == "cortecs" else ("openai", "CreateTranscriptionRequest")
    )
    assert violations(vendor, schema, {**fields, "file": ""}) == []
    assert [(part.filename, part.content_type) for part in request.parts if part.filename] == [
        ("call.mp3", "audio/mpeg")
    ]


@pytest.mark.parametrize("name", [name for name in REMOTE if PROVIDERS[name].transcription == "json"])
def test_transcription_as_json(gateway, name: str, call: Path) -> None:
    gateway.will_answer(VERBOSE)
    make_client(gateway, name).transcribe(Audio.of(call), words=True, diarize=True)
    (request,) = gateway.requests
    assert request.path == "/v1/audio/transcriptions"
    assert request.json == {
        "model": "m",
        "response_format": "verbose_json",
        "timestamp_granularities": ["segment", "word"],
        "diarize": True,
        "input_audio": {"data": base64.b64encode(call.read_bytes()).decode(), "format": "mp3"},
    }
    assert (
        violations("openrouter", "STTRequest", {key: value for key, value in request.json.items() if key != "diarize"})
        == []
    )


def test_a_gateway_speaks_in_the_formats_that_it_documents() -> None:
    assert {name: set(PROVIDERS[name].speech_formats) for name in REMOTE if PROVIDERS[name].speech_formats} == SPEAKING
    assert {PROVIDERS[name].max_speech_characters for name in SPEAKING} == {4096}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("name", "format"), [(name, each) for name, known in SPEAKING.items() for each in sorted(known)]
)
def test_speech(gateway, name: str, format: str, streamed: bool) -> None:
    options = {"voice": "alloy", "format": format, "speed": 1.25}
    client = make_client(gateway, name)
    said = client.stream_speech("Good day.", **options) if streamed else client.speak("Good day.", **options)
    data = b"".join(piece.data for piece in said) if streamed else said.data
    (request,) = gateway.requests
    assert (request.method, request.path) == ("POST", "/v1/audio/speech")
    assert request.headers["authorization"] == "Bearer k"
    assert request.json == {
        "model": "m",
        "input": "Good day.",
        "voice": "alloy",
        "response_format": format,
        "speed": 1.25,
    }
    check_speech(request.json, vendor="openrouter" if name == "openrouter" else "openai")
    assert len(data) == (28_800 if format == "pcm" else 28_844)


@pytest.mark.parametrize("name", SPEAKING)
async def test_speech_on_an_event_loop(gateway, name: str) -> None:
    client = make_client(gateway, name)
    whole = await client.aspeak("Good day.", voice="alloy", format="pcm")
    pieces = [piece async for piece in client.astream_speech("Good day.", voice="alloy", format="pcm")]
    assert b"".join(piece.data for piece in pieces) == whole.data
    assert gateway.requests[0].json == gateway.requests[1].json


@pytest.mark.parametrize("name", sorted({*REMOTE} - {*SPEAKING}))
def test_a_gateway_that_documents_no_speech_is_not_asked_for_it(gateway, name: str) -> None:
    for speak in (make_client(gateway, name).speak, make_client(gateway, name).stream_speech):
        with pytest.raises(
            InvalidOption, match=f"{name} documents no endpoint for speech. These do: openai, openrouter"
        ):
            speak("Good day.")
    assert gateway.requests == []
