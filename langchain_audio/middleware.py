"""Middleware for LangChain's agents. This module needs the package `langchain`."""

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
    """Middleware that moves audio from an agent's messages into a folder and leaves references in the messages.

    The model still receives the audio. History, traces, summaries and token counts stay small. A checkpointer saves an
    agent's input before any middleware runs. Pass it `serde`, so that checkpoints hold references too.

    `ChatAudio` opens the references itself. For any other model, the audio is put back for the duration of the call.

    Args:
        folder: where the audio is saved. A file's name is the SHA-256 of its bytes. Only the file's owner can read it.
            Nothing is deleted from the folder.

    Attributes:
        serde: a serializer for a checkpointer, such as `InMemorySaver(serde=offload.serde)`.

    Example:
        >>> offload = AudioOffloadMiddleware("recordings")
        >>> offload.name
        'AudioOffloadMiddleware'
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        self._folder = AudioStore(folder)
        self._models: dict[int, tuple[ChatAudio, ChatAudio]] = {}  # holds the original too: its id must not be reused
        self.serde: SerializerProtocol = _OffloadSerializer(self._folder)

    def before_agent(self, state: State, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Replace the audio in the agent's input with references.

        Args:
            state: the agent's state.
            runtime: not used.

        Raises:
            StoreError: if the folder cannot be used.
        """
        messages = cast("Sequence[BaseMessage]", state["messages"])
        changes = [new for old in messages if (new := offload_audio(old, self._folder)) is not old]
        return {"messages": changes} if changes else None

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Give the model access to the audio, and replace the audio in its response with references.

        Args:
            request: what the agent is about to send to the model.
            handler: sends it.

        Raises:
            InvalidAudio: if a file is no longer in the folder.
            StoreError: if the folder cannot be used.
        """
        return self._offload_response(handler(self._prepare_request(request)))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Do what `wrap_model_call` does on the running event loop."""
        return self._offload_response(await handler(await asyncio.to_thread(self._prepare_request, request)))

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Replace the audio that a tool returned with references.

        Args:
            request: the tool call.
            handler: runs the tool.

        Raises:
            StoreError: if the folder cannot be used.
        """
        return offload_audio(handler(request), self._folder)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Do what `wrap_tool_call` does on the running event loop."""
        return await asyncio.to_thread(offload_audio, await handler(request), self._folder)

    def _offload_response(self, response: ModelResponse[Any]) -> ModelResponse[Any]:
        return replace(response, result=offload_audio(response.result, self._folder))

    def _prepare_request(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        if isinstance(request.model, ChatAudio):
            return request.override(model=self._authorize_model(request.model))
        messages = cast("Sequence[Any]", request.messages)
        return request.override(messages=[inline_audio(message, self._folder) for message in messages])

    def _authorize_model(self, model: ChatAudio) -> BaseChatModel:
        """Return the model's copy that may open the folder, always the same one so that its connections are reused."""
        if id(model) not in self._models:
            self._models[id(model)] = (model, model.with_folder(self._folder.folder))
        return self._models[id(model)][1]


class _OffloadSerializer(SerializerProtocol):
    """LangGraph's own serializer, but with references in place of audio."""

    def __init__(self, folder: AudioStore) -> None:
        self._folder, self._serializer = folder, JsonPlusSerializer()

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        return self._serializer.dumps_typed(offload_audio(obj, self._folder))

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        return self._serializer.loads_typed(data)
