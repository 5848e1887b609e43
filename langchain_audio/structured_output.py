"""Structured output: the response format of a request, and the parser of the response."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Literal

from langchain_core.messages import AIMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.runnables import Runnable, RunnableLambda, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_openai_function, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

from langchain_audio.refusals import raise_refusal

__all__ = ["Method", "attach_parser", "build_response_format", "create_parser"]

Method = Literal["function_calling", "json_mode", "json_schema"]


def build_response_format(schema: Any, method: Method, *, strict: bool | None) -> dict[str, Any]:
    """Return the `response_format` of a request in JSON mode, or with a JSON schema.

    Args:
        schema: a Pydantic class, `TypedDict` or JSON schema. JSON mode ignores it.
        method: `"json_mode"` or `"json_schema"`.
        strict: whether the gateway must enforce the schema; None leaves it to the gateway.
    """
    if method == "json_mode":
        return {"type": "json_object"}
    function = convert_to_openai_function(schema, strict=strict)
    json_schema = {"name": function["name"], "schema": function.get("parameters", {})}
    description = {"description": function["description"]} if function.get("description") else {}
    strictness = {} if strict is None else {"strict": strict}
    return {"type": "json_schema", "json_schema": {**json_schema, **description, **strictness}}


def create_parser(schema: Any, method: Method) -> Runnable[AIMessage, Any]:
    """Return what parses a response into an instance of a Pydantic class, or into a dict for any other schema.

    Args:
        schema: a Pydantic class, `TypedDict` or JSON schema; None in JSON mode without one.
        method: how the output was requested.
    """
    is_class = isinstance(schema, type) and is_basemodel_subclass(schema)
    if method != "function_calling":
        return _refusal_check | (PydanticOutputParser(pydantic_object=schema) if is_class else JsonOutputParser())
    if is_class:
        return _refusal_check | PydanticToolsParser(tools=[schema], first_tool_only=True)
    name = convert_to_openai_tool(schema)["function"]["name"]
    return _refusal_check | JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)


def attach_parser(
    model: Runnable[Any, AIMessage], parser: Runnable[AIMessage, Any], *, include_raw: bool
) -> Runnable[Any, Any]:
    """Return a model followed by a parser.

    Args:
        model: returns the response.
        parser: parses it.
        include_raw: whether to return a dict with the response (`raw`), the value (`parsed`) and the parser's error
            (`parsing_error`), instead of raising the error.
    """
    if not include_raw:
        return model | parser
    success = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failure = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | success.with_fallbacks([failure], exception_key="parsing_error")


_refusal_check: Runnable[AIMessage, AIMessage] = RunnableLambda(raise_refusal)
