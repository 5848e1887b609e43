"""The transcripts of a bulk job as LlamaIndex Documents."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from llama_index.core.bridge.pydantic import ConfigDict, model_validator
from llama_index.core.readers.base import BasePydanticReader
from llama_index.core.schema import Document
from pydantic import NonNegativeFloat, PositiveFloat

from audio_core.integration import (
    Granularity,
    SplitOptions,
    build_split_options,
    check_fields,
    list_fields,
    read_passages,
)
from llamaindex_audio.nodes import to_document

__all__ = ["BulkReader"]


@list_fields()
class BulkReader(BasePydanticReader):
    """A reader of the rows that `audio_core.bulk.transcribe_dataset` has written. Nothing is transcribed again.

    The Documents have the text, ids and metadata that `AudioReader` would give them, and the manifest's further columns
    as metadata. A recording that failed has none.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    is_remote: bool = False
    """Whether LlamaIndex is to take the recordings for remote ones."""
    granularity: Granularity = "segment"
    """How much one passage holds: a `"segment"`, a `"window"` or the whole `"file"`."""
    window_seconds: PositiveFloat | None = None
    """Length of a window in seconds, with `granularity="window"`; by default 30."""
    window_overlap: NonNegativeFloat = 0.0
    """Seconds that a window shares with the previous one, with `granularity="window"`."""

    _check_fields = model_validator(mode="before")(check_fields)

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        build_split_options(**self._options)
        return self

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex stores this class."""
        return "BulkReader"

    def lazy_load_data(self, output: str | Path) -> Iterable[Document]:
        """Yield the Documents, recording by recording. A few recordings are in memory at a time.

        Args:
            output: the folder of the job: a path, or a URL such as `s3://bucket/job`.

        Raises:
            MissingDependency: if pyarrow is not installed (extra `[ray]`).
            AudioNotFound: if the folder holds no rows.
        """
        yield from map(to_document, read_passages(output, **self._options))

    @property
    def _options(self) -> SplitOptions:
        return {
            "granularity": self.granularity,
            "window_seconds": self.window_seconds,
            "window_overlap": self.window_overlap,
        }
