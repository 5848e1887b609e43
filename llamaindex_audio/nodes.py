"""Passages of a transcript as LlamaIndex's Documents and nodes."""

from __future__ import annotations

from typing import Any

from llama_index.core.schema import Document, TextNode

from audio_core.integration import Passage

__all__ = ["to_document", "to_node"]

_FACTS = ["clip", "segment", "language", "duration", "model", "provider", "sha256", "timeline", "gap", "estimated"]
_HIDDEN: dict[str, Any] = {
    "excluded_embed_metadata_keys": ["source", "start", "end", *_FACTS],
    "excluded_llm_metadata_keys": _FACTS,  # times stay, to be cited
}


def to_document(passage: Passage) -> Document:
    """A Document with the passage's id, text and flat metadata; only the speaker is embedded with the text."""
    return Document(id_=passage.id, text=passage.text, metadata=passage.metadata, **_HIDDEN)


def to_node(passage: Passage) -> TextNode:
    """The same as a node."""
    return TextNode(id_=passage.id, text=passage.text, metadata=passage.metadata, **_HIDDEN)
