"""The segments and words of a response, as gateways send them. No I/O here.

Every field may be missing, null or odd. One odd field costs that field, not the response.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from audio_core.lenient_json import drop_none, to_number, to_object, to_objects, to_text
from audio_core.transcript.segment import MAX_SECONDS

__all__ = ["LenientModel", "Number", "RawSegment", "RawWord", "Text", "join_words", "remove_events"]

_BRACKETED = re.compile(r"\(.*\)|\[.*\]", re.DOTALL)


def _parse_number(value: Any) -> float | None:
    """Return a finite number, which vLLM writes as text, or None for anything else."""
    try:
        return to_number(float(value) if isinstance(value, str) else value)
    except ValueError:
        return None


def _parse_amount(value: Any) -> float | None:
    number = _parse_number(value)
    return number if number is not None and number >= 0 else None


def _parse_time(value: Any) -> float | None:
    """Return a time in seconds, or None if it is none. A negative time becomes 0."""
    number = _parse_number(value)
    return max(0.0, float(number)) if number is not None and number < MAX_SECONDS else None


def _parse_confidence(value: Any) -> float | None:
    number = _parse_number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _parse_text(value: Any) -> str | None:
    """Return a text, or None. OpenRouter numbers its speakers."""
    number = to_number(value)
    return to_text(value) if number is None else str(number)


Number = Annotated[float | None, BeforeValidator(_parse_amount)]
"""A number of 0 or more, or None."""
Text = Annotated[str | None, BeforeValidator(_parse_text)]
"""A text that is not empty, or None."""
_Time = Annotated[float | None, BeforeValidator(_parse_time)]
_Finite = Annotated[float | None, BeforeValidator(_parse_number)]
_Confidence = Annotated[float | None, BeforeValidator(_parse_confidence)]
_SPEAKER_ALIASES = AliasChoices("speaker_label", "speaker", "speaker_id")


class LenientModel(BaseModel):
    """A JSON object of which every field may be missing, null or odd."""

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> dict[str, Any]:
        """Drop nulls, with which LiteLLM pads: a null must not hide another name of the field."""
        return drop_none(to_object(value))


class RawWord(LenientModel):
    """A word as a gateway sends it."""

    text: Text = Field(None, validation_alias=AliasChoices("word", "text"))
    start: _Time = None
    end: _Time = None
    speaker: Text = Field(None, validation_alias=_SPEAKER_ALIASES)
    confidence: _Confidence = Field(None, validation_alias=AliasChoices("confidence", "probability", "score"))
    type: Text = None

    @property
    def is_event(self) -> bool:
        """Whether this is a sound, such as `(laughter)`, and no speech. ElevenLabs and OpenRouter send a type."""
        return self.type == "audio_event" or _BRACKETED.fullmatch((self.text or "").strip()) is not None


class RawSegment(LenientModel):
    """A segment as a gateway sends it."""

    text: Text = None
    start: _Time = None
    end: _Time = None
    speaker: Text = Field(None, validation_alias=_SPEAKER_ALIASES)
    avg_logprob: _Finite = None
    confidence: _Confidence = Field(None, validation_alias=AliasChoices("confidence", "score"))
    words: Annotated[list[RawWord], BeforeValidator(to_objects)] = Field(default_factory=list[RawWord])

    @property
    def has_time(self) -> bool:
        """Whether the start or the end is known. Zeros alone are no times."""
        return bool(self.start or self.end)

    @property
    def spoken(self) -> str:
        """The text, or that of the words if there is no other."""
        return remove_events(self.text or "", self.words) or join_words(self.words)


def join_words(words: Iterable[RawWord]) -> str:
    """Join the texts of words with single spaces, without those of sounds."""
    return " ".join(word.text.strip() for word in words if word.text and not word.is_event)


def remove_events(text: str, words: Iterable[RawWord]) -> str:
    """Remove from a text the sounds in brackets that are among its words, each once."""
    for raw in words:
        if raw.is_event and _BRACKETED.fullmatch(sound := (raw.text or "").strip()):
            before, found, after = text.partition(sound)
            text = f"{before.rstrip()} {after.lstrip()}".strip() if found else text
    return text
