"""Tools and structured output, which ask for tools: the part of `ChatAudio` that has nothing to do with audio."""

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
    """A chat model whose gateway takes tools and response formats as OpenAI defines them."""

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """A model that may call tools.

        Args:
            tools: whatever LangChain makes a tool of.
            tool_choice: `"auto"`, `"none"`, `"any"`, the name of a tool, or a mapping as OpenAI defines it.
            strict: whether arguments are held to the schema.
            parallel_tool_calls: whether several calls may come at once.
            **kwargs: further fields of the request.

        Raises:
            InvalidOption: if `tool_choice` names no tool.
        """
        found = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        choice = to_openai_tool_choice(tool_choice, found)
        asked = {"tool_choice": choice, "parallel_tool_calls": parallel_tool_calls}
        return self.bind(tools=found, **{name: value for name, value in asked.items() if value is not None}, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        method: Method = "function_calling",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """A model that answers with an instance of a Pydantic class, or with a dict.

        Args:
            schema: a Pydantic class, `TypedDict` or JSON schema; JSON mode does without.
            method: by a tool call, which most models know, by JSON mode, or by a JSON schema.
            include_raw: whether to give `{"raw", "parsed", "parsing_error"}` instead of raising.
            strict: whether the gateway is to hold the model to the schema.
            **kwargs: further fields of the request.

        Raises:
            InvalidOption: if the schema is missing where one is needed.
        """
        if schema is None and method != "json_mode":
            raise InvalidOption(f"with_structured_output by {method} needs a schema.")
        traced = {"kwargs": {"method": method, "strict": strict}, "schema": schema or {}}
        if method == "function_calling":
            name = convert_to_openai_tool(schema or {})["function"]["name"]
            llm = self.bind_tools(
                [schema or {}], tool_choice=name, strict=strict, ls_structured_output_format=traced, **kwargs
            )
        else:
            shape = build_response_format(schema, method, strict=strict)
            llm = self.bind(response_format=shape, ls_structured_output_format=traced, **kwargs)
        return attach_parser(llm, create_parser(schema, method), include_raw=include_raw)
