"""Refusals as LangChain's own content block and error, where langchain-core has these (1.7.5 and later)."""

from __future__ import annotations

from typing import Any

from langchain_core import exceptions, messages
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.messages.block_translators import register_translator

__all__ = ["raise_refusal", "register_refusals"]


def register_refusals(model_provider: str) -> None:
    """Let LangChain show a refusal among the `content_blocks` of this provider's messages.

    Args:
        model_provider: the provider's name in the metadata of its messages.
    """
    if hasattr(messages, "RefusalContentBlock"):
        register_translator(model_provider, _list_content_blocks, _list_content_blocks)


def _list_content_blocks(message: AIMessage) -> list[Any]:
    blocks = message.model_copy(update={"response_metadata": {}}).content_blocks  # as LangChain makes them by default
    refusal = message.additional_kwargs.get("refusal")
    return [*blocks, {"type": "refusal", "refusal": refusal}] if refusal else [*blocks]


def raise_refusal(message: AIMessage) -> AIMessage:
    """Return a message from which structured output can be parsed.

    Raises:
        ModelRefusalError: if the model refused.
        OutputParserException: likewise, before langchain-core 1.7.5.
    """
    refusal = message.additional_kwargs.get("refusal")
    if not refusal:
        return message
    error: Any = getattr(exceptions, "ModelRefusalError", None)
    if error is None:
        raise OutputParserException(f"The model refused: {refusal}", llm_output=message.text)
    raise error.from_refusal({"type": "refusal", "refusal": refusal}, raw_message=message)
