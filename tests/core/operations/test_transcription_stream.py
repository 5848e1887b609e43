"""Transcripts as they are heard."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from audio_core import PROVIDERS, Audio, AudioClient, AudioTooLarge, Progress, ProviderError
from audio_core.testing import Reply, ScriptedGateway, silence, tone


def event(**fields) -> str:
    return f"data: {json.dumps(fields)}\n\n"


DELTAS = [event(type="transcript.text.delta", delta="Good "), event(type="transcript.text.delta", delta="morning.")]
DONE = event(type="transcript.text.done", text="Good morning.", usage={"type": "duration", "seconds": 6})
STREAM = Reply([*DELTAS, DONE])


def client(gateway: ScriptedGateway, provider="openai", **options) -> AudioClient:
    return AudioClient(provider, model="m", api_key="k", base_url=gateway.base_url, max_retries=0, **options)


def test_text_comes_as_it_is_heard_and_last_the_whole(gateway, call: Path) -> None:
    gateway.will_answer(STREAM)
    told: list[Progress] = []
    found = list(client(gateway).stream_transcript(call, language="en", progress=told.append))
    assert [segment.text for segment in found] == ["Good ", "morning.", "Good morning."]
    assert [segment.is_partial for segment in found] == [True, True, False]
    assert found[-1].end == pytest.approx(53.57, abs=0.1)
    (request,) = gateway.requests
    assert request.form["stream"] == ["true"]
    assert request.form["language"] == ["en"]
    assert told[-1].usage.audio_seconds == 6


async def test_async_calls_say_the_same_and_times_are_of_the_original(gateway, call: Path) -> None:
    gateway.will_answer(STREAM)
    clip = Audio.of(call, start=10, end=16)
    found = [segment async for segment in client(gateway).astream_transcript(clip)]
    assert (found[-1].start, found[-1].end, found[-1].text) == (10, 16, "Good morning.")
    assert {segment.start for segment in found} == {10}


def test_a_model_that_refuses_segments_is_asked_without(gateway, call: Path) -> None:
    refusal = Reply({"error": {"message": "verbose_json format doesn't support streaming case"}}, status=400)
    gateway.will_answer(refusal, STREAM)
    assert list(client(gateway).stream_transcript(call))[-1].text == "Good morning."
    assert [request.form["response_format"] for request in gateway.requests] == [["verbose_json"], ["json"]]


@pytest.mark.parametrize("cut", ["fin", "reset"])
def test_a_stream_that_is_cut_is_an_error(gateway, call: Path, cut: str) -> None:
    gateway.will_answer(Reply(DELTAS, cut=cut, between=0.05))
    with pytest.raises(ProviderError) as caught:
        list(client(gateway).stream_transcript(call))
    assert caught.value.partial.startswith("Good ")


def test_what_does_not_fit_into_one_request_is_refused_before_any(gateway) -> None:
    row = replace(PROVIDERS["openai"], max_upload_seconds=5.0)
    with pytest.raises(AudioTooLarge, match=r"lasts 00:06 .* transcribe\(\) cuts it"):
        list(client(gateway, row).stream_transcript(silence(6)))
    assert gateway.requests == []


async def test_a_gateway_that_does_not_stream_gives_whole_segments(gateway) -> None:
    gateway.will_answer(Reply({"text": "hi", "segments": [{"start": 0, "end": 1, "text": "hi"}]}))
    asking = client(gateway, "openrouter")
    assert [segment.text for segment in asking.stream_transcript(tone(1))] == ["hi"]
    assert [segment.is_partial async for segment in asking.astream_transcript(tone(1))] == [False]
    assert "stream" not in gateway.requests[0].json


def test_so_does_this_process(call: Path) -> None:
    found = list(AudioClient().stream_transcript(Audio.of(call, end=6)))
    assert found
    assert not any(segment.is_partial for segment in found)


TIMED = {"text": "hi", "start": 0, "end": 1, "speaker": "A", "words": [{"word": "hi", "start": 0, "end": 1}]}
SEGMENTS = {
    "no": Reply([event(type="transcript.text.segment", text="hi", start=0, end=1), DONE]),
    "all": Reply([event(type="transcript.text.segment", **TIMED), DONE]),
}


@pytest.mark.parametrize(
    ("found", "warnings"), [("no", ["m gave no times of words.", "m did not tell speakers apart."]), ("all", [])]
)
async def test_what_a_stream_did_not_bring_is_logged(gateway, found: str, warnings: list[str], caplog) -> None:
    caplog.set_level(logging.WARNING, "audio_core")
    wishes = {"words": True, "diarize": True}
    gateway.will_answer(SEGMENTS[found])
    list(client(gateway).stream_transcript(tone(1), **wishes))
    assert [record.message.partition(": ")[2] for record in caplog.records] == warnings
    caplog.clear()
    gateway.will_answer(SEGMENTS[found])
    _ = [segment async for segment in client(gateway).astream_transcript(tone(1), **wishes)]
    assert len(caplog.records) == len(warnings)
    caplog.clear()
    gateway.will_answer(SEGMENTS["no"])
    list(client(gateway).stream_transcript(tone(1)))
    assert not caplog.records
