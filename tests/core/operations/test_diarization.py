"""Speakers that are wanted are told apart, or the call says that they are not: no wish is dropped in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from audio_core import PROVIDERS, AudioClient, InvalidOption, InvalidRequest, Provider, Segment
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, tone
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

FORM = Provider("strict", "http://127.0.0.1:1/v1", streams_transcripts=True)
JSON = replace(FORM, name="asking", transcription="json")
CHAT = replace(FORM, name="chatting", transcription="chat")
REFUSALS = [
    "response_format 'diarized_json' is not compatible with model 'whisper-1'. Use 'json', 'text' or 'verbose_json'",
    "response_format must be one of [json text verbose_json]",
    "Unsupported parameter: 'chunking_strategy'",
    "diarize is not supported by this provider",
    "Diarization is not available for this file type",
]


class Refusing(ScriptedGateway):
    """A gateway that refuses to tell speakers apart and, if it is told so, to send timed segments."""

    def __init__(self) -> None:
        super().__init__()
        self.refusal, self.has_segments = REFUSALS[0], True

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        wanted = describe(request)
        if wanted == "speakers":
            return Reply({"error": {"message": self.refusal}}, status=400)
        if wanted == "segments" and not self.has_segments:
            return Reply({"error": {"message": "response_format 'verbose_json' is not compatible"}}, status=400)
        segments = [{"start": 0.0, "end": 1.0, "text": "word"}]
        body = {"text": "word", **({"segments": segments} if self.has_segments else {})}
        return chat_reply(json.dumps(body)) if request.path.endswith("completions") else Reply(body)


def describe(request: Recorded) -> str:
    """Say what a request asks for: `"speakers"`, timed `"segments"`, or `"text"` alone."""
    formats = {"diarized_json": "speakers", "verbose_json": "segments"}
    if "multipart" in request.headers["content-type"]:
        return formats.get(request.form["response_format"][0], "text")
    if request.path.endswith("completions"):
        schema = json.dumps(request.json.get("response_format"))
        return "speakers" if '"speaker"' in schema else "segments" if '"segments"' in schema else "text"
    return "speakers" if request.json.get("diarize") else formats.get(request.json["response_format"], "text")


@pytest.fixture
def refusing():
    with Refusing() as gateway:
        yield gateway


def client(gateway: ScriptedGateway, row: Provider = FORM, **options: Any) -> AudioClient:
    return AudioClient(row, model="m", base_url=gateway.base_url, **options)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_raises_an_error_that_says_what_to_do(refusing, refusal: str) -> None:
    refusing.refusal = refusal
    with pytest.raises(InvalidOption, match="strict's model m refuses diarize=True") as caught:
        client(refusing).transcribe(tone(1.0), diarize=True)
    assert "diarize='if possible'" in str(caught.value)
    assert "channels='separate'" in str(caught.value)
    assert "refused transcription" in str(caught.value.__cause__)
    assert len(refusing.requests) == 1


@pytest.mark.parametrize("refusal", REFUSALS)
def test_where_it_is_refused_a_transcript_without_speakers_says_so(
    refusing, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    refusing.refusal = refusal
    transcript = client(refusing).transcribe(tone(1.0), diarize="if possible")
    assert transcript.segments == (Segment(0.0, 1.0, "word"),)
    assert transcript.warnings == ("m refuses to tell speakers apart, so the transcript has none.",)
    assert transcript.warnings[0] in caplog.text
    assert list(map(describe, refusing.requests)) == ["speakers", "segments"]


@pytest.mark.parametrize("row", [FORM, JSON])
def test_speakers_segments_and_text_are_asked_for_in_this_order_once(refusing, row: Provider) -> None:
    refusing.has_segments = False
    for _ in range(2):
        transcript = client(refusing, row).transcribe(tone(1.0), diarize="if possible")
        assert transcript.text == "word"
        assert "m refuses to tell speakers apart, so the transcript has none." in transcript.warnings
    assert [describe(request) for request in refusing.requests][:2] == ["speakers", "segments"]
    assert len(refusing.requests) == 4


def test_a_refusal_is_learned_for_the_model_and_its_address(refusing) -> None:
    for _ in range(3):
        with pytest.raises(InvalidOption):
            client(refusing).transcribe(tone(1.0), diarize=True)
    assert len(refusing.requests) == 1
    with pytest.raises(InvalidOption):
        AudioClient(FORM, model="other", base_url=refusing.base_url).transcribe(tone(1.0), diarize=True)
    assert len(refusing.requests) == 2


@pytest.mark.parametrize("row", [FORM, JSON, replace(FORM, max_known_speakers=4)])
def test_a_refusal_costs_one_upload_whatever_the_number_of_pieces(refusing, call, row: Provider) -> None:
    row = replace(row, max_upload_seconds=10.0)
    transcript = client(refusing, row).transcribe(call, diarize="if possible")
    assert len(refusing.requests) >= 6
    assert list(map(describe, refusing.requests)).count("speakers") == 1
    assert transcript.warnings == ("m refuses to tell speakers apart, so the transcript has none.",)
    with pytest.raises(InvalidOption):
        client(refusing, row).transcribe(call, diarize=True)
    assert list(map(describe, refusing.requests)).count("speakers") == 1


def test_known_speakers_are_left_out_where_speakers_are_not_told_apart(refusing, call) -> None:
    row = replace(FORM, max_known_speakers=4)
    transcript = client(refusing, row).transcribe(tone(1.0), diarize="if possible", known_speakers={"Ann": call})
    assert transcript.text == "word"
    assert "known_speaker_names[]" not in refusing.requests[-1].form


def test_a_model_without_speakers_still_has_timed_segments(refusing) -> None:
    with pytest.raises(InvalidOption):
        client(refusing).transcribe(tone(1.0), diarize=True)
    assert client(refusing).transcribe(tone(1.0)).segments == (Segment(0.0, 1.0, "word"),)
    assert list(map(describe, refusing.requests)) == ["speakers", "segments"]


def test_a_model_with_speakers_may_refuse_timed_segments(gateway) -> None:
    refusal = "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe-diarize'. Use 'json'"
    segments = [{"start": 0.0, "end": 1.0, "text": "word", "speaker": "A"}]
    diarized = Reply({"text": "word", "segments": segments})
    gateway.will_answer(Reply({"error": {"message": refusal}}, status=400), Reply({"text": "word"}), diarized)
    client(gateway).transcribe(tone(1.0))
    assert client(gateway).transcribe(tone(1.0), diarize=True).speakers == ("A",)


@pytest.mark.parametrize("message", ["the prompt is not supported for diarization", "audio is too short", "bad field"])
def test_another_refusal_is_not_taken_for_one_of_speakers(refusing, message: str) -> None:
    refusing.refusal = message
    for wish in (True, "if possible", True):
        with pytest.raises(InvalidRequest, match=message):
            client(refusing).transcribe(tone(1.0), diarize=wish)
    assert len(refusing.requests) == 3


def test_a_limit_of_a_model_whose_name_speaks_of_diarization_is_learned(refusing) -> None:
    refusing.refusal = "audio is longer than 20 seconds, the maximum of gpt-4o-transcribe-diarize"
    with pytest.raises(InvalidRequest):
        client(refusing, max_retries=0).transcribe(tone(6.0), diarize=True)
    with pytest.raises(InvalidRequest):  # not an InvalidOption: whether it tells speakers apart is not known
        client(refusing, max_retries=0).transcribe(tone(6.0), diarize=True)


@pytest.mark.parametrize("wish", [True, "if possible"])
def test_a_chat_model_that_refuses_a_schema_cannot_tell_speakers_apart(refusing, wish: Any) -> None:
    refusing.refusal = "response_format is not supported"
    if wish is True:
        with pytest.raises(InvalidOption, match="chatting's model m refuses diarize=True"):
            client(refusing, CHAT).transcribe(tone(1.0), diarize=True)
        with pytest.raises(InvalidOption, match="chatting's model m refuses diarize=True"):
            client(refusing, CHAT).transcribe(tone(1.0), diarize=True)
        assert len(refusing.requests) == 1
        return
    transcript = client(refusing, CHAT).transcribe(tone(1.0), diarize=wish)
    assert "m refuses to tell speakers apart, so the transcript has none." in transcript.warnings
    assert list(map(describe, refusing.requests)) == ["speakers", "text"]
    assert "speakers" not in json.dumps(refusing.requests[-1].json["messages"])


def test_a_stream_raises_too(refusing) -> None:
    with pytest.raises(InvalidOption, match="refuses diarize=True"):
        list(client(refusing).stream_transcript(tone(1.0), diarize=True))
    assert [segment.text for segment in client(refusing).stream_transcript(tone(1.0), diarize="if possible")] == [
        "word"
    ]


async def test_an_async_stream_raises_too(refusing) -> None:
    with pytest.raises(InvalidOption, match="refuses diarize=True"):
        await anext(client(refusing).astream_transcript(tone(1.0), diarize=True))


def test_a_stream_without_speakers_is_told_in_the_log(refusing, caplog: pytest.LogCaptureFixture) -> None:
    list(client(refusing).stream_transcript(tone(1.0), diarize="if possible"))
    assert "m did not tell speakers apart." in caplog.text


def test_channels_are_no_speakers_that_were_told_apart(refusing, call) -> None:
    transcript = client(refusing).transcribe(call, channels="separate", diarize="if possible")
    assert transcript.speakers == ("channel 1", "channel 2")
    assert "channel 1: m refuses to tell speakers apart, so the transcript has none." in transcript.warnings


def test_a_format_of_the_users_own_is_sent_as_it_is(refusing) -> None:
    extra = {"response_format": "verbose_json", "diarize": True}
    transcript = client(refusing).transcribe(tone(1.0), diarize=True, words=True, extra=extra)
    (request,) = refusing.requests
    assert request.form["diarize"] == ["true"]
    assert request.form["timestamp_granularities[]"] == ["segment", "word"]
    assert "m did not tell speakers apart." in transcript.warnings


def test_no_times_of_words_are_asked_for_beside_speakers(gateway) -> None:
    gateway.will_answer(Reply({"text": "word", "segments": [{"start": 0, "end": 1, "text": "word", "speaker": "A"}]}))
    client(gateway).transcribe(tone(1.0), diarize=True, words=True)
    assert "timestamp_granularities[]" not in gateway.requests[0].form
    assert gateway.requests[0].form["response_format"] == ["diarized_json"]


def test_an_engine_raises_or_warns() -> None:
    with pytest.raises(InvalidOption, match="pocketsphinx cannot follow diarize"):
        AudioClient().transcribe("examples/audio/call.mp3#t=0,5", diarize=True)
    transcript = AudioClient().transcribe("examples/audio/call.mp3#t=0,5", diarize="if possible")
    assert transcript.warnings == ("pocketsphinx did not tell speakers apart.",)


def load(**options: Any) -> Any:
    return AudioLoader("examples/audio/call.mp3#t=0,5", **options).load()


def read(**options: Any) -> Any:
    return AudioReader(**options).load_data("examples/audio/call.mp3#t=0,5")


@pytest.mark.parametrize("transcribe", [load, read])
def test_both_frameworks_raise_or_warn(refusing, transcribe: Callable[..., Any]) -> None:
    settings = {"provider": FORM, "model": "m", "base_url": refusing.base_url}
    with pytest.raises(InvalidOption, match="refuses diarize=True"):
        transcribe(diarize=True, **settings)
    documents = transcribe(diarize="if possible", **settings)
    assert documents[0].metadata["warnings"] == "m refuses to tell speakers apart, so the transcript has none."


@pytest.mark.parametrize("transcribe", [load, read])
def test_both_frameworks_refuse_another_word(transcribe: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="if possible"):
        transcribe(diarize="maybe", provider=PROVIDERS["openai"], model="m")
