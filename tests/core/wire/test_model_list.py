"""A gateway's list of models says what each hears, says and costs, in the shapes of OpenRouter, LiteLLM and OpenAI."""

import json

import pytest
from any_json import ANY_JSON
from hypothesis import given

from audio_core import AuthenticationError, IncompleteResponse
from audio_core.wire.model_list import ModelInfo, parse_model_list


def parse(*entries: object) -> list[ModelInfo]:
    return [*parse_model_list(json.dumps({"data": entries}).encode(), provider="a")]


def test_openrouter_states_modalities_and_prices_as_text() -> None:
    architecture = {"input_modalities": ["text", "audio"], "output_modalities": ["text"]}
    limits = {"context_length": 128_000, "top_provider": {"max_completion_tokens": 4096}}
    hearing = {"id": "a/hears", "architecture": architecture, "pricing": {"audio": "0.00004"}, **limits}
    text_only = {"input_modalities": ["text"], "output_modalities": ["text"]}
    speaking = {"input_modalities": ["text"], "output_modalities": ["speech"]}
    transcribing = {"input_modalities": ["audio"], "output_modalities": ["transcription"]}
    models = parse(
        hearing,
        {"id": "a/deaf", "architecture": text_only},
        {"id": "a/tts", "architecture": speaking},
        {"id": "a/stt", "architecture": transcribing},
    )
    assert models == [
        ModelInfo("a/hears", True, False, False, (), 128_000, 4096, price_per_audio_token=0.00004),
        ModelInfo("a/deaf", False, False, False),
        ModelInfo("a/tts", False, True, False),
        ModelInfo("a/stt", True, False, True),
    ]


def test_litellm_states_the_facts_of_its_price_file_and_each_deployment_of_a_model() -> None:
    chat = {"mode": "chat", "supports_audio_input": True, "supports_audio_output": None, "max_input_tokens": 1000}
    prices = {"mode": "audio_transcription", "input_cost_per_second": 0.0001, "output_cost_per_second": 0.0}
    models = parse(
        {"model_name": "hears", "litellm_params": {"api_key": "k"}, "model_info": {**chat, "id": "1"}},
        {"model_name": "hears", "model_info": {"mode": "chat", "id": "2"}},
        {"model_name": "whisper", "model_info": prices},
        {"model_name": "tts", "model_info": {"mode": "audio_speech"}},
        {"model_name": "unknown", "model_info": {"id": "3", "supports_audio_input": None}},
    )
    assert models == [
        ModelInfo("hears", True, None, False, context=1000),
        ModelInfo("whisper", None, None, True, price_per_second=0.0001),
        ModelInfo("tts", None, True, False),
        ModelInfo("unknown"),
    ]


def test_a_list_of_names_says_nothing_else() -> None:
    assert parse({"id": "whisper-1", "object": "model"}, {"object": "model"}, "x") == [ModelInfo("whisper-1")]
    assert parse_model_list(b'[{"id": "bare"}]', provider="a") == (ModelInfo("bare"),)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error": {}}', b'{"data": {}}'])
def test_something_else_is_an_error_and_no_empty_list(body: bytes) -> None:
    with pytest.raises(IncompleteResponse, match=r"where a list of models was expected: .* Check the base_url"):
        parse_model_list(body, provider="a")


def test_a_page_in_place_of_the_list_is_quoted() -> None:
    with pytest.raises(IncompleteResponse, match=r"a answered with text/html where a list of models .*: Sign in"):
        parse_model_list(b"<html>Sign in</html>", provider="a", content_type="text/html; charset=utf-8")


def test_an_error_in_place_of_the_list_is_that_error() -> None:
    with pytest.raises(AuthenticationError, match=r"Invalid token\. Is the API key right") as caught:
        parse_model_list(b'{"error": {"message": "Invalid token", "code": 401}}', provider="a")
    assert (caught.value.provider, caught.value.status) == ("a", 401)


@given(ANY_JSON)
def test_any_entry_is_read_or_left_out(entry: object) -> None:
    assert all(isinstance(model.name, str) and model.name for model in parse(entry, {"id": "last"}))
    parse({"id": "a", "architecture": entry, "pricing": entry}, {"model_name": "a", "model_info": entry})


@pytest.mark.parametrize("price", ["-1", "free", "nan", "inf", True, None, [], -1, 1e300])
def test_a_price_that_is_none_is_unknown(price: object) -> None:
    model = parse({"id": "a", "architecture": {"input_modalities": ["audio"]}, "pricing": {"audio": price}})[0]
    assert model.price_per_audio_token is None


def test_a_list_beside_an_error_is_a_list() -> None:
    body = b'{"data": [{"id": "a"}], "errors": ["backend b offline"]}'
    assert [model.name for model in parse_model_list(body, provider="p")] == ["a"]
