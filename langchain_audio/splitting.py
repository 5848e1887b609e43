"""Transcribed Documents in chunks that keep their times, and times given back to what other splitters have cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document

from audio_core.integration import ChunkSize, Passage, Unit, chunk_passages, restore_passage
from langchain_audio.documents import to_document

__all__ = ["TranscriptSplitter", "restore_times"]


class TranscriptSplitter(BaseDocumentTransformer):
    """Joins and cuts the Documents of an `AudioLoader` into chunks for retrieval.

    A chunk holds whole segments; only a segment that is too long by itself is cut, between words. Each says its own `start`,
    `end`, `clip` and `speaker` (several are `speakers`), has a stable id, and names the chunks beside it: `previous_id`, `next_id`.

    Args:
        chunk_size: the most that a chunk may hold, in `unit`.
        chunk_overlap: how much of the chunk before it may begin with again, where whole segments fit.
        unit: `"characters"`, `"tokens"` or `"seconds"`.
        length_function: how many characters or tokens a text has, such as a model's `get_num_tokens`; by default its length,
            and for tokens a quarter of it.

    Raises:
        InvalidOption: if nothing fits, or the overlap is not below the size.

    Example:
        >>> documents = AudioLoader("examples/audio/call.mp3").load()
        >>> first, *others = TranscriptSplitter(20, unit="seconds").transform_documents(documents)
        >>> first.metadata["end"] - first.metadata["start"] <= 20
        True
    """

    def __init__(
        self,
        chunk_size: float = 1000,
        chunk_overlap: float = 0,
        unit: Unit = "characters",
        length_function: Callable[[str], float] | None = None,
    ) -> None:
        self._size = ChunkSize(chunk_size, chunk_overlap, unit, length_function)

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> Sequence[Document]:
        """The Documents as chunks, recording by recording.

        Args:
            documents: as a loader gives them: those of one recording one after the other.
            **kwargs: none are known.

        Raises:
            InvalidOption: if a Document says no times, or another splitter has cut it.
        """
        found = [to_document(chunk) for chunk in chunk_passages(map(_to_passage, documents), self._size)]
        for before, after in pairwise(found):
            if after.metadata["segment"] > 0:
                before.metadata["next_id"], after.metadata["previous_id"] = after.id, before.id
        return found

    def split_documents(self, documents: Iterable[Document]) -> list[Document]:
        """`transform_documents`, under the name that text splitters have for it."""
        return list(self.transform_documents(list(documents)))


def restore_times(documents: Iterable[Document]) -> list[Document]:
    """Give pieces of transcribed Documents that any text splitter has cut their own `start`, `end` and `clip`.

    Times are those of the words, if the Documents were loaded with `words=True`, else they are spread over segments.

    Args:
        documents: what a splitter made with `add_start_index=True` gave. Documents that nobody cut come back as they are.

    Raises:
        InvalidOption: if a Document says no times, or it was cut by a splitter that did not say where.

    Example:
        >>> whole = AudioLoader("examples/audio/call.mp3", granularity="file", words=True).load()
        >>> half = len(whole[0].page_content) // 2
        >>> cut = Document(whole[0].page_content[:half], metadata={**whole[0].metadata, "start_index": 0})
        >>> restore_times([cut])[0].metadata["end"] < whole[0].metadata["end"]
        True
    """
    return [_restore(document) for document in documents]


def _restore(document: Document) -> Document:
    given = _to_passage(document)
    found = restore_passage(given, document.metadata.get("start_index"))
    if found is given:
        return document
    facts = {name: value for name, value in found.metadata.items() if name != "start_index"}
    return Document(id=found.id, page_content=found.text, metadata=facts)


def _to_passage(document: Document) -> Passage:
    return Passage(document.id or "", document.page_content, document.metadata)
