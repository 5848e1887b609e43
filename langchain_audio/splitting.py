"""Split transcribed Documents into chunks with times, and restore the times of what other splitters have cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document

from audio_core.integration import ChunkSize, Passage, Unit, chunk_passages, restore_passage
from langchain_audio.documents import to_document

__all__ = ["TranscriptSplitter", "restore_times"]


class TranscriptSplitter(BaseDocumentTransformer):
    """A splitter that joins and cuts the Documents of an `AudioLoader` into chunks for retrieval.

    A chunk holds whole segments. Only a segment that exceeds the size by itself is cut, between words. Each chunk has
    its own `start`, `end`, `clip` and `speaker` (or `speakers` if there are several), a stable id, and the ids of its
    neighbors: `previous_id` and `next_id`.

    Args:
        chunk_size: the maximum size of a chunk, in `unit`.
        chunk_overlap: how much of the end of a chunk the next one may repeat, in `unit`; whole segments only.
        unit: `"characters"`, `"tokens"` or `"seconds"`.
        length_function: returns how many characters or tokens a text has, such as a model's `get_num_tokens`. By
            default the length of the text in characters; tokens are estimated by its script.

    Raises:
        InvalidOption: if the size is not positive, or the overlap is negative or not below the size.

    Example:
        >>> from langchain_audio import AudioLoader
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
        """Return the Documents as chunks, recording by recording.

        Args:
            documents: in the order of the loader. The Documents of one recording must be next to each other.
            **kwargs: ignored.

        Raises:
            InvalidOption: if a Document has no times, or another splitter has cut it.
        """
        chunks = [to_document(chunk) for chunk in chunk_passages(map(_to_passage, documents), self._size)]
        for previous, following in pairwise(chunks):
            if following.metadata["segment"] > 0:
                previous.metadata["next_id"], following.metadata["previous_id"] = following.id, previous.id
        return chunks

    def split_documents(self, documents: Iterable[Document]) -> list[Document]:
        """Do what `transform_documents` does, under the name that LangChain's text splitters use."""
        return list(self.transform_documents(list(documents)))


def restore_times(documents: Iterable[Document]) -> list[Document]:
    """Restore `start`, `end` and `clip` of transcribed Documents that any text splitter has cut.

    If the Documents were loaded with `words=True`, the times are those of the words. Otherwise each segment's time is
    distributed over its text.

    Args:
        documents: from a splitter that was created with `add_start_index=True`. Uncut Documents stay as they are.

    Raises:
        InvalidOption: if a Document has no times, or was cut and has no `start_index`.

    Example:
        >>> from langchain_audio import AudioLoader
        >>> whole = AudioLoader("examples/audio/call.mp3", granularity="file", words=True).load()
        >>> half = len(whole[0].page_content) // 2
        >>> chunk = Document(whole[0].page_content[:half], metadata={**whole[0].metadata, "start_index": 0})
        >>> restore_times([chunk])[0].metadata["end"] < whole[0].metadata["end"]
        True
    """
    return [_restore_document(document) for document in documents]


def _restore_document(document: Document) -> Document:
    passage = _to_passage(document)
    restored = restore_passage(passage, document.metadata.get("start_index"))
    if restored is passage:
        return document
    metadata = {name: value for name, value in restored.metadata.items() if name != "start_index"}
    return Document(id=restored.id, page_content=restored.text, metadata=metadata)


def _to_passage(document: Document) -> Passage:
    return Passage(document.id or "", document.page_content, document.metadata)
