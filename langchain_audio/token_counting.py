"""How many tokens messages have, by the seconds of their audio and not by its characters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, cast

from langchain_core.messages import BaseMessage, convert_to_messages
from langchain_core.messages.utils import MessageLikeRepresentation, count_tokens_approximately

from audio_core import Audio, AudioError
from audio_core.integration import is_audio_block, measure_seconds
from langchain_audio.messages import parse_tool_blocks

__all__ = ["count_tokens_with_audio"]

_UNKNOWN = 60.0  # seconds; of what is only named, and says no length


def count_tokens_with_audio(
    messages: Iterable[MessageLikeRepresentation], *, tokens_per_second: float = 32.0, **options: Any
) -> int:
    """LangChain's `count_tokens_approximately`, which takes audio for text, with audio counted by its length.

    For `trim_messages(token_counter=...)` and `SummarizationMiddleware(token_counter=...)`.

    Args:
        messages: of any kind. Nothing is opened: audio that is only named counts by its clip, or by the seconds that
            `AudioOffloadMiddleware` noted; else as a minute.
        tokens_per_second: of audio. Gemini has 32 (https://ai.google.dev/gemini-api/docs/audio), OpenAI's models 10
            (https://platform.openai.com/docs/guides/realtime-costs).
        **options: those of `count_tokens_approximately`.

    Example:
        >>> from langchain_core.messages import HumanMessage
        >>> block = {"type": "audio", "url": "file:///a.mp3#t=0,30"}
        >>> count_tokens_with_audio([HumanMessage([block])], tokens_per_second=10)
        304
    """
    silent, seconds = list[BaseMessage](), 0.0
    for message in convert_to_messages(messages):  # pyright: ignore[reportArgumentType]
        rest, length = _separate_audio(message)
        silent.append(rest)
        seconds += length
    return count_tokens_approximately(silent, **options) + math.ceil(seconds * tokens_per_second)


def _separate_audio(message: BaseMessage) -> tuple[BaseMessage, float]:
    """A message without its audio, and how many seconds that lasts."""
    content: Any = message.content
    blocks: list[Any] | None = parse_tool_blocks(content) if isinstance(content, str) else content
    audio = [block for block in blocks or () if _is_audio(block)]
    if not audio:
        return message, 0.0
    rest = [block for block in blocks or () if block not in audio]
    return message.model_copy(update={"content": rest}), sum(map(_estimate_seconds, audio))


def _is_audio(block: Any) -> bool:
    return isinstance(block, dict) and is_audio_block(cast("dict[str, Any]", block))


def _estimate_seconds(block: dict[str, Any]) -> float:
    noted = cast("dict[str, Any]", block.get("extras") or {}).get("seconds")
    if isinstance(noted, (int, float)):
        return float(noted)
    try:
        audio = Audio.of(block)
    except AudioError:
        return _UNKNOWN
    if audio.end is not None:
        return audio.end - (audio.start or 0.0)
    if audio.has_reference:
        return _UNKNOWN
    try:
        return measure_seconds(audio)
    except AudioError:
        return _UNKNOWN
