"""The usage and cost of requests, parsed from all field names that gateways use."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from audio_core.lenient_json import drop_none, to_number, to_object

__all__ = ["Usage", "describe_cost", "parse_usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage that a gateway reports for a request. What it does not report is None.

    Attributes:
        input_tokens: number of text and audio tokens in the request.
        output_tokens: number of text and audio tokens in the response.
        input_audio_tokens: how many of the `input_tokens` were audio.
        output_audio_tokens: how many of the `output_tokens` were audio.
        input_cached_tokens: how many of the `input_tokens` were read from a cache.
        output_reasoning_tokens: how many of the `output_tokens` were reasoning.
        audio_seconds: seconds of audio that were billed.
        cost: cost in US dollars, as OpenRouter reports it.
        unanswered_seconds: seconds of audio that were sent whole and got no answer, so that they may be billed on top.

    Example:
        >>> Usage(input_tokens=10) + Usage(input_tokens=5, cost=0.01)
        Usage(input_tokens=15, cost=0.01)
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    audio_seconds: float | None = None
    cost: float | None = None
    input_cached_tokens: int | None = None
    output_reasoning_tokens: int | None = None
    unanswered_seconds: float | None = None

    def __repr__(self) -> str:
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        return f"Usage({', '.join(f'{name}={value!r}' for name, value in known.items() if value is not None)})"

    def __add__(self, other: Usage) -> Usage:
        pairs = {field.name: (getattr(self, field.name), getattr(other, field.name)) for field in fields(self)}
        return Usage(**{name: b if a is None else a if b is None else a + b for name, (a, b) in pairs.items()})

    def to_openai(self) -> dict[str, Any]:
        """Return the counts and the cost of a chat under OpenAI's names, each if it is known.

        Example:
            >>> Usage(input_tokens=25, output_tokens=11, input_audio_tokens=20).to_openai()["prompt_tokens_details"]
            {'audio_tokens': 20}
        """
        total = (
            None if self.input_tokens is None or self.output_tokens is None else self.input_tokens + self.output_tokens
        )
        input_details = {"audio_tokens": self.input_audio_tokens, "cached_tokens": self.input_cached_tokens}
        output_details = {"audio_tokens": self.output_audio_tokens, "reasoning_tokens": self.output_reasoning_tokens}
        return drop_none(
            {
                "prompt_tokens": self.input_tokens,
                "completion_tokens": self.output_tokens,
                "total_tokens": total,
                "prompt_tokens_details": drop_none(input_details) or None,
                "completion_tokens_details": drop_none(output_details) or None,
                "cost": self.cost,
            }
        )


def _to_amount(value: Any) -> float | None:
    """Return a number that is not negative; None for anything else, so that one odd field costs one field."""
    number = to_number(value)
    return number if number is not None and number >= 0 else None


def _to_count(value: Any) -> int | None:
    number = _to_amount(value)
    return int(number) if number is not None and number == int(number) else None


_Count = Annotated[int | None, BeforeValidator(_to_count)]
_Amount = Annotated[float | None, BeforeValidator(_to_amount)]


class _Details(BaseModel):
    model_config = ConfigDict(extra="ignore")

    audio_tokens: _Count = None
    cached_tokens: _Count = None
    reasoning_tokens: _Count = None


_DetailsOrNone = Annotated[_Details, BeforeValidator(to_object)]


class _Usage(BaseModel):
    """The fields of OpenAI chat, OpenAI and OpenRouter transcription, Cortecs and Mistral."""

    model_config = ConfigDict(extra="ignore")

    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    input_tokens: _Count = None
    output_tokens: _Count = None
    prompt_tokens_details: _DetailsOrNone = Field(default_factory=_Details)
    completion_tokens_details: _DetailsOrNone = Field(default_factory=_Details)
    input_token_details: _DetailsOrNone = Field(default_factory=_Details)
    seconds: _Amount = None
    audio_duration_seconds: _Amount = None
    prompt_audio_seconds: _Amount = None
    cost: _Amount = None


def parse_usage(value: Any) -> Usage | None:
    """Parse the usage object of a response.

    Returns:
        The usage, or None if nothing of it can be read. A response is not rejected for its usage.

    Example:
        >>> parse_usage({"audio_duration_seconds": 9.5}).audio_seconds
        9.5
    """
    raw = _Usage.model_validate({key: item for key, item in to_object(value).items() if item is not None})
    usage = Usage(
        input_tokens=_get_first(raw.prompt_tokens, raw.input_tokens),
        output_tokens=_get_first(raw.completion_tokens, raw.output_tokens),
        input_audio_tokens=_get_first(raw.prompt_tokens_details.audio_tokens, raw.input_token_details.audio_tokens),
        output_audio_tokens=raw.completion_tokens_details.audio_tokens,
        audio_seconds=_get_first(raw.seconds, raw.audio_duration_seconds, raw.prompt_audio_seconds),
        cost=raw.cost,
        input_cached_tokens=raw.prompt_tokens_details.cached_tokens,
        output_reasoning_tokens=raw.completion_tokens_details.reasoning_tokens,
    )
    return None if usage == Usage() else usage


def describe_cost(usage: Usage | None) -> str:
    """Return what a log says of the cost so far; nothing if it is not known.

    Example:
        >>> describe_cost(Usage(cost=0.0012))
        ', $0.0012'
    """
    return "" if usage is None or usage.cost is None else f", ${usage.cost:.4f}"


def _get_first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
