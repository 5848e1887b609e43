"""Middleware for LangChain's agents. This module needs the package `langchain`."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from langchain_core.messages import BaseMessage, ToolMessage

from audio_core import AudioClient, MissingDependency
from audio_core.integration import AccessLike, AudioStore, Listener
from langchain_audio.audio_references import inline_audio, offload_audio
from langchain_audio.chat_models import ChatAudio
from langchain_audio.heard_audio import alisten_to, listen_to, replace_audio
from langchain_audio.open_folders import open_folder

try:
    from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
    from langgraph.checkpoint.serde.base import SerializerProtocol
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.prebuilt.tool_node import ToolCallRequest
    from langgraph.runtime import Runtime
    from langgraph.types import Command
except ModuleNotFoundError:
    raise MissingDependency("The middleware needs LangChain's agents: pip install 'langchain>=1.3'") from None

__all__ = ["AudioOffloadMiddleware", "AudioTranscriptionMiddleware"]

State = AgentState[Any]

_COMPRESSED = "+zlib"  # LangGraph's EncryptedSerializer marks its data likewise
_SMALLEST, _LARGEST = 256, 2**20  # bytes: to compress less gains nothing, and more would hold an event loop up


class AudioOffloadMiddleware(AgentMiddleware[State, Any, Any]):
    """Middleware that moves audio from an agent's messages into a folder and leaves references in the messages.

    The model still receives the audio. History, traces, summaries and token counts stay small. A checkpointer saves an
    agent's input before any middleware runs. Pass it `serde`, so that checkpoints hold references too.

    `ChatAudio` opens the references itself, also if a middleware that stands before or after this one chooses it. For
    any other model, the audio is put back for the duration of the call. If another middleware may choose such a model
    in place of `ChatAudio`, this one must stand after it in the list.

    Args:
        folder: where the audio is saved. A file's name is the SHA-256 of its bytes. Only the file's owner can read it.
            Nothing is deleted from the folder.

    Attributes:
        serde: a serializer for a checkpointer, such as `InMemorySaver(serde=offload.serde)`. It also compresses, and
            reads what LangGraph's own serializer has written.

    Example:
        >>> offload = AudioOffloadMiddleware("recordings")
        >>> offload.name
        'AudioOffloadMiddleware'
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        self._folder = AudioStore(folder)
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

    async def abefore_agent(self, state: State, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Do what `before_agent` does on the running event loop."""
        return await asyncio.to_thread(self.before_agent, state, runtime)

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
        with open_folder(self._folder.folder):
            return self._offload_response(handler(self._inline_audio(request)))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Do what `wrap_model_call` does on the running event loop."""
        request = await asyncio.to_thread(self._inline_audio, request)
        with open_folder(self._folder.folder):
            response = await handler(request)
        return await asyncio.to_thread(self._offload_response, response)

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
        return self._offload_result(handler(request))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Do what `wrap_tool_call` does on the running event loop."""
        return await asyncio.to_thread(self._offload_result, await handler(request))

    def _offload_result(self, result: ToolMessage | Command[Any]) -> ToolMessage | Command[Any]:
        if isinstance(result, Command):
            return replace(result, update=offload_audio(result.update, self._folder))
        return offload_audio(result, self._folder)

    def _offload_response(self, response: ModelResponse[Any]) -> ModelResponse[Any]:
        return replace(response, result=offload_audio(response.result, self._folder))

    def _inline_audio(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        if isinstance(request.model, ChatAudio):
            return request
        messages = cast("Sequence[Any]", request.messages)
        return request.override(messages=[inline_audio(message, self._folder) for message in messages])


class AudioTranscriptionMiddleware(AgentMiddleware[State, Any, Any]):
    """Middleware that tells a model which takes no audio what the recordings in its messages say.

    The model receives a quoted transcript with times, or what a second model has answered about the recording, in place
    of the audio. The text is kept beside the audio in the agent's state. So each recording is sent once in a
    conversation, also if that goes on in another process.

    Args:
        client: transcribes the recordings, or answers a question about each.
        question: what a model that hears is asked about each recording. None transcribes it.
        access: what the messages may open: an `Access`, a folder or several. None opens no file, and public hosts only.

    Example:
        >>> AudioTranscriptionMiddleware(AudioClient("local"), access="examples/audio").name
        'AudioTranscriptionMiddleware'
    """

    def __init__(self, client: AudioClient, *, question: str | None = None, access: AccessLike | None = None) -> None:
        super().__init__()
        self._listener = Listener(client, question=question, access=access)

    def before_model(self, state: State, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Listen to the recordings that are new, and keep what they say.

        Args:
            state: the agent's state.
            runtime: not used.

        Raises:
            AudioError: if a recording may not be opened, is damaged, or the gateway refuses or fails.
        """
        messages = cast("Sequence[BaseMessage]", state["messages"])
        changes = [new for old in messages if (new := listen_to(old, self._listener)) is not old]
        return {"messages": changes} if changes else None

    async def abefore_model(self, state: State, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Do what `before_model` does on the running event loop."""
        messages = cast("Sequence[BaseMessage]", state["messages"])
        changes = [new for old in messages if (new := await alisten_to(old, self._listener)) is not old]
        return {"messages": changes} if changes else None

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Put what the recordings say in their place.

        Args:
            request: what the agent is about to send to the model.
            handler: sends it.

        Raises:
            AudioError: as `before_model` does, for audio that another middleware has added.
        """
        heard = [listen_to(message, self._listener) for message in request.messages]
        return handler(request.override(messages=[replace_audio(message) for message in heard]))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Do what `wrap_model_call` does on the running event loop."""
        heard = [await alisten_to(message, self._listener) for message in request.messages]
        return await handler(request.override(messages=[replace_audio(message) for message in heard]))


class _OffloadSerializer(SerializerProtocol):
    """LangGraph's own serializer, but with references in place of audio, and compressed.

    Each step of an agent is saved with all its messages. Their references are long, and the same each time.
    """

    def __init__(self, folder: AudioStore) -> None:
        self._folder, self._serializer = folder, JsonPlusSerializer()

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        kind, data = self._serializer.dumps_typed(offload_audio(obj, self._folder))
        if not _SMALLEST <= len(data) <= _LARGEST:
            return kind, data
        return kind + _COMPRESSED, zlib.compress(data)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        kind, content = data
        if kind.endswith(_COMPRESSED):
            kind, content = kind.removesuffix(_COMPRESSED), zlib.decompress(content)
        return self._serializer.loads_typed((kind, content))
