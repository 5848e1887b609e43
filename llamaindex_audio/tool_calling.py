"""Tool calls: the part of `AudioLLM` that has nothing to do with audio."""

# LlamaIndex's `additional_kwargs` carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole, ToolCallBlock
from llama_index.core.chat_engine.types import AgentChatResponse
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.llms.utils import parse_partial_json
from llama_index.core.tools import BaseTool, ToolOutput
from llama_index.core.tools.calling import acall_tool_with_selection, call_tool_with_selection

from audio_core.integration import to_openai_tool_choice
from llamaindex_audio.messages import list_call_blocks
from llamaindex_audio.spans import redact_span

__all__ = ["ToolCallingLLM"]


class ToolCallingLLM(FunctionCallingLLM):
    """An LLM whose gateway accepts tools in OpenAI's shape."""

    @redact_span
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
            "parallel_tool_calls": False if openai_tools and not allow_parallel_tool_calls else None,
            **kwargs,
        }

    @redact_span
    def predict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        error_on_no_tool_call: bool = True,
        error_on_tool_error: bool = False,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Let the model call tools, run the tools and return what they returned.

        If a gateway sends several calls although it was told to send one, all of them are run, one after another. They
        are paid for, and LlamaIndex's own method raises an error once they have run.

        Args:
            tools: the tools that the model may call.
            user_msg: the last message, if it is not in `chat_history`.
            chat_history: the conversation.
            verbose: whether LlamaIndex prints the calls.
            allow_parallel_tool_calls: whether the model may send several calls.
            error_on_no_tool_call: whether a response without calls is an error.
            error_on_tool_error: whether a tool that fails is an error.
            **kwargs: fields of the request.

        Raises:
            ValueError: if there are no calls, or a tool fails, and that is an error.
        """
        response = self.chat_with_tools(tools, user_msg, chat_history, verbose, allow_parallel_tool_calls, **kwargs)
        calls = self.get_tool_calls_from_response(response, error_on_no_tool_call)
        outputs = [call_tool_with_selection(call, tools, verbose) for call in calls]
        return _combine_outputs(outputs, response, error_on_tool_error)

    @redact_span
    async def apredict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        error_on_no_tool_call: bool = True,
        error_on_tool_error: bool = False,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Do what `predict_and_call` does on the running event loop. Calls that are allowed run side by side."""
        response = await self.achat_with_tools(
            tools, user_msg, chat_history, verbose, allow_parallel_tool_calls, **kwargs
        )
        calls = self.get_tool_calls_from_response(response, error_on_no_tool_call)
        slots = asyncio.Semaphore(max(1, len(calls)) if allow_parallel_tool_calls else 1)

        async def run_call(call: ToolSelection) -> ToolOutput:
            async with slots:
                return await acall_tool_with_selection(call, tools, verbose)

        return _combine_outputs(await asyncio.gather(*map(run_call, calls)), response, error_on_tool_error)

    @redact_span
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


def _combine_outputs(
    outputs: Sequence[ToolOutput], response: ChatResponse, error_on_tool_error: bool
) -> AgentChatResponse:
    text = "\n\n".join(output.content for output in outputs)
    if error_on_tool_error and any(output.is_error for output in outputs):
        raise ValueError(text)
    return AgentChatResponse(response=text if outputs else response.message.content or "", sources=list(outputs))


def _parse_arguments(call: ToolCallBlock) -> dict[str, Any]:
    if isinstance(call.tool_kwargs, dict):
        return call.tool_kwargs
    try:
        return parse_partial_json(call.tool_kwargs)
    except ValueError:  # a stream may have sent too little of the arguments to parse
        return {}
