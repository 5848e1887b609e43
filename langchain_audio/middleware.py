"""Middleware for LangChain's agents; it needs the package `langchain`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, ToolMessage

from audio_core import MissingDependency
from audio_core.integration import AudioStore
from langchain_audio.audio_references import inline_audio, offload_audio
from langchain_audio.chat_models import ChatAudio

try:
    from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
    from langgraph.checkpoint.serde.base import SerializerProtocol
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.prebuilt.tool_node import ToolCallRequest
    from langgraph.runtime import Runtime
    from langgraph.types import Command
except ModuleNotFoundError:
    raise MissingDependency("The middleware needs LangChain's agents: pip install 'langchain>=1.3'") from None

__all__ = ["AudioOffloadMiddleware"]

State = AgentState[Any]


class AudioOffloadMiddleware(AgentMiddleware[State, Any, Any]):
    """Moves audio out of an agent's messages into a folder; the messages keep references, and the model still hears it.

    So history, traces, summaries and token counts stay small. A checkpointer writes an agent's input down before any
    middleware runs: give it `serde`, and checkpoints hold references too.

    `ChatAudio` opens the references itself. Any other model is given the audio for the length of the call.

    Args:
        folder: where audio is kept, under the SHA-256 of its bytes, readable by its owner alone. Nothing is deleted from it.

    Attributes:
        serde: for a checkpointer, such as `InMemorySaver(serde=offload.serde)`.

    Example:
        >>> offload = AudioOffloadMiddleware("sounds")
        >>> offload.name
        'AudioOffloadMiddleware'
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        self._folder = AudioStore(folder)
        self._opening: dict[int, tuple[ChatAudio, ChatAudio]] = {}  # with the model itself, so that ids stay its own
        self.serde: SerializerProtocol = _OffloadSerializer(self._folder)

    def before_agent(self, state: State, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Move what has come with the question."""
        messages = cast("Sequence[BaseMessage]", state["messages"])
        changed = [new for old in messages if (new := offload_audio(old, self._folder)) is not old]
        return {"messages": changed} if changed else None

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Let the model hear what the references name, and move what it has said aloud."""
        return self._offload_response(handler(self._prepare_request(request)))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """`wrap_model_call` on the running event loop."""
        return self._offload_response(await handler(await asyncio.to_thread(self._prepare_request, request)))

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Move what a tool has returned."""
        return offload_audio(handler(request), self._folder)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """`wrap_tool_call` on the running event loop."""
        return await asyncio.to_thread(offload_audio, await handler(request), self._folder)

    def _offload_response(self, response: ModelResponse[Any]) -> ModelResponse[Any]:
        return replace(response, result=offload_audio(response.result, self._folder))

    def _prepare_request(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        if isinstance(request.model, ChatAudio):
            return request.override(model=self._get_model(request.model))
        messages = cast("Sequence[Any]", request.messages)
        return request.override(messages=[inline_audio(message, self._folder) for message in messages])

    def _get_model(self, model: ChatAudio) -> BaseChatModel:
        """The model, allowed to open the folder; one for each, so that connections are kept."""
        if id(model) not in self._opening:
            self._opening[id(model)] = (model, model.with_folder(self._folder.folder))
        return self._opening[id(model)][1]


class _OffloadSerializer(SerializerProtocol):
    """LangGraph's own serializer, for values without the audio that they carried."""

    def __init__(self, folder: AudioStore) -> None:
        self._folder, self._inner = folder, JsonPlusSerializer()

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        return self._inner.dumps_typed(offload_audio(obj, self._folder))

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        return self._inner.loads_typed(data)
