"""Requests carry the user's key and headers as HTTP can carry them, and no error shows the key."""

import pickle

import pytest

from audio_core import AudioClient, InvalidOption, InvalidRequest, ProviderError
from audio_core.testing import Reply, ScriptedGateway, tone

RECORDING = tone(0.2)


def create_client(gateway: ScriptedGateway, **options) -> AudioClient:
    options = {"api_key": "k", "base_url": gateway.base_url, "max_retries": 0, **options}
    return AudioClient("openai", model="m", **options)


def test_blanks_around_key_and_base_url_do_not_count(gateway) -> None:
    create_client(gateway, api_key=" key-1\n", base_url=f" {gateway.base_url}/ ").ask(RECORDING, "?")
    assert gateway.requests[0].headers["authorization"] == "Bearer key-1"


def test_a_query_of_the_base_url_stays_behind_the_path(gateway) -> None:
    create_client(gateway, base_url=f"{gateway.base_url}?api-version=1").ask(RECORDING, "?")
    assert gateway.requests[0].path == "/v1/chat/completions?api-version=1"


@pytest.mark.parametrize("key", ["“quoted-secret”", "two\nlines-secret", "Latin-1-secret\udce9"])
def test_a_key_that_http_cannot_carry_is_refused_and_not_shown(gateway, key: str) -> None:
    with pytest.raises(InvalidOption, match="header Authorization") as caught:
        create_client(gateway, api_key=key).ask(RECORDING, "?")
    assert "secret" not in f"{caught.value!r} {caught.value.__dict__}"
    assert caught.value.__context__ is None
    assert gateway.requests == []


def test_a_key_of_the_environment_that_is_not_utf8_is_refused_and_not_shown(gateway, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "Latin-1-secret\udce9")
    with pytest.raises(InvalidOption, match="header Authorization") as caught:
        create_client(gateway, api_key=None).transcribe(RECORDING)
    assert "secret" not in repr(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "shown"), [("X-Tïtle", "'X-Tïtle'"), ("", "''"), ("Authorization: Bearer live-secret", "'Authorization'")]
)
def test_a_name_of_a_header_that_http_cannot_carry_is_refused(gateway, name: str, shown: str) -> None:
    with pytest.raises(InvalidOption, match=f"headers has {shown}, which HTTP cannot carry") as caught:
        create_client(gateway, headers={name: "v"}).ask(RECORDING, "?")
    assert "secret" not in repr(caught.value)
    assert gateway.requests == []


def test_a_header_beyond_ascii_is_percent_encoded(gateway) -> None:
    create_client(gateway, headers={"X-Title": "Grüße"}).ask(RECORDING, "?")
    assert gateway.requests[0].headers["x-title"] == "Gr%C3%BC%C3%9Fe"


@pytest.mark.parametrize("key", ["cortecs_live_4f2c91", "4e9f4c1e-6a5f-4d7c-9d3a-0e6c5a1b2c3d", "master-password"])
def test_a_key_that_the_gateway_echoes_is_in_no_error(gateway, key: str) -> None:
    gateway.will_answer(Reply({"error": {"message": f"key {key} is unknown", "code": key}}, status=401))
    with pytest.raises(ProviderError) as caught:
        create_client(gateway, api_key=key).ask(RECORDING, "?")
    assert key not in f"{caught.value!r} {caught.value.__dict__}"
    assert key.encode() not in pickle.dumps(caught.value)


@pytest.mark.parametrize(
    "header",
    [{"X-Auth": "hunter2hunter2"}, {"authorization": "bearer hunter2hunter2"}, {"Cookie": "a=1; sid=hunter2hunter2"}],
)
def test_a_secret_header_that_the_gateway_echoes_is_in_no_error(gateway, header: dict[str, str]) -> None:
    gateway.will_answer(Reply({"error": {"message": "bad hunter2hunter2"}}, status=401))
    with pytest.raises(ProviderError, match=r"bad \[removed\]"):
        create_client(gateway, headers=header).ask(RECORDING, "?")


