"""The offline server, asked by OpenAI's own client and by ours."""

import base64
import subprocess
import sys
import urllib.request
from pathlib import Path

import openai
import pytest

from audio_core import Audio, AudioClient, InvalidRequest


def messages(clip: bytes) -> list[dict]:
    sound = {"type": "input_audio", "input_audio": {"data": base64.b64encode(clip).decode(), "format": "wav"}}
    return [{"role": "user", "content": [sound, {"type": "text", "text": "What is the number?"}]}]


def test_it_names_its_model(sdk: openai.OpenAI) -> None:
    assert [model.id for model in sdk.models.list()] == ["pocketsphinx"]


def test_a_transcription_with_segments_and_words(sdk: openai.OpenAI, clip: bytes) -> None:
    found = sdk.audio.transcriptions.create(
        model="pocketsphinx",
        file=("a.wav", clip),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert "number" in found.text
    assert found.segments[0].text
    assert found.words[0].end > found.words[0].start
    assert found.usage.seconds == 6


def test_transcriptions_in_plain_shapes(sdk: openai.OpenAI, clip: bytes) -> None:
    asked = {
        shape: sdk.audio.transcriptions.create(model="m", file=("a.wav", clip), response_format=shape)
        for shape in ("json", "text", "srt", "vtt")
    }
    assert "number" in asked["json"].text
    assert "number" in asked["text"]
    assert asked["srt"].startswith("1\n00:00:00,")
    assert asked["vtt"].startswith("WEBVTT\n\n00:00:00.")


def test_a_chat_answer_is_what_was_heard(sdk: openai.OpenAI, clip: bytes) -> None:
    whole = sdk.chat.completions.create(model="m", messages=messages(clip))
    assert whole.choices[0].message.content.startswith("I heard: ")
    assert whole.usage.prompt_tokens_details.audio_tokens == 55
    chunks = list(
        sdk.chat.completions.create(
            model="m", messages=messages(clip), stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage


def test_several_clips_are_told_apart_and_none_is_told_too(sdk: openai.OpenAI, clip: bytes) -> None:
    twice = messages(clip)
    twice[0]["content"].insert(0, twice[0]["content"][0])
    answer = sdk.chat.completions.create(model="m", messages=twice).choices[0].message.content
    assert answer.splitlines()[1].startswith("In clip 2 I heard: ")
    answer = (
        sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}]).choices[0].message.content
    )
    assert "send me input_audio" in answer


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "input_audio", "input_audio": {"data": "!!", "format": "wav"}}],
                    }
                ]
            },
            "base64",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "input_audio", "input_audio": {"data": "aGVsbG8=", "format": "wav"}}],
                    }
                ]
            },
            "not audio",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "audio_url", "audio_url": {"url": "file:///etc/passwd"}}]}
                ]
            },
            "input_audio",
        ),
        ({"messages": "hi"}, "JSON object with messages"),
        ({}, "JSON object with messages"),
    ],
)
def test_bad_requests_are_refused_in_openais_envelope(sdk: openai.OpenAI, body: dict, says: str) -> None:
    with pytest.raises(openai.BadRequestError, match=says) as caught:
        sdk.post("/chat/completions", body=body, cast_to=object)
    assert caught.value.type == "invalid_request_error"


def test_a_form_must_hold_a_file_and_a_known_shape(sdk: openai.OpenAI, clip: bytes) -> None:
    with pytest.raises(openai.BadRequestError, match="response_format 'xml'"):
        sdk.audio.transcriptions.create(model="m", file=("a.wav", clip), response_format="xml")
    with pytest.raises(openai.BadRequestError, match="English only, not language 'de'"):
        sdk.audio.transcriptions.create(model="m", file=("a.wav", clip), language="de")
    with pytest.raises(openai.BadRequestError, match="not audio"):
        sdk.audio.transcriptions.create(model="m", file=("a.mp3", b"hello"))


def test_an_unknown_path_is_not_found(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        sdk.post("/audio/songs", body={}, cast_to=object)


def test_our_client_transcribes_through_it_as_it_does_without_it(offline: str, call: Path) -> None:
    here, there = AudioClient("local"), AudioClient("local", timeout=600, base_url=offline, model="pocketsphinx")
    clip = Audio.of(call, end=6)  # as other tests do
    assert there.transcribe(clip).to_srt() == here.transcribe(clip).to_srt()
    with pytest.raises(InvalidRequest, match="'xml'"):
        there.transcribe(call, extra={"response_format": "xml"})


def test_it_runs_as_a_program_and_says_where() -> None:
    command = [sys.executable, "-m", "audio_core.offline", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        base_url = server.stdout.readline().strip()
        with urllib.request.urlopen(f"{base_url}/models", timeout=300) as reply:
            assert b"pocketsphinx" in reply.read()
        server.terminate()
    assert base_url.startswith("http://127.0.0.1:")
