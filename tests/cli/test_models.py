"""`audio models`: what a gateway's list says."""

import json

from audio_core.testing import Reply

ROWS = [
    {"id": "hears", "architecture": {"input_modalities": ["audio", "text"], "output_modalities": ["text"]}},
    {"id": "reads", "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]}},
]


def test_the_list_is_a_table(audio, gateway, monkeypatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "k")
    gateway.will_answer(Reply({"data": ROWS}))
    arguments = ("models", "-p", "openrouter", "--base-url", gateway.base_url)
    assert audio(*arguments).output == (
        "model  hears  speaks  transcribes  $/minute\n"
        "hears  yes    no      no           ?\n"
        "reads  no     no      no           ?\n"
    )
    assert [model["name"] for model in json.loads(audio(*arguments, "--hears", "--json").output)] == ["hears"]


def test_without_a_provider_it_is_the_local_engine(audio) -> None:
    assert audio("models").output.splitlines()[1].split() == ["pocketsphinx", "no", "no", "yes", "0.0000"]


def test_a_missing_key_is_told(audio) -> None:
    assert audio("models", "-p", "openrouter").status == 2
