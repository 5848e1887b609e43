"""What is changed after the first call counts from the next one, and connections stay open for all else."""

import copy
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import ConfigurableField
from llama_index.core.llms import AudioBlock, ChatMessage

from audio_core import AccessDenied, AudioClient, InvalidOption
from audio_core.testing import Reply, ScriptedGateway, chat_reply, tone
from langchain_audio import AudioLoader, AudioParser, ChatAudio, TranscriptSplitter
from llamaindex_audio import AudioLLM, AudioReader, ListenToolSpec

MODELS: dict[str, tuple[type[Any], Callable[[Any], object]]] = {
    "ChatAudio": (ChatAudio, lambda model: model.invoke("hi")),
    "ChatAudio, streamed": (ChatAudio, lambda model: list(model.stream("hi"))),
    "AudioLLM": (AudioLLM, lambda model: model.complete("hi")),
    "AudioLLM, streamed": (AudioLLM, lambda model: list(model.stream_complete("hi"))),
    "AudioReader": (AudioReader, lambda reader: reader.load_data(tone(0.2))),
}
every_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture
def other() -> Iterator[ScriptedGateway]:
    with ScriptedGateway() as other:
        yield other


def create(name: str, *gateways: ScriptedGateway) -> tuple[Any, Callable[[Any], object]]:
    """Create an object that has made its first request, and return it with what makes the next one."""
    reply = chat_reply("yes")
    for gateway in gateways:
        gateway.will_answer(Reply({**reply.body, "text": "yes"}))
    kind, use = MODELS[name]
    model = kind(model="m", provider="openai", api_key="old-key", base_url=gateways[0].base_url)
    use(model)
    return model, use


def get_keys(gateway: ScriptedGateway) -> list[str]:
    return [request.headers["authorization"].removeprefix("Bearer ") for request in gateway.requests]


@every_model
def test_a_key_that_is_assigned_is_the_one_that_is_sent(name: str, gateway) -> None:
    model, use = create(name, gateway)
    model.api_key = "new-key"
    use(model)
    assert get_keys(gateway) == ["old-key", "new-key"]
    assert "new-key" not in repr(model)


@every_model
def test_a_copy_sends_its_own_key_and_the_original_the_old_one(name: str, gateway) -> None:
    model, use = create(name, gateway)
    use(model.model_copy(update={"api_key": "new-key"}))
    use(model)
    assert get_keys(gateway) == ["old-key", "new-key", "old-key"]


@every_model
def test_no_request_goes_to_the_old_gateway(name: str, gateway, other) -> None:
    model, use = create(name, gateway, other)
    model.base_url = other.base_url
    use(model)
    assert (len(gateway.requests), len(other.requests)) == (1, 1)


@every_model
def test_a_model_that_is_assigned_is_asked(name: str, gateway) -> None:
    model, use = create(name, gateway)
    model.model = "another-model"
    use(model)
    assert b"another-model" in gateway.requests[-1].body


@every_model
def test_headers_that_are_changed_in_place_are_sent(name: str, gateway) -> None:
    if name == "AudioReader":
        pytest.skip("a reader takes no headers")
    model, use = create(name, gateway)
    model.extra_headers = headers = {"x-tenant": "one"}
    use(model)
    headers["x-tenant"] = "two"
    use(model)
    assert [request.headers.get("x-tenant") for request in gateway.requests] == [None, "one", "two"]


@every_model
def test_retries_that_are_switched_off_are_not_made(name: str, gateway) -> None:
    model, use = create(name, gateway)
    model.max_retries = 0
    gateway.will_answer(Reply({"error": {"message": "busy"}}, status=503))
    with pytest.raises(Exception, match="busy"):
        use(model)
    assert len(gateway.requests) == 2


@every_model
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_changes_to_a_copy_of_any_kind_are_its_own(name: str, gateway, other, duplicate) -> None:
    model, use = create(name, gateway, other)
    twin = duplicate(model)
    twin.base_url = other.base_url
    use(twin)
    use(model)
    assert (len(gateway.requests), len(other.requests)) == (2, 1)


@every_model
def test_what_does_not_decide_the_connection_keeps_it(name: str, gateway) -> None:
    model, use = create(name, gateway)
    first = model._memo
    use(model)
    use(model.model_copy())
    assert model._memo is first


def test_folders_that_are_taken_away_are_closed(gateway, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(tone(0.2))
    url = (tmp_path / "a.wav").as_uri()
    chat = ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=tmp_path)
    llm = AudioLLM(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=tmp_path)
    chat.invoke([HumanMessage([{"type": "audio", "url": url}])])
    llm.chat([ChatMessage(blocks=[AudioBlock(url=url)])])
    chat.access = llm.access = None
    with pytest.raises(AccessDenied):
        chat.invoke([HumanMessage([{"type": "audio", "url": url}])])
    with pytest.raises(AccessDenied):
        llm.chat([ChatMessage(blocks=[AudioBlock(url=url)])])


def test_options_that_langchain_configures_or_binds_count(gateway, other) -> None:
    model, use = create("ChatAudio", gateway, other)
    fields = {name: ConfigurableField(id=name) for name in ("model", "api_key", "base_url")}
    configurable = model.configurable_fields(**fields)
    use(configurable)
    chosen = {"model": "another", "api_key": "new-key", "base_url": other.base_url}
    use(configurable.with_config(configurable=chosen))
    use(model.bind(model="bound"))
    assert get_keys(gateway) == ["old-key"] * 3
    assert get_keys(other) == ["new-key"]
    assert [request.json["model"] for request in gateway.requests] == ["m", "m", "bound"]
    assert other.requests[0].json["model"] == "another"


def test_a_key_of_the_environment_goes_to_no_foreign_host_after_a_copy(gateway, monkeypatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "a-key-of-the-environment")
    llm = AudioLLM(model="m", base_url=gateway.base_url)
    chat = ChatAudio(model="m", base_url=gateway.base_url)
    for model in (AudioLLM.from_dict(llm.to_dict()), llm.model_copy(), copy.deepcopy(llm)):
        model.complete("hi")
    for model in (chat.configurable_fields(model=ConfigurableField(id="model")), chat.model_copy()):
        model.with_config(configurable={"model": "x"}).invoke("hi")
    assert {request.headers.get("authorization") for request in gateway.requests} == {None}


FIXED: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "AudioClient": (AudioClient, ["provider", "model", "timeout", "api_key", "access", "max_concurrency", "store"]),
    "AudioLoader": (lambda: AudioLoader("a.mp3"), ["source", "model", "granularity", "on_error", "show_progress"]),
    "AudioParser": (AudioParser, ["model", "granularity", "words"]),
    "TranscriptSplitter": (TranscriptSplitter, ["chunk_size", "unit"]),
    "ListenToolSpec": (lambda: ListenToolSpec(AudioClient(), access=None), ["client", "access", "max_seconds"]),
}


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("duplicate", [lambda made: made, copy.copy, lambda made: pickle.loads(pickle.dumps(made))])
def test_an_option_that_would_not_count_cannot_be_changed(name: str, duplicate) -> None:
    create, options = FIXED[name]
    made = duplicate(create())
    for option in options:
        with pytest.raises(InvalidOption, match=rf"^{option} cannot be changed.* {name}\(\.\.\., {option}=\.\.\.\)"):
            setattr(made, option, None)
    made.note = "an attribute of one's own"
    assert made.note
