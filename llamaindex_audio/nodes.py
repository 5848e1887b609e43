"""Passages of a transcript as LlamaIndex's Documents and nodes."""

from __future__ import annotations

from typing import Any

from llama_index.core.schema import Document, TextNode

from audio_core.integration import Passage

__all__ = ["to_document", "to_node"]

_HIDDEN_KEYS = [
    "clip",
    "segment",
    "language",
    "duration",
    "model",
    "provider",
    "sha256",
    "timeline",
    "gap",
    "estimated",
    "warnings",
]
_EXCLUDED_KEYS: dict[str, Any] = {
    "excluded_embed_metadata_keys": ["source", "start", "end", *_HIDDEN_KEYS],
    "excluded_llm_metadata_keys": _HIDDEN_KEYS,  # an LLM sees the times, so that it can cite them
}


def to_document(passage: Passage) -> Document:
    """Return a passage as a Document. Only its speakers and metadata of your own are embedded with its text."""
    return Document(id_=passage.id, text=passage.text, metadata=passage.metadata, **_EXCLUDED_KEYS)


def to_node(passage: Passage) -> TextNode:
    """Return a passage as a node with the fields that `to_document` sets."""
    return TextNode(id_=passage.id, text=passage.text, metadata=passage.metadata, **_EXCLUDED_KEYS)
