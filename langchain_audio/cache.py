"""Short cache keys: where a message holds audio, LangChain's cache gets the digest of the audio.

Equal recordings have equal keys in whatever form they are given: base64, bytes, a path or a `file:` URL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import BaseMessage

from audio_core import Access, Audio, AudioError
from audio_core.integration import compute_sha256, is_audio_block, open_authorized
from langchain_audio.traced_messages import restore_audio

__all__ = ["DigestedMessages", "get_originals"]

_LONGEST_TEXT = 4096  # characters; the digest of a longer text is shorter than the text


class DigestedMessages(list[BaseMessage]):
    """Messages with digests in place of audio, from which LangChain makes a cache's key, and the originals to send.

    Args:
        messages: the originals, or what tracers see of them.
        access: which files may be opened. An opened file is identified by the digest of its bytes, any other recording
            by its path or URL.

    Attributes:
        originals: the messages that are sent.
    """

    def __init__(self, messages: Sequence[BaseMessage], access: Access) -> None:
        self.originals = restore_audio(messages)
        super().__init__(_shorten_message(message, access) for message in self.originals)


def get_originals(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """Return the messages to send: those behind `DigestedMessages`, or behind what tracers see."""
    return messages.originals if isinstance(messages, DigestedMessages) else restore_audio(messages)


def _shorten_message(message: BaseMessage, access: Access) -> BaseMessage:
    fields = {"content": message.content, "additional_kwargs": message.additional_kwargs}
    return message.model_copy(update={name: _shorten(value, access) for name, value in fields.items()})


def _shorten(value: Any, access: Access) -> Any:
    match value:
        case Mapping() if is_audio_block(cast("Mapping[str, Any]", value)):
            return _shorten_audio(cast("Mapping[str, Any]", value), access)
        case Mapping():
            return {key: _shorten(item, access) for key, item in cast("Mapping[str, Any]", value).items()}
        case list():
            return [_shorten(item, access) for item in cast("list[Any]", value)]
        case str() if len(value) > _LONGEST_TEXT:
            return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"
        case _:
            return value


def _shorten_audio(block: Mapping[str, Any], access: Access) -> Any:
    try:
        audio = Audio.of(block)
        recording = _identify_recording(audio, access)
        return {"type": "audio", "recording": recording, "start": audio.start, "end": audio.end}
    except AudioError:  # the request itself reports what is wrong
        return {key: _shorten(item, access) for key, item in block.items() if key not in ("type", "id")}


def _identify_recording(audio: Audio, access: Access) -> str:
    if audio.is_remote:
        return str(audio.source)
    digest = compute_sha256(open_authorized(audio, access).open_content())
    return f"{digest} {audio.stated_pcm} {audio.track} {audio.only_channel}"
