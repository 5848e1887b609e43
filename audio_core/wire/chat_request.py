"""Chat completions on the wire: messages to a payload. No I/O here; what comes back is read in `answer` and `deltas`.

A message is a mapping as OpenAI defines it, except that an audio part is an `Audio`, or an `AudioPart` that knows which
block of the caller's it was. `audio_parts` finds the recordings, `payload` puts prepared ones in their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.lenient_json import to_list

__all__ = ["AudioPart", "EncodedAudio", "Message", "build_payload", "find_audio_parts", "to_input_audio"]

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """A recording that is ready to be sent: its bytes, and their true format name."""

    content: Content
    format: str


@dataclass(frozen=True, slots=True)
class AudioPart:
    """A recording in a message, and where the caller put it: errors name that place, wherever it stands on the wire."""

    audio: Audio
    message: int
    block: int


def find_audio_parts(messages: Sequence[Message]) -> list[tuple[int, int, AudioPart]]:
    """Every recording in the messages, with the index of its message and of its part."""
    return [
        (at, index, part if isinstance(part, AudioPart) else AudioPart(part, at, index))
        for at, message in enumerate(messages)
        for index, part in enumerate(_list_parts(message))
        if isinstance(part, (Audio, AudioPart))
    ]


def build_payload(
    model: str, messages: Sequence[Message], sounds: Mapping[tuple[int, int], EncodedAudio], options: Mapping[str, Any]
) -> dict[str, Any]:
    """The body of a chat request; a `Content` in it stands for its base64.

    Args:
        model: name of the model.
        messages: with an `Audio` wherever a recording belongs.
        sounds: by message and part index, what to put there.
        options: further fields; those that are None are left out.
    """
    return {
        "model": model,
        "messages": [_fill_message(message, at, sounds) for at, message in enumerate(messages)],
        **{name: value for name, value in options.items() if value is not None},
    }


def _fill_message(message: Message, at: int, sounds: Mapping[tuple[int, int], EncodedAudio]) -> Message:
    if not any(isinstance(part, (Audio, AudioPart)) for part in _list_parts(message)):
        return message
    content = [
        to_input_audio(sounds[at, index]) if isinstance(part, (Audio, AudioPart)) else part
        for index, part in enumerate(_list_parts(message))
    ]
    return {**message, "content": content}


def to_input_audio(sound: EncodedAudio) -> dict[str, Any]:
    """A sound as the part of a message; its `Content` stands for its base64."""
    return {"type": "input_audio", "input_audio": {"data": sound.content, "format": sound.format}}


def _list_parts(message: Message) -> Sequence[Any]:
    return to_list(message.get("content"))
