"""Which key is sent to which host."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from audio_core import PROVIDERS, Access, AccessDenied, AudioClient, InvalidOption, Provider
from audio_core.integration import ProviderName
from audio_core.testing import ScriptedGateway, chat_reply
from langchain_audio import AudioLoader, ChatAudio
from llamaindex_audio import AudioLLM, AudioReader


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
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-another-host")
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


ROW = Provider("mine", "http://127.0.0.1:1/v1", api_key_env="MY_KEY")
USERS = {
    "AudioClient": AudioClient,
    "AudioLoader": lambda **options: AudioLoader("x.mp3", **options)._batch._reader.client,
    "AudioReader": lambda **options: AudioReader(**options)._reader.client,
    "ChatAudio": lambda **options: ChatAudio(**{"model": "m", **options})._client,
    "AudioLLM": lambda **options: AudioLLM(**{"model": "m", **options})._client,
}


@pytest.mark.parametrize("user", USERS)
def test_one_rule_chooses_the_provider(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-in-the-environment")
    chosen = USERS[user]
    assert chosen().endpoint.provider is PROVIDERS["local"]  # whatever keys there are
    assert chosen(provider="cortecs", model="m").endpoint.provider is PROVIDERS["cortecs"]
    assert chosen(provider=ROW, model="m").endpoint.provider is ROW
    at_url = chosen(base_url="https://example.com/v1", model="m").endpoint.provider
    assert (at_url.chat_formats, at_url.find_key(None)) == (PROVIDERS["openai"].chat_formats, None)


@pytest.mark.parametrize("user", USERS)
def test_a_key_needs_the_gateway_that_it_belongs_to(user: str) -> None:
    with pytest.raises((InvalidOption, ValidationError), match=r"Pass provider= \(openai, .* or base_url="):
        USERS[user](api_key="sk-1")
    assert USERS[user](provider="local", api_key="none").endpoint.provider is PROVIDERS["local"]
    assert USERS[user](base_url="https://example.com/v1", api_key="sk-1", model="m").endpoint.api_key == "sk-1"


@pytest.mark.parametrize("user", USERS)
def test_a_blank_key_is_none_and_the_environment_may_name_the_gateway(
    user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert USERS[user](api_key=" ").endpoint.provider is PROVIDERS["local"]
    monkeypatch.setenv("AUDIO_OFFLINE_URL", "http://127.0.0.1:1/v1")
    assert USERS[user](api_key="sk-1").endpoint.api_key == "sk-1"


@pytest.mark.parametrize("base_url", ["https://me:hunter2@host/v1", "https://hunter2@host", "http://me:hunter2#@host"])
@pytest.mark.parametrize("user", USERS)
def test_a_password_in_a_base_url_is_refused_and_not_shown(user: str, base_url: str) -> None:
    with pytest.raises(
        (InvalidOption, ValidationError), match=r"The base_url (holds a user name|is no URL)"
    ) as refusal:
        USERS[user](provider="openai", base_url=base_url, model="m")
    assert "hunter2" not in str(refusal.value)


def test_a_password_in_a_base_url_of_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:hunter2@host/v1")
    with pytest.raises(InvalidOption, match="The base_url holds a user name"):
        AudioClient("openai", api_key="k")


def test_the_names_for_editors_are_those_of_the_providers() -> None:
    assert set(get_args(ProviderName)) == set(PROVIDERS)


@pytest.mark.parametrize("folders", ["folder", ["folder"], Path("folder"), Access("folder")])
@pytest.mark.parametrize("user", USERS)
def test_access_is_a_folder_or_several_everywhere(user: str, folders: object, tmp_path: Path) -> None:
    assert USERS[user](access=folders) is not None


@pytest.mark.parametrize(
    "transcribe",
    [
        lambda call, **options: AudioClient(**options).transcribe(call),
        lambda call, **options: AudioLoader(call, **options).load(),
        lambda call, **options: AudioReader(**options).load_data(call),
    ],
)
def test_access_given_as_a_folder_keeps_other_files_closed(transcribe, call: Path, tmp_path: Path) -> None:
    with pytest.raises(AccessDenied):
        transcribe(call, access=str(tmp_path))


def test_one_name_where_several_may_stand_is_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Provider("mine", "http://127.0.0.1:1/v1", api_key_env="MY_KEY", chat_formats="wav")
    monkeypatch.setenv("MY_KEY", "k")
    assert (row.find_key(None), row.chat_formats) == ("k", ("wav",))
