"""A streamed response as LangChain's content-block events, made from our own chunks.

LangChain can make these events itself, but its event for a finished audio block holds only the last piece. Ours holds
all pieces. Each piece of a spoken response is a `block-delta` event with the fields of the audio block.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, cast
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.outputs import ChatGenerationChunk

from audio_core import ToolCall

__all__ = ["EventStreamingModel", "EventWriter"]

Event = dict[str, Any]


class _Block:
    """A content block that is not finished yet."""

    def __init__(self, index: int, fields: Mapping[str, Any]) -> None:
        self.index = index
        self._fields = dict(fields)
        self._pieces: dict[str, list[str]] = {}

    def append(self, field: str, piece: str, facts: Mapping[str, Any]) -> None:
        """Append a piece to a field that grows, and set the fields that do not."""
        self._pieces.setdefault(field, []).append(piece)
        self._fields |= {name: value for name, value in facts.items() if value is not None}

    def build(self) -> dict[str, Any]:
        """Return the finished block."""
        block = {**self._fields, **{field: "".join(pieces) for field, pieces in self._pieces.items()}}
        if block["type"] != "tool_call_chunk":
            return block
        call = ToolCall.of(block["id"], block["name"], block["args"])
        return {"type": "tool_call", "id": block["id"], "name": block["name"], "args": call.parsed}


class EventWriter:
    """A writer of the events of one response.

    Args:
        run_id: the id of LangChain's run, if there is one. The message's id is made from it.
    """

    def __init__(self, run_id: UUID | None) -> None:
        self._message_id = f"lc_run--{run_id}" if run_id else ""
        self._blocks: dict[Any, _Block] = {}
        self._empty_messages: list[AIMessageChunk] = []  # for their usage and metadata

    def feed(self, chunk: ChatGenerationChunk) -> Iterator[Event]:
        """Yield the events of the next chunk."""
        message = cast("AIMessageChunk", chunk.message)
        if not self._empty_messages:
            yield {"event": "message-start", "role": "ai", "id": self._message_id}
        self._empty_messages.append(message.model_copy(update={"content": "", "tool_call_chunks": []}))
        for key, kind, field, piece, facts in _split_pieces(message):
            yield from self._write_piece(key, kind, field, piece, facts)

    def close(self) -> Iterator[Event]:
        """Yield the events that finish the blocks and the message."""
        for block in self._blocks.values():
            yield {"event": "content-block-finish", "index": block.index, "content": block.build()}
        if self._empty_messages:
            yield self._write_end()

    def _write_piece(self, key: Any, kind: str, field: str, piece: str, facts: Mapping[str, Any]) -> Iterator[Event]:
        block = self._blocks.get(key)
        if block is None:
            block = self._blocks[key] = _Block(len(self._blocks), {"type": kind})
            content = {"type": kind, **facts, **({} if kind == "audio" else {field: ""})}
            yield {"event": "content-block-start", "index": block.index, "content": content}
        block.append(field, piece, facts)
        if piece:
            yield {"event": "content-block-delta", "index": block.index, "delta": _build_delta(kind, piece)}

    def _write_end(self) -> Event:
        first, *others = self._empty_messages
        message = add_ai_message_chunks(first, *others)
        usage = {"usage": message.usage_metadata} if message.usage_metadata else {}
        kwargs = {"additional_kwargs": message.additional_kwargs} if message.additional_kwargs else {}
        return {"event": "message-finish", **usage, "metadata": message.response_metadata, **kwargs}


class EventStreamingModel(BaseChatModel):
    """A chat model that yields these events, and no longer those that LangChain makes from its chunks."""

    def _stream_chat_model_events(
        self,
        messages: list[BaseMessage],
        *,
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[Any]:
        writer = EventWriter(run_manager.run_id if run_manager else None)
        for chunk in self._stream(messages, stop, run_manager, **kwargs):
            yield from writer.feed(chunk)
        yield from writer.close()

    async def _astream_chat_model_events(
        self,
        messages: list[BaseMessage],
        *,
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        writer = EventWriter(run_manager.run_id if run_manager else None)
        async for chunk in self._astream(messages, stop, run_manager, **kwargs):
            for event in writer.feed(chunk):
                yield event
        for event in writer.close():
            yield event


def _split_pieces(message: AIMessageChunk) -> Iterator[tuple[Any, str, str, str, Mapping[str, Any]]]:
    """Yield what a chunk adds to each block: the block's key and type, the growing field, its piece, other fields."""
    if reasoning := message.additional_kwargs.get("reasoning_content"):
        yield "reasoning", "reasoning", "reasoning", reasoning, {}
    if isinstance(message.content, str):
        if message.content:
            yield "text", "text", "text", message.content, {}
    else:
        for block in cast("list[dict[str, Any]]", message.content):
            field = "text" if block["type"] == "text" else "base64"
            facts = {name: value for name, value in block.items() if name not in ("type", field)}
            yield block["type"], block["type"], field, block.get(field, ""), facts
    for call in message.tool_call_chunks:
        facts = {"id": call["id"], "name": call["name"]}
        yield ("call", call["index"]), "tool_call_chunk", "args", call["args"] or "", facts


def _build_delta(kind: str, piece: str) -> Event:
    match kind:
        case "tool_call_chunk":
            return {"type": "tool-call-delta", "args": piece}
        case "audio":
            return {"type": "block-delta", "fields": {"type": "audio", "base64": piece}}
        case _:
            return {"type": f"{kind}-delta", kind: piece}