def test_a_key_in_the_base_url_that_the_gateway_echoes_is_in_no_error(gateway) -> None:
    gateway.will_answer(Reply({"error": {"message": "bad url ?api-key=qsecret98765"}}, status=401))
    with pytest.raises(ProviderError, match=r"bad url \?api-key=\[removed\]"):
        create_client(gateway, base_url=f"{gateway.base_url}?api-key=qsecret98765").ask(RECORDING, "?")
    assert gateway.requests[0].path.endswith("?api-key=qsecret98765")


def test_a_key_that_stands_in_headers_of_the_response_is_in_no_error_and_no_log(gateway, caplog) -> None:
    caplog.set_level("DEBUG", "audio_core")
    key = "cortecs_live_93hd83jd92"
    gateway.will_answer(Reply(b"x", headers={"Content-Encoding": key}), Reply({}, 401, headers={"X-Request-Id": key}))
    with pytest.raises(ProviderError, match=r"answered in \[removed\], which was not asked for"):
        create_client(gateway, api_key=key).ask(RECORDING, "?")
    with pytest.raises(ProviderError, match="status 401"):
        create_client(gateway, api_key=key).ask(RECORDING, "?")
    assert key[:20] not in caplog.text
    assert "request id [removed]" in caplog.text


def test_half_an_emoji_is_sent_as_a_replacement_character(gateway) -> None:
    create_client(gateway).ask(RECORDING, "smile \ud83d and \ud83d\ude00")
    assert gateway.requests[0].json["messages"][0]["content"][1]["text"] == "smile \ufffd and 😀"
    gateway.will_answer(Reply({"text": "hi"}))
    create_client(gateway).transcribe(RECORDING, prompt="cut \ud83d")
    assert gateway.requests[1].form["prompt"] == ["cut \ufffd"]


@pytest.mark.parametrize(
    "location",
    ["data:text/plain,hi", "mailto:a@b.c", "http://[", "http://a:b:c/", "http://[::1", "http://a/\x01", "http://xn--/"],
)
@pytest.mark.parametrize("is_async", [False, True])
async def test_a_redirect_to_anything_is_our_error(gateway, location: str, is_async: bool) -> None:
    gateway.will_answer(Reply("", status=302, headers={"Location": location}))
    async with create_client(gateway) as client:
        with pytest.raises(InvalidRequest, match="redirects") as caught:
            await client.aask(RECORDING, "?") if is_async else client.ask(RECORDING, "?")
    assert not caught.value.may_have_been_billed


NO_FORMAT = Reply({"error": {"message": "response_format 'verbose_json' is not supported"}}, status=400)
BROKEN = Reply({"error": {"message": "broken"}}, status=500)


@pytest.mark.parametrize("provider", ["openai", "openroute"])
@pytest.mark.parametrize(("failures", "max_retries"), [([BROKEN, BROKEN, NO_FORMAT], 2), ([BROKEN, NO_FORMAT], 1)])
def test_a_request_in_another_form_counts_as_an_attempt(
    gateway, provider: str, failures: list[Reply], max_retries: int
) -> None:
    gateway.will_answer(*failures, Reply({"text": "hi"}))
    client = AudioClient(provider, model="m", api_key="k", base_url=gateway.base_url, max_retries=max_retries)
    with pytest.raises(InvalidRequest, match="response_format") as caught:
        client.transcribe(RECORDING)
    assert (caught.value.attempts, len(gateway.requests)) == (max_retries + 1, max_retries + 1)


def test_attempts_in_another_form_are_counted_on(gateway) -> None:
    gateway.will_answer(BROKEN, NO_FORMAT, BROKEN)
    with pytest.raises(ProviderError, match="broken") as caught:
        create_client(gateway, max_retries=2).transcribe(RECORDING)
    assert (caught.value.attempts, len(gateway.requests)) == (3, 3)


@pytest.mark.parametrize("is_streamed", [False, True])
def test_another_form_is_tried_once_even_without_retries(gateway, is_streamed: bool) -> None:
    gateway.will_answer(NO_FORMAT, BROKEN)
    client = create_client(gateway, max_retries=0)
    with pytest.raises(ProviderError, match="broken") as caught:
        list(client.stream_transcript(RECORDING)) if is_streamed else client.transcribe(RECORDING)
    assert (caught.value.attempts, len(gateway.requests)) == (2, 2)
