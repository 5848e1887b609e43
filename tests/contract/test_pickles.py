"""What workers receive: a pickle holds a key that was passed as `api_key=`, and never one of the environment."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from audio_core import AudioClient, MissingAPIKey, ProviderError
from audio_core.testing import Reply, ScriptedGateway, chat_reply, tone
from langchain_audio import AudioLoader, AudioParser, AudioToolkit, ChatAudio, ListenTool, TranscribeTool
from llamaindex_audio import AudioLLM, AudioReader

KEY = "a-key-of-the-environment"
WAV = tone(0.2)

Use = Callable[[Any], object]
OBJECTS: dict[str, tuple[Callable[..., Any], Use]] = {
    "AudioClient": (lambda **options: AudioClient(options.pop("provider"), **options), lambda it: it.ask(WAV, "?")),
    "ChatAudio": (ChatAudio, lambda it: it.invoke("hi")),
    "AudioLLM": (AudioLLM, lambda it: it.complete("hi")),
    "AudioLoader": (lambda **options: AudioLoader(WAV, **options), lambda it: it.load()),
    "AudioParser": (AudioParser, lambda it: it),
    "AudioReader": (AudioReader, lambda it: it.load_data(WAV)),
}
TOOLS = {
    "ListenTool": lambda client: ListenTool(client=client, access=None),
    "TranscribeTool": lambda client: TranscribeTool(client=client, access=None),
    "AudioToolkit": lambda client: AudioToolkit(client=client, access=None),
}


def create(name: str, gateway: ScriptedGateway, **options: object) -> Any:
    """Create an object whose gateway answers each request with a chat completion that is a transcript as well."""
    reply = chat_reply("yes")
    gateway.will_answer(Reply({**reply.body, "text": "yes"}))
    return build(name, gateway, **options)


def build(name: str, gateway: ScriptedGateway, **options: object) -> Any:
    return OBJECTS[name][0](provider="openai", model="m", base_url=gateway.base_url, **options)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_key_of_the_environment_is_in_no_pickle(name: str, gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    original, use = create(name, gateway), OBJECTS[name][1]
    use(original)
    data = pickle.dumps(original)
    assert KEY.encode() not in data
    use(pickle.loads(data))
    assert {request.headers["authorization"] for request in gateway.requests} <= {f"Bearer {KEY}"}


@pytest.mark.parametrize("name", TOOLS)
def test_tools_hold_no_key_of_the_environment_either(name: str, gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    client = create("AudioClient", gateway)
    client.ask(WAV, "?")
    assert KEY.encode() not in pickle.dumps(TOOLS[name](client))


@pytest.mark.parametrize("name", ["AudioClient", "ChatAudio", "AudioLLM"])
def test_a_key_that_was_passed_goes_to_workers(name: str, gateway) -> None:
    use = OBJECTS[name][1]
    copy = pickle.loads(pickle.dumps(create(name, gateway, api_key="a-key-that-was-passed")))
    use(copy)
    assert [request.headers["authorization"] for request in gateway.requests] == ["Bearer a-key-that-was-passed"]


@pytest.mark.parametrize("name", ["AudioClient", "ChatAudio", "AudioLLM"])
def test_a_worker_without_the_variable_says_which_key_is_missing(
    name: str, gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    data = pickle.dumps(create(name, gateway))
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(MissingAPIKey, match="OPENAI_API_KEY"):
        OBJECTS[name][1](pickle.loads(data))


@pytest.mark.parametrize("name", ["AudioClient", "ChatAudio", "AudioLLM"])
@pytest.mark.parametrize("options", [{}, {"api_key": KEY}])
def test_a_pickled_error_holds_no_key(name: str, options: dict, gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = build(name, gateway, **options)
    gateway.will_answer(Reply({"error": {"message": f"{KEY} is unknown", "code": KEY}}, 401))
    with pytest.raises(ProviderError) as caught:
        OBJECTS[name][1](model)
    assert KEY.encode() not in pickle.dumps(caught.value)
