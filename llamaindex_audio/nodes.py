"""Passages of a transcript as LlamaIndex's Documents."""

from __future__ import annotations

from llama_index.core.schema import Document

from audio_core import Passage

__all__ = ["as_document"]

_NOT_EMBEDDED = ["source", "start", "end", "clip", "segment", "language", "duration", "model", "provider", "sha256"]
_NOT_PROMPTED = ["clip", "segment", "language", "duration", "model", "provider", "sha256"]  # times stay, to be cited


def as_document(passage: Passage) -> Document:
    """A Document with the passage's id, text and flat metadata; only the speaker is embedded with the text."""
    return Document(
        id_=passage.id,
        text=passage.text,
        metadata=passage.metadata,
        excluded_embed_metadata_keys=_NOT_EMBEDDED,
        excluded_llm_metadata_keys=_NOT_PROMPTED,
    )
