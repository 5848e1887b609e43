"""The transcripts of a bulk job as LangChain Documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from audio_core.integration import FixedOptions, SplitOptions, build_split_options, read_passages, validate_arguments
from langchain_audio.documents import to_document

__all__ = ["BulkLoader"]


class BulkLoader(FixedOptions, BaseLoader):
    """A loader of the rows that `audio_core.bulk.transcribe_dataset` has written. Nothing is transcribed again.

    The Documents have the text, ids and metadata that `AudioLoader` would give them, and the manifest's further columns
    as metadata. So `index(loader, record_manager, store, cleanup="incremental", source_id_key="source",
    key_encoder=lambda document: document.id)` changes nothing when it is run again. A recording that failed has none.

    Args:
        output: the folder of the job: a path, or a URL such as `s3://bucket/job`.
        **options: `granularity`, `window_seconds` and `window_overlap`, as for `AudioLoader`.

    Raises:
        InvalidOption: if there is no such option, or it does not accept its value.
    """

    @validate_arguments
    def __init__(self, output: str | Path, **options: Unpack[SplitOptions]) -> None:
        build_split_options(**options)
        self._output, self._options = output, options

    def lazy_load(self) -> Iterator[Document]:
        """Yield the Documents, recording by recording. A few recordings are in memory at a time.

        Raises:
            MissingDependency: if pyarrow is not installed (extra `[ray]`).
            AudioNotFound: if the folder holds no rows.
        """
        yield from map(to_document, read_passages(self._output, **self._options))
