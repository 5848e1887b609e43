"""Spans of LlamaIndex's instrumentation, whose arguments and results show references in place of audio.

LlamaIndex opens a span for every method of an LLM that it knows, and keeps the arguments in it. A method that has its
own span already gets no second one.
"""

# LlamaIndex's decorators carry no types, and its module of instrumentation does not say what it exports.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateImportUsage=false

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any, TypeVar, cast

from llama_index.core.instrumentation import DISPATCHER_SPAN_DECORATED_ATTR, get_dispatcher
from llama_index.core.instrumentation.span_handlers import NullSpanHandler

from audio_core.integration import HiddenFrames, redact_audio

__all__ = ["redact_span"]

MethodT = TypeVar("MethodT", bound=Callable[..., Any])
_dispatcher = get_dispatcher(__name__)


def redact_span(method: MethodT) -> MethodT:
    """Open the span of a method with `urn:sha256:...` in place of the audio in its arguments and its result.

    Args:
        method: of an LLM. It gets its arguments, and its caller the result, as they are.
    """
    wrapper = _wrap_async(method) if inspect.iscoroutinefunction(method) else _wrap(method)
    setattr(wrapper, DISPATCHER_SPAN_DECORATED_ATTR, True)
    return cast("MethodT", wrapper)


def _wrap(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        results: list[Any] = []

        @functools.wraps(method)
        def run(*_: Any, **__: Any) -> Any:
            results.append(method(self, *args, **kwargs))
            return _redact(results[0])

        with HiddenFrames():
            shown_args, shown_kwargs = _redact((args, kwargs))
            _open_span(self, run)(*shown_args, **shown_kwargs)
        return results[0]

    return call


def _wrap_async(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        results: list[Any] = []

        @functools.wraps(method)
        async def run(*_: Any, **__: Any) -> Any:
            results.append(await method(self, *args, **kwargs))
            return await asyncio.to_thread(_redact, results[0])

        with HiddenFrames():
            shown_args, shown_kwargs = await asyncio.to_thread(_redact, (args, kwargs))
            await _open_span(self, run)(*shown_args, **shown_kwargs)
        return results[0]

    return call


def _open_span(llm: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    return _dispatcher.span(cast("Any", MethodType(run, llm)))


def _redact(value: Any) -> Any:
    return redact_audio(value) if _is_watched() else value


def _is_watched() -> bool:
    """Return whether anyone keeps spans. If not, the arguments need not be searched for audio."""
    node: Any = _dispatcher
    while node is not None:
        if not all(isinstance(handler, NullSpanHandler) for handler in node.span_handlers):
            return True
        node = node.parent if node.propagate else None
    return False
