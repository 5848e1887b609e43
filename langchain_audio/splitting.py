"""Split transcribed Documents into chunks with times, and restore the times of what other splitters have cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from langchain_core.documents import Document
from langchain_text_splitters import TextSplitter

from audio_core import InvalidOption
from audio_core.integration import (
    ChunkSize,
    Cut,
    FixedOptions,
    Passage,
    Unit,
    are_neighbors,
    chunk_passages,
    restore_passages,
    validate_arguments,
)
from langchain_audio.documents import to_document

__all__ = ["TranscriptSplitter", "restore_times"]

_ADVICE = (
    "Create the splitter with add_start_index=True, pass all its Documents in order, or split with TranscriptSplitter."
)


class TranscriptSplitter(FixedOptions, TextSplitter):
    """A splitter that joins and cuts the Documents of an `AudioLoader` into chunks for retrieval.

    A chunk holds whole segments. Only a segment that exceeds the size by itself is cut, between words. Each chunk has
    its own `start`, `end`, `clip` and `speaker` (or `speakers` if there are several), a stable id, and the ids of its
    neighbors: `previous_id` and `next_id`. Documents that do not follow each other in their recording are not joined.

    It is a LangChain `TextSplitter`: `ParentDocumentRetriever` takes two of them, and all times stay exact.

    Args:
        chunk_size: the maximum size of a chunk, in `unit`; 1,000 characters, as in LlamaIndex's `TranscriptNodeParser`.
        chunk_overlap: how much of the end of a chunk the next one may repeat, in `unit`; whole segments only.
        unit: `"characters"`, `"tokens"` or `"seconds"`.
        length_function: returns how many characters or tokens a text has, such as a model's `get_num_tokens`. By
            default the length of the text in characters; tokens are estimated by its script.

    Raises:
        InvalidOption: if there is no such unit, the size is not positive, or the overlap is negative or not below it.

    Example:
        >>> from langchain_audio import AudioLoader
        >>> documents = AudioLoader("examples/audio/call.mp3").load()
        >>> first, *others = TranscriptSplitter(20, unit="seconds").split_documents(documents)
        >>> first.metadata["end"] - first.metadata["start"] <= 20
        True
    """

    @validate_arguments
    def __init__(
        self,
        chunk_size: float = 1000,
        chunk_overlap: float = 0,
        unit: Unit = "characters",
        length_function: Callable[[str], float] | None = None,
    ) -> None:
        self._size = ChunkSize(chunk_size, chunk_overlap, unit, length_function)
        super().__init__(chunk_size, chunk_overlap, self._size.measure_text)  # pyright: ignore[reportArgumentType]

    def __repr__(self) -> str:
        return f"TranscriptSplitter({self._size.size:g}, {self._size.overlap:g}, {self._size.unit!r})"

    def split_documents(self, documents: Iterable[Document]) -> list[Document]:
        """Return the Documents as chunks, recording by recording.

        Args:
            documents: in the order of the loader. Where some are missing, no chunk goes on.

        Raises:
            InvalidOption: if a Document has no times, or another splitter has cut it.
        """
        passages = list(chunk_passages(map(_to_passage, documents), self._size))
        chunks = list(map(to_document, passages))
        for (passage, chunk), (next_passage, following) in pairwise(zip(passages, chunks, strict=True)):
            if are_neighbors(passage, next_passage):
                chunk.metadata["next_id"], following.metadata["previous_id"] = following.id, chunk.id
        return chunks

    def create_documents(self, texts: list[str], metadatas: list[dict[Any, Any]] | None = None) -> list[Document]:
        """Do what `split_documents` does with the texts and the metadata of Documents.

        Raises:
            InvalidOption: if the metadata of a text has no times, or another splitter has cut it.
        """
        no_metadata: list[dict[Any, Any]] = [{}] * len(texts)
        pairs = zip(texts, metadatas or no_metadata, strict=True)
        return self.split_documents(Document(text, metadata=metadata) for text, metadata in pairs)

    def split_text(self, text: str) -> list[str]:
        """Split a text that has no times, between words.

        Raises:
            InvalidOption: if the size is in seconds.
        """
        if self._size.unit == "seconds":
            raise InvalidOption("A text has no times: split Documents, or give the size in characters or tokens.")
        return [chunk.text for chunk in chunk_passages([Passage("", text, {"start": 0, "end": 0})], self._size)]


def restore_times(documents: Iterable[Document]) -> list[Document]:
    """Restore `start`, `end` and `clip` of transcribed Documents that any text splitters have cut, also one another's.

    The place of each piece is proved by its text. Its white space and case may have been changed. If the Documents were
    loaded with `words=True`, the times are those of the words. Otherwise each segment's time is distributed over its
    text.

    Args:
        documents: the pieces, best all of a splitter, in order. If it was created with `add_start_index=True`, pieces
            are found too whose text is said more than once. Uncut Documents stay as they are.

    Raises:
        InvalidOption: if a Document has no times, or it cannot be proved where it was cut.

    Example:
        >>> from langchain_audio import AudioLoader
        >>> (whole,) = AudioLoader("examples/audio/call.mp3", granularity="file", words=True).load()
        >>> half = Document(whole.page_content[:300], metadata=whole.metadata)  # as from a splitter
        >>> restore_times([half])[0].metadata["end"] < whole.metadata["end"]
        True
    """
    documents = list(documents)
    cuts = [Cut(_to_passage(document), document.metadata.get("start_index")) for document in documents]
    restored = restore_passages(cuts, _ADVICE)
    return [_to_restored(*pair) for pair in zip(documents, restored, strict=True)]


def _to_restored(document: Document, passage: Passage) -> Document:
    if passage.metadata is document.metadata:
        return document
    metadata = {name: value for name, value in passage.metadata.items() if name != "start_index"}
    return Document(id=passage.id, page_content=passage.text, metadata=metadata)


def _to_passage(document: Document) -> Passage:
    return Passage(document.id or "", document.page_content, document.metadata)
