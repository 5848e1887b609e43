"""Spoken replies of the offline server: in a voice of this machine, or else the last clip again, or a tone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audio_core.audio.audio import Audio
from audio_core.lenient_json import to_text
from audio_core.media.decode import decode, encode
from audio_core.media.probing import probe
from audio_core.offline.voices import find_voice
from audio_core.testing import tone
from audio_core.transcript.speech import PCM_RATE

__all__ = ["Voice", "encode_speech", "synthesize"]

_FORMATS = {"wav": "wav", "mp3": "mp3", "flac": "flac", "opus": "ogg", "pcm16": "pcm16"}


@dataclass(frozen=True)
class Voice:
    """A spoken reply.

    Attributes:
        data: the encoded audio.
        seconds: its duration.
        id: its id, in the shape of OpenAI's.
    """

    data: bytes = field(repr=False)
    seconds: float
    id: str


def synthesize(text: str, clips: list[Audio], asked: Mapping[str, Any], *, streamed: bool) -> Voice:
    """Return a spoken reply, in the requested format: the text, or the last clip where there is no voice.

    Args:
        text: what to say.
        clips: the clips of the last user message.
        asked: the `audio` field of the request. Only its `format` and `voice` are used.
        streamed: whether the response is a stream.

    Raises:
        ValueError: if the format cannot be encoded here, or cannot be streamed.
    """
    format_name = to_text(asked.get("format"))
    if format_name not in _FORMATS:
        raise ValueError(f"audio.format must be one of {', '.join(_FORMATS)}, not {asked.get('format')!r}.")
    if streamed and format_name != "pcm16":  # the words of OpenAI's error
        raise ValueError(
            f"audio.format does not support '{format_name}' when stream=true. Supported values are: 'pcm16'"
        )
    clip = _say(text, to_text(asked.get("voice"))) or (clips[-1] if clips else Audio.of(tone(0.5)))
    return Voice(encode_speech(clip, _FORMATS[format_name]), probe(clip).duration, f"audio_{uuid.uuid4().hex[:24]}")


def _say(text: str, voice: str | None) -> Audio | None:
    program = find_voice() if text.strip() else None
    return Audio.of(program.say(text, voice)) if program else None


def encode_speech(clip: Audio, target: str) -> bytes:
    """Return audio in a format, or as 16-bit PCM at 24 kHz for `"pcm16"`."""
    if target == "pcm16":
        return b"".join(decode(clip, rate=PCM_RATE))
    with encode(clip, target).open_reader() as reader:
        return reader.read()
