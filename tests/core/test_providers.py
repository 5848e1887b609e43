"""Which key is sent to which host."""

import pytest

from audio_core import Provider
from audio_core.testing import ScriptedGateway, chat_reply
from langchain_audio import ChatAudio
from llamaindex_audio import AudioLLM


def ask(framework: str, **options: object) -> None:
    if framework == "langchain":
        ChatAudio(model="m", **options).invoke("hi")
    else:
        AudioLLM(model="m", **options).complete("hi")


@pytest.mark.parametrize("framework", ["langchain", "llamaindex"])
def test_the_key_of_a_provider_that_nobody_named_stays_off_other_hosts(
    gateway: ScriptedGateway, framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-secret-of-another-host")
    gateway.will_answer(chat_reply("yes"))
    ask(framework, base_url=gateway.base_url)
    (request,) = gateway.requests
    assert "authorization" not in {name.lower() for name in request.headers}
    assert "secret-of-another-host" not in str(request.headers)


@pytest.mark.parametrize("framework", ["langchain", "llamaindex"])
def test_the_key_of_a_provider_that_was_named_is_sent_to_the_base_url(
    gateway: ScriptedGateway, framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-proxied")
    gateway.will_answer(chat_reply("yes"))
    ask(framework, base_url=gateway.base_url, provider="openrouter")
    assert "sk-or-proxied" in str(gateway.requests[0].headers)


@pytest.mark.parametrize("framework", ["langchain", "llamaindex"])
def test_a_key_that_was_given_is_sent(gateway: ScriptedGateway, framework: str) -> None:
    gateway.will_answer(chat_reply("yes"))
    ask(framework, base_url=gateway.base_url, api_key="given-key")
    assert "given-key" in str(gateway.requests[0].headers)


def test_one_name_where_several_may_stand_is_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Provider("mine", "http://127.0.0.1:1/v1", api_key_env="MY_KEY", chat_formats="wav")
    monkeypatch.setenv("MY_KEY", "k")
    assert (row.find_key(None), row.chat_formats) == ("k", ("wav",))
