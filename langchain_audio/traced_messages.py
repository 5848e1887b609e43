"""Messages as LangChain's tracers see them: with references in place of audio, behind which the originals are kept.

LangChain shows a model's messages to every callback before the model's own code runs. So they are replaced when it
converts the input, and the originals are put back when the request is built.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.prompt_values import ChatPromptValue, PromptValue
from langchain_core.runnables import RunnableConfig

from audio_core.integration import redact_audio

__all__ = ["TracedModel", "restore_audio", "show_references"]

_URN = re.compile("urn:sha256:[0-9a-f]{64}")
_SHOWN = ("id", "mime_type", "format", "start", "end", "sample_rate", "channels", "seconds", "extras")


class _Block(dict[str, Any]):
    """A block with a reference, and the block that is sent in its place. A copy or pickle is an ordinary dict."""

    def __init__(self, shown: Mapping[str, Any], original: Mapping[str, Any]) -> None:
        super().__init__(shown)
        self.original = original

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return (dict, (dict(self),))


class _Text(str):
    """A text with references, and the text that is sent in its place. A copy or pickle is an ordinary string."""

    __slots__ = ("original",)
    original: str

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return (str, (str(self),))


def show_references(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return messages with `urn:sha256:...` in place of audio data. Paths and URLs stay."""
    return [_show_message(message) for message in messages]


def restore_audio(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return the messages that `show_references` got, as far as a request needs them."""
    return [_restore_message(message) for message in messages]


def _show_message(message: BaseMessage) -> BaseMessage:
    content: Any = message.content
    shown = _show(content) if isinstance(content, str) else [_show(block) for block in content]
    fields = {"content": content if _is_same(shown, content) else shown}
    fields |= {name: redact_audio(getattr(message, name, None)) for name in ("additional_kwargs", "artifact")}
    changes = {name: new for name, new in fields.items() if new is not getattr(message, name, None)}
    return message.model_copy(update=changes) if changes else message


def _show(item: Any) -> Any:
    if isinstance(item, (_Block, _Text)):
        return item
    redacted = redact_audio(item)
    if redacted is item:
        return item
    if isinstance(item, str):
        text = _Text(redacted)
        text.original = item
        return text
    return _Block(_describe(redacted), item)


def _describe(redacted: dict[str, Any]) -> dict[str, Any]:
    """Return a block of LangChain's own shape, which LangChain leaves as it is on its way to the model."""
    if redacted.get("type") == "text":
        return redacted
    inner: Any = redacted.get(str(redacted.get("type")))
    facts: dict[str, Any] = {**redacted, **inner} if isinstance(inner, dict) else redacted
    urn = _URN.search(str(redacted))  # a stream that cannot be read twice has none
    return {
        "type": "audio",
        "url": urn[0] if urn else "urn:stream",
        **{name: facts[name] for name in _SHOWN if name in facts},
    }


def _restore_message(message: BaseMessage) -> BaseMessage:
    content: Any = message.content
    restored = _restore(content) if isinstance(content, str) else [_restore(block) for block in content]
    return message if _is_same(restored, content) else message.model_copy(update={"content": restored})


def _restore(item: Any) -> Any:
    return item.original if isinstance(item, (_Block, _Text)) else item


def _is_same(new: Any, old: Any) -> bool:
    return new is old if isinstance(new, str) else all(a is b for a, b in zip(new, old, strict=True))


class TracedModel(BaseChatModel):
    """A chat model that shows callbacks references in place of the audio in its input.

    Its output is shown as it is: what agents and `astream_events` yield comes from callbacks too.
    """

    def _convert_input(self, model_input: LanguageModelInput) -> PromptValue:
        prompt = super()._convert_input(model_input)
        messages = prompt.to_messages()
        shown = show_references(messages)
        return prompt if _is_same(shown, messages) else ChatPromptValue(messages=shown)

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Do what `invoke` does on the running event loop."""
        prompt = await asyncio.to_thread(self._convert_input, input)
        return await super().ainvoke(prompt, config, stop=stop, **kwargs)

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Do what `stream` does on the running event loop."""
        prompt = await asyncio.to_thread(self._convert_input, input)
        chunks = cast("Any", super().astream(prompt, config, stop=stop, **kwargs))
        async with contextlib.aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    def generate(self, messages: list[list[BaseMessage]], *args: Any, **kwargs: Any) -> LLMResult:
        """Return the responses to several conversations. Arguments as in LangChain."""
        return super().generate([*map(show_references, messages)], *args, **kwargs)

    async def agenerate(self, messages: list[list[BaseMessage]], *args: Any, **kwargs: Any) -> LLMResult:
        """Do what `generate` does on the running event loop."""
        shown = [await asyncio.to_thread(show_references, each) for each in messages]
        return await super().agenerate(shown, *args, **kwargs)
