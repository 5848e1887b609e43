"""Spoken replies of the offline server. It has no voice: it plays the clip that it heard, or a note if there was none."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audio_core.audio.audio import Audio
from audio_core.audio.speech import PCM_RATE
from audio_core.media.decode import decode, encode, probe
from audio_core.testing import tone

__all__ = ["Voice", "synthesize"]

_FORMATS = {"wav": "wav", "mp3": "mp3", "flac": "flac", "opus": "ogg", "pcm16": "pcm16"}


@dataclass(frozen=True)
class Voice:
    """A spoken reply: its bytes, its seconds and its id."""

    data: bytes = field(repr=False)
    seconds: float
    id: str


def synthesize(clips: list[Audio], asked: Mapping[str, Any], *, streamed: bool) -> Voice:
    """The last clip again, in the format asked for.

    Raises:
        ValueError: if the format is not one of OpenAI's that can be written here, or does not stream.
    """
    wanted = asked.get("format")
    if wanted not in _FORMATS:
        raise ValueError(f"audio.format must be one of {', '.join(_FORMATS)}, not {wanted!r}.")
    if streamed and wanted != "pcm16":  # as OpenAI says it
        raise ValueError(f"audio.format does not support '{wanted}' when stream=true. Supported values are: 'pcm16'")
    clip = clips[-1] if clips else Audio.of(tone(0.5))
    return Voice(_encode(clip, _FORMATS[str(wanted)]), probe(clip).duration, f"audio_{uuid.uuid4().hex[:24]}")


def _encode(clip: Audio, target: str) -> bytes:
    if target == "pcm16":
        return b"".join(decode(clip, rate=PCM_RATE))
    with encode(clip, target).open_reader() as reader:
        return reader.read()
