"""A gateway says which of its models hear, and audio for a model that does not is refused before any of it is sent."""

from __future__ import annotations

import pytest

from audio_core import AudioClient, InvalidOption, ProviderError, ProviderUnavailable
from audio_core.integration import ModelInfo
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, tone


def describe(name: str, *inputs: str, outputs: tuple[str, ...] = ("text",)) -> dict:
    return {"id": name, "architecture": {"input_modalities": [*inputs], "output_modalities": [*outputs]}}


MODELS = Reply(
    {
        "data": [
            describe("deaf", "text"),
            describe("hears", "text", "audio"),
            describe("stt", "audio", outputs=("transcription",)),
        ]
    }
)


class Gateway(ScriptedGateway):
    """A gateway with a list of models at each of some paths, and the same answer everywhere else."""

    def __init__(self, **lists: Reply) -> None:
        super().__init__()
        self.lists = lists or {"models": MODELS}

    def next_reply(self, request: Recorded) -> Reply:
        self.requests.append(request)
        if request.method == "GET":
            name = request.path.partition("?")[0].removeprefix("/v1/").replace("/", "_")
            return self.lists.get(name, Reply({"error": {"message": "no such path"}}, status=404))
        return Reply({"text": "hi"}) if "transcriptions" in request.path else chat_reply("yes")


def create_client(
    gateway: ScriptedGateway, provider: str = "openrouter", model: str = "deaf", **options
) -> AudioClient:
    options = {"api_key": "k", "base_url": gateway.base_url, "max_retries": 0, **options}
    return AudioClient(provider, model=model, **options)


async def test_the_list_is_asked_for_and_read_in_both_ways() -> None:
    with Gateway() as gateway, create_client(gateway) as client:
        models = client.models()
        assert await client.amodels() == models
        await client.aclose()
    assert [model.name for model in models if model.hears] == ["hears", "stt"]
    assert models[1] == ModelInfo(
        "hears", True, False, False, formats=("wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a")
    )
    assert gateway.requests[0].path == "/v1/models?output_modalities=all"
    assert gateway.requests[0].headers["authorization"] == "Bearer k"


@pytest.mark.parametrize("status", [404, 403])
def test_a_fuller_list_that_is_closed_or_missing_gives_way_to_the_plain_one(status: int) -> None:
    closed = Reply({"error": {"message": "admins only"}}, status=status)
    with Gateway(model_info=closed, models=Reply({"data": [{"id": "a"}]})) as gateway:
        assert create_client(gateway, "litellm").models() == (ModelInfo("a"),)
    assert [request.path for request in gateway.requests] == ["/v1/model/info", "/v1/models"]


def test_a_gateway_that_fails_is_an_error_and_no_empty_list() -> None:
    with Gateway(models=Reply({}, status=503)) as gateway, pytest.raises(ProviderUnavailable, match="list of models"):
        create_client(gateway).models()


@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        Reply({"models": 1}),
        Reply(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
        Reply({"error": {"message": "Invalid token", "code": 401}}),
    ],
)
def test_a_list_that_cannot_be_read_is_an_error_of_the_gateway_and_costs_nothing(reply: Reply) -> None:
    with Gateway(models=reply) as gateway, pytest.raises(ProviderError, match="openrouter answered") as caught:
        create_client(gateway).models()
    assert (caught.value.provider, caught.value.may_have_been_billed) == ("openrouter", False)


async def test_a_model_that_is_known_to_be_deaf_is_sent_no_audio() -> None:
    with Gateway() as gateway, create_client(gateway) as client:
        client.models()
        for refused in (
            lambda: client.ask(tone(0.2), "?"),
            lambda: client.transcribe(tone(0.2)),
            lambda: [*client.stream(tone(0.2), "?")],
        ):
            with pytest.raises(InvalidOption, match=r"deaf of openrouter .*(hears|stt)"):
                refused()
        with pytest.raises(InvalidOption, match=r"deaf of openrouter takes no audio. These do: hears, stt\."):
            await client.aask(tone(0.2), "?")
        with pytest.raises(InvalidOption, match=r"does not transcribe. These do: stt\."):
            await client.atranscribe(tone(0.2))
        assert client.chat([{"role": "user", "content": "Hi."}], {}).text == "yes"
        await client.aclose()
    assert [request.method for request in gateway.requests] == ["GET", "POST"]


@pytest.mark.parametrize("model", ["hears", "unknown"])
def test_unknown_is_not_deaf(model: str) -> None:
    with Gateway() as gateway, create_client(gateway, model=model) as client:
        client.models()
        assert client.ask(tone(0.2), "?").text == "yes"


def test_without_a_list_nothing_is_known_and_nothing_asked() -> None:
    with Gateway() as gateway, create_client(gateway) as client:
        assert client.ask(tone(0.2), "?").text == "yes"
    assert [request.method for request in gateway.requests] == ["POST"]


def test_a_client_that_checks_models_asks_once_and_before_audio_is_sent() -> None:
    with Gateway() as gateway, create_client(gateway, checks_models=True) as client:
        for _ in range(2):
            with pytest.raises(InvalidOption, match="takes no audio"):
                client.ask(tone(0.2), "?")
        assert create_client(gateway, model="hears", checks_models=True).ask(tone(0.2), "?").text == "yes"
    assert [request.method for request in gateway.requests] == ["GET", "POST"]


def test_a_gateway_without_a_list_knows_no_deaf_model() -> None:
    with Gateway(other=MODELS) as gateway, create_client(gateway, checks_models=True) as client:
        assert client.find_model() == ModelInfo("deaf")
        assert client.ask(tone(0.2), "?").text == "yes"


def test_a_gateway_where_models_transcribe_by_chat_must_hear() -> None:
    with Gateway() as gateway, create_client(gateway, "openroute") as client:
        client.models()
        with pytest.raises(InvalidOption, match="takes no audio"):
            client.transcribe(tone(0.2))


def test_many_names_are_shortened() -> None:
    many = Reply({"data": [describe("deaf", "text"), *(describe(f"m{n}", "audio") for n in range(9))]})
    with (
        Gateway(models=many) as gateway,
        create_client(gateway, checks_models=True) as client,
        pytest.raises(InvalidOption, match=r"These do: m0, m1, m2, m3, m4 and 4 more\."),
    ):
        client.ask(tone(0.2), "?")


def test_a_list_without_one_that_hears_says_so() -> None:
    with (
        Gateway(models=Reply({"data": [describe("deaf", "text")]})) as gateway,
        pytest.raises(InvalidOption, match="names no model that does"),
    ):
        create_client(gateway, checks_models=True).ask(tone(0.2), "?")


def test_the_offline_server_and_this_process_say_what_their_model_does(offline: str) -> None:
    assert AudioClient("openai", model="m", api_key="k", base_url=offline).models()[0].transcribes
    assert AudioClient("local").models() == (
        ModelInfo("pocketsphinx", hears=False, speaks=False, transcribes=True, price_per_second=0.0),
    )
