"""A streamed answer as LangChain's content-block events, made from our own chunks.

LangChain would make them itself, but it ends an audio block with its last piece alone. Here a block that ends is the sum of
its pieces. The next of a spoken reply comes as a `block-delta` with the audio block's own fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast
from uuid import UUID

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.outputs import ChatGenerationChunk

from audio_core import ToolCall

__all__ = ["EventWriter"]

Event = dict[str, Any]


class _Block:
    """A content block that is open."""

    def __init__(self, index: int, fields: Mapping[str, Any]) -> None:
        self.index = index
        self._fields = dict(fields)
        self._pieces: dict[str, list[str]] = {}

    def append(self, key: str, piece: str, facts: Mapping[str, Any]) -> None:
        """Add to what grows, and note what does not."""
        self._pieces.setdefault(key, []).append(piece)
        self._fields |= {name: value for name, value in facts.items() if value is not None}

    def build(self) -> dict[str, Any]:
        """The block in its final form."""
        found = {**self._fields, **{key: "".join(pieces) for key, pieces in self._pieces.items()}}
        if found["type"] != "tool_call_chunk":
            return found
        call = ToolCall.of(found["id"], found["name"], found["args"])
        return {"type": "tool_call", "id": found["id"], "name": found["name"], "args": call.parsed}


class EventWriter:
    """Writes the events of one answer.

    Args:
        run_id: of LangChain's run, if there is one; the message is named after it.
    """

    def __init__(self, run_id: UUID | None) -> None:
        self._message_id = f"lc_run--{run_id}" if run_id else ""
        self._blocks: dict[Any, _Block] = {}
        self._bare: list[AIMessageChunk] = []

    def feed(self, chunk: ChatGenerationChunk) -> Iterator[Event]:
        """The events of one more chunk."""
        message = cast("AIMessageChunk", chunk.message)
        if not self._bare:
            yield {"event": "message-start", "role": "ai", "id": self._message_id}
        self._bare.append(message.model_copy(update={"content": "", "tool_call_chunks": []}))
        for key, kind, field, piece, facts in _split_pieces(message):
            yield from self._write_piece(key, kind, field, piece, facts)

    def close(self) -> Iterator[Event]:
        """The ends of the blocks and of the message."""
        for block in self._blocks.values():
            yield {"event": "content-block-finish", "index": block.index, "content": block.build()}
        if self._bare:
            yield self._write_end()

    def _write_piece(self, key: Any, kind: str, field: str, piece: str, facts: Mapping[str, Any]) -> Iterator[Event]:
        block = self._blocks.get(key)
        if block is None:
            block = self._blocks[key] = _Block(len(self._blocks), {"type": kind})
            started = {"type": kind, **facts, **({} if kind == "audio" else {field: ""})}
            yield {"event": "content-block-start", "index": block.index, "content": started}
        block.append(field, piece, facts)
        if piece:
            yield {"event": "content-block-delta", "index": block.index, "delta": _build_delta(kind, piece)}

    def _write_end(self) -> Event:
        first, *others = self._bare
        total = add_ai_message_chunks(first, *others)
        usage = {"usage": total.usage_metadata} if total.usage_metadata else {}
        kwargs = {"additional_kwargs": total.additional_kwargs} if total.additional_kwargs else {}
        return {"event": "message-finish", **usage, "metadata": total.response_metadata, **kwargs}


def _split_pieces(message: AIMessageChunk) -> Iterator[tuple[Any, str, str, str, Mapping[str, Any]]]:
    """What a chunk adds to which block: its key, type, field that grows, piece, and other fields."""
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
