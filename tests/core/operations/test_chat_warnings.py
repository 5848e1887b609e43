"""What a chat tells about the recordings that were sent, and what it learns from a refusal of their format."""

from __future__ import annotations

import pytest
from tracks import write_tracks

from audio_core import AudioClient, InvalidRequest, Provider
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, chat_stream, tone
from langchain_audio import ChatAudio
from llamaindex_audio import AudioLLM

ROW = Provider("wide", "http://127.0.0.1:1/v1", chat_formats=("wav", "mp3", "flac", "ogg"))
TRACKS = "Only audio track 0 of its 2"


class Wary(ScriptedGateway):
    """Takes WAV alone, and says so."""

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        (part,) = [part for part in request.json["messages"][0]["content"] if part["type"] == "input_audio"]
        if part["input_audio"]["format"] != "wav":
            message = f"Invalid value: '{part['input_audio']['format']}'. Supported values are: 'wav'."
            return Reply({"error": {"message": message}}, status=400)
        return chat_stream("yes") if request.json.get("stream") else chat_reply("yes")


def client(gateway: ScriptedGateway) -> AudioClient:
    return AudioClient(ROW, model="m", base_url=gateway.base_url)


def ask(gateway: ScriptedGateway, audio: object, *, streamed: bool):
    if streamed:
        return list(client(gateway).stream(audio, "What?"))[-1].answer
    return client(gateway).ask(audio, "What?")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_format_that_is_refused_is_converted_once(recording, streamed: bool) -> None:
    with Wary() as gateway:
        answers = [ask(gateway, recording("flac"), streamed=streamed) for _ in range(2)]
        assert [answer.text for answer in answers] == ["yes", "yes"]
        assert len(gateway.requests) == 3
        assert answers[0].warnings == ("wide's model m does not take flac, so the recording was converted.",)
        assert answers[1].warnings == ()


def test_a_refusal_of_the_last_format_is_the_gateways_own(recording) -> None:
    row = Provider("narrow", "http://127.0.0.1:1/v1", chat_formats=("mp3",))
    with Wary() as gateway, pytest.raises(InvalidRequest, match="Supported values"):
        AudioClient(row, model="m", base_url=gateway.base_url).ask(recording("mp3"), "What?")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_track_that_was_left_out_is_told(gateway, streamed: bool) -> None:
    gateway.will_answer(chat_stream("yes") if streamed else chat_reply("yes"))
    answer = ask(gateway, write_tracks([9000, 9000]), streamed=streamed)
    assert answer.warnings[0].startswith(TRACKS)


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_an_answer_that_was_cut_short_is_told(gateway, finish: str) -> None:
    gateway.will_answer(chat_reply("ye", finish=finish))
    answer = ask(gateway, tone(0.5), streamed=False)
    assert answer.warnings == (f"The answer was cut short ({finish}).",)


def test_both_frameworks_carry_the_warnings(gateway) -> None:
    options = {"provider": "openai", "api_key": "k", "model": "m", "base_url": gateway.base_url}
    gateway.will_answer(chat_reply("ye", finish="length"))
    message = ChatAudio(**options).invoke("hi")
    gateway.will_answer(chat_reply("ye", finish="length"))
    response = AudioLLM(**options).complete("hi")
    assert message.response_metadata["warnings"] == ["The answer was cut short (length)."]
    assert response.additional_kwargs["warnings"] == ["The answer was cut short (length)."]


def test_a_whole_answer_has_no_warnings(gateway) -> None:
    gateway.will_answer(chat_reply("yes"))
    assert ask(gateway, tone(0.5), streamed=False).warnings == ()
    gateway.will_answer(chat_reply("yes"))
    message = ChatAudio(provider="openai", api_key="k", model="m", base_url=gateway.base_url).invoke("hi")
    assert "warnings" not in message.response_metadata
