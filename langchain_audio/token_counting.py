"""Count the tokens of messages, with audio counted by its seconds and not by its characters."""

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

_DEFAULT_SECONDS = 60.0  # for audio whose length is unknown without opening it


def count_tokens_with_audio(
    messages: Iterable[MessageLikeRepresentation], *, tokens_per_second: float = 32.0, **options: Any
) -> int:
    """Count tokens as LangChain's `count_tokens_approximately` does, but count audio by its length in seconds.

    LangChain's function counts audio as text. This one is for `trim_messages(token_counter=...)` and
    `SummarizationMiddleware(token_counter=...)`.

    Args:
        messages: of any kind. No file or URL is opened. Audio by reference counts by the length of its clip, or by the
            seconds that `AudioOffloadMiddleware` stored in its block, and otherwise as a minute.
        tokens_per_second: tokens for one second of audio. Gemini counts 32
            (https://ai.google.dev/gemini-api/docs/audio), OpenAI's models 10
            (https://platform.openai.com/docs/guides/realtime-costs).
        **options: those of `count_tokens_approximately`.

    Example:
        >>> from langchain_core.messages import HumanMessage
        >>> block = {"type": "audio", "url": "file:///a.mp3#t=0,30"}
        >>> count_tokens_with_audio([HumanMessage([block])], tokens_per_second=10)
        304
    """
    without_audio, total_seconds = list[BaseMessage](), 0.0
    for message in convert_to_messages(messages):  # pyright: ignore[reportArgumentType]
        remainder, seconds = _separate_audio(message)
        without_audio.append(remainder)
        total_seconds += seconds
    return count_tokens_approximately(without_audio, **options) + math.ceil(total_seconds * tokens_per_second)


def _separate_audio(message: BaseMessage) -> tuple[BaseMessage, float]:
    """Return a message without its audio, and the length of the audio in seconds."""
    content: Any = message.content
    blocks: list[Any] | None = parse_tool_blocks(content) if isinstance(content, str) else content
    audio = [block for block in blocks or () if _is_audio(block)]
    if not audio:
        return message, 0.0
    others = [block for block in blocks or () if block not in audio]
    return message.model_copy(update={"content": others}), sum(map(_estimate_seconds, audio))


def _is_audio(block: Any) -> bool:
    return isinstance(block, dict) and is_audio_block(cast("dict[str, Any]", block))


def _estimate_seconds(block: dict[str, Any]) -> float:
    stored_seconds = cast("dict[str, Any]", block.get("extras") or {}).get("seconds")
    if isinstance(stored_seconds, (int, float)):
        return float(stored_seconds)
    try:
        audio = Audio.of(block)
    except AudioError:
        return _DEFAULT_SECONDS
    if audio.end is not None:
        return audio.end - (audio.start or 0.0)
    if audio.has_reference:
        return _DEFAULT_SECONDS
    try:
        return measure_seconds(audio)
    except AudioError:
        return _DEFAULT_SECONDS
