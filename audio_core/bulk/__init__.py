"""Transcribe any number of recordings on a Ray cluster, into Parquet. It needs the extra `[ray]`."""

from audio_core.bulk.coordinator import start_coordinator
from audio_core.bulk.jobs import BulkOptions, transcribe_dataset
from audio_core.bulk.progress import BulkProgress
from audio_core.bulk.results import BulkResult
from audio_core.bulk.transcriber import Transcriber, TranscriberOptions
from audio_core.integration.bulk_passages import read_passages
from audio_core.integration.rows.job_rows import explode_segments, open_rows
from audio_core.integration.rows.schema import RESULT_SCHEMA, build_transcript

__all__ = [
    "RESULT_SCHEMA",
    "BulkOptions",
    "BulkProgress",
    "BulkResult",
    "Transcriber",
    "TranscriberOptions",
    "build_transcript",
    "explode_segments",
    "open_rows",
    "read_passages",
    "start_coordinator",
    "transcribe_dataset",
]
