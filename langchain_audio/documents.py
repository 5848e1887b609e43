"""Passages of a transcript as LangChain Documents."""

from __future__ import annotations

from langchain_core.documents import Document

from audio_core.integration import Passage

__all__ = ["to_document"]


def to_document(passage: Passage) -> Document:
    """Return a Document with the passage's id, text and flat metadata."""
    return Document(id=passage.id, page_content=passage.text, metadata=passage.metadata)
