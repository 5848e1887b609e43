"""Tool calls and structured output: the part of `ChatAudio` that is independent of audio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from audio_core import InvalidOption
from audio_core.integration import to_openai_tool_choice
from langchain_audio.structured_output import Method, attach_parser, build_response_format, create_parser

__all__ = ["ToolCallingModel"]


class ToolCallingModel(BaseChatModel):
    """A chat model whose gateway accepts tools and response formats as OpenAI defines them."""

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return this model with tools that it may call.

        Args:
            tools: anything that LangChain can convert to a tool.
            tool_choice: `"auto"`, `"none"`, `"any"` or `"required"` (True means the same), the name of a tool, or a
                mapping as OpenAI defines it.
            strict: whether the gateway must enforce the schema of the arguments.
            parallel_tool_calls: whether one response may hold several calls.
            **kwargs: further fields of the request.

        Raises:
            InvalidOption: if `tool_choice` is not the name of a tool.
        """
        openai_tools = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        choice = to_openai_tool_choice(tool_choice, openai_tools)
        options = {"tool_choice": choice, "parallel_tool_calls": parallel_tool_calls}
        options = {name: value for name, value in options.items() if value is not None}
        return self.bind(tools=openai_tools, **options, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        method: Method = "function_calling",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Return this model with an output that is an instance of a Pydantic class, or a dict.

        Args:
            schema: a Pydantic class, `TypedDict` or JSON schema. JSON mode works without one.
            method: `"function_calling"`, which most models support, `"json_mode"` or `"json_schema"`.
            include_raw: whether to return a dict with `raw`, `parsed` and `parsing_error` instead of raising an error.
            strict: whether the gateway must enforce the schema.
            **kwargs: further fields of the request.

        Raises:
            InvalidOption: if there is no schema and the method needs one.
        """
        if schema is None and method != "json_mode":
            raise InvalidOption(f"with_structured_output by {method} needs a schema.")
        trace = {"kwargs": {"method": method, "strict": strict}, "schema": schema or {}}
        if method == "function_calling":
            name = convert_to_openai_tool(schema or {})["function"]["name"]
            llm = self.bind_tools(
                [schema or {}], tool_choice=name, strict=strict, ls_structured_output_format=trace, **kwargs
            )
        else:
            response_format = build_response_format(schema, method, strict=strict)
            llm = self.bind(response_format=response_format, ls_structured_output_format=trace, **kwargs)
        return attach_parser(llm, create_parser(schema, method), include_raw=include_raw)
