"""Transcription by a chat model."""

import json
from dataclasses import replace

import pytest

from audio_core import AudioClient, IncompleteResponse, InvalidRequest
from audio_core.testing import Reply, chat_reply, tone
from langchain_audio import AudioLoader

HEARD = {
    "language": "en",
    "segments": [
        {"start": 0.1, "end": 0.9, "text": " Hello there. "},
        {"start": 1.0, "end": 99, "text": "Good bye.", "speaker": "B"},
        {"start": "x", "end": None, "text": ""},
    ],
}


def client(gateway, **options) -> AudioClient:
    return AudioClient("openroute", model="m", api_key="k", base_url=gateway.base_url, max_retries=0, **options)


def test_it_is_asked_for_as_json_and_its_times_are_marked(gateway) -> None:
    gateway.will_answer(chat_reply(json.dumps(HEARD)))
    found = client(gateway).transcribe(
        tone(2.0), language="en", prompt="Ann", temperature=0, diarize=True, segment_seconds=None
    )
    assert [(segment.start, segment.end, segment.text, segment.speaker) for segment in found.segments] == [
        (0.1, 0.9, "Hello there.", None),
        (1.0, 2.0, "Good bye.", "B"),
    ]
    assert all(segment.is_estimated for segment in found.segments)
    assert (found.text, found.language, found.usage.input_audio_tokens) == ("Hello there. Good bye.", "en", 9)
    body = gateway.requests[0].json
    task, sound = body["messages"][0]["content"]
    assert "The language is en. Tell the speakers apart. These words may occur: Ann" in task["text"]
    assert sound["input_audio"]["format"] == "wav"
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["language", "segments"]


@pytest.mark.parametrize("text", [f"```json\n{json.dumps(HEARD)}\n```", json.dumps(HEARD)])
def test_json_is_read_with_a_fence_and_without(gateway, text: str) -> None:
    gateway.will_answer(chat_reply(text))
    assert len(client(gateway).transcribe(tone(2.0)).segments) == 2


def test_sentences_keep_the_order_in_which_they_were_written(gateway) -> None:
    times = [(0.5, 0.9, "one"), (0.2, 0.4, "two"), (1.0, 1.5, "three")]
    segments = [{"start": start, "end": end, "text": text} for start, end, text in times]
    gateway.will_answer(chat_reply(json.dumps({"segments": segments})))
    found = client(gateway).transcribe(tone(2.0), segment_seconds=None)
    assert [(segment.start, segment.end, segment.text) for segment in found.segments] == [
        (0.5, 0.9, "one"),
        (0.5, 0.5, "two"),
        (1.0, 1.5, "three"),
    ]


def test_what_a_model_guesses_is_replaced_by_the_times_of_the_piece(gateway) -> None:
    gateway.will_answer(chat_reply(json.dumps({"segments": HEARD["segments"][:1] * 2})))
    (segment,) = client(gateway).transcribe(tone(2.0)).segments
    assert (segment.start, segment.end) == (0.0, pytest.approx(2.0, abs=0.1))
    assert not segment.is_estimated


def test_a_long_recording_is_given_time(gateway) -> None:
    gateway.will_answer(replace(chat_reply("Hello."), wait=0.6))
    assert client(gateway, timeout=0.3).transcribe(tone(4.0)).text == "Hello."


def test_a_model_that_writes_no_json_gives_one_segment(gateway) -> None:
    gateway.will_answer(chat_reply("Hello there."))
    (segment,) = client(gateway).transcribe(tone(2.0)).segments
    assert (segment.start, segment.end, segment.text) == (0.0, pytest.approx(2.0, abs=0.1), "Hello there.")


def test_a_gateway_without_schemas_is_asked_again_without(gateway) -> None:
    refusal = Reply({"error": {"message": "response_format is not supported"}}, status=400)
    gateway.will_answer(refusal, chat_reply("Hello."))
    assert client(gateway).transcribe(tone(2.0)).text == "Hello."
    assert "response_format" not in gateway.requests[1].json
    gateway.will_answer(Reply({"error": {"message": "no such model"}}, status=400))
    with pytest.raises(InvalidRequest):
        client(gateway).transcribe(tone(2.0))


@pytest.mark.parametrize(
    "reply", [chat_reply('{"segments": [', finish="length"), chat_reply(None, refusal="I may not.")]
)
def test_an_answer_that_was_cut_or_refused_is_no_transcript(gateway, reply: Reply) -> None:
    gateway.will_answer(reply)
    with pytest.raises(IncompleteResponse, match="did not transcribe to the end"):
        client(gateway).transcribe(tone(2.0))


def test_nothing_said_is_no_segment(gateway) -> None:
    gateway.will_answer(chat_reply('{"language": "", "segments": []}'))
    assert client(gateway).transcribe(tone(2.0)).segments == ()


def test_documents_say_that_times_are_estimated(gateway) -> None:
    gateway.will_answer(chat_reply(json.dumps(HEARD)))
    options = {"provider": "openroute", "model": "m", "api_key": "k", "base_url": gateway.base_url}
    assert all(document.metadata["estimated"] for document in AudioLoader(tone(2.0), **options).load())
