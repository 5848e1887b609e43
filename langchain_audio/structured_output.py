"""Structured output: the response format that is asked for, and what parses the answer."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Literal

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.runnables import Runnable, RunnableLambda, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_openai_function, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

__all__ = ["Method", "attach_parser", "build_response_format", "create_parser"]

Method = Literal["function_calling", "json_mode", "json_schema"]


def build_response_format(schema: Any, method: Method, *, strict: bool | None) -> dict[str, Any]:
    """The `response_format` of a request in JSON mode, or held to a JSON schema."""
    if method == "json_mode":
        return {"type": "json_object"}
    function = convert_to_openai_function(schema, strict=strict)
    named = {"name": function["name"], "schema": function.get("parameters", {})}
    described = {"description": function["description"]} if function.get("description") else {}
    held = {} if strict is None else {"strict": strict}
    return {"type": "json_schema", "json_schema": {**named, **described, **held}}


def create_parser(schema: Any, method: Method) -> Runnable[AIMessage, Any]:
    """What makes of an answer an instance of a Pydantic class, or a dict for any other schema."""
    is_class = isinstance(schema, type) and is_basemodel_subclass(schema)
    if method != "function_calling":
        return _not_refused | (PydanticOutputParser(pydantic_object=schema) if is_class else JsonOutputParser())
    if is_class:
        return _not_refused | PydanticToolsParser(tools=[schema], first_tool_only=True)
    name = convert_to_openai_tool(schema)["function"]["name"]
    return _not_refused | JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)


def attach_parser(
    model: Runnable[Any, AIMessage], parser: Runnable[AIMessage, Any], *, include_raw: bool
) -> Runnable[Any, Any]:
    """A model and its parser; with `include_raw` the answer stands beside what was parsed, or why it could not be."""
    if not include_raw:
        return model | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")


def _raise_refusal(message: AIMessage) -> AIMessage:
    if refusal := message.additional_kwargs.get("refusal"):
        raise OutputParserException(f"The model refused: {refusal}", llm_output=message.text)
    return message


_not_refused: Runnable[AIMessage, AIMessage] = RunnableLambda(_raise_refusal)
