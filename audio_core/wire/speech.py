"""Requests for speech, `POST /audio/speech`: their options, and what of them a gateway can follow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypedDict, Unpack

from pydantic import Field

from audio_core.audio.formats import find_format
from audio_core.errors import ContextOverflow, InvalidOption, InvalidRequest, UnsupportedFormat
from audio_core.errors.validation import suggest, validate_options
from audio_core.http.body import Body, encode_json
from audio_core.lenient_json import drop_none
from audio_core.providers import PROVIDERS, Provider

__all__ = [
    "SpeakKwargs",
    "SpeakOptions",
    "check_text",
    "choose_lossless",
    "find_speech_format",
    "is_about_length",
    "is_speakable",
]

_LOSSLESS = ("pcm16", "wav")  # of these, the gateway's is asked for where parts are joined
_LENGTH_CODES = ("string_above_max_length", "string_too_long", "too_long")
_LENGTH = re.compile(
    r"too long|longer than|(at most|maximum|max|limit|over|up to|exceed).{0,40}(character|token|length)|too many (character|token)s",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_VOICE = 200  # characters of its name


class SpeakKwargs(TypedDict, total=False):
    """The options of speech, as they are passed to `speak`: those of `SpeakOptions`."""

    voice: str | dict[str, str] | None
    format: str
    speed: Annotated[float, Field(ge=0.25, le=4.0)] | None
    instructions: str | None
    extra: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class SpeakOptions:
    """How a text is to be spoken.

    Attributes:
        voice: name of a voice, or `{"id": ...}` for a custom voice; None leaves it to the gateway, if that has a
            default.
        format: format of the speech: `"mp3"`, `"wav"`, `"flac"`, `"opus"`, `"aac"` or `"pcm"`, if the gateway has it.
        speed: how fast, from 0.25 to 4; None leaves it to the gateway, as 1 does.
        instructions: how to speak, in words, for models that follow them.
        extra: further fields of the request.
    """

    voice: str | dict[str, str] | None = None
    format: str = "mp3"
    speed: float | None = None
    instructions: str | None = None
    extra: Mapping[str, Any] | None = None

    @classmethod
    def check(cls, provider: Provider, **options: Unpack[SpeakKwargs]) -> Self:
        """Build the options that a user gave, if the gateway can follow them.

        Raises:
            InvalidOption: if there is no such option, it does not accept its value, or the gateway cannot follow it.
        """
        built = cls(**validate_options(SpeakKwargs, options, "speak"))
        find_speech_format(provider, built.format)
        _check_voice(built.voice, provider)
        _check_instructions(built.instructions, provider)
        return built

    @property
    def canonical_format(self) -> str:
        """The canonical name of the format, such as `"ogg"` for `"opus"`."""
        return find_format(self.format).name

    def encode(self, model: str, text: str, provider: Provider) -> Body:
        """Encode a request.

        Args:
            model: name of the model.
            text: what to say.
            provider: the gateway.
        """
        fields = {"voice": self.voice, "speed": self.speed, "instructions": self.instructions or None}
        wire_format = find_speech_format(provider, self.format)
        body = {"model": model, "input": text, "response_format": wire_format, **drop_none(fields)}
        return encode_json({**body, **(self.extra or {})})


def check_text(text: Any) -> None:
    """Check that there is a text to speak.

    Raises:
        InvalidOption: if there is none.
    """
    if not isinstance(text, str):
        raise InvalidOption(f"The text to speak should be a string, not {type(text).__name__}.")
    if not is_speakable(text):
        raise InvalidOption("The text to speak is empty: pass at least one word.")


def is_about_length(error: InvalidRequest) -> bool:
    """Tell whether a gateway refuses a text because it is too long.

    Example:
        >>> is_about_length(InvalidRequest("Input should have at most 2000 tokens", status=400))
        True
    """
    is_overflow = isinstance(error, ContextOverflow) or error.code in _LENGTH_CODES
    return is_overflow or (error.status in (400, 413, 422) and _LENGTH.search(str(error)) is not None)


def is_speakable(text: str) -> bool:
    """Tell whether there is a letter or digit in a text."""
    return any(character.isalnum() for character in text)


def find_speech_format(provider: Provider, name: str) -> str:
    """Return what a gateway calls a format of speech.

    Raises:
        InvalidOption: if it does not speak, or not in this format.
    """
    if not provider.speech_formats:
        speaking = [row.name for row in PROVIDERS.values() if row.speech_formats]
        raise InvalidOption(
            f"{provider.name} documents no endpoint for speech. These do: {', '.join(speaking)}. "
            "For a row of your own, set its speech_formats."
        )
    try:
        wanted = find_format(name).name
    except UnsupportedFormat:
        wanted = None
    for known in provider.speech_formats:
        if find_format(known).name == wanted:
            return known
    accepted = ", ".join(map(repr, provider.speech_formats))
    raise InvalidOption(
        f"format={name[:40]!r} is not accepted: {provider.name} speaks in {accepted}.{suggest(name, provider.speech_formats)}"
    )


def choose_lossless(provider: Provider, format: str) -> str | None:
    """Return the format in which to ask for parts that are joined here, which loses nothing; None if there is none."""
    offered = {find_format(known).name: known for known in provider.speech_formats}
    wanted = find_format(format).name
    order = (wanted, *_LOSSLESS) if wanted in _LOSSLESS else _LOSSLESS[::-1]
    return next((offered[name] for name in order if name in offered), None)


def _check_voice(voice: str | dict[str, str] | None, provider: Provider) -> None:
    if voice is None and provider.needs_voice:
        raise InvalidOption(f"{provider.name} speaks only with a voice that is named: pass voice=..., such as 'alloy'.")
    name = voice.get("id") if isinstance(voice, dict) else voice
    if voice is not None and not (name and name.strip()):
        raise InvalidOption("voice is empty: name a voice, such as 'alloy', or pass {'id': ...} of a custom one.")
    if name and len(name) > _LONGEST_VOICE:
        raise InvalidOption(f"voice has {len(name)} characters; the name of a voice has {_LONGEST_VOICE} at most.")


def _check_instructions(instructions: str | None, provider: Provider) -> None:
    if not instructions:
        return
    if not provider.takes_speech_instructions:
        raise InvalidOption(
            f"{provider.name} documents no field for instructions. What its models take can be passed in extra={{...}}."
        )
    limit = provider.max_speech_characters
    if limit is not None and len(instructions) > limit:
        raise InvalidOption(f"instructions have {len(instructions)} characters; {provider.name} takes {limit} at most.")
