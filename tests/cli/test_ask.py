"""`audio ask`: an answer as it is made, or as JSON."""

import json

import pytest

from audio_core.testing import Reply, chat_reply, chat_stream, tone


@pytest.fixture
def remote(gateway, tmp_path, monkeypatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-1234567890")
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(tone(0.5))
    return ["-p", "openai", "-m", "m", "--base-url", gateway.base_url]


def test_the_answer_is_streamed(audio, remote, gateway) -> None:
    gateway.will_answer(chat_stream("A ", "tone."))
    result = audio("ask", "a.wav", "What is it?", *remote)
    assert (result.status, result.output, result.errors) == (0, "A tone.\n", "")
    assert gateway.requests[0].json["stream"] is True


def test_several_recordings_are_asked_about_together(audio, remote, gateway) -> None:
    gateway.will_answer(chat_stream("Nothing."))
    assert audio("ask", "a.wav", "b.wav", "What has changed?", *remote).status == 0
    content = gateway.requests[0].json["messages"][0]["content"]
    assert [part["type"] for part in content] == ["input_audio", "input_audio", "text"]
    assert content[-1]["text"] == "What has changed?"


def test_json_has_the_whole_answer(audio, remote, gateway) -> None:
    gateway.will_answer(chat_reply("A tone.", finish="length"))
    result = audio("ask", "a.wav", "What?", "--json", "--temperature", "0", "--extra", '{"seed": 7}', *remote)
    answer = json.loads(result.output)
    assert (answer["text"], answer["finish_reason"], answer["model"]) == ("A tone.", "length", "m-1")
    assert answer["usage"]["input_tokens"] == 12
    assert result.errors == "audio: The answer was cut short (length).\n"
    assert (gateway.requests[0].json["temperature"], gateway.requests[0].json["seed"]) == (0, 7)


def test_a_stream_that_breaks_off_fails(audio, remote, gateway) -> None:
    gateway.will_answer(chat_stream("A ", finish=None, done=False))
    result = audio("ask", "a.wav", "What?", "--max-retries", "0", *remote)
    assert result.status == 1
    assert result.errors.startswith("audio: ")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["a.wav"], 2, "Missing argument"),
        (["a.wav", "What?"], 2, "--model NAME"),
        (["nope.wav", "What?", "-m", "m"], 1, "There is no file nope.wav"),
    ],
)
def test_mistakes_are_told(audio, remote, arguments, status, message) -> None:
    result = audio("ask", *arguments)
    assert result.status == status
    assert message in result.errors


def test_a_refusal_of_the_gateway_is_an_error(audio, remote, gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "The key is wrong."}}, status=401))
    result = audio("ask", "a.wav", "What?", *remote)
    assert result.status == 1
    assert "sk-test" not in result.errors
