"""Tool calls: the part of `AudioLLM` that has nothing to do with audio."""

# LlamaIndex's `additional_kwargs` carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole, ToolCallBlock
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.llms.utils import parse_partial_json
from llama_index.core.tools import BaseTool

from audio_core.integration import to_openai_tool_choice
from llamaindex_audio.messages import list_call_blocks

__all__ = ["ToolCallingLLM"]


class ToolCallingLLM(FunctionCallingLLM):
    """An LLM whose gateway accepts tools in OpenAI's shape."""

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        tool_choice: str | dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        message = ChatMessage(role=MessageRole.USER, content=user_msg) if isinstance(user_msg, str) else user_msg
        openai_tools = [tool.metadata.to_openai_tool(skip_length_check=True) for tool in tools]
        choice = to_openai_tool_choice(tool_choice or ("required" if tool_required else None), openai_tools)
        return {
            "messages": [*(chat_history or []), *([message] if message else [])],
            "tools": openai_tools or None,
            "tool_choice": choice if openai_tools else None,
            **kwargs,
        }

    def _validate_chat_with_tools_response(
        self, response: ChatResponse, tools: Sequence[BaseTool], allow_parallel_tool_calls: bool = False, **kwargs: Any
    ) -> ChatResponse:
        """Drop all calls but the first, unless several were allowed."""
        blocks, calls = response.message.blocks, list_call_blocks(response.message)
        if not allow_parallel_tool_calls and len(calls) > 1:
            response.message.blocks = [block for block in blocks if block not in calls[1:]]
            response.message.additional_kwargs["tool_calls"] = response.message.additional_kwargs["tool_calls"][:1]
        return response

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Return the tool calls of a response.

        While a stream is unfinished, calls have the arguments received so far.

        Args:
            response: a response of this LLM.
            error_on_no_tool_call: whether a response without calls is an error.
            **kwargs: ignored.

        Raises:
            ValueError: if there are no calls and `error_on_no_tool_call` is true.
        """
        calls = list_call_blocks(response.message)
        if error_on_no_tool_call and not calls:
            raise ValueError(f"The answer holds no tool call. It says: {(response.message.content or '')[:200]!r}")
        return [
            ToolSelection(tool_id=call.tool_call_id or "", tool_name=call.tool_name, tool_kwargs=_parse_arguments(call))
            for call in calls
        ]


def _parse_arguments(call: ToolCallBlock) -> dict[str, Any]:
    if isinstance(call.tool_kwargs, dict):
        return call.tool_kwargs
    try:
        return parse_partial_json(call.tool_kwargs)
    except ValueError:  # a stream may have sent too little of the arguments to parse
        return {}
