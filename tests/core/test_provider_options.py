"""Typed options of gateways, on the wire."""

import pytest
from oracle import check_chat, violations

from audio_core import InvalidOption, UnknownProvider
from audio_core.provider_options import split_gateway_options

ROUTING = {
    "preference": "speed",
    "allowed_providers": ["a"],
    "eu_native": True,
    "allow_quantization": False,
    "allow_zero_data_retention": True,
    "enable_model_fallback": False,
}


def test_cortecs_routes_by_fields_of_the_body() -> None:
    assert split_gateway_options("cortecs", ROUTING) == (ROUTING, {})
    assert violations("cortecs", "AudioTranscriptionRequest", {"file": "", "model": "m", **ROUTING}) == []


def test_openrouter_takes_fields_and_headers() -> None:
    options = {
        "provider": {"order": ["a", "b"], "zdr": True, "data_collection": "deny", "max_price": {"audio": "1"}},
        "models": ["x", "y"],
        "reasoning": {"effort": "low"},
        "session_id": "s",
        "user": "u",
        "referer": "https://example.org",
        "title": "Mine",
        "categories": ["cli-agent", "other"],
    }
    fields, headers = split_gateway_options("openrouter", options)
    assert headers == {
        "HTTP-Referer": "https://example.org",
        "X-OpenRouter-Title": "Mine",
        "X-OpenRouter-Categories": "cli-agent,other",
    }
    check_chat({"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}, vendor="openrouter")


def test_litellm_takes_metadata_and_tags() -> None:
    options = {"metadata": {"team": "a"}, "tags": ["b"], "fallbacks": ["m2"]}
    assert split_gateway_options("litellm", options) == (options, {})


@pytest.mark.parametrize("provider", ["openai", "openrouter", "local"])
def test_none_are_none(provider: str) -> None:
    assert split_gateway_options(provider, None) == split_gateway_options(provider, {}) == ({}, {})


@pytest.mark.parametrize(
    ("provider", "options", "says"),
    [
        (
            "cortecs",
            {"preferrence": "speed"},
            r"cortecs, preferrence: there is no such option\. Did you mean 'preference'\? It has preference, ",
        ),
        ("cortecs", {"preference": "fast"}, "preference: Input should be 'speed', 'cost' or 'balanced'"),
        ("openrouter", {"provider": {"orders": []}}, r"provider\.orders: there is no such option"),
        ("openai", {"preference": "speed"}, "openai has no gateway_options"),
    ],
)
def test_a_wrong_option_is_named_with_those_that_there_are(provider: str, options: dict, says: str) -> None:
    with pytest.raises(InvalidOption, match=says):
        split_gateway_options(provider, options)


def test_an_unknown_provider_is_one_here_too() -> None:
    with pytest.raises(UnknownProvider):
        split_gateway_options("nobody", {"a": 1})
