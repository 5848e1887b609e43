"""A gateway's list of models: what each hears, says and costs, as far as the list tells. No I/O here.

OpenRouter states modalities (`GET /models`, https://openrouter.ai/docs/api-reference/list-available-models), LiteLLM
the facts of its price file (`GET /model/info`, https://docs.litellm.ai/docs/proxy/model_management), and OpenAI names
only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audio_core.http.error_responses import build_unreadable_error, find_error
from audio_core.lenient_json import parse_json, to_list, to_number, to_object, to_objects, to_text

__all__ = ["ModelInfo", "parse_model_list"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a gateway's own list says of a model. What it does not say is None.

    Attributes:
        name: name of the model.
        hears: whether messages to it may hold recordings.
        speaks: whether its replies may be spoken, or it speaks text.
        transcribes: whether it transcribes recordings.
        formats: the formats of recordings that the gateway's documentation names, if the model takes any.
        context: how many tokens it can read at once.
        max_output_tokens: how many tokens a reply may have.
        price_per_second: US dollars for a second of audio that it reads.
        price_per_audio_token: US dollars for a token of audio that it reads.

    Example:
        >>> ModelInfo("gpt-audio", hears=True).hears
        True
    """

    name: str
    hears: bool | None = None
    speaks: bool | None = None
    transcribes: bool | None = None
    formats: tuple[str, ...] = ()
    context: int | None = None
    max_output_tokens: int | None = None
    price_per_second: float | None = None
    price_per_audio_token: float | None = None


def parse_model_list(body: bytes, *, provider: str, content_type: str = "") -> tuple[ModelInfo, ...]:
    """Parse the list of a gateway's models, in its order and each name once. An entry without a name is left out.

    Args:
        body: of the response.
        provider: name of the gateway, for error messages.
        content_type: value of the response's `Content-Type` header, or `""`.

    Raises:
        ProviderError: if it is an error of the gateway.
        IncompleteResponse: if it is no list of models.

    Example:
        >>> parse_model_list(b'{"data": [{"id": "whisper-1"}]}', provider="openai")[0].name
        'whisper-1'
    """
    reply = parse_json(body)
    entries = to_object(reply).get("data") if isinstance(reply, dict) else reply
    if not entries and (error := find_error(reply, provider=provider)):
        raise error
    if not isinstance(entries, list):
        raise build_unreadable_error(body, provider=provider, content_type=content_type, expected="a list of models")
    models = dict[str, ModelInfo]()
    for model in map(_parse_model, to_objects(entries)):
        models.setdefault(model.name, model)  # LiteLLM lists each deployment of a model
    models.pop("", None)
    return tuple(models.values())


def _parse_model(entry: Mapping[str, Any]) -> ModelInfo:
    if facts := to_object(entry.get("model_info")):
        return _parse_litellm(entry, facts)
    if modalities := to_object(entry.get("architecture")):
        return _parse_openrouter(entry, modalities)
    return ModelInfo(_parse_name(entry), context=_to_count(entry.get("context_length")))


def _parse_name(entry: Mapping[str, Any]) -> str:
    return to_text(entry.get("model_name")) or to_text(entry.get("id")) or ""


def _parse_openrouter(entry: Mapping[str, Any], modalities: Mapping[str, Any]) -> ModelInfo:
    inputs, outputs = (to_list(modalities.get(f"{side}_modalities")) for side in ("input", "output"))
    return ModelInfo(
        _parse_name(entry),
        hears="audio" in inputs if inputs else None,
        speaks=bool({"audio", "speech"} & {*map(str, outputs)}) if outputs else None,
        transcribes="transcription" in outputs if outputs else None,
        context=_to_count(entry.get("context_length")),
        max_output_tokens=_to_count(to_object(entry.get("top_provider")).get("max_completion_tokens")),
        price_per_audio_token=_to_price(to_object(entry.get("pricing")).get("audio")),
    )


def _parse_litellm(entry: Mapping[str, Any], facts: Mapping[str, Any]) -> ModelInfo:
    mode = to_text(facts.get("mode"))
    return ModelInfo(
        _parse_name(entry),
        hears=_to_flag(facts.get("supports_audio_input")),
        speaks=True if mode == "audio_speech" else _to_flag(facts.get("supports_audio_output")),
        transcribes=mode == "audio_transcription" if mode else None,
        context=_to_count(facts.get("max_input_tokens")),
        max_output_tokens=_to_count(facts.get("max_output_tokens")),
        price_per_second=_to_price(facts.get("input_cost_per_second")),
        price_per_audio_token=_to_price(facts.get("input_cost_per_audio_token")),
    )


def _to_flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _to_count(value: Any) -> int | None:
    number = to_number(value)
    return int(number) if number is not None and number > 0 else None


def _to_price(value: Any) -> float | None:
    """Return a price. Gateways write it as a number or as text, and a negative one where it is not known."""
    try:
        number = to_number(float(value)) if isinstance(value, str) else to_number(value)
    except ValueError:
        return None
    return number if number is not None and number >= 0 else None
